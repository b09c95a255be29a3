package home

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ringside/actions"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	"ringside/backends/registry"
	"ringside/backends/watch"
	"ringside/keymap"
	"ringside/views/kit"
	"ringside/views/kit/kittest"
	"ringside/views/screen"
	"ringside/views/screen/syncs"
)

// synced adds two registries with a sync. With trouble the target is behind, and a run
// brings a part of it.
func synced(s screen.Snapshot, trouble bool) screen.Snapshot {
	f := fleet.Fleet{}
	if s.Fleet != nil {
		f = *s.Fleet
	}
	s.Fleet = &f
	for _, name := range []string{"tokyo", "shanghai"} {
		f.Registries = append(f.Registries, fleet.Registry{Name: name, Site: name, Environment: "production", Address: name + ".example:5000"})
	}
	f.Syncs = []fleet.Sync{{Name: "tyo-sha", Environment: "production", From: "tokyo", To: "shanghai", Repositories: []string{"team/*"}}}
	store := watch.NewStore()
	for e := range s.State.All() {
		store.Put(fleet.Reading{Source: e.Source, At: e.At, Facts: e.Facts})
	}
	tags := []registry.Tag{{Name: "1.9.1", State: registry.Equal, Source: "sha256:1", Target: "sha256:1", Since: noon.Add(-time.Hour)}}
	if trouble {
		tags = append(tags, registry.Tag{Name: "1.9.2", State: registry.Gone, Source: "sha256:2", Since: noon.Add(-14 * time.Minute)},
			registry.Tag{Name: "2.0.0", State: registry.Moved, Source: "sha256:3", Target: "sha256:4", Since: noon.Add(-3 * time.Hour), Older: true})
	}
	facts := registry.NewFacts("tyo-sha", registry.Side{Registry: "tokyo"}, registry.Side{Registry: "shanghai"},
		[]*registry.Repository{{Name: "team/web", Target: "team/web", Checked: noon.Add(-2 * time.Second), Tags: tags}}, func(_, _ string) bool { return true })
	facts.Swept, facts.Next = noon.Add(-2*time.Second), noon.Add(time.Minute)
	facts.LastMatch = noon.Add(-14 * time.Minute)
	store.Put(fleet.Reading{Source: "registry/tyo-sha", At: noon.Add(-2 * time.Second), Facts: facts})
	s.State = store.State()
	s.Problems = append(s.Problems, impact.Registries(s.Fleet, s.State, noon)...)
	impact.Sort(s.Problems)
	return s
}

// moving adds a run of the sync that is half way.
func moving(s screen.Snapshot) screen.Snapshot {
	store := watch.NewStore()
	for e := range s.State.All() {
		store.Put(fleet.Reading{Source: e.Source, At: e.At, Facts: e.Facts})
	}
	store.Put(fleet.Reading{Source: "registry/tyo-sha/activity", At: noon, Facts: &registry.Activity{Sync: "tyo-sha", Rate: 5.9e6, History: []float64{1e6, 3e6, 5e6, 5.9e6, 6e6, 5.9e6},
		Transfers: []registry.Transfer{{Repository: "team/web", Tag: "1.9.2", Size: 18e6, Done: 9e6, State: registry.Sending}}}})
	s.State = store.State()
	s.Runs = append([]actions.RunRecord{{ID: "r4", Kind: "sync.run", Title: "sync tyo-sha: copy 2 tags", Status: actions.Running, Alive: true, Actor: actions.Actor{User: "aoi"}, Created: noon.Add(-5 * time.Second),
		Targets: []fleet.Target{impact.SyncTarget(s.Fleet, s.Fleet.Syncs[0])},
		Steps:   []actions.StepRecord{{Target: fleet.Target{Kind: fleet.KindTag, Scope: "shanghai"}, Status: actions.Running, Done: 30e6, Total: 60e6, Unit: "bytes"}, {Target: fleet.Target{Kind: fleet.KindTag, Scope: "shanghai"}}}}}, s.Runs...)
	return s
}

func TestRegistryFrames(t *testing.T) {
	colour := screen.Look{Theme: kit.NewTheme(true, false)}
	for name, c := range map[string]struct {
		snap screen.Snapshot
		w, h int
		look screen.Look
	}{
		"registries-80x21":         {synced(swifted(powered(picture(true)), true), true), 80, 21, colour},
		"registries-140x37":        {synced(swifted(powered(picture(true)), true), true), 140, 37, colour},
		"registries-moving-80x21":  {moving(synced(swifted(powered(picture(true)), true), true)), 80, 21, colour},
		"registries-moving-140x37": {moving(synced(swifted(powered(picture(true)), true), true)), 140, 37, colour},
		"registries-calm":          {synced(swifted(powered(picture(false)), false), false), 80, 30, screen.Look{Theme: kit.NewTheme(true, true)}},
	} {
		t.Run(name, func(t *testing.T) {
			frame := home(c.snap, c.w, c.h, c.look).View()
			kittest.Check(t, frame, c.w, c.h)
			kittest.Golden(t, name, frame)
		})
	}
}

