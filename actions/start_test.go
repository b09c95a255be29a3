package actions_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"ringside/actions"
)

func TestStartRefuses(t *testing.T) {
	block := actions.Finding{Guard: "hold", Level: actions.Block, Subject: "x", Text: "leave it"}
	for _, tt := range []struct {
		name  string
		opts  actions.Options
		plan  func(*actions.Plan)
		appr  actions.Approval
		guard bool // blocks from now on
		want  error
	}{
		{name: "read-only", opts: actions.Options{ReadOnly: true}, appr: confirmed, want: actions.ErrReadOnly},
		{name: "not confirmed", want: actions.ErrNotConfirmed},
		{name: "no steps", plan: func(p *actions.Plan) { p.Steps = nil }, appr: confirmed, want: actions.ErrNothingToDo},
		{name: "blocked", plan: func(p *actions.Plan) { p.Findings = []actions.Finding{block} }, appr: confirmed, want: actions.ErrBlocked},
		{name: "overridden", plan: func(p *actions.Plan) { p.Findings = []actions.Finding{block} }, guard: true, appr: actions.Approval{Confirmed: true, Override: "I know"}},
		{name: "blocked since", guard: true, appr: actions.Approval{Confirmed: true, Override: "I know"}, want: actions.ErrBlocked},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := &world{Dir: t.TempDir(), Steps: 1, Lanes: 1, Fail: -1}
			r := newRig(t, filepath.Join(t.TempDir(), "ledger.db"), w, tt.opts, actions.Guard{Name: "hold",
				Check: func(context.Context, *actions.Env, *actions.Plan) []actions.Finding {
					if tt.guard {
						return []actions.Finding{block}
					}
					return nil
				}})
			p := w.plan()
			if tt.plan != nil {
				tt.plan(p)
			}
			id, err := r.Start(t.Context(), p, tt.appr)
			if !errors.Is(err, tt.want) {
				t.Fatalf("%v, want %v", err, tt.want)
			}
			if err != nil {
				if runs, _ := r.led.Runs(t.Context(), actions.RunQuery{}); len(runs) > 0 || w.files() != "" {
					t.Errorf("refused, and still there are runs %v, files %q", runs, w.files())
				}
				return
			}
			if rec := r.ended(t, id, err); rec.Override != "I know" || w.files() != "0" {
				t.Errorf("override recorded as %q", rec.Override)
			}
		})
	}
}

// Two runners, as in two consoles: one acts, the other is told who does.
func TestTwoRunners(t *testing.T) {
	w, one := newWorld(t, 2, 1)
	two := newRig(t, filepath.Join(t.TempDir(), "unused.db"), w, actions.Options{})
	two.env.Ledger, two.env.Actor.User = one.led, "ren"
	in, out := make(chan struct{}), make(chan struct{})
	w.at = func(point string, i int) {
		if point == "before" && i == 0 {
			close(in)
			<-out
		}
	}
	id, err := one.Start(t.Context(), w.plan(), confirmed)
	if err != nil {
		t.Fatal(err)
	}
	<-in
	var held *actions.HeldError
	if _, err := two.Start(t.Context(), w.plan(), confirmed); !errors.As(err, &held) || held.Lock.Run != id || held.Lock.Actor != one.env.Actor {
		t.Errorf("second runner: %v", err)
	}
	if _, err := two.Resume(t.Context(), id, confirmed); err == nil || !strings.Contains(err.Error(), "still being run by "+one.env.Actor.User) {
		t.Errorf("resume of a living run: %v", err)
	}
	close(out)
	if rec := one.ended(t, id, nil); rec.Status != actions.Succeeded {
		t.Errorf("%s %s", rec.Status, rec.Error)
	}
}
