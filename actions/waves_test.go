package actions_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"ringside/actions"
	"ringside/backends/fleet"
)

// waves makes a plan of n steps, each on a target of its own, in waves of size.
func (w *world) waves(n, size int, pause time.Duration) *actions.Plan {
	w.Steps, w.Lanes = n, n
	p := w.plan()
	p.Waves, p.Pause, p.Parallel = true, pause, size
	for i := range p.Steps {
		p.Steps[i].Stage = i / size
	}
	return p
}

// A wave starts although one before it had failures, until there are too many.
func TestWavesStopAfter(t *testing.T) {
	for _, tt := range []struct {
		stop int
		want string
	}{{1, "dfssss"}, {2, "dfdddd"}} {
		w, r := newWorld(t, 6, 6)
		w.Fail = 1
		p := w.waves(6, 2, 0)
		p.StopAt = tt.stop
		if rec := r.run(t, p); statuses(rec) != tt.want || rec.Status != actions.Failed {
			t.Errorf("stop after %d: %s %s, want %s", tt.stop, rec.Status, statuses(rec), tt.want)
		}
	}
}

func TestPauseBetweenWaves(t *testing.T) {
	const pause = 60 * time.Millisecond
	w, r := newWorld(t, 4, 4)
	rec := r.run(t, w.waves(4, 2, pause))
	first, second := rec.Steps[:2], rec.Steps[2:]
	for _, a := range first {
		for _, b := range second {
			if gap := b.Started.Sub(a.Ended); gap < pause {
				t.Errorf("the second wave started %v after the first", gap)
			}
		}
	}
	// Nothing was done in the first wave: nobody has to wait for it.
	w, r = newWorld(t, 4, 4)
	p := w.waves(4, 2, time.Hour)
	for i := range 2 {
		p.Steps[i].Done = func(context.Context) (bool, error) { return true, nil }
	}
	if rec := r.run(t, p); statuses(rec) != "ssdd" {
		t.Errorf("%s %s", rec.Status, statuses(rec))
	}
}

// A pause tells when it ends, and gives way to whoever wants the run to end.
func TestPauseEndsEarly(t *testing.T) {
	for name, end := range map[string]func(*rig, string){
		"cancel":    func(r *rig, id string) { r.Cancel(id) },
		"interrupt": func(r *rig, _ string) { r.Interrupt(context.Background()) },
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{Dir: t.TempDir(), Steps: 4, Lanes: 4, Fail: -1}
			resting := make(chan time.Time, 1)
			var r *rig
			r = newRig(t, t.TempDir()+"/ledger.db", w, actions.Options{Changed: func() {
				if r == nil {
					return
				}
				for _, rec := range r.Live() {
					if !rec.Resting.IsZero() {
						select {
						case resting <- rec.Resting:
						default:
						}
					}
				}
			}})
			id, err := r.Start(t.Context(), w.waves(4, 2, time.Hour), confirmed)
			until := <-resting
			if left := time.Until(until); left < 50*time.Minute || left > time.Hour {
				t.Errorf("the next wave is told for %v from now", left)
			}
			end(r, id)
			rec := r.ended(t, id, err)
			want := map[string]string{"cancel": "ddcc", "interrupt": "ddpp"}[name]
			if statuses(rec) != want || !rec.Resting.IsZero() {
				t.Errorf("%s %s %v", rec.Status, statuses(rec), rec.Resting)
			}
			if name == "cancel" {
				return
			}
			// Resumed by another process, it does not wait for a wave that was done.
			reg := actions.NewRegistry()
			reg.Add(actions.Action{ID: "test.files", Rebuild: func(context.Context, *actions.Env, json.RawMessage) (*actions.Plan, error) {
				return w.waves(4, 2, time.Hour), nil
			}})
			two := actions.NewRunner(r.env, reg, actions.Options{})
			if id, err = two.Resume(t.Context(), id, confirmed); err != nil {
				t.Fatal(err)
			}
			if rec, err = two.Wait(t.Context(), id); err != nil || statuses(rec) != "dddd" {
				t.Errorf("resumed: %v %s", err, statuses(rec))
			}
		})
	}
}

