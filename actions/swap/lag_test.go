package swap_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"ringside/actions"
	"ringside/backends/fleet"
	"ringside/backends/lab"
)

// Repositories of the service at its two sites.
const (
	tokyo    = "registry.tyo.example:5000/team/web"
	shanghai = "registry.sha.example:5000/team/web"
)

// newSites is a lab with an engine and a registry at each of two sites; the sync
// tyo-sha goes from one to the other. Shanghai lacks 1.9.2.
func newSites(t *testing.T, s shape) *lab.Lab {
	t.Helper()
	o := s.options()
	o.Sites = true
	o.Engines[1].Name, o.Engines[1].Site = "shanghai-1", "shanghai"
	for i, repository := range []string{tokyo, shanghai} {
		c := &o.Engines[i].Containers[0]
		c.Image = repository + ":1.9.1"
		c.Labels[fleet.LabelImage] = tokyo + ":1.9.1"
	}
	web := &o.Services[0]
	web.Engines, web.Image, web.Images = []string{"tokyo-1", "shanghai-1"}, tokyo, map[string]string{"shanghai": shanghai}
	l, err := lab.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// has says what a site's registry has under a tag, "" for nothing.
func has(l *lab.Lab, site, tag string) string {
	d, _ := l.Registry(site).Digest("team/web", tag)
	return d
}

// What a site's registry lacks is told with the sync that brings it, which the deploy
// does first on demand.
func TestRegistryLag(t *testing.T) {
	l := newSites(t, shape{})
	_, r := stage(t, l.Fleet())
	p := r.build(t, "service.deploy", actions.Args{"image": "1.9.2"})
	if want := "block registry: shanghai-1 team/web:1.9.2 is not in shanghai yet: the sync tyo-sha brings it; deploy with sync (--sync), which does that first"; !strings.Contains(said(p.Findings), want) {
		t.Errorf("no %q in\n%s", want, said(p.Findings))
	}

	args := actions.Args{"image": "1.9.2", "sync": "true", "swap": "true"}
	p = r.build(t, "service.deploy", args)
	if want := "note registry: shanghai-1 team/web:1.9.2 is not in shanghai yet: the sync tyo-sha brings it first"; !strings.Contains(said(p.Findings), want) || p.Blocked() {
		t.Errorf("no %q in\n%s", want, said(p.Findings))
	}
	if s := p.Steps[0]; s.Name != "copy team/web:1.9.2 to shanghai" || s.Stage >= p.Steps[1].Stage {
		t.Errorf("the first step is %d %s, the next %d %s", s.Stage, s.Name, p.Steps[1].Stage, p.Steps[1].Name)
	}
	stop := r.load(t)
	rec := r.done(t, "service.deploy", args)
	if st := r.look(t); st.Live != fleet.Green || !st.Settled() {
		t.Errorf("live is %q", st.Live)
	}
	want := has(l, "tokyo", "1.9.2")
	if got := has(l, "shanghai", "1.9.2"); got != want || want == "" {
		t.Errorf("shanghai has %q, tokyo %q", got, want)
	}
	for _, p := range r.look(t).Green.Places {
		if p.Container == nil || p.Container.Digest != want {
			t.Errorf("%s runs %+v, want %s", p.Engine, p.Container, want)
		}
	}
	if res := stop(); res.Failed+res.Cut+res.IdleClosed > 0 {
		t.Errorf("%v, first %s", res, res.First)
	}
	// The way back leaves the image where it is.
	id, err := r.Rollback(t.Context(), rec.ID, confirmed)
	complete(t, r, r.ended(t, id, err), actions.RolledBack)
	if got := has(l, "shanghai", "1.9.2"); got != want {
		t.Errorf("rolled back: shanghai has %q", got)
	}
	// Now nothing lags, and asking for the sync adds no step.
	p = r.build(t, "service.deploy", args)
	if strings.HasPrefix(p.Steps[0].Name, "copy") || strings.Contains(said(p.Findings), "registry:") {
		t.Errorf("%s\n%s", p.Steps[0].Name, said(p.Findings))
	}
}

// What lags otherwise: a tag that moved on, a service whose only site lacks it, a
// source that is silent, and what no sync brings.
func TestRegistryLagFindings(t *testing.T) {
	for name, c := range map[string]struct {
		before func(l *lab.Lab, r *rig)
		image  string // default 1.9.2
		sync   bool
		want   string // finding or error
		first  string // step
	}{
		"moved": {image: "1.9.1", sync: true, before: func(l *lab.Lab, _ *rig) { l.Push(tokyo + ":1.9.1") },
			want: "note registry: shanghai-1 team/web:1.9.1 is still sha256 ", first: "copy team/web:1.9.1 to shanghai"},
		"moved, without sync": {image: "1.9.1", before: func(l *lab.Lab, _ *rig) { l.Push(tokyo + ":1.9.1") },
			want: " in tokyo: the sync tyo-sha brings it; deploy with sync (--sync), which does that first"},
		"moved, the lagging engine first": {image: "1.9.1", sync: true, before: func(l *lab.Lab, r *rig) {
			l.Push(tokyo + ":1.9.1")
			slices.Reverse(r.fleet.Services[0].Engines)
		}, want: "note registry: shanghai-1 team/web:1.9.1 is still sha256 ", first: "copy team/web:1.9.1 to shanghai"},
		"only in shanghai": {sync: true, before: func(_ *lab.Lab, r *rig) { r.fleet.Services[0].Engines = []string{"shanghai-1"} },
			want: "note registry: shanghai-1 team/web:1.9.2 is not in shanghai yet: the sync tyo-sha brings it first", first: "copy team/web:1.9.2 to shanghai"},
		"source is silent": {before: func(l *lab.Lab, _ *rig) { l.Registry("tokyo").Stop() },
			want: "block registry: shanghai-1 " + shanghai + ":1.9.2 is not in its registry yet (registry.sha.example:5000): sync first, or push it there; whether a sync brings it is not known: sync tyo-sha: "},
		"not in the sync": {before: func(_ *lab.Lab, r *rig) { r.fleet.Syncs = nil },
			want: "block registry: shanghai-1 " + shanghai + ":1.9.2 is not in its registry yet (registry.sha.example:5000): sync first, or push it there"},
		"nowhere": {image: "missing", sync: true, want: "error: deploy: no engine can get " + tokyo + ":missing, and nothing was changed"},
		"sync is held": {sync: true, before: func(_ *lab.Lab, r *rig) {
			s := fleet.Target{Kind: fleet.KindSync, Name: "tyo-sha", Site: "shanghai"}
			r.led.Hold(context.Background(), actions.Hold{Target: s, By: "aoi", Why: "line is full", Since: r.env.Now()})
		}, want: "block hold: tyo-sha aoi asked to leave it alone", first: "copy team/web:1.9.2 to shanghai"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newSites(t, shape{})
			_, r := stage(t, l.Fleet())
			if c.before != nil {
				c.before(l, r)
			}
			args := actions.Args{"image": c.image}
			if c.image == "" {
				args["image"] = "1.9.2"
			}
			if c.sync {
				args["sync"] = "true"
			}
			p, err := r.reg.Build(t.Context(), r.env, "service.deploy", []fleet.Target{r.s.Target()}, args)
			if err != nil {
				if got := "error: " + err.Error(); !strings.Contains(got, c.want) || c.first != "" {
					t.Errorf("got\n%s\nwant %s", got, c.want)
				}
				return
			}
			if !strings.Contains(said(p.Findings), c.want) {
				t.Errorf("got\n%s\nwant %s", said(p.Findings), c.want)
			}
			if first := p.Steps[0].Name; c.first != "" && first != c.first || c.first == "" && strings.HasPrefix(first, "copy") {
				t.Errorf("the first step is %q, want %q", first, c.first)
			}
		})
	}
}

