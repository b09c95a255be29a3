package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"ringside/actions"
	"ringside/backends/fleet"
)

var web = fleet.Target{Kind: fleet.KindContainer, Scope: "tokyo-1", ID: "aaaa", Name: "web", Environment: "production"}

func open(t testing.TB, path string) *Ledger {
	t.Helper()
	l, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func fresh(t testing.TB) *Ledger { return open(t, filepath.Join(t.TempDir(), "state", "ledger.db")) }

func record(title string, steps int, targets ...fleet.Target) actions.RunRecord {
	r := actions.RunRecord{ID: actions.NewID(time.Now()), Kind: "test.act", Title: title, Params: []byte(`{"a":1}`), Actor: Self("console"),
		Status: actions.Running, Created: time.Now().Round(0), Targets: targets, Alive: true}
	for i := range steps {
		r.Steps = append(r.Steps, actions.StepRecord{Index: i, Name: fmt.Sprintf("step %d", i), Status: actions.Pending})
	}
	return r
}

// deadActor was this process's PID before it was given to us.
func deadActor() actions.Actor {
	a := Self("console")
	a.Started--
	return a
}

func TestRoundTrip(t *testing.T) {
	l, ctx := fresh(t), t.Context()
	run := record("stop tokyo-1/web", 2, web)
	run.Reason, run.Override = "maintenance", "they know"
	run.Findings = []actions.Finding{{Guard: "hold", Level: actions.Block, Subject: "tokyo-1/web", Text: "no"}}
	run.Steps[1].Target, run.Steps[1].Final, run.Steps[1].Stage = web, "never", 3
	if err := l.Begin(ctx, run); err != nil {
		t.Fatal(err)
	}
	s := run.Steps[1]
	s.Status, s.Error, s.Started, s.Ended, s.Undoing = actions.Failed, "no", time.Now().Round(0), time.Now().Round(0), true
	s.Output, s.Done, s.Total, s.Unit = []string{"one", "two"}, 5, 10, "bytes"
	if err := l.Step(ctx, run.ID, s); err != nil {
		t.Fatal(err)
	}
	run.Steps[1] = s
	check := func(want actions.RunRecord) {
		t.Helper()
		got, err := l.Run(ctx, strings.ToUpper(run.ID[:10]))
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
			t.Errorf("read\n%+v, wrote\n%+v", got, want)
		}
	}
	check(run)
	run.Status, run.Error, run.Ended, run.Alive = actions.Failed, "1 of 2", time.Now().Round(0), false
	if err := l.End(ctx, run.ID, run.Status, run.Error, run.Ended); err != nil {
		t.Fatal(err)
	}
	check(run)
	if err := l.Step(ctx, run.ID, s); err == nil {
		t.Error("a step of a run that has ended was recorded")
	}
	if _, err := l.Run(ctx, "zzz"); err == nil || !strings.Contains(err.Error(), "ringside runs list") {
		t.Errorf("unknown run: %v", err)
	}
}

