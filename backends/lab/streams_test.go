package lab

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// readLogs returns what the client reads of a log, by stream.
func (r *rig) readLogs(name string, o client.ContainerLogsOptions) (string, string) {
	r.Helper()
	res, err := r.cl.ContainerLogs(r.ctx, name, o)
	if err != nil {
		r.Fatal(err)
	}
	defer res.Close()
	var out, errs bytes.Buffer
	if r.inspect(name).Config.Tty {
		_, err = out.ReadFrom(res)
	} else {
		_, err = stdcopy.StdCopy(&out, &errs, res)
	}
	if err != nil {
		r.Fatal(err)
	}
	return out.String(), errs.String()
}

func TestWrittenLogs(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	r := newRigOf(t, Options{Now: func() time.Time { return now }, Engines: []EngineOptions{{Name: "e", Containers: []ContainerSpec{{Name: "a"}, {Name: "tty", TTY: true}}}}})
	both := client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true}
	r.Log("a", "stdout", "one\ntwo")
	now = now.Add(time.Minute)
	r.Log("a", "stderr", "three")
	r.Log("tty", "stdout", "x\x1b[31m")
	for _, tt := range []struct {
		name           string
		change         func(*client.ContainerLogsOptions)
		stdout, stderr string
	}{
		{name: "all", stdout: "one\ntwo\n", stderr: "three\n"},
		{name: "stderr only", change: func(o *client.ContainerLogsOptions) { o.ShowStdout = false }, stderr: "three\n"},
		{name: "tail 2", change: func(o *client.ContainerLogsOptions) { o.Tail = "2" }, stdout: "two\n", stderr: "three\n"},
		{name: "tail 1 of stdout", change: func(o *client.ContainerLogsOptions) { o.Tail, o.ShowStderr = "1", false }, stdout: "two\n"},
		{name: "tail 0", change: func(o *client.ContainerLogsOptions) { o.Tail = "0" }},
		{name: "since", change: func(o *client.ContainerLogsOptions) { o.Since = "2026-01-02T03:04:30Z" }, stderr: "three\n"},
		{name: "until", change: func(o *client.ContainerLogsOptions) { o.Until = "2026-01-02T03:04:30Z" }, stdout: "one\ntwo\n"},
		{name: "timestamps", change: func(o *client.ContainerLogsOptions) { o.Timestamps, o.ShowStdout = true, false }, stderr: "2026-01-02T03:05:05.000000000Z three\n"},
	} {
		o := both
		if tt.change != nil {
			tt.change(&o)
		}
		if out, errs := r.readLogs("a", o); out != tt.stdout || errs != tt.stderr {
			t.Errorf("%s: %q and %q, want %q and %q", tt.name, out, errs, tt.stdout, tt.stderr)
		}
	}
	if out, _ := r.readLogs("tty", both); out != "x\x1b[31m\r\n" {
		t.Errorf("terminal: %q", out)
	}
	long := strings.Repeat("x", 1<<20)
	r.Log("a", "stdout", long)
	if out, _ := r.readLogs("a", client.ContainerLogsOptions{ShowStdout: true, Tail: "1"}); out != long+"\n" {
		t.Errorf("a line of 1 MB came back with %d bytes", len(out))
	}
}

// TestComputedLogs: any part of a log reads the same as in the whole, whoever
// reads and whenever.
func TestComputedLogs(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for author := range authors {
		o := Options{Seed: 7, Speed: 1, Now: func() time.Time { return now }, Engines: []EngineOptions{{Name: "e", Containers: []ContainerSpec{{Name: "a", Logs: author, LogRate: 1}}}}}
		r := newRigOf(t, o)
		all := client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Timestamps: true}
		out, errs := r.readLogs("a", all)
		lines := strings.SplitAfter(strings.TrimSuffix(out+errs, "\n"), "\n")
		if len(lines) < 3000 || len(lines) > 9000 {
			t.Errorf("%s: %d lines in an hour", author, len(lines))
		}
		tail := all
		tail.Tail = "100"
		slices.Sort(lines)
		tout, terrs := r.readLogs("a", tail)
		got := strings.SplitAfter(strings.TrimSuffix(tout+terrs, "\n"), "\n")
		slices.Sort(got)
		if len(got) != 100 || strings.TrimSpace(got[99]) != strings.TrimSpace(lines[len(lines)-1]) || strings.TrimSpace(got[0]) != strings.TrimSpace(lines[len(lines)-100]) {
			t.Errorf("%s: the last 100 are not those of the whole: %d, %q and %q", author, len(got), got[0], lines[len(lines)-100])
		}
		if again, _ := newRigOf(t, o).readLogs("a", all); again != out {
			t.Errorf("%s: another lab of the same seed writes another log", author)
		}
	}
}