// What an image is stamped for is read in the registry, before any engine has it and
// before it is brought anywhere.
func TestStampInRegistry(t *testing.T) {
	l := newSites(t, shape{environment: "production", releases: map[string]lab.Release{tokyo + ":1.9.2": {Labels: map[string]string{fleet.LabelEnvironment: "verification"}}}})
	_, r := stage(t, l.Fleet())
	for _, engines := range [][]string{{"tokyo-1", "shanghai-1"}, {"shanghai-1"}} {
		r.fleet.Services[0].Engines = engines
		p := r.build(t, "service.deploy", actions.Args{"image": "1.9.2", "sync": "true"})
		if want := "block stamp: " + tokyo + ":1.9.2 the image is stamped for verification, and this is production"; !p.Blocked() || !strings.Contains(said(p.Findings), want) {
			t.Errorf("%v: no %q in\n%s", engines, want, said(p.Findings))
		}
	}
}

// A deploy that is killed before or after the sync's copy goes on with it, and does not
// send twice what is there; taken back, it leaves the image and nothing else.
func TestRegistryLagKilled(t *testing.T) {
	t.Setenv("RINGSIDE_TEST_IMAGE", "1.9.2")
	there := strings.NewReplacer("tokyo-2", "shanghai-1", "1 running", "1.9.1 running", "2 running", "1.9.2 running").Replace
	for _, f := range fates {
		t.Run(f.point+"/"+f.way, func(t *testing.T) {
			l := newSites(t, shape{})
			dir, r := stage(t, l.Fleet())
			if first := r.build(t, "service.deploy", argsOf("service.deploy")).Steps[0].Name; first != "copy team/web:1.9.2 to shanghai" {
				t.Fatalf("the first step is %s", first)
			}
			killAndGoOn(t, dir, r, "service.deploy", f.point+" 0", f.way, there(atFirst), there(swapped))
			want := 4 // manifests: an index, one for each of two platforms, a signature
			if f == (fate{"before", "rollback"}) {
				want = 0
			}
			if n := l.Registry("shanghai").Counts().Requests["manifest PUT"]; n != want || (has(l, "shanghai", "1.9.2") != "") != (want > 0) {
				t.Errorf("%d manifests were sent, want %d; shanghai has %q", n, want, has(l, "shanghai", "1.9.2"))
			}
		})
	}
}