// A step that is done once is never begun again, whatever became of it.
func TestOnce(t *testing.T) {
	w, r := newWorld(t, 4, 4)
	did := map[int]int{}
	lost := errors.New("the answer was lost")
	plan := func() *actions.Plan {
		p := w.waves(4, 1, 0)
		for i := range p.Steps {
			sent := false // of this process, as in a plan that is rebuilt
			p.Steps[i].Once, p.Steps[i].Timeout = true, 80*time.Millisecond
			p.Steps[i].Done = func(context.Context) (bool, error) { return sent, actions.Observed("on") }
			p.Steps[i].Do = func(context.Context, actions.Progress) error {
				did[i]++
				switch {
				case did[i] == 1 && i == 1:
					return lost
				case did[i] == 1 && i == 2:
					return actions.NothingDone(errors.New("refused"))
				}
				sent = true
				return nil
			}
		}
		p.StopAt = 2
		return p
	}
	rec := r.run(t, plan())
	if statuses(rec) != "dffs" || !rec.Steps[1].Acted || rec.Steps[2].Acted || rec.Steps[1].Saw != "on" {
		t.Fatalf("%s %+v", statuses(rec), rec.Steps)
	}
	reg := actions.NewRegistry()
	reg.Add(actions.Action{ID: "test.files", Rebuild: func(context.Context, *actions.Env, json.RawMessage) (*actions.Plan, error) { return plan(), nil },
		Next: func(run actions.RunRecord) (n actions.Next, ok bool) {
			for _, s := range run.Steps {
				if s.Status == actions.Failed && s.Acted {
					n.Targets = append(n.Targets, s.Target)
				}
			}
			return n, true
		}})
	for again := range 2 {
		two := actions.NewRunner(r.env, reg, actions.Options{})
		id, err := two.Resume(t.Context(), rec.ID, confirmed)
		if err != nil {
			t.Fatal(err)
		}
		rec, _ = two.Wait(t.Context(), id)
		e := rec.Steps[1].Error
		if statuses(rec) != "dfdd" || strings.Count(e, "not done again") != 1 || !strings.Contains(e, lost.Error()) {
			t.Errorf("resume %d: %s: %s", again, statuses(rec), e)
		}
		if n, ok := reg.Next(rec); !ok || len(n.Targets) != 1 || n.Targets[0].Name != "lane1" {
			t.Errorf("suggested: %+v, %v", n, ok)
		}
	}
	if did[0] != 1 || did[1] != 1 || did[2] != 2 || did[3] != 1 {
		t.Errorf("done so often: %v", did)
	}
}

func TestFoldFindings(t *testing.T) {
	f := func(subject, text string) actions.Finding {
		return actions.Finding{Guard: "state", Level: actions.Note, Subject: subject, Text: text}
	}
	got := actions.Fold([]actions.Finding{f("sw1", "is on"), f("", "all"), f("sw3", "is off"), f("sw2", "is on"), f("", "all")})
	want := []actions.Finding{f("sw[1-2]", "is on"), f("", "all"), f("sw3", "is off"), f("", "all")}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%+v, want %+v", got[i], want[i])
		}
	}
}

// A hold covers what is on or in the held thing.
func TestHoldsReach(t *testing.T) {
	env := &actions.Env{Now: time.Now, Fleet: &fleet.Fleet{
		Hosts:   []fleet.Host{{Name: "sw1", Site: "tokyo", Rack: "r1"}, {Name: "sw2", Site: "tokyo", Rack: "r2"}, {Name: "sw3", Site: "osaka", Rack: "r1"}},
		Engines: []fleet.Engine{{Name: "e1", Host: "sw1", Site: "tokyo"}},
	}}
	host := func(name, site string) fleet.Target {
		return fleet.Target{Kind: fleet.KindHost, Name: name, Site: site}
	}
	sw1, sw2, sw3 := host("sw1", "tokyo"), host("sw2", "tokyo"), host("sw3", "osaka")
	web := fleet.Target{Kind: fleet.KindContainer, Scope: "e1", ID: "1", Name: "web", Site: "tokyo"}
	e1 := fleet.Target{Kind: fleet.KindEngine, Name: "e1", Site: "tokyo"}
	for _, tt := range []struct {
		held fleet.Target
		want string
	}{
		{sw1, "sw1 e1/web e1"}, {sw2, "sw2"}, {e1, "e1/web e1"}, {web, "e1/web"},
		{fleet.Target{Kind: fleet.KindRack, Scope: "tokyo", Name: "r1"}, "sw1 e1/web e1"},
		{fleet.Target{Kind: fleet.KindSite, Name: "tokyo"}, "sw1 sw2 e1/web e1"},
		{fleet.Target{Kind: fleet.KindSite, Name: "osaka"}, "sw3"},
	} {
		env.Ledger = noted{holds: []actions.Hold{{Target: tt.held}}}
		var got []string
		for _, target := range []fleet.Target{sw1, sw2, sw3, web, e1} {
			for _, g := range actions.Guards() {
				if f := g.Check(t.Context(), env, &actions.Plan{Targets: []fleet.Target{target}}); len(f) > 0 {
					got = append(got, target.String())
				}
			}
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("a hold on %s covers %q, want %q", tt.held, got, tt.want)
		}
	}
}