func TestRunQueries(t *testing.T) {
	l, ctx := fresh(t), t.Context()
	db := fleet.Target{Kind: fleet.KindContainer, Scope: "tokyo-1", ID: "bbbb", Name: "db"}
	ended, gone, alive := record("ended", 1, web), record("gone", 1, db), record("alive", 1, web)
	gone.Actor, gone.Kind = deadActor(), "test.other"
	for i, r := range []*actions.RunRecord{&ended, &gone, &alive} {
		r.Created = r.Created.Add(time.Duration(i) * time.Second)
		if err := l.Begin(ctx, *r); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			if err := l.End(ctx, r.ID, actions.Succeeded, "", time.Now()); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, tt := range []struct {
		name string
		q    actions.RunQuery
		want string
	}{
		{"all, newest first", actions.RunQuery{}, "alive gone ended"},
		{"limit", actions.RunQuery{Limit: 1}, "alive"},
		{"unfinished", actions.RunQuery{Unfinished: true, Limit: 5}, "gone"},
		{"target", actions.RunQuery{Target: web.Key()}, "alive ended"},
		{"kind", actions.RunQuery{Kind: "test.other"}, "gone"},
		{"since", actions.RunQuery{Since: gone.Created}, "alive gone"},
	} {
		runs, err := l.Runs(ctx, tt.q)
		var titles []string
		for _, r := range runs {
			titles = append(titles, r.Title)
			if len(r.Steps) != 1 {
				t.Errorf("%s: run %s has %d steps", tt.name, r.Title, len(r.Steps))
			}
		}
		if got := strings.Join(titles, " "); got != tt.want || err != nil {
			t.Errorf("%s: %q, %v; want %q", tt.name, got, err, tt.want)
		}
	}
	locks, err := l.Locks(ctx)
	if err != nil || len(locks) != 1 || locks[0].Run != alive.ID || locks[0].Title != "alive" {
		t.Errorf("locks of the living: %+v, %v", locks, err)
	}
	if _, err := l.Run(ctx, alive.ID[:2]); err == nil || !strings.Contains(err.Error(), "several") {
		t.Errorf("a prefix of all: %v", err)
	}
}

func TestLockIsHeldAndTakenOver(t *testing.T) {
	l, ctx := fresh(t), t.Context()
	first, second := record("first", 1, web), record("second", 1, web)
	if err := l.Begin(ctx, first); err != nil {
		t.Fatal(err)
	}
	var held *actions.HeldError
	if err := l.Begin(ctx, second); !errors.As(err, &held) || held.Target != web || held.Lock.Run != first.ID || held.Lock.Actor.PID != os.Getpid() {
		t.Fatalf("second run on a locked target: %v", err)
	}
	if _, err := l.Run(ctx, second.ID); err == nil {
		t.Error("the refused run was recorded")
	}
	if _, err := l.Adopt(ctx, first.ID, Self("console"), actions.Approval{}); err == nil || !strings.Contains(err.Error(), "still") {
		t.Errorf("adopted a run that is alive: %v", err)
	}
	// Its process dies: the lock is free, the run is unfinished.
	if _, err := l.write.Exec("UPDATE runs SET actor = ?", text(deadActor())); err != nil {
		t.Fatal(err)
	}
	if err := l.Begin(ctx, second); err != nil {
		t.Fatal(err)
	}
	was, err := l.Run(ctx, first.ID)
	if err != nil || was.Status != actions.Interrupted || !was.Unfinished() || !strings.Contains(was.Error, second.ID) {
		t.Errorf("the run whose lock was taken over: %+v, %v", was, err)
	}
	if _, err := l.Adopt(ctx, first.ID, Self("console"), actions.Approval{}); !errors.As(err, &held) || held.Lock.Run != second.ID {
		t.Errorf("adopted while another run has its target: %v", err)
	}
	if err := l.End(ctx, second.ID, actions.Succeeded, "", time.Now()); err != nil {
		t.Fatal(err)
	}
	me := Self("command")
	got, err := l.Adopt(ctx, first.ID, me, actions.Approval{Override: "ren agreed"})
	if err != nil || got.Actor != me || got.Override != "ren agreed" || got.Reason != first.Reason || len(got.Earlier) != 1 || got.Status != actions.Running || len(got.Steps) != 1 {
		t.Errorf("adopted: %+v, %v", got, err)
	}
	// The first owner wakes up and finds that the run is not its own any more.
	other := open(t, l.path)
	other.owned.Store(first.ID, first.Actor.Session)
	if err := other.Step(ctx, first.ID, first.Steps[0]); err == nil || !strings.Contains(err.Error(), "adopted") {
		t.Errorf("step by the former owner: %v", err)
	}
}

func TestHolds(t *testing.T) {
	l, ctx := fresh(t), t.Context()
	now := time.Now().Round(0)
	past := actions.Hold{Target: fleet.Target{Kind: "host", Name: "sw-1"}, By: "ren", Why: "old", Since: now, Until: now.Add(-time.Second)}
	kept := actions.Hold{Target: web, By: "aoi", Why: "debugging", Since: now, Until: now.Add(time.Hour)}
	for _, h := range []actions.Hold{past, kept} {
		if err := l.Hold(ctx, h); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := l.Holds(ctx); err != nil || len(got) != 1 || !reflect.DeepEqual(got[0], kept) {
		t.Errorf("holds: %+v, %v", got, err)
	}
	if err := l.Release(ctx, web.Key()); err != nil {
		t.Fatal(err)
	}
	if got, err := l.Holds(ctx); err != nil || len(got) != 0 {
		t.Errorf("after the release: %+v, %v", got, err)
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "odd ?#%20 name", "ledger.db")
	open(t, path)
	for p, want := range map[string]os.FileMode{path: 0o600, path + "-wal": 0o600, filepath.Dir(path): 0o700} {
		if fi, err := os.Stat(p); err != nil || fi.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want %v", p, fi.Mode(), err, want)
		}
	}
	if _, err := Open(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "XDG_STATE_HOME") {
		t.Errorf("no path: %v", err)
	}
	env := func(m map[string]string) func(string) string { return func(k string) string { return m[k] } }
	for _, tt := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{"XDG_STATE_HOME": "/s", "HOME": "/h"}, "/s/ringside/ledger.db"},
		{map[string]string{"XDG_STATE_HOME": "relative", "HOME": "/h"}, "/h/.local/state/ringside/ledger.db"},
		{nil, ""},
	} {
		if got := Path(env(tt.env)); got != tt.want {
			t.Errorf("Path(%v) = %q, want %q", tt.env, got, tt.want)
		}
	}
}

