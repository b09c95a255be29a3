package registry

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"

	"ringside/backends/fleet"
	lab "ringside/backends/lab/registry"
)

func (r *rig) sync(change func(*fleet.Sync)) *Sync {
	r.Helper()
	spec := fleet.Sync{Name: "tyo-sha", From: "tokyo", To: "shanghai", Repositories: []string{"team/*"}, Referrers: true}
	if change != nil {
		change(&spec)
	}
	s, err := NewSync(spec, r.from, r.to)
	if err != nil {
		r.Fatal(err)
	}
	return s
}

// states writes facts as "team/web 1=equal 2=missing; …".
func states(f *Facts) string {
	var out []string
	for _, r := range f.Repositories {
		line := r.Name
		if r.Target != r.Name {
			line += ">" + r.Target
		}
		for _, t := range r.Tags {
			line += " " + t.Name + "=" + string(t.State)
		}
		out = append(out, line)
	}
	return strings.Join(out, "; ")
}

func (r *rig) compare(s *Sync) *Facts {
	r.Helper()
	f, err := s.Compare(r.ctx)
	if err != nil {
		r.Fatal(err)
	}
	return f
}

func TestCompare(t *testing.T) {
	r := newRig(t, lab.Options{Page: 3}, lab.Options{Page: 2})
	one := r.push("team/web", "1.9.1", kib)
	r.b.Push("team/web", "1.9.1", one)
	r.push("team/web", "1.10.0", kib)
	r.b.Push("team/web", "1.10.0", one)
	r.push("team/web", "1.10.1", kib)
	r.b.Push("team/web", "old", one)
	r.b.Push("team/gone", "1", one)
	for i := range 5 {
		r.push(fmt.Sprintf("team/r%d", i), "1", kib)
	}
	r.push("other/x", "1", kib)
	for _, reg := range []*lab.Registry{r.a, r.b} {
		reg.Push("team/web", "sha256-"+strings.Repeat("0", 64)+".sig", one) // of no image here
	}
	r.a.Push("team/web", "sha256-"+one.Digest[7:]+".sig", one)

	r.reset()
	f := r.compare(r.sync(nil))
	wants(t, "all", states(f), "team/gone 1=extra; team/r0 1=missing; team/r1 1=missing; team/r2 1=missing; team/r3 1=missing; team/r4 1=missing; "+
		"team/web 1.9.1=equal 1.10.0=moved 1.10.1=missing old=extra sha256-"+one.Digest[7:]+".sig=missing")
	wants(t, "counts", f.Counts, Counts{Equal: 1, Missing: 7, Moved: 1, Extra: 2})
	// One HEAD for a tag that one side has, two for one that both have.
	wants(t, "source", r.a.Counts().Requests, "map[catalog:3 manifest HEAD:9 tags:8]") // team/web has two pages
	wants(t, "target", r.b.Counts().Requests, "map[catalog:1 manifest HEAD:4 tags:8]")
	wants(t, "requests", f.Requests, 33)

	f = r.compare(r.sync(func(s *fleet.Sync) {
		s.Tags, s.Repositories = []string{">=1.10"}, []string{"team/web"}
		s.Rename, s.Referrers = []fleet.Rename{{From: "team/*", To: "mirror/*"}}, false
	}))
	wants(t, "range, renamed", states(f), "team/web>mirror/web 1.10.0=missing 1.10.1=missing")

	r.reset()
	f = r.compare(r.sync(func(s *fleet.Sync) {
		s.Tags, s.Repositories = []string{"1.9.1", "none"}, []string{"team/web", "team/gone"}
	}))
	wants(t, "named", states(f), "team/gone; team/web 1.9.1=equal")
	wants(t, "nothing is listed", r.a.Counts().Requests, "map[manifest HEAD:4]")
}

func TestCompareTroubles(t *testing.T) {
	r := newRig(t, lab.Options{NoCatalog: true}, lab.Options{})
	one := r.push("team/web", "1", kib)
	r.b.Push("team/web", "1", one)
	_, err := r.sync(nil).Compare(r.ctx)
	if TroubleOf(err) != NoLogin || !strings.Contains(err.Error(), "name them without wildcards") {
		t.Errorf("no catalog: %v", err)
	}
	named := r.sync(func(s *fleet.Sync) { s.Repositories = []string{"team/web"} })
	end := r.b.Refuse("manifest HEAD", http.StatusForbidden, 0, -1)
	f := r.compare(named)
	wants(t, "one tag cannot be read", states(f), "team/web 1=unknown")
	if why := f.Repositories[0].Tags[0].Why; !strings.Contains(why, "registry shanghai: look at team/web:1: not allowed") {
		t.Error(why)
	}
	end()
	r.b.Stop()
	if _, err := named.Compare(r.ctx); TroubleOf(err) != Refused || !strings.Contains(err.Error(), "registry shanghai: list the tags of team/web") {
		t.Errorf("target is down: %v", err)
	}
}

// collect runs a source and keeps its readings.
type collect struct {
	mu    sync.Mutex
	all   []fleet.Reading
	stop  func()
	t     *rig
	names map[string]fleet.Reading
}

func (r *rig) watch(s *Sync) *collect {
	c := &collect{t: r, names: map[string]fleet.Reading{}}
	ctx, cancel := context.WithCancel(r.ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Watch(ctx, func(x fleet.Reading) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.all = append(c.all, x)
			c.names[x.Source] = x
		})
	}()
	c.stop = func() {
		cancel()
		<-done
	}
	r.Cleanup(c.stop)
	return c
}

// facts returns the latest facts, nil before or after a failure.
func (c *collect) facts() *Facts {
	c.mu.Lock()
	defer c.mu.Unlock()
	f, _ := c.names["registry/tyo-sha"].Facts.(*Facts)
	return f
}