func TestFollow(t *testing.T) {
	now := time.Now() // a clock that stands still loses no line
	r := newRigOf(t, Options{Now: func() time.Time { return now }, Engines: []EngineOptions{{Name: "e", Containers: []ContainerSpec{{Name: "a"}}}}})
	r.Log("a", "stdout", "before")
	res, err := r.cl.ContainerLogs(r.ctx, "a", client.ContainerLogsOptions{ShowStdout: true, Follow: true, Tail: "1"})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Close()
	read := make(chan string)
	go func() {
		defer close(read)
		pr, pw := io.Pipe()
		go func() { _, err := stdcopy.StdCopy(pw, io.Discard, res); pw.CloseWithError(err) }()
		for sc := bufio.NewScanner(pr); sc.Scan(); {
			read <- sc.Text()
		}
	}()
	for i, want := range []string{"before", "during 1", "during 2"} {
		if i > 0 {
			r.Log("a", "stdout", want)
		}
		if got := <-read; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	r.Crash("a")
	if got, more := <-read; more {
		t.Errorf("the stream goes on after the end: %q", got)
	}
}

// TestFollowComputed: a log that flows by itself flows to a follower.
func TestFollowComputed(t *testing.T) {
	r := newRigOf(t, Options{Speed: 50, Engines: []EngineOptions{{Name: "e", Containers: []ContainerSpec{{Name: "a", Logs: "nginx", LogRate: 2}}}}})
	res, err := r.cl.ContainerLogs(r.ctx, "a", client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Follow: true, Tail: "0", Timestamps: true})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Close()
	pr, pw := io.Pipe()
	go func() { _, err := stdcopy.StdCopy(pw, pw, res); pw.CloseWithError(err) }()
	sc, last := bufio.NewScanner(pr), ""
	for range 20 {
		if !sc.Scan() || sc.Text() <= last {
			t.Fatalf("after %q: %q, %v", last, sc.Text(), sc.Err())
		}
		last = sc.Text()
	}
	res.Close()
	pr.Close()
}

func (r *rig) stats(name string, o client.ContainerStatsOptions) (all []container.StatsResponse) {
	r.Helper()
	res, err := r.cl.ContainerStats(r.ctx, name, o)
	if err != nil {
		r.Fatal(err)
	}
	defer res.Body.Close()
	dec := json.NewDecoder(res.Body)
	for range 2 {
		var s container.StatsResponse
		if err := dec.Decode(&s); err != nil {
			break
		}
		all = append(all, s)
	}
	return all
}

func TestStats(t *testing.T) {
	now := time.Now()
	r := newRigOf(t, Options{Speed: 1, Now: func() time.Time { return now }, Engines: []EngineOptions{{Name: "e", API: "1.41", Containers: []ContainerSpec{
		{Name: "a", CPUs: 1, Memory: 100 << 20, Load: Load{CPU: 0.4, Memory: 50 << 20}}, {Name: "off", State: exited}, {Name: "cold", State: paused},
	}}}})
	one := r.stats("a", client.ContainerStatsOptions{})
	if len(one) != 1 || one[0].MemoryStats.Limit != 100<<20 || one[0].MemoryStats.Stats["total_inactive_file"] == 0 {
		t.Fatalf("one sample: %+v", one)
	}
	last, moved := one[0], false
	for range 600 {
		now = now.Add(2 * time.Second)
		s := r.stats("a", client.ContainerStatsOptions{})[0]
		cpu := float64(s.CPUStats.CPUUsage.TotalUsage-last.CPUStats.CPUUsage.TotalUsage) / 2e9
		if cpu < 0 || cpu > 1 || s.Networks["eth0"].RxBytes < last.Networks["eth0"].RxBytes {
			t.Fatalf("%.2f CPUs, or a counter that runs backwards", cpu)
		}
		moved = moved || cpu > 0.5
		last = s
	}
	if !moved {
		t.Error("the load never moves")
	}
	if s := r.stats("off", client.ContainerStatsOptions{}); s[0].CPUStats.CPUUsage.TotalUsage != 0 || !s[0].Read.IsZero() {
		t.Errorf("a stopped one uses %+v", s)
	}
	a := r.stats("cold", client.ContainerStatsOptions{})[0].CPUStats.CPUUsage.TotalUsage
	now = now.Add(time.Minute)
	if b := r.stats("cold", client.ContainerStatsOptions{})[0].CPUStats.CPUUsage.TotalUsage; a == 0 || a != b {
		t.Errorf("a paused one went from %d to %d", a, b)
	}
	if s := r.stats("a", client.ContainerStatsOptions{Stream: true}); len(s) != 2 || !s[0].PreRead.IsZero() || !s[1].PreRead.Equal(s[0].Read) {
		t.Errorf("stream: %+v", s)
	}
	if s := r.stats("a", client.ContainerStatsOptions{IncludePreviousSample: true}); len(s) != 1 || s[0].PreCPUStats.SystemUsage == 0 {
		t.Errorf("with the previous sample: %+v", s)
	}
}