// A file that cannot be used is refused with its name and the way out.
func TestOpenRefuses(t *testing.T) {
	for _, tt := range []struct {
		name string
		make func(t *testing.T, path string)
		want []string
	}{
		{"not a database", func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
				t.Fatal(err)
			}
		}, []string{"damaged", "mv "}},
		{"overwritten in the middle", func(t *testing.T, path string) {
			l, err := Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			l.Close()
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if _, err := f.WriteAt([]byte(strings.Repeat("x", 8192)), 16); err != nil {
				t.Fatal(err)
			}
		}, []string{"damaged", "mv "}},
		{"newer schema", func(t *testing.T, path string) {
			l, err := Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			if _, err := l.write.Exec("PRAGMA user_version = 99"); err != nil {
				t.Fatal(err)
			}
		}, []string{"newer ringside", "schema 99"}},
		{"a directory in its place", func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, []string{"cannot be written", "XDG_STATE_HOME"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "ledger.db")
			tt.make(t, path)
			l, err := Open(t.Context(), path)
			if err == nil {
				l.Close()
				t.Fatal("opened")
			}
			for _, want := range append(tt.want, path) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

// When the disk is full nothing is recorded by halves, and the ledger can be used
// again once there is space.
func TestDiskFull(t *testing.T) {
	l, ctx := fresh(t), t.Context()
	pages := func(limit string) {
		if _, err := l.write.Exec("PRAGMA max_page_count = " + limit); err != nil {
			t.Fatal(err)
		}
	}
	pages("1")
	run := record("big", 400, web)
	if err := l.Begin(ctx, run); err == nil || !strings.Contains(err.Error(), "disk is full") || !strings.Contains(err.Error(), l.path) {
		t.Fatalf("begin on a full disk: %v", err)
	}
	if runs, err := l.Runs(ctx, actions.RunQuery{}); err != nil || len(runs) != 0 {
		t.Errorf("runs after the refusal: %v, %v", runs, err)
	}
	if locks, err := l.Locks(ctx); err != nil || len(locks) != 0 {
		t.Errorf("locks after the refusal: %v, %v", locks, err)
	}
	pages("100000")
	if err := l.Begin(ctx, run); err != nil {
		t.Errorf("with space again: %v", err)
	}
}

func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "ledger.db")
	open(b, path)
	for b.Loop() {
		l, err := Open(context.Background(), path)
		if err != nil {
			b.Fatal(err)
		}
		l.Close()
	}
}

func BenchmarkRunOfTenSteps(b *testing.B) {
	l, ctx := fresh(b), context.Background()
	for b.Loop() {
		run := record("bench", 10, web)
		if err := l.Begin(ctx, run); err != nil {
			b.Fatal(err)
		}
		for _, s := range run.Steps {
			s.Status = actions.Running
			if err := l.Step(ctx, run.ID, s); err != nil {
				b.Fatal(err)
			}
			s.Status = actions.Succeeded
			if err := l.Step(ctx, run.ID, s); err != nil {
				b.Fatal(err)
			}
		}
		if err := l.End(ctx, run.ID, actions.Succeeded, "", time.Now()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRuns100(b *testing.B) {
	l, ctx := fresh(b), context.Background()
	for range 200 {
		run := record("bench", 10)
		if err := l.Begin(ctx, run); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if runs, err := l.Runs(ctx, actions.RunQuery{Limit: 100}); err != nil || len(runs) != 100 {
			b.Fatal(len(runs), err)
		}
	}
}
