package syncs

import (
	"errors"
	"testing"
	"time"

	"ringside/actions"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	"ringside/backends/registry"
	"ringside/backends/watch"
	"ringside/views/kit"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func someFleet() *fleet.Fleet {
	return &fleet.Fleet{Registries: []fleet.Registry{{Name: "tokyo"}, {Name: "shanghai"}}, Syncs: []fleet.Sync{{Name: "tyo-sha", From: "tokyo", To: "shanghai"}}}
}

func TestStatus(t *testing.T) {
	facts := func(c registry.Counts, change func(*registry.Facts)) *registry.Facts {
		f := &registry.Facts{Sync: "tyo-sha", Counts: c, Swept: noon, Next: noon.Add(time.Minute)}
		if change != nil {
			change(f)
		}
		return f
	}
	for name, c := range map[string]struct {
		facts *registry.Facts
		err   error
		late  time.Duration
		want  Status
		now   bool // what is known is of now
	}{
		"nothing yet":         {nil, nil, 0, Status{Unread, "not read"}, false},
		"in its first look":   {facts(registry.Counts{Equal: 3}, func(f *registry.Facts) { f.Swept = time.Time{} }), nil, 0, Status{Unread, "first look"}, false},
		"equal":               {facts(registry.Counts{Equal: 3, Extra: 1}, nil), nil, 0, Status{Equal, "equal"}, true},
		"behind":              {facts(registry.Counts{Missing: 2, Moved: 1, Unknown: 4}, nil), nil, 0, Status{Behind, "3 behind"}, true},
		"not all known":       {facts(registry.Counts{Equal: 3, Unknown: 4}, nil), nil, 0, Status{Unsure, "4 unknown"}, true},
		"was equal, then off": {facts(registry.Counts{Equal: 3}, nil), &registry.Error{Trouble: registry.Silent}, 0, Status{Unreadable, "silent"}, false},
		"an odd error":        {nil, errors.New("x"), 0, Status{Unreadable, "trouble"}, false},
		"old":                 {facts(registry.Counts{Equal: 3}, nil), nil, time.Hour, Status{Stale, "stale"}, false},
	} {
		store := watch.NewStore()
		if c.facts != nil {
			store.Put(fleet.Reading{Source: Source("tyo-sha"), At: noon, Facts: c.facts})
		}
		if c.err != nil {
			store.Put(fleet.Reading{Source: Source("tyo-sha"), At: noon, Err: c.err})
		}
		got := Read(someFleet(), store.State(), nil, noon.Add(c.late))[0].Status
		if got != c.want || got.Current() != c.now {
			t.Errorf("%s: %+v, current %v", name, got, got.Current())
		}
	}
}

// What a run has done is counted by the registry it writes to; how long the rest takes
// is said only while something moves here.
func TestProgress(t *testing.T) {
	f := someFleet()
	step := func(to string, s actions.Status, done, total int64) actions.StepRecord {
		x := actions.StepRecord{Target: fleet.Target{Kind: fleet.KindTag, Scope: to}, Status: s, Done: done, Total: total}
		if total > 0 {
			x.Unit = "bytes"
		}
		return x
	}
	run := actions.RunRecord{ID: "r1", Kind: "sync.run", Status: actions.Running, Alive: true, Targets: []fleet.Target{impact.SyncTarget(f, f.Syncs[0])}, Steps: []actions.StepRecord{
		step("shanghai", actions.Succeeded, 20e6, 20e6), step("shanghai", actions.Running, 10e6, 30e6), step("shanghai", actions.Pending, 0, 0), step("osaka", actions.Running, 1e6, 9e6)}}
	over, dead := run, run
	over.Status, dead.Alive = actions.Succeeded, false
	other := run
	other.Targets = []fleet.Target{{Kind: fleet.KindSync, Name: "tyo-osa"}}
	runs := []actions.RunRecord{other, run, over, dead}

	store := watch.NewStore()
	y := Read(f, store.State(), runs, noon)[0]
	if p := y.Progress; len(p.Runs) != 1 || p.Tags != 3 || p.Ended != 1 || p.Waiting != 1 || p.Done != 30e6 || p.Total != 50e6 || p.LeftKnown {
		t.Errorf("%+v", p)
	}
	if share, ok := y.Progress.Share(); !ok || share != 0.6 || y.Status.Kind != Moving {
		t.Errorf("share %v %v, %+v", share, ok, y.Status)
	}
	store.Put(fleet.Reading{Source: Source("tyo-sha") + "/activity", At: noon, Facts: &registry.Activity{Rate: 4e6}})
	if p := Read(f, store.State(), runs, noon)[0].Progress; !p.LeftKnown || p.Left != 5*time.Second {
		t.Errorf("left %v %v", p.Left, p.LeftKnown)
	}
	store.Put(fleet.Reading{Source: Source("tyo-sha") + "/activity", At: noon, Facts: &registry.Activity{Rate: 40e6, History: []float64{90e6, 1e6, 7e6, 4e6, 4e6, 4e6, 4e6, 4e6, 4e6}}})
	if p := Read(f, store.State(), runs, noon)[0].Progress; p.Left != 5*time.Second {
		t.Errorf("left %v: it jumps with the bursts", p.Left)
	}
	if y := Read(f, store.State(), runs, noon.Add(time.Minute))[0]; y.Flowing || y.Progress.LeftKnown {
		t.Error("what moved a minute ago is said to move")
	}
}

// Every kind but the two that are not known differs without colour.
func TestSignsDifferInShape(t *testing.T) {
	for _, ascii := range []bool{false, true} {
		seen := map[string]Kind{}
		for k := Unread; k <= Equal; k++ {
			glyph, _ := Status{Kind: k}.Look(kit.NewTheme(true, ascii))
			if other, taken := seen[glyph]; taken && !(other == Unread && k == Unsure) {
				t.Errorf("%d and %d both look like %q", k, other, glyph)
			}
			seen[glyph] = k
		}
	}
}

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 18_240_000: "18.2 MB", 99_960_000: "100 MB", 999_600_000: "1.0 GB", 5e15: "5.0 PB", 9e18: "9000 PB"} {
		if got := Size(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}