func TestWatch(t *testing.T) {
	r := newRig(t, lab.Options{}, lab.Options{})
	one := r.push("team/web", "1", kib)
	r.b.Push("team/web", "1", one)
	r.push("team/web", "2", kib)
	s := r.sync(nil)
	c := r.watch(s)
	r.until("first look", func() bool { return c.facts() != nil })
	f := c.facts()
	wants(t, "first", states(f), "team/web 1=equal 2=missing")
	two, _ := f.Find("team/web", "2")
	if !two.Older || two.Since.IsZero() || !f.LastMatch.IsZero() || f.Swept.IsZero() || f.Next.Before(f.Swept) || s.Latest() != f {
		t.Errorf("%+v %+v", two, f)
	}

	r.copy(s.Copier(f), "team/web", "2")
	r.push("team/web", "3", kib)
	s.Touched("team/web")
	r.until("touched", func() bool { return c.facts() != f })
	f = c.facts()
	wants(t, "after a copy", states(f), "team/web 1=equal 2=equal 3=missing")
	if three, _ := f.Find("team/web", "3"); three.Older || !f.LastMatch.IsZero() {
		t.Errorf("%+v", three)
	}
	r.copy(s.Copier(f), "team/web", "3")
	s.Refresh()
	r.until("everything is there", func() bool { return c.facts().Counts.Behind() == 0 })
	f = c.facts()
	if f.LastMatch.IsZero() {
		t.Error("the match was not seen")
	}

	// A failed look keeps the time since when things are as they are.
	before, _ := f.Find("team/web", "3")
	r.b.Stop()
	s.Refresh()
	r.until("the failure", func() bool { return c.facts() == nil })
	if err := c.names["registry/tyo-sha"].Err; TroubleOf(err) != Refused {
		t.Error(err)
	}
	if err := r.b.Resume(); err != nil {
		t.Fatal(err)
	}
	r.until("it is back", func() bool { return c.facts() != nil })
	if after, _ := c.facts().Find("team/web", "3"); after != before {
		t.Errorf("%+v, before %+v", after, before)
	}
}

func TestActivity(t *testing.T) {
	r := newRig(t, lab.Options{}, lab.Options{})
	r.push("team/web", "1", 500*kib)
	s := r.sync(func(s *fleet.Sync) { s.Bandwidth = 2 << 20 })
	c := r.watch(s)
	r.until("first look", func() bool { return c.facts() != nil })
	r.copy(s.Copier(c.facts()), "team/web", "1")
	r.until("the last report", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		a, _ := c.names["registry/tyo-sha/activity"].Facts.(*Activity)
		return a != nil && a.Transfers == nil && a.Rate == 0
	})
	c.stop()
	moving, fastest, most := 0, 0.0, 0
	for _, x := range c.all {
		a, ok := x.Facts.(*Activity)
		if !ok {
			continue
		}
		if a.Rate > 0 {
			moving++
		}
		fastest, most = max(fastest, a.Rate), max(most, len(a.Transfers))
	}
	last := c.names["registry/tyo-sha/activity"].Facts.(*Activity)
	if moving < 3 || fastest < 1<<20 || fastest > 5<<20 || most < 2 || last.Sent < 6*500*kib || len(last.History) == 0 {
		t.Errorf("%d reports of movement, at most %.0f B/s and %d transfers; %+v", moving, fastest, most, last)
	}
}

// BenchmarkSweep looks at 5,000 tags in 200 repositories that are equal.
func BenchmarkSweep(b *testing.B) {
	lib := lab.NewLibrary()
	var regs []*lab.Registry
	for _, name := range []string{"tokyo", "shanghai"} {
		reg, err := lab.Start(lib, lab.Options{Name: name})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(reg.Stop)
		regs = append(regs, reg)
	}
	for i := range 200 {
		for j := range 25 {
			repository, tag := fmt.Sprintf("team/r%03d", i), fmt.Sprintf("1.%d.0", j)
			built := lib.Build(lab.Image{Name: repository + tag, Platforms: twoPlatforms, Layers: func(string) []lab.Layer { return []lab.Layer{{Name: "x", Size: 10}} }})
			regs[0].Push(repository, tag, built)
			regs[1].Push(repository, tag, built)
		}
	}
	spec := func(r *lab.Registry) fleet.Registry {
		return fleet.Registry{Name: r.Name(), Address: r.Address(), PlainHTTP: true, Concurrency: fleet.DefaultConcurrency}
	}
	s, err := NewSync(fleet.Sync{Name: "s", Repositories: []string{"team/*"}, Referrers: true}, New(spec(regs[0]), nil), New(spec(regs[1]), nil))
	if err != nil {
		b.Fatal(err)
	}
	var f *Facts
	w := &watcher{Sync: s, byName: map[string]*Repository{}, report: func(r fleet.Reading) { f, _ = r.Facts.(*Facts) }}
	for b.Loop() {
		for _, r := range regs {
			r.Reset()
		}
		if _, err := w.all(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
	if f.Counts.Equal != 5000 {
		b.Fatal(f.Counts)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	b.ReportMetric(float64(f.Requests), "requests")
	b.ReportMetric(float64(regs[0].Counts().Requests["manifest HEAD"]+regs[1].Counts().Requests["manifest HEAD"])/10000, "HEADs/side/tag")
	b.ReportMetric(float64(max(regs[0].Counts().Peak, regs[1].Counts().Peak)), "at-a-time")
	w.byName, w.latest, f = nil, nil, nil
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(int64(before.HeapAlloc)-int64(after.HeapAlloc))/1e6, "MB-kept")
}
