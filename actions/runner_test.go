package actions_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ringside/actions"
)

func TestRunAndRollback(t *testing.T) {
	w, r := newWorld(t, 5, 2)
	os.WriteFile(w.file(1), nil, 0o600) // somebody else's
	rec := r.run(t, w.plan())
	if rec.Status != actions.Succeeded || statuses(rec) != "dsddd" || w.files() != "01234" {
		t.Fatalf("%s %s %s, files %s", rec.Status, rec.Error, statuses(rec), w.files())
	}
	if got := rec.Steps[1].Output; !slices.Equal(got, []string{"already there"}) {
		t.Errorf("output of the skipped step: %q", got)
	}
	if _, err := r.Resume(t.Context(), rec.ID, confirmed); !errors.Is(err, actions.ErrNothingToDo) {
		t.Errorf("resume of a run that is done: %v", err)
	}
	var undone []int
	var mu sync.Mutex
	w.at = func(point string, i int) {
		if point == "undo" {
			mu.Lock()
			undone = append(undone, i)
			mu.Unlock()
		}
	}
	id, err := r.Rollback(t.Context(), rec.ID, confirmed)
	rec = r.ended(t, id, err)
	if rec.Status != actions.RolledBack || statuses(rec) != "rsrrr" || w.files() != "1" {
		t.Errorf("rollback: %s %s %s, files %s", rec.Status, rec.Error, statuses(rec), w.files())
	}
	// In lane 0 the order is 4, 2, 0; lane 1 has only 3.
	if a, b, c := slices.Index(undone, 4), slices.Index(undone, 2), slices.Index(undone, 0); a > b || b > c || len(undone) != 4 {
		t.Errorf("undone in the order %v", undone)
	}
	if len(rec.Earlier) != 1 {
		t.Errorf("earlier actors: %+v", rec.Earlier)
	}
	if _, err := r.Rollback(t.Context(), rec.ID, confirmed); !errors.Is(err, actions.ErrNothingToDo) {
		t.Errorf("second rollback: %v", err)
	}
}

// Lanes run side by side up to Parallel, steps of a lane one after another, and a
// stage after the one before it.
func TestOrder(t *testing.T) {
	w, r := newWorld(t, 12, 4)
	p := w.plan()
	p.Parallel = 2
	for i := range p.Steps {
		p.Steps[i].Stage = i / 8
	}
	var now, most atomic.Int64
	var mu sync.Mutex
	var order []int
	both := make(chan struct{})
	w.at = func(point string, i int) {
		switch point {
		case "before":
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			if i < 2 { // the first two lanes meet here, or the test times out
				select {
				case both <- struct{}{}:
				case <-both:
				}
			}
		case "after":
			now.Add(-1)
			mu.Lock()
			order = append(order, i)
			mu.Unlock()
		}
	}
	rec := r.run(t, p)
	if rec.Status != actions.Succeeded || most.Load() != 2 {
		t.Fatalf("%s %s, %d at once", rec.Status, rec.Error, most.Load())
	}
	for i := range 12 {
		if i >= 4 && slices.Index(order, i-4) > slices.Index(order, i) {
			t.Errorf("step %d ran before step %d of its lane: %v", i, i-4, order)
		}
	}
	if slices.Min(order[8:]) != 8 {
		t.Errorf("stage 1 began before stage 0 had ended: %v", order)
	}
}

