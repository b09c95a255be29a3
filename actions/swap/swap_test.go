package swap_test

import (
	"strings"
	"testing"

	"ringside/actions"
	"ringside/backends/fleet"
)

const (
	atFirst  = "live blue, settled true; blue on tokyo-1: 1 running; blue on tokyo-2: 1 running; green on tokyo-1:; green on tokyo-2:; 0 holds"
	deployed = "live blue, settled true; blue on tokyo-1: 1 running; blue on tokyo-2: 1 running; green on tokyo-1: 2 running; green on tokyo-2: 2 running; 0 holds"
	swapped  = "live green, settled true; blue on tokyo-1: 1 running; blue on tokyo-2: 1 running; green on tokyo-1: 2 running; green on tokyo-2: 2 running; 2 holds"
	retired  = "live green, settled true; blue on tokyo-1:; blue on tokyo-2:; green on tokyo-1: 2 running; green on tokyo-2: 2 running; 0 holds"
)

func (r *rig) expect(t *testing.T, want string) {
	t.Helper()
	if r.s.Engines[0] == "eng-a" {
		want = renamed(want)
	}
	if got := r.picture(t); got != want {
		t.Errorf("there is\n%s\nwant\n%s", got, want)
	}
}

// A release comes, gets the users, is left again, gets them again, and the old one
// goes: nobody notices.
func TestWholeLife(t *testing.T) {
	_, r := newLab(t, shape{proxies: 2})
	stop := r.load(t)
	r.expect(t, atFirst)

	rec := r.done(t, "service.deploy", actions.Args{"image": "team/web:2"})
	r.expect(t, deployed)
	if !strings.Contains(rec.Title, "deploy web 2 in green") {
		t.Errorf("title %q", rec.Title)
	}
	st := r.look(t)
	c := st.Green.Places[0].Container
	if c.Name != "web-green-"+rec.ID || c.Labels[fleet.LabelRun] != rec.ID || c.Labels[fleet.LabelBy] == "" || c.Digest == "" || c.Tag != "2" {
		t.Errorf("%+v", c)
	}

	rec = r.done(t, "service.swap", nil)
	r.expect(t, swapped)
	if want := "swap web from blue 1 to green 2"; rec.Title != want {
		t.Errorf("title %q, want %q", rec.Title, want)
	}

	r.done(t, "service.rollback", nil)
	r.expect(t, deployed)

	r.done(t, "service.swap", nil)
	p := r.build(t, "service.retire", nil)
	if !strings.Contains(said(p.Findings), "web-blue-1 kept for a rollback of web") || p.Confirm.Kind != actions.TypeOut {
		t.Errorf("retire says\n%s\nand asks for %+v", said(p.Findings), p.Confirm)
	}
	// The stream that stayed on blue ends with it; requests are all with green.
	res := stop()
	if res.Failed+res.Cut+res.IdleClosed > 0 || len(res.By) != 2 {
		t.Errorf("%v, first %s", res, res.First)
	}
	id, err := r.Start(t.Context(), p, confirmed)
	if rec := r.ended(t, id, err); rec.Status != actions.Succeeded {
		t.Fatalf("%s\n%s", rec.Error, steps(rec))
	}
	r.expect(t, retired)
	runs, err := r.led.Runs(t.Context(), actions.RunQuery{Target: r.s.Target().Key()})
	if err != nil || len(runs) != 5 {
		t.Errorf("%d runs in the history, %v", len(runs), err)
	}
}

// Deploy and swap are one plan, which can be taken back as one.
func TestDeployAndSwap(t *testing.T) {
	_, r := newLab(t, shape{})
	stop := r.load(t)
	rec := r.done(t, "service.deploy", actions.Args{"image": ":2", "swap": "true"})
	r.expect(t, swapped)
	id, err := r.Rollback(t.Context(), rec.ID, confirmed)
	if rec := r.ended(t, id, err); rec.Status != actions.RolledBack {
		t.Errorf("%s %s\n%s", rec.Status, rec.Error, steps(rec))
	}
	r.expect(t, atFirst)
	if res := stop(); res.Failed+res.IdleClosed > 0 {
		t.Errorf("%v, first %s", res, res.First)
	}
}

// A deploy takes the place of what is in the colour, and brings it back when it is
// rolled back.
func TestDeployReplaces(t *testing.T) {
	_, r := newLab(t, shape{})
	r.done(t, "service.deploy", actions.Args{"image": "2"})
	rec := r.done(t, "service.deploy", actions.Args{"image": "3"})
	const replaced = "live blue, settled true; blue on tokyo-1: 1 running; blue on tokyo-2: 1 running; green on tokyo-1: 3 running 2 exited; green on tokyo-2: 3 running 2 exited; 0 holds"
	r.expect(t, replaced)
	id, err := r.Rollback(t.Context(), rec.ID, confirmed)
	if rec := r.ended(t, id, err); rec.Status != actions.RolledBack {
		t.Errorf("%s %s\n%s", rec.Status, rec.Error, steps(rec))
	}
	r.expect(t, deployed)
	r.done(t, "service.deploy", actions.Args{"image": "3"})
	r.done(t, "service.deploy", actions.Args{"image": "3"})
	r.expect(t, strings.ReplaceAll(replaced, "2 exited", "3 exited")) // only the holder before is kept
	r.done(t, "service.retire", nil)
	r.expect(t, atFirst)
}
