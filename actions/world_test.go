package actions_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"ringside/actions"
	"ringside/actions/ledger"
	"ringside/backends/fleet"
	"ringside/backends/watch"
)

// world is a directory in which step i makes the file "i": state that survives the
// process, as an engine does. Making a file twice, or removing one that is not
// there, is an error: no step may run twice.
type world struct {
	Dir   string `json:"dir"`
	Steps int    `json:"steps"`
	Lanes int    `json:"lanes"` // steps are dealt to so many targets
	Fail  int    `json:"fail"`  // step that always fails; -1: none
	From  int    `json:"from"`  // steps From to To, To excluded, hold together
	To    int    `json:"to"`

	mutex actions.Mutex
	stuck int // step whose undo fails, counted from 1

	at func(point string, step int) // called at "look", "before", "after", "undo", "undone"
}

func (w *world) file(i int) string { return filepath.Join(w.Dir, fmt.Sprint(i)) }

// files lists which steps' effects are there: "013".
func (w *world) files() (s string) {
	for i := range w.Steps {
		if _, err := os.Stat(w.file(i)); err == nil {
			s += fmt.Sprint(i)
		}
	}
	return s
}

func (w *world) point(name string, i int) {
	if w.at != nil {
		w.at(name, i)
	}
}

func (w *world) plan() *actions.Plan {
	params, _ := json.Marshal(w)
	p := &actions.Plan{Kind: "test.files", Title: "make files", Params: params, Parallel: w.Lanes, Mutex: w.mutex}
	for i := range w.Steps {
		target := fleet.Target{Kind: "file", Scope: w.Dir, Name: fmt.Sprint("lane", i%w.Lanes)}
		if i < w.Lanes {
			p.Targets = append(p.Targets, target)
		}
		p.Steps = append(p.Steps, actions.Step{
			Target: target, Name: fmt.Sprint("make ", i), Timeout: 10 * time.Second,
			Done: func(context.Context) (bool, error) {
				w.point("look", i)
				_, err := os.Stat(w.file(i))
				return err == nil, nil
			},
			Do: func(_ context.Context, pr actions.Progress) error {
				w.point("before", i)
				if i == w.Fail {
					return errors.New("no such luck")
				}
				f, err := os.OpenFile(w.file(i), os.O_CREATE|os.O_EXCL, 0o600)
				if err != nil {
					return err
				}
				pr.Log("made %d", i)
				f.Close()
				w.point("after", i)
				return nil
			},
			Undo: func(context.Context, actions.Progress) error {
				w.point("undo", i)
				if i+1 == w.stuck {
					return errors.New("it is stuck")
				}
				if w.Fail == i {
					return nil // its effect never came
				}
				err := os.Remove(w.file(i))
				w.point("undone", i)
				return err
			},
		})
		if i >= w.From && i < w.To {
			p.Steps[i].Together = "all"
		}
	}
	return p
}

// rig is a runner on a ledger, with an action that rebuilds plans of the world.
type rig struct {
	*actions.Runner
	env *actions.Env
	led *ledger.Ledger
}

var confirmed = actions.Approval{Confirmed: true}

func newRig(t testing.TB, path string, w *world, o actions.Options, guards ...actions.Guard) *rig {
	t.Helper()
	led, err := ledger.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { led.Close() })
	env := &actions.Env{State: func() *watch.State { return nil }, Ledger: led, Actor: ledger.Self("console"), Now: time.Now}
	reg := actions.NewRegistry(guards...)
	reg.Add(actions.Action{ID: "test.files", Verb: "make", Takes: "file", Many: true,
		Build: func(context.Context, *actions.Env, []fleet.Target, actions.Args) (*actions.Plan, error) {
			return w.plan(), nil
		},
		Rebuild: func(_ context.Context, _ *actions.Env, raw json.RawMessage) (*actions.Plan, error) {
			again := &world{at: w.at, mutex: w.mutex, stuck: w.stuck}
			if err := json.Unmarshal(raw, again); err != nil {
				return nil, err
			}
			again.Fail = w.Fail
			return again.plan(), nil
		}})
	return &rig{actions.NewRunner(env, reg, o), env, led}
}

func newWorld(t testing.TB, steps, lanes int) (*world, *rig) {
	t.Helper()
	w := &world{Dir: t.TempDir(), Steps: steps, Lanes: lanes, Fail: -1}
	return w, newRig(t, filepath.Join(t.TempDir(), "ledger.db"), w, actions.Options{})
}

// run starts a plan and waits for its end.
func (r *rig) run(t testing.TB, p *actions.Plan) actions.RunRecord {
	t.Helper()
	id, err := r.Start(t.Context(), p, confirmed)
	return r.ended(t, id, err)
}

// ended waits for a run, and checks that the ledger says what the runner says.
func (r *rig) ended(t testing.TB, id string, err error) actions.RunRecord {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	rec, err := r.Wait(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := r.led.Run(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if kept.Status != rec.Status || statuses(kept) != statuses(rec) || kept.Error != rec.Error {
		t.Errorf("the ledger says %s %s %q, the runner %s %s %q", kept.Status, statuses(kept), kept.Error, rec.Status, statuses(rec), rec.Error)
	}
	if locks, err := r.led.Locks(t.Context()); err != nil || len(locks) > 0 {
		t.Errorf("locks after the end: %+v, %v", locks, err)
	}
	return rec
}

// statuses writes the steps' statuses by their first letter: "ddfs"; rolled back
// is "r", running "R".
func statuses(r actions.RunRecord) (s string) {
	for _, st := range r.Steps {
		c := string(st.Status[0])
		if st.Status == actions.Running {
			c = "R"
		}
		s += c
	}
	return s
}

// failingLedger fails its nth write and those after it, until n is set back.
type failingLedger struct {
	actions.Ledger
	n     atomic.Int64 // writes that still work
	wrote func(actions.StepRecord)
}

var errDisk = errors.New("the disk is full")

func (f *failingLedger) write() error {
	if f.n.Add(-1) < 0 {
		return errDisk
	}
	return nil
}

func (f *failingLedger) Begin(ctx context.Context, r actions.RunRecord) error {
	if err := f.write(); err != nil {
		return err
	}
	return f.Ledger.Begin(ctx, r)
}

func (f *failingLedger) Step(ctx context.Context, run string, steps ...actions.StepRecord) error {
	if err := f.write(); err != nil {
		return err
	}
	for _, s := range steps {
		f.wrote(s)
	}
	return f.Ledger.Step(ctx, run, steps...)
}

func (f *failingLedger) End(ctx context.Context, run string, st actions.Status, msg string, at time.Time) error {
	if err := f.write(); err != nil {
		return err
	}
	return f.Ledger.End(ctx, run, st, msg, at)
}