func TestRegistryRows(t *testing.T) {
	text := func(s screen.Snapshot) string {
		var out []string
		for _, r := range registriesPane.read(s).rows {
			glyph, _ := r.sign.look(kit.NewTheme(true, true))
			out = append(out, glyph+" "+strings.Join(r.cells, " "))
		}
		return strings.Join(out, "\n")
	}
	behind := synced(screen.Snapshot{Now: noon, State: watch.NewStore().State()}, true)
	unread := behind
	unread.State = watch.NewStore().State()
	refused := watch.NewStore()
	refused.Put(fleet.Reading{Source: "registry/tyo-sha", At: noon, Err: &registry.Error{Registry: "shanghai", Trouble: registry.Refused}})
	down := behind
	down.State = refused.State()
	late := behind
	late.Now = noon.Add(time.Hour)
	for want, s := range map[string]screen.Snapshot{
		"! tyo-sha 2 behind, matched 14m ago <5s\n! missing team/web:1.9.2 14m\n! moved team/web:2.0.0 >3h": behind,
		"* tyo-sha equal <5s": synced(screen.Snapshot{Now: noon, State: watch.NewStore().State()}, false),
		"? tyo-sha not read ": unread,
		"x tyo-sha refused ":  down,
		"! tyo-sha stale <1h\n! missing team/web:1.9.2 1h\n! moved team/web:2.0.0 >4h":                                late,
		"% tyo-sha 50%, 6s left, 5.9 MB/s, 0 of 2 tags <5s\n! missing team/web:1.9.2 14m\n! moved team/web:2.0.0 >3h": moving(behind),
	} {
		if got := text(s); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
	if !registriesPane.read(screen.Snapshot{Fleet: &fleet.Fleet{}}).none {
		t.Error("a fleet without syncs has a pane of them")
	}
}

// Syncs, tags and registries lead to their screen; y syncs what the cursor is on.
func TestRegistryLines(t *testing.T) {
	s := home(synced(screen.Snapshot{Fleet: &fleet.Fleet{}, Now: noon, State: watch.NewStore().State()}, true), 80, 21, screen.Look{Theme: kit.NewTheme(true, false)})
	for s.focused().name != "Registries" {
		s.Do(keymap.NextPane)
	}
	sync := impact.SyncTarget(s.snap.Fleet, s.snap.Fleet.Syncs[0])
	if got := s.Do(keymap.Open)(); got != (screen.Go{Screen: "registries", Subject: "sync//tyo-sha"}) {
		t.Errorf("a sync leads to %+v", got)
	}
	if got, ok := s.Do(keymap.ActSync)().(screen.Act); !ok || got.Action != "sync.run" || len(got.Targets) != 1 || got.Targets[0] != sync {
		t.Errorf("y asks for %+v", got)
	}
	s.Do(keymap.Down)
	if got := s.Do(keymap.Open)(); got != (screen.Go{Screen: "registries", Subject: "tag/tokyo/team/web:1.9.2"}) {
		t.Errorf("a tag leads to %+v", got)
	}
	if got, ok := s.Do(keymap.ActSync)().(screen.Toast); !ok || !got.Bad {
		t.Errorf("y on a tag asks for %+v", got)
	}
	if got := place(fleet.Target{Kind: fleet.KindRegistry, Name: "tokyo"}); got != (screen.Go{Screen: "registries", Subject: "registry//tokyo"}) {
		t.Errorf("a registry leads to %+v", got)
	}
}

// Of thousands that are lacking the newest are shown.
func TestLackingShowsTheNewest(t *testing.T) {
	s := synced(screen.Snapshot{Now: noon, State: watch.NewStore().State()}, false)
	list := syncs.Read(s.Fleet, s.State, nil, noon)
	var tags []registry.Tag
	for _, minutes := range []int{7, 3, 9, 1, 8, 2, 6, 5, 4} {
		tags = append(tags, registry.Tag{Name: fmt.Sprint(minutes), State: registry.Gone, Since: noon.Add(-time.Duration(minutes) * time.Minute)})
	}
	list[0].Facts = registry.NewFacts("tyo-sha", registry.Side{Registry: "tokyo"}, registry.Side{Registry: "shanghai"}, []*registry.Repository{{Name: "a", Tags: tags}}, nil)
	var got []string
	for _, r := range lacking(list, s) {
		got = append(got, r.cells[2])
	}
	if text := strings.Join(got, " "); text != "1m 2m 3m 4m 5m" {
		t.Errorf("shown are %s", text)
	}
}
