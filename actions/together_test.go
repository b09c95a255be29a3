package actions_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"ringside/actions"
	"ringside/backends/fleet"
)

// A group that does not come to its end is taken back at once; what is not part of
// it stays, and the run can be resumed or rolled back as any other.
func TestTogether(t *testing.T) {
	w, r := newWorld(t, 5, 1)
	w.From, w.To, w.Fail = 1, 4, 3
	rec := r.run(t, w.plan())
	if rec.Status != actions.Failed || statuses(rec) != "drrfs" || w.files() != "0" {
		t.Errorf("%s %s, files %q", rec.Status, statuses(rec), w.files())
	}
	if !strings.Contains(rec.Error, "1 of 5 steps done, 1 failed, 1 not started; 2 taken back at once") || !strings.Contains(rec.Steps[3].Error, "no such luck") {
		t.Errorf("%q, %q", rec.Error, rec.Steps[3].Error)
	}
	w.Fail = -1
	id, err := r.Resume(t.Context(), rec.ID, confirmed)
	if rec := r.ended(t, id, err); rec.Status != actions.Succeeded || statuses(rec) != "ddddd" || w.files() != "01234" {
		t.Errorf("resumed: %s %s, files %q", rec.Status, statuses(rec), w.files())
	}
	id, err = r.Rollback(t.Context(), rec.ID, confirmed)
	if rec := r.ended(t, id, err); rec.Status != actions.RolledBack || w.files() != "" {
		t.Errorf("rolled back: %s %s, files %q", rec.Status, statuses(rec), w.files())
	}
}

// So it is when somebody cancels, or the program is told to end, within a group; and a
// group that is whole stays.
func TestTogetherStopped(t *testing.T) {
	for name, c := range map[string]struct {
		stop   func(*rig, string)
		from   int
		status actions.Status
		steps  string
		files  string
	}{
		"cancelled in it":      {func(r *rig, id string) { r.Cancel(id) }, 1, actions.Cancelled, "drrcc", "0"},
		"cancelled after it":   {func(r *rig, id string) { r.Cancel(id) }, 0, actions.Cancelled, "dddcc", "012"},
		"interrupted in it":    {func(r *rig, _ string) { go r.Interrupt(context.Background()) }, 1, actions.Interrupted, "drrpp", "0"},
		"interrupted after it": {func(r *rig, _ string) { go r.Interrupt(context.Background()) }, 0, actions.Interrupted, "dddpp", "012"},
	} {
		t.Run(name, func(t *testing.T) {
			w, r := newWorld(t, 5, 1)
			w.From, w.To = c.from, c.from+3
			in, out := make(chan struct{}), make(chan struct{})
			w.at = func(point string, i int) {
				if point == "after" && i == 2 {
					close(in)
					<-out
				}
			}
			id, err := r.Start(t.Context(), w.plan(), confirmed)
			<-in
			c.stop(r, id)
			halted(t, r, id)
			close(out)
			rec := r.ended(t, id, err)
			if rec.Status != c.status || statuses(rec) != c.steps || w.files() != c.files {
				t.Errorf("%s %s, files %q, %s", rec.Status, statuses(rec), w.files(), rec.Error)
			}
		})
	}
}

// halted waits until a run starts no new steps.
func halted(t testing.TB, r *rig, id string) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); !r.Halted(id); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the run goes on")
		}
	}
}

// What cannot be taken back is named.
func TestTogetherStuck(t *testing.T) {
	w, r := newWorld(t, 4, 1)
	w.From, w.To, w.Fail, w.stuck = 0, 4, 3, 2
	rec := r.run(t, w.plan())
	if rec.Status != actions.Failed || statuses(rec) != "rfrf" || w.files() != "1" || !strings.Contains(rec.Error, "could not be taken back: make 1") || !strings.Contains(rec.Steps[1].Error, "could not be taken back: it is stuck") {
		t.Errorf("%s %s, files %q, %q, %q", rec.Status, statuses(rec), w.files(), rec.Error, rec.Steps[1].Error)
	}
}

// mutex is one that other machines see.
type mutex struct {
	mu     sync.Mutex
	holder string
	broken error
}

func (m *mutex) Lock(_ context.Context, run actions.RunRecord) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.holder != "" && m.holder != run.ID {
		return &actions.HeldError{Target: fleet.Target{Name: "web"}, Lock: actions.Lock{Run: m.holder}}
	}
	m.holder = run.ID
	return nil
}

func (m *mutex) Unlock(_ context.Context, run actions.RunRecord) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.holder == run.ID && m.broken == nil {
		m.holder = ""
	}
	return m.broken
}

func TestMutex(t *testing.T) {
	m := &mutex{holder: "other"}
	w, r := newWorld(t, 2, 1)
	w.mutex = m
	p := w.plan()
	p.ID = "0123456789abc"
	id, err := r.Start(t.Context(), p, confirmed)
	var held *actions.HeldError
	if !errors.As(err, &held) || id != "" || w.files() != "" {
		t.Fatalf("%q, %v, files %q", id, err, w.files())
	}
	rec, err := r.led.Run(t.Context(), p.ID)
	if err != nil || rec.Status != actions.Failed || statuses(rec) != "ss" || !strings.Contains(rec.Error, "not started: web is locked by") {
		t.Errorf("recorded as %s %s %q, %v", rec.Status, statuses(rec), rec.Error, err)
	}
	if locks, _ := r.led.Locks(t.Context()); len(locks) > 0 {
		t.Errorf("locks stay: %v", locks)
	}

	m.holder = ""
	holders := ""
	w.at = func(point string, i int) {
		if point == "before" && i == 1 {
			holders = m.holder
		}
	}
	id, err = r.Resume(t.Context(), p.ID, confirmed)
	if rec := r.ended(t, id, err); rec.Status != actions.Succeeded || holders != p.ID || m.holder != "" {
		t.Errorf("%s, held by %q while it ran, by %q after it", rec.Status, holders, m.holder)
	}
	w.at, m.broken = nil, errors.New("no answer")
	id, err = r.Rollback(t.Context(), p.ID, confirmed)
	if rec := r.ended(t, id, err); rec.Status != actions.RolledBack || !strings.Contains(rec.Error, "the lock on its targets could not be given back: no answer") {
		t.Errorf("%s %q", rec.Status, rec.Error)
	}
}

// A run that is interrupted keeps its mutex, for whoever goes on with it.
func TestMutexInterrupted(t *testing.T) {
	m := &mutex{}
	w := &world{Dir: t.TempDir(), Steps: 3, Lanes: 1, Fail: -1, mutex: m}
	r := newRig(t, filepath.Join(t.TempDir(), "ledger.db"), w, actions.Options{})
	in, out := make(chan struct{}), make(chan struct{})
	w.at = func(point string, i int) {
		if point == "before" && i == 1 {
			close(in)
			<-out
		}
	}
	id, err := r.Start(t.Context(), w.plan(), confirmed)
	<-in
	go r.Interrupt(context.Background())
	halted(t, r, id)
	close(out)
	if rec := r.ended(t, id, err); rec.Status != actions.Interrupted || m.holder != id {
		t.Errorf("%s, held by %q", rec.Status, m.holder)
	}
}