func TestStopAtFailure(t *testing.T) {
	for _, tt := range []struct {
		name                     string
		lanes, fail, stop, stage int // steps from stage on are of stage 1
		want                     string
	}{
		{"first failure stops", 1, 1, 0, 9, "dfsss"},
		{"two may fail, the lane stops", 5, 1, 2, 9, "dfddd"},
		{"the next stage does not start", 5, 1, 2, 3, "dfdss"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, r := newWorld(t, 5, tt.lanes)
			w.Fail = tt.fail
			p := w.plan()
			p.StopAt, p.Parallel = tt.stop, 1
			for i := range p.Steps {
				p.Steps[i].Stage = i / tt.stage
			}
			rec := r.run(t, p)
			if rec.Status != actions.Failed || statuses(rec) != tt.want {
				t.Errorf("%s %s, want %s", rec.Status, statuses(rec), tt.want)
			}
			if e := rec.Steps[1].Error; !strings.Contains(e, "make 1: no such luck; now: ") {
				t.Errorf("the step says %q", e)
			}
			if !strings.Contains(rec.Error, "resume") {
				t.Errorf("the run says %q", rec.Error)
			}
		})
	}
	t.Run("then a block that must be overridden, then resume", func(t *testing.T) {
		w := &world{Dir: t.TempDir(), Steps: 5, Lanes: 1, Fail: 1}
		r := newRig(t, filepath.Join(t.TempDir(), "ledger.db"), w, actions.Options{}, actions.Guard{Name: "hold",
			Check: func(context.Context, *actions.Env, *actions.Plan) []actions.Finding {
				if w.Fail >= 0 {
					return nil
				}
				return []actions.Finding{{Level: actions.Block, Subject: "x", Text: "leave it"}}
			}})
		rec := r.run(t, w.plan())
		w.Fail = -1
		if _, err := r.Resume(t.Context(), rec.ID, confirmed); !errors.Is(err, actions.ErrBlocked) {
			t.Errorf("resumed against a hold: %v", err)
		}
		id, err := r.Resume(t.Context(), rec.ID[:12], actions.Approval{Confirmed: true, Override: "ren agreed"})
		if rec = r.ended(t, id, err); rec.Status != actions.Succeeded || w.files() != "01234" || rec.Override != "ren agreed" {
			t.Errorf("resumed: %s %s %s %q", rec.Status, rec.Error, w.files(), rec.Override)
		}
	})
}

// What counts is what the world shows, not what the request answered.
func TestTheWorldDecides(t *testing.T) {
	var there atomic.Bool
	var looks atomic.Int64
	bad := errors.New("connection reset")
	yes := func(context.Context) (bool, error) { looks.Add(1); return there.Load(), nil }
	for _, tt := range []struct {
		name string
		step actions.Step
		want actions.Status
		says string // in the error or the output
	}{
		{"accepted, done later", actions.Step{
			Done: func(context.Context) (bool, error) { return looks.Add(1) > 4, actions.Observed("still running") },
			Do:   func(context.Context, actions.Progress) error { return nil }}, actions.Succeeded, ""},
		{"accepted, never done", actions.Step{Timeout: 80 * time.Millisecond,
			Done: func(context.Context) (bool, error) { return false, actions.Observed("still running") },
			Do:   func(context.Context, actions.Progress) error { return nil }}, actions.Failed, "accepted, but not done within its time; now: still running"},
		{"an error, and done", actions.Step{Done: yes,
			Do: func(context.Context, actions.Progress) error { there.Store(true); return bad }}, actions.Succeeded, "the effect is there: connection reset"},
		{"an error, and not done", actions.Step{Done: yes,
			Do: func(context.Context, actions.Progress) error { return bad }}, actions.Failed, "connection reset; now: the effect is not there"},
		{"too slow", actions.Step{Timeout: 30 * time.Millisecond, Done: yes,
			Do: func(ctx context.Context, _ actions.Progress) error { <-ctx.Done(); return ctx.Err() }}, actions.Failed, "not done within its time"},
		{"cannot look before", actions.Step{
			Done: func(context.Context) (bool, error) { return false, bad },
			Do:   func(context.Context, actions.Progress) error { panic("acted blindly") }}, actions.Failed, "nothing was changed: connection reset"},
		{"cannot look after", actions.Step{Timeout: 80 * time.Millisecond,
			Done: func(context.Context) (bool, error) {
				if looks.Add(1) > 1 {
					return false, bad
				}
				return false, nil
			},
			Do: func(context.Context, actions.Progress) error { return nil }}, actions.Failed, "cannot be read: connection reset"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			there.Store(false)
			looks.Store(0)
			w, r := newWorld(t, 1, 1)
			p := w.plan()
			tt.step.Name, tt.step.Target = p.Steps[0].Name, p.Steps[0].Target
			p.Steps[0] = tt.step
			s := r.run(t, p).Steps[0]
			if text := s.Error + strings.Join(s.Output, "\n"); s.Status != tt.want || !strings.Contains(text, tt.says) {
				t.Errorf("%s: %s; want %s: %s", s.Status, text, tt.want, tt.says)
			}
		})
	}
}