func TestEvents(t *testing.T) {
	r := newRig(t, EngineOptions{}, ContainerSpec{Name: "a", Image: "team/a:1", Labels: map[string]string{"k": "v"}, Health: &HealthSpec{}}, ContainerSpec{Name: "b"})
	next := r.listen(make(client.Filters).Add("type", "container").Add("event", "die", "health_status", "rename", "oom").Add("container", "a", r.inspect("a").ID))
	r.SetHealth("a", unhealthy)
	r.Crash("b")
	if _, err := r.cl.ContainerRename(r.ctx, "a", client.ContainerRenameOptions{NewName: "a2"}); err != nil {
		t.Fatal(err)
	}
	r.OOM("a2")
	got := next(4)
	if actions(got) != "health_status: unhealthy rename oom die" {
		t.Fatalf("events %q", actions(got))
	}
	for _, m := range got {
		if at := m.Actor.Attributes; at["image"] != "team/a:1" || at["k"] != "v" || m.TimeNano == 0 || m.Scope != "local" {
			t.Errorf("%s: %+v", m.Action, m)
		}
	}
	if at := got[1].Actor.Attributes; at["oldName"] != "/a" || at["name"] != "a2" {
		t.Errorf("rename: %v", at)
	}
	if got[3].Actor.Attributes["exitCode"] != "137" || !r.inspect("a2").State.OOMKilled {
		t.Errorf("die: %v", got[3])
	}
	past := r.cl.Events(r.ctx, client.EventsListOptions{Since: "1h", Until: fmt.Sprint(time.Now().Unix() + 1), Filters: make(client.Filters).Add("event", "oom")})
	if m := <-past.Messages; m.Action != "oom" {
		t.Errorf("looking back: %+v", m)
	}
	if err := <-past.Err; err != io.EOF {
		t.Errorf("looking back ended with %v, want EOF", err)
	}
}

func TestImages(t *testing.T) {
	const ref = "registry.tyo.example:5000/team/web"
	r := newRig(t, EngineOptions{PullTakes: 24 * time.Millisecond, Images: []string{"unused:1"}}, ContainerSpec{Name: "web", Image: ref + ":1.9.1"})
	pull := func(ref string) (string, error) {
		res, err := r.cl.ImagePull(r.ctx, ref, client.ImagePullOptions{})
		if err != nil {
			return "", err
		}
		var all, layers []string
		for m, err := range res.JSONMessages(r.ctx) {
			if err != nil {
				return "", err
			}
			all = append(all, m.Status)
			if m.Status == "Pull complete" {
				layers = append(layers, m.ID)
			}
		}
		return fmt.Sprint(len(layers) > 2, " ", all[len(all)-1]), nil
	}
	digest := func(ref string) string {
		in, err := r.cl.ImageInspect(r.ctx, ref)
		if err != nil || len(in.RepoDigests) != 1 {
			t.Fatalf("%s: %+v, %v", ref, in, err)
		}
		return in.RepoDigests[0]
	}
	for _, tt := range []struct{ ref, want string }{
		{ref + ":1.9.1", "false Status: Image is up to date for " + ref + ":1.9.1"},
		{ref + ":1.9.2", "true Status: Downloaded newer image for " + ref + ":1.9.2"},
	} {
		if got, err := pull(tt.ref); got != tt.want || err != nil {
			t.Errorf("pull %s: %q, %v", tt.ref, got, err)
		}
	}
	d, err := r.cl.DistributionInspect(r.ctx, ref+":1.9.2", client.DistributionInspectOptions{})
	if err != nil || ref+"@"+string(d.Descriptor.Digest) != digest(ref+":1.9.2") {
		t.Errorf("the registry has %v, the engine %s: %v", d.Descriptor.Digest, digest(ref+":1.9.2"), err)
	}
	old := digest(ref + ":1.9.1")
	r.lab.Push(ref + ":1.9.1")
	if got, err := pull(ref + ":1.9.1"); !strings.HasPrefix(got, "true") || err != nil || digest(ref+":1.9.1") == old {
		t.Errorf("after a push: %q, %v", got, err)
	}
	if c := r.list(client.ContainerListOptions{})[0]; c.Image != c.ImageID || r.inspect("web").Config.Image != ref+":1.9.1" {
		t.Errorf("the tag moved on, but the list says %q", c.Image)
	}
	for ref, want := range map[string]string{"nobody/nothing:1": "pull access denied", ref + ":missing": "manifest unknown"} {
		_, err := pull(ref)
		r.wantErr(err, cerrdefs.IsNotFound, want)
	}
	if _, err := r.cl.ImageRemove(r.ctx, ref+":1.9.2", client.ImageRemoveOptions{}); err != nil {
		t.Error(err)
	}
	_, err = r.cl.ImageInspect(r.ctx, ref+":1.9.2")
	r.wantErr(err, cerrdefs.IsNotFound, "No such image")
	_, err = r.cl.ImageRemove(r.ctx, r.inspect("web").Image, client.ImageRemoveOptions{Force: true})
	r.wantErr(err, cerrdefs.IsConflict, "running container")
	l, err := r.cl.ImageList(r.ctx, client.ImageListOptions{Filters: make(client.Filters).Add("reference", "unused")})
	if err != nil || len(l.Items) != 1 || l.Items[0].RepoTags[0] != "unused:1" {
		t.Errorf("list %+v, %v", l, err)
	}
}
