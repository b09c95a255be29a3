package impact

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/watch"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) time.Time { return noon.Add(-d) }

func world(facts *docker.Facts, readings ...fleet.Reading) (*fleet.Fleet, *watch.State) {
	s := watch.NewStore()
	if facts != nil {
		s.Put(fleet.Reading{Source: "docker/tokyo-1", At: noon, Facts: facts})
	}
	for _, r := range readings {
		r.Source = "docker/tokyo-1"
		s.Put(r)
	}
	return &fleet.Fleet{Engines: []fleet.Engine{{Name: "tokyo-1", Site: "tokyo"}, {Name: "silent"}}}, s.State()
}

func TestContainers(t *testing.T) {
	for name, c := range map[string]struct {
		c    docker.Container
		want string // "severity text", "" for no problem
	}{
		"healthy":       {docker.Container{State: docker.Running, Health: docker.Healthy}, ""},
		"unhealthy":     {docker.Container{State: docker.Running, Health: docker.Unhealthy}, "critical unhealthy"},
		"stopped since": {docker.Container{State: docker.Exited, Health: docker.Unhealthy}, ""},
		"dead":          {docker.Container{State: docker.Dead}, "critical dead"},
		"loop":          {docker.Container{State: docker.Restarting, Restarts: 14, Known: true, ExitCode: 1}, "critical crash loop: 14 restarts, exit 1"},
		"one restart":   {docker.Container{State: docker.Restarting, Restarts: 1, Known: true, ExitCode: 2}, "warning restarting after exit 2"},
		"not inspected": {docker.Container{State: docker.Restarting}, "warning restarting after exit not known"},
		"up again":      {docker.Container{State: docker.Running, Restarts: 5, Started: ago(2 * time.Minute), Known: true}, "warning restarted 5 times"},
		"loop, up":      {docker.Container{State: docker.Running, Restarts: 14, Started: ago(3 * time.Second)}, "critical crash loop: 14 restarts, up now"},
		"long up again": {docker.Container{State: docker.Running, Restarts: 5, Started: ago(time.Hour)}, ""},
		"oom":           {docker.Container{State: docker.Exited, OOM: true, ExitCode: 137, Finished: ago(time.Minute), MemLimit: 64 << 20}, "critical killed for want of memory (limit 64 MiB)"},
		"oom, up":       {docker.Container{State: docker.Running, OOM: true, Started: ago(time.Minute)}, "warning was killed for want of memory; up again"},
		"oom long ago":  {docker.Container{State: docker.Running, OOM: true, Started: ago(48 * time.Hour)}, ""},
		"failed":        {docker.Container{State: docker.Exited, Known: true, ExitCode: 3, Policy: "on-failure:3", Finished: ago(time.Hour)}, "warning ended with exit 3"},
		"failed job":    {docker.Container{State: docker.Exited, Known: true, ExitCode: 3, Policy: "no", Finished: ago(time.Hour)}, ""},
		"docker stop":   {docker.Container{State: docker.Exited, Known: true, ExitCode: 143, Policy: "always", Finished: ago(time.Hour)}, ""},
		"old news":      {docker.Container{State: docker.Exited, Known: true, ExitCode: 3, Policy: "always", Finished: ago(48 * time.Hour)}, ""},
		"paused":        {docker.Container{State: docker.Paused}, ""},
	} {
		c.c.ID, c.c.Name, c.c.Engine = "abc", "web", "tokyo-1"
		got := ""
		for _, p := range atNoon(world(&docker.Facts{Containers: []*docker.Container{&c.c}})) {
			got += fmt.Sprint(p.Severity, " ", p.Text)
			if p.Why == "" || p.Do == "" || p.Subject.Key() != "container/abc" {
				t.Errorf("%s: incomplete: %+v", name, p)
			}
		}
		if (c.want == "") != (got == "") || !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// atNoon is Docker at noon.
func atNoon(f *fleet.Fleet, s *watch.State) []Problem { return Docker(f, s, noon) }

func TestEngines(t *testing.T) {
	two := &docker.Facts{Containers: []*docker.Container{{State: docker.Running}, {State: docker.Running}}}
	for name, c := range map[string]struct {
		facts    *docker.Facts
		readings []fleet.Reading
		now      time.Time
		want     string
		since    time.Time
	}{
		"fine":        {two, nil, noon, "", time.Time{}},
		"never":       {nil, []fleet.Reading{{At: ago(time.Minute), Err: errors.New("refused")}}, noon, "critical no answer (refused)", ago(time.Minute)},
		"lost":        {two, []fleet.Reading{{At: noon.Add(time.Second), Err: errors.New("EOF")}}, noon.Add(time.Minute), "critical no answer; its 2 containers are stale (EOF)", noon.Add(time.Second)},
		"silent":      {two, nil, noon.Add(time.Minute), "warning nothing heard from the engine", noon},
		"plain":       {&docker.Facts{Insecure: "tcp without TLS"}, nil, noon, "warning connection is not verified (tcp without TLS)", time.Time{}},
		"just a beat": {two, nil, noon.Add(StaleAfter), "", time.Time{}},
	} {
		f, s := world(c.facts, c.readings...)
		got := ""
		for _, p := range Docker(f, s, c.now) {
			got += fmt.Sprintf("%v %s (%s)", p.Severity, p.Text, p.Why)
			if !p.Since.Equal(c.since) {
				t.Errorf("%s: since %v, want %v", name, p.Since, c.since)
			}
		}
		if (c.want == "") != (got == "") || !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestOnset(t *testing.T) {
	var o Onset
	look := func(now time.Time, ids ...string) map[string]time.Time {
		var ps []Problem
		for _, id := range ids {
			ps = append(ps, Problem{ID: id, Subject: fleet.Target{Scope: "tokyo-1"}})
		}
		o.Fill(ps, map[string]bool{"tokyo-1": true}, now)
		got := map[string]time.Time{}
		for _, p := range ps {
			got[p.ID] = p.Since
		}
		return got
	}
	if got := look(noon, "a"); !got["a"].IsZero() {
		t.Error("claims to know since when a problem lasts that was there at the first look")
	}
	look(noon.Add(time.Second), "a", "b")
	if got := look(noon.Add(time.Minute), "a", "b"); !got["a"].IsZero() || !got["b"].Equal(noon.Add(time.Second)) {
		t.Error(got)
	}
	look(noon.Add(2 * time.Minute))
	if got := look(noon.Add(3*time.Minute), "b"); !got["b"].Equal(noon.Add(3 * time.Minute)) {
		t.Error("a problem that came back kept its old start", got)
	}
}

func BenchmarkDocker10000(b *testing.B) {
	f := &docker.Facts{}
	for i := range 10_000 {
		c := &docker.Container{ID: fmt.Sprint(i), Name: fmt.Sprint("c", i), Engine: "tokyo-1", State: docker.Running, Known: true, Started: ago(time.Hour)}
		switch i % 100 {
		case 0:
			c.Health = docker.Unhealthy
		case 1:
			c.State, c.ExitCode, c.Policy, c.Finished = docker.Exited, 1, "always", ago(time.Minute)
		}
		f.Containers = append(f.Containers, c)
	}
	fl, s := world(f)
	for b.Loop() {
		if n := len(Docker(fl, s, noon)); n != 200 {
			b.Fatal(n)
		}
	}
}