func TestCancel(t *testing.T) {
	w, r := newWorld(t, 3, 1)
	p := w.plan()
	in := make(chan struct{})
	p.Steps[1].Do = func(ctx context.Context, _ actions.Progress) error {
		close(in)
		<-ctx.Done()
		return ctx.Err()
	}
	id, err := r.Start(t.Context(), p, confirmed)
	<-in
	if !r.Busy() {
		t.Error("not busy in a step")
	}
	r.Cancel(id)
	rec := r.ended(t, id, err)
	if rec.Status != actions.Cancelled || statuses(rec) != "dfc" || !strings.Contains(rec.Steps[1].Error, "cancelled while it ran; now: the effect is not there") {
		t.Errorf("%s %s: %s", rec.Status, statuses(rec), rec.Steps[1].Error)
	}
	if r.Busy() {
		t.Error("busy after the end")
	}
	id, err = r.Rollback(t.Context(), id, confirmed)
	if rec = r.ended(t, id, err); rec.Status != actions.RolledBack || w.files() != "" {
		t.Errorf("rolled back: %s %s %q", rec.Status, rec.Error, w.files())
	}
}

func TestInterrupt(t *testing.T) {
	w, r := newWorld(t, 3, 1)
	in, out := make(chan struct{}), make(chan struct{})
	w.at = func(point string, i int) {
		if point == "before" && i == 1 {
			close(in)
			<-out
		}
	}
	id, err := r.Start(t.Context(), w.plan(), confirmed)
	<-in
	short, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Interrupt(short); err == nil || !strings.Contains(err.Error(), id) {
		t.Errorf("time was up in a step: %v", err)
	}
	if _, err := r.Start(t.Context(), w.plan(), confirmed); !errors.Is(err, actions.ErrStopping) {
		t.Errorf("start after an interrupt: %v", err)
	}
	close(out)
	if err := r.Interrupt(t.Context()); err != nil {
		t.Error(err)
	}
	rec := r.ended(t, id, err)
	if rec.Status != actions.Interrupted || !rec.Unfinished() || statuses(rec) != "ddp" {
		t.Errorf("%s %s %s", rec.Status, rec.Error, statuses(rec))
	}
}

// Whichever write fails: no step runs that was not recorded as running before, the
// run fails and says why, and when the ledger works again the locks come back.
func TestLedgerFailsAtEveryWrite(t *testing.T) {
	const writes = 1 + 2*3 + 1 // begin, three steps before and after, end
	for n := range writes {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			w, r := newWorld(t, 3, 1)
			recorded := map[int]bool{}
			led := &failingLedger{Ledger: r.led, wrote: func(s actions.StepRecord) {
				recorded[s.Index] = recorded[s.Index] || s.Status == actions.Running
			}}
			led.n.Store(int64(n))
			r.env.Ledger = led
			w.at = func(point string, i int) {
				if point == "before" && !recorded[i] {
					t.Errorf("step %d ran and was not recorded", i)
				}
			}
			id, err := r.Start(t.Context(), w.plan(), confirmed)
			if n == 0 {
				if !errors.Is(err, errDisk) || r.Busy() || w.files() != "" {
					t.Errorf("start: %v, files %q", err, w.files())
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			rec, err := r.Wait(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if n < writes-1 && rec.Status != actions.Failed || !strings.Contains(rec.Error, "disk is full") {
				t.Errorf("%s: %s", rec.Status, rec.Error)
			}
			if want := "012"[:n/2]; w.files() != want {
				t.Errorf("files %q, want %q", w.files(), want)
			}
			led.n.Store(1000)
			w.at = nil
			id, err = r.Start(t.Context(), w.plan(), confirmed)
			if rec := r.ended(t, id, err); rec.Status != actions.Succeeded || w.files() != "012" {
				t.Errorf("once the ledger works again: %s %s", rec.Status, rec.Error)
			}
		})
	}
}

func TestStepsThatCannotBeUndone(t *testing.T) {
	w, r := newWorld(t, 3, 1)
	p := w.plan()
	p.Steps[1].Undo, p.Steps[1].Final = nil, "gone is gone"
	rec := r.run(t, p)
	if rec.Steps[1].Final != "gone is gone" || rec.Steps[0].Final != "" {
		t.Errorf("finals: %q %q", rec.Steps[0].Final, rec.Steps[1].Final)
	}
	// The rebuilt plan has a way back for it; take it away as the first one did.
	reg := actions.NewRegistry()
	reg.Add(actions.Action{ID: "test.files", Rebuild: func(context.Context, *actions.Env, json.RawMessage) (*actions.Plan, error) { return p, nil }})
	back := actions.NewRunner(r.env, reg, actions.Options{})
	id, err := back.Rollback(t.Context(), rec.ID, confirmed)
	if err != nil {
		t.Fatal(err)
	}
	if rec, err = back.Wait(t.Context(), id); err != nil || rec.Status != actions.Failed || w.files() != "1" ||
		!strings.Contains(rec.Error, "make 1") || !strings.Contains(rec.Steps[1].Error, "gone is gone") {
		t.Errorf("%s %s, files %s, %v", rec.Status, rec.Error, w.files(), err)
	}
}

// Pictures of a run do not change under their readers, and output has bounds.
func TestLive(t *testing.T) {
	w, r := newWorld(t, 1, 1)
	p := w.plan()
	half, out := make(chan struct{}), make(chan struct{})
	do := p.Steps[0].Do
	p.Steps[0].Do = func(ctx context.Context, pr actions.Progress) error {
		pr.Log("one\ntwo \x1b]0;evil\x07")
		pr.Amount(1, 2, "bytes")
		close(half)
		<-out
		for i := range 1000 {
			pr.Log("line %d %s", i, strings.Repeat("x", 10_000))
		}
		return do(ctx, pr)
	}
	id, err := r.Start(t.Context(), p, confirmed)
	<-half
	before := r.Live()[0]
	if s := before.Steps[0]; !slices.Equal(s.Output, []string{"one", "two "}) || s.Done != 1 || s.Total != 2 || !before.Alive || s.Status != actions.Running {
		t.Errorf("half way: %+v", before)
	}
	close(out)
	rec := r.ended(t, id, err)
	if s := before.Steps[0]; len(s.Output) != 2 || s.Status != actions.Running {
		t.Error("an old picture changed")
	}
	if s := rec.Steps[0]; len(s.Output) > 200 || len(s.Output[50]) > 5000 || s.Output[len(s.Output)-1] != "made 0" {
		t.Errorf("%d lines, last %q", len(s.Output), s.Output[len(s.Output)-1])
	}
	if live := r.Live(); len(live) != 1 || live[0].ID != id || live[0].Alive {
		t.Errorf("after the end: %+v", live)
	}
}

func TestNewID(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	last := ""
	for i := range 1000 {
		id := actions.NewID(at.Add(time.Duration(i*i) * time.Millisecond))
		if len(id) != 13 || id[:9] <= last && last != "" {
			t.Fatalf("%q after %q", id, last)
		}
		last = id[:9]
	}
}
