package power_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ringside/actions"
	"ringside/actions/power"
	"ringside/backends/bmc"
	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/watch"
)

// Every act is asked for once, is done only when it is seen, and a rollback brings
// back what was there.
func TestActs(t *testing.T) {
	shape := func(b *board) string {
		s := b.read()
		return fmt.Sprintf("%s, %s, light %v", s.Power, power.Words(s.Boot), s.Light)
	}
	for _, tt := range []struct {
		act        string
		args       actions.Args
		from       bmc.Power
		transit    bool
		want, sent string
		back, undo string // "": there is no way back
	}{
		{"on", nil, bmc.Off, false, "on, the BIOS order, light false", "on", "off, the BIOS order, light false", "soft"},
		{"on", nil, bmc.Off, true, "on, the BIOS order, light false", "on", "off, the BIOS order, light false", "soft"},
		{"off", nil, bmc.On, false, "off, the BIOS order, light false", "soft", "on, the BIOS order, light false", "on"},
		{"off", nil, bmc.On, true, "off, the BIOS order, light false", "soft", "on, the BIOS order, light false", "on"},
		{"force", nil, bmc.On, false, "off, the BIOS order, light false", "off", "on, the BIOS order, light false", "on"},
		{"cycle", nil, bmc.On, false, "on, the BIOS order, light false", "cycle", "", ""},
		{"reset", nil, bmc.On, false, "on, the BIOS order, light false", "reset", "", ""},
		{"boot", actions.Args{"device": "pxe"}, bmc.Off, false, "off, pxe once (EFI), light false", "boot pxe", "off, the BIOS order, light false", "boot none"},
		{"boot", actions.Args{"device": "disk", "always": "true", "legacy": "true"}, bmc.On, false, "on, disk always (legacy), light false", "boot disk", "on, the BIOS order, light false", "boot none"},
		{"identify", nil, bmc.On, false, "on, the BIOS order, light true", "light true", "on, the BIOS order, light false", "light false"},
		{"identify", actions.Args{"off": "true"}, bmc.On, false, "on, the BIOS order, light false", "light false", "", ""},
	} {
		t.Run(fmt.Sprint(tt.act, " ", tt.args, " ", tt.transit), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, t.TempDir(), 1, tt.from)
			b := r.bmcs["sw001"]
			b.transit = tt.transit
			rec := r.run(t, r.build(t, tt.act, tt.args, r.hosts()...))
			if rec.Status != actions.Succeeded || shape(b) != tt.want || r.sent("sw001") != tt.sent {
				t.Fatalf("%s %+v; there is %q, sent %q", rec.Status, rec.Steps, shape(b), r.sent("sw001"))
			}
			out := strings.Join(rec.Steps[0].Output, "\n")
			if !strings.Contains(out, "asked: ") || tt.transit && !strings.Contains(out, "observed: turning") {
				t.Errorf("it tells %q", out)
			}
			id, err := r.Rollback(t.Context(), rec.ID, confirmed)
			if tt.back == "" {
				if !errors.Is(err, actions.ErrNothingToDo) || rec.Steps[0].Final == "" {
					t.Errorf("rollback of a final act: %v, final %q", err, rec.Steps[0].Final)
				}
				return
			}
			rec = r.ended(t, id, err)
			if rec.Status != actions.RolledBack || shape(b) != tt.back || r.sent("sw001") != tt.sent+", "+tt.undo {
				t.Errorf("rollback: %s %+v; there is %q, sent %q", rec.Status, rec.Steps, shape(b), r.sent("sw001"))
			}
		})
	}
}

// BMCs that tell less: only the boot device, or nothing of their light.
func TestBoardsThatTellLess(t *testing.T) {
	r := newRig(t, t.TempDir(), 1, bmc.On)
	b := r.bmcs["sw001"]
	b.plain, b.unlit = true, true
	rec := r.run(t, r.build(t, "boot", actions.Args{"device": "pxe", "always": "true"}, r.hosts()...))
	if out := strings.Join(rec.Steps[0].Output, "\n"); rec.Status != actions.Succeeded || !strings.Contains(out, "asked: pxe always (EFI)\nread back: pxe") {
		t.Errorf("%s %s", rec.Status, out)
	}
	for _, args := range []actions.Args{nil, {"off": "true"}} {
		if rec = r.run(t, r.build(t, "identify", args, r.hosts()...)); rec.Status != actions.Succeeded {
			t.Errorf("%+v", rec.Steps)
		}
	}
	if r.sent("sw001") != "boot pxe, light true, light false" {
		t.Error(r.sent("sw001"))
	}
}

// Forty hosts in waves of ten: never more than a wave at once, and one wave after
// the other.
func TestWaves(t *testing.T) {
	r := newRig(t, t.TempDir(), 40, bmc.Off)
	p := r.build(t, "on", actions.Args{"wave": "10", "pause": "0s"}, r.hosts()...)
	if p.Title != "turn on 40 hosts (sw[001-040]) in 4 waves" || p.Confirm.Word != "40" || p.Steps[39].Stage != 3 {
		t.Errorf("%q %+v, stage %d", p.Title, p.Confirm, p.Steps[39].Stage)
	}
	rec := r.run(t, p)
	if rec.Status != actions.Succeeded || r.powers() != "40 on" {
		t.Fatalf("%s %s: %s", rec.Status, rec.Error, r.powers())
	}
	for i, a := range rec.Steps {
		for _, b := range rec.Steps[i+1:] {
			if a.Stage < b.Stage && b.Started.Before(a.Ended) {
				t.Errorf("%s of wave %d ran beside %s of wave %d", a.Name, a.Stage, b.Name, b.Stage)
			}
		}
		if r.sent(a.Target.Name) != "on" {
			t.Errorf("%s was sent %q", a.Target.Name, r.sent(a.Target.Name))
		}
	}
	// Those that have broken power stop the rest.
	for i := 5; i < 10; i++ {
		r.bmcs[fmt.Sprintf("sw%03d", i)].refuse = &bmc.Error{Trouble: bmc.Rejected, Why: "power fault"}
	}
	rec = r.run(t, r.build(t, "off", actions.Args{"wave": "10", "stop-after": "5"}, r.hosts()...))
	if rec.Status != actions.Failed || r.powers() != "5 off, 35 on" {
		t.Errorf("%s %s: %s", rec.Status, rec.Error, r.powers())
	}
}

// What does not shut down in its time stays on. The end of the run offers to cut
// its power, as a plan of its own.
func TestSoftOffThatNeverEnds(t *testing.T) {
	t.Parallel()
	r := newRig(t, t.TempDir(), 40, bmc.On)
	for _, name := range []string{"sw007", "sw008", "sw033"} {
		r.bmcs[name].never = true
	}
	rec := r.run(t, r.build(t, "off", actions.Args{"timeout": "8s", "stop-after": "9"}, r.hosts()...))
	s := rec.Steps[6]
	if rec.Status != actions.Failed || r.powers() != "37 off, 3 on" || s.Saw != "on" || !strings.Contains(s.Error, "accepted, but not done within its time; now: on") {
		t.Fatalf("%s %s: %+v", rec.Status, r.powers(), s)
	}
	n, ok := r.reg.Next(rec)
	if !ok || n.Action != "power.force" || n.Why != "3 hosts are still on: cut the power?" || len(n.Targets) != 3 {
		t.Fatalf("suggested: %+v, %v", n, ok)
	}
	if r.sent("sw007") != "soft" {
		t.Errorf("sw007 was sent %q: nobody asked for that", r.sent("sw007"))
	}
	kept, err := r.env.Ledger.Run(t.Context(), rec.ID)
	if again, ok := r.reg.Next(kept); err != nil || !ok || len(again.Targets) != 3 {
		t.Errorf("suggested from the ledger: %+v, %v", again, err)
	}
	p := r.build(t, "force", n.Args, n.Targets...)
	if p.Confirm.Kind != actions.TypeOut || !strings.Contains(said(p.Findings), "warn data sw[007-008,033]: is not shut down first") {
		t.Errorf("%+v\n%s", p.Confirm, said(p.Findings))
	}
	if rec = r.run(t, p); rec.Status != actions.Succeeded || r.powers() != "40 off" {
		t.Errorf("%s %s: %s", rec.Status, rec.Error, r.powers())
	}
	if n, ok := r.reg.Next(rec); ok {
		t.Errorf("suggested after all went well: %+v", n)
	}
}

// A rollback of a turn-on shuts down, and asks as well.
func TestRollbackThatNeverEnds(t *testing.T) {
	t.Parallel()
	r := newRig(t, t.TempDir(), 2, bmc.Off)
	rec := r.run(t, r.build(t, "on", actions.Args{"timeout": "5s"}, r.hosts()...))
	r.bmcs["sw002"].never = true
	id, err := r.Rollback(t.Context(), rec.ID, confirmed)
	rec = r.ended(t, id, err)
	n, ok := r.reg.Next(rec)
	if r.powers() != "1 off, 1 on" || !ok || n.Action != "power.force" || len(n.Targets) != 1 || n.Why != "sw002 is still on: cut the power?" {
		t.Errorf("%s: %s, %+v %v", rec.Status, r.powers(), n, ok)
	}
}

// A host on its way is waited for: BMCs drop what they are asked then.
func TestOnTheirWay(t *testing.T) {
	for _, tt := range []struct {
		act        string
		from       state
		want, sent string
	}{
		{"on", state{Power: bmc.TurningOff, Next: []bmc.Power{bmc.TurningOff, bmc.TurningOff, bmc.TurningOff, bmc.TurningOff, bmc.Off}}, "1 on", "on"},
		{"on", state{Power: bmc.TurningOn, Next: []bmc.Power{bmc.TurningOn, bmc.TurningOn, bmc.TurningOn, bmc.On}}, "1 on", ""},
		{"off", state{Power: bmc.TurningOff, Next: []bmc.Power{bmc.TurningOff, bmc.TurningOff, bmc.TurningOff, bmc.Off}}, "1 off", ""},
		{"off", state{Power: bmc.TurningOn, Next: []bmc.Power{bmc.TurningOn, bmc.TurningOn, bmc.TurningOn, bmc.TurningOn, bmc.On}}, "1 off", "soft"},
	} {
		r := newRig(t, t.TempDir(), 1, bmc.On)
		r.bmcs["sw001"].write(tt.from)
		rec := r.run(t, r.build(t, tt.act, nil, r.hosts()...))
		if rec.Status != actions.Succeeded || r.powers() != tt.want || r.sent("sw001") != tt.sent {
			t.Errorf("%s from %s: %s %s, sent %q", tt.act, tt.from.Power, rec.Status, r.powers(), r.sent("sw001"))
		}
	}
}

// A plan reads every target anew, and says in few words what it leaves out.
func TestBuild(t *testing.T) {
	r := newRig(t, t.TempDir(), 30, bmc.On)
	for i := 1; i <= 20; i++ {
		r.bmcs[fmt.Sprintf("sw%03d", i)].write(state{Power: bmc.Off})
	}
	store := watch.NewStore()
	store.Put(fleet.Reading{Source: "bmc/sw001", At: time.Now(), Facts: &bmc.Facts{Power: bmc.On}})
	r.state = store.State()
	p := r.build(t, "force", nil, r.hosts()...)
	for _, want := range []string{"note stale sw001: was shown as on, is off now", "note state sw[001-020]: is off already", "warn data sw[021-030]: is not shut down first"} {
		if !strings.Contains(said(p.Findings), want) {
			t.Errorf("no finding %q in\n%s", want, said(p.Findings))
		}
	}
	if len(p.Steps) != 10 || p.Parallel != 10 {
		t.Errorf("%d steps, %d at once", len(p.Steps), p.Parallel)
	}
	r.bmcs["sw021"].silent, r.bmcs["sw022"].silent = silent("sw021"), silent("sw022")
	r.bmcs["sw023"].unknown = true
	p = r.build(t, "force", nil, append(r.hosts(), fleet.Target{Kind: fleet.KindHost, Name: "nobmc"})...)
	for _, want := range []string{"block stale sw[021-022]: cannot be read, so nothing is done there: silent", "block stale sw023: cannot be read, so nothing is done there: the BMC does not tell the power state",
		"block stale nobmc: cannot be read, so nothing is done there: it has no BMC"} {
		if !strings.Contains(said(p.Findings), want) {
			t.Errorf("no finding %q in\n%s", want, said(p.Findings))
		}
	}
	if _, err := r.Start(t.Context(), p, confirmed); !errors.Is(err, actions.ErrBlocked) || len(p.Steps) != 7 {
		t.Errorf("start: %v, %d steps", err, len(p.Steps))
	}
	id, err := r.Start(t.Context(), p, actions.Approval{Confirmed: true, Override: "they are being repaired"})
	if rec := r.ended(t, id, err); rec.Status != actions.Succeeded || r.sent("sw021") != "" {
		t.Errorf("%s %s", rec.Status, rec.Error)
	}
	_, err = r.reg.Build(t.Context(), r.env, "power.force", r.hosts("sw021"), nil)
	if err == nil || !strings.Contains(err.Error(), "nothing was changed") || !strings.Contains(err.Error(), "no answer from 192.0.2.1:623") {
		t.Errorf("the only one cannot be read: %v", err)
	}
	for act, says := range map[string]string{"off": "nothing to do", "cycle": "is off: turn it on instead"} {
		if _, err = r.reg.Build(t.Context(), r.env, "power."+act, r.hosts("sw001"), nil); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", act, err)
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	r := newRig(t, t.TempDir(), 1, bmc.On)
	for _, tt := range []struct {
		act  string
		args actions.Args
		says string
	}{
		{"off", actions.Args{"timeout": "soon"}, "5m"}, {"off", actions.Args{"timeout": "0s"}, "5m"}, {"off", actions.Args{"timeout": "2h"}, "5m"},
		{"on", actions.Args{"wave": "0"}, "from 1 on"}, {"on", actions.Args{"wave": "many"}, "from 1 on"}, {"on", actions.Args{"pause": "-1s"}, "30s"},
		{"off", actions.Args{"stop-after": "-1"}, "from 1 on"}, {"boot", nil, "device is missing"}, {"boot", actions.Args{"device": "floppy"}, "pxe, disk"},
		{"boot", actions.Args{"device": "none", "always": "true"}, "no always"}, {"identify", actions.Args{"off": "maybe"}, "true nor false"},
		{"boot", actions.Args{"device": "none"}, "boot like that already"},
	} {
		if _, err := r.reg.Build(t.Context(), r.env, "power."+tt.act, r.hosts(), tt.args); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s %v: %v, want %q", tt.act, tt.args, err, tt.says)
		}
	}
}

// Many hosts that start at once are told of; with the waves of the defaults none
// is.
func TestInrush(t *testing.T) {
	r := newRig(t, t.TempDir(), 30, bmc.Off)
	if p := r.build(t, "on", nil, r.hosts()...); strings.Contains(said(p.Findings), "inrush") || p.Pause != 10*time.Second {
		t.Errorf("%s, pause %v", said(p.Findings), p.Pause)
	}
	if p := r.build(t, "on", actions.Args{"wave": ""}, r.hosts()...); !strings.Contains(said(p.Findings), "note inrush : 30 hosts start at once") {
		t.Error(said(p.Findings))
	}
}

// The menu's answer comes from the watched state alone.
func TestWhy(t *testing.T) {
	r := newRig(t, t.TempDir(), 3, bmc.On)
	store := watch.NewStore()
	store.Put(fleet.Reading{Source: "bmc/sw001", At: time.Now(), Facts: &bmc.Facts{Power: bmc.On}})
	store.Put(fleet.Reading{Source: "bmc/sw002", At: time.Now(), Facts: &bmc.Facts{Power: bmc.Off}})
	r.state = store.State()
	r.fleet.Hosts = append(r.fleet.Hosts, fleet.Host{Name: "db1"})
	for _, tt := range []struct {
		act   string
		hosts []string
		want  string
	}{
		{"on", []string{"sw001"}, "sw001 is on already"}, {"on", []string{"sw001", "sw002"}, ""}, {"on", []string{"sw003"}, ""},
		{"cycle", []string{"sw002"}, "sw002 is off: turn it on instead"}, {"boot", []string{"sw001"}, ""}, {"on", []string{"db1"}, "db1 has no BMC in the configuration"},
	} {
		a, _ := r.reg.Get("power." + tt.act)
		if got := a.Why(r.env, r.hosts(tt.hosts...)); got != tt.want {
			t.Errorf("%s %s: %q, want %q", tt.act, tt.hosts, got, tt.want)
		}
	}
}

// What runs on a host is told before the host goes, on a rollback as well, and a
// hold on it blocks.
func TestWhatRunsThere(t *testing.T) {
	r := newRig(t, t.TempDir(), 3, bmc.On)
	r.fleet.Engines = []fleet.Engine{{Name: "e1", Host: "sw001"}, {Name: "e2", Host: "sw002"}, {Name: "e3"}}
	store := watch.NewStore()
	store.Put(fleet.Reading{Source: "docker/e1", At: time.Now(), Facts: &docker.Facts{Engine: "e1", Containers: []*docker.Container{
		{Name: "web", State: docker.Running}, {Name: "db", State: docker.Running}, {Name: "old", State: docker.Exited}}}})
	r.state = store.State()
	const one, two = "warn runs there", "warn containers sw001: 2 containers of engine e1 run there: db, web"
	silent := "warn containers sw002: engine e2 runs there and does not answer"
	p := r.build(t, "off", nil, r.hosts()...)
	if got := said(p.Findings); !strings.Contains(got, two) || !strings.Contains(got, silent) {
		t.Error(got)
	}
	if p := r.build(t, "identify", nil, r.hosts()...); strings.Contains(said(p.Findings), "containers") {
		t.Error(said(p.Findings))
	}
	web := fleet.Target{Kind: fleet.KindContainer, Scope: "e1", ID: "1", Name: "web"}
	if err := r.env.Ledger.Hold(t.Context(), actions.Hold{Target: web, By: "aoi", Why: "debugging", Since: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if p := r.build(t, "off", nil, r.hosts()...); !strings.Contains(said(p.Findings), "block hold sw001: e1/web runs there, and aoi asked to leave it alone: debugging") {
		t.Error(said(p.Findings))
	}
	r.bmcs["sw003"].write(state{Power: bmc.Off})
	rec := r.run(t, r.build(t, "on", nil, r.hosts("sw003")...))
	r.fleet.Engines[2].Host = "sw003"
	forward, err := r.reg.Rebuild(t.Context(), r.env, rec, false)
	back, err2 := r.reg.Rebuild(t.Context(), r.env, rec, true)
	if err != nil || err2 != nil || strings.Contains(said(forward.Findings), "e3") || !strings.Contains(said(back.Findings), "warn containers sw003: engine e3") {
		t.Errorf("%v %v\n%s\n%s", err, err2, said(forward.Findings), said(back.Findings))
	}
}

// Two consoles switch the same host at once: one acts, the other is told who.
func TestTwoConsoles(t *testing.T) {
	r := newRig(t, t.TempDir(), 1, bmc.On)
	other := *r.env
	other.Actor.User, other.Actor.Session = "ren", "another"
	two := actions.NewRunner(&other, r.reg, actions.Options{})
	p, q := r.build(t, "off", nil, r.hosts()...), r.build(t, "off", nil, r.hosts()...)
	in, out := make(chan struct{}), make(chan struct{})
	r.at = func(point, _ string) {
		if point == "before" {
			close(in)
			<-out
		}
	}
	id, err := r.Start(t.Context(), p, confirmed)
	<-in
	var held *actions.HeldError
	if _, err := two.Start(t.Context(), q, confirmed); !errors.As(err, &held) || held.Lock.Run != id {
		t.Errorf("the second was told %v", err)
	}
	close(out)
	if rec := r.ended(t, id, err); rec.Status != actions.Succeeded || r.sent("sw001") != "soft" {
		t.Errorf("%s, sent %q", rec.Status, r.sent("sw001"))
	}
}

// An answer that was lost: what is seen counts, and nothing is sent again.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	r := newRig(t, t.TempDir(), 2, bmc.On)
	var n atomic.Int64
	r.at = func(point, host string) {
		if point == "after" && n.Add(1) == 1 {
			r.bmcs[host].silent = errLost // for reads; the verb was carried out
		}
	}
	rec := r.run(t, r.build(t, "cycle", actions.Args{"timeout": "2s"}, r.hosts("sw001")...))
	next, ok := r.reg.Next(rec)
	if rec.Status != actions.Failed || !rec.Steps[0].Acted || !ok || next.Action != "power.cycle" || !strings.Contains(next.Why, "nobody saw whether sw001 was power-cycled") {
		t.Errorf("%+v; suggested %+v", rec.Steps, next)
	}
	r.bmcs["sw001"].silent = nil
	id, err := r.Resume(t.Context(), rec.ID, confirmed)
	rec = r.ended(t, id, err)
	if !strings.Contains(rec.Steps[0].Error, "not done again") || r.sent("sw001") != "cycle" {
		t.Errorf("resumed: %s, sent %q", rec.Steps[0].Error, r.sent("sw001"))
	}
	// Turned down for certain: a resume does it.
	r.bmcs["sw002"].refuse = &bmc.Error{Trouble: bmc.SessionsFull, Why: "all its sessions are taken"}
	rec = r.run(t, r.build(t, "cycle", nil, r.hosts("sw002")...))
	r.bmcs["sw002"].refuse = nil
	id, err = r.Resume(t.Context(), rec.ID, confirmed)
	if rec = r.ended(t, id, err); rec.Status != actions.Succeeded || r.sent("sw002") != "cycle" {
		t.Errorf("resumed: %s %s, sent %q", rec.Status, rec.Error, r.sent("sw002"))
	}
}

// A host that stays off after a cycle is offered to be turned on.
func TestCycleThatStaysOff(t *testing.T) {
	t.Parallel()
	r := newRig(t, t.TempDir(), 1, bmc.On)
	r.at = func(point, host string) {
		if point == "after" {
			r.bmcs[host].write(state{Power: bmc.Off})
		}
	}
	rec := r.run(t, r.build(t, "cycle", actions.Args{"timeout": "1s"}, r.hosts()...))
	if n, ok := r.reg.Next(rec); !ok || n.Action != "power.on" || n.Why != "sw001 is off since: turn on?" {
		t.Errorf("%+v; suggested %+v", rec.Steps, n)
	}
}

func TestAsks(t *testing.T) {
	t.Parallel()
	r := newRig(t, t.TempDir(), 2, bmc.Off)
	rec := r.run(t, r.build(t, "on", nil, r.hosts()...))
	r.bmcs["sw002"].never = true
	off := r.run(t, r.build(t, "off", actions.Args{"timeout": "4s", "stop-after": "5"}, r.hosts()...))
	light := r.run(t, r.build(t, "identify", nil, r.hosts()...))
	asks := power.Asks([]actions.RunRecord{light, off, rec})
	var got []string
	for _, a := range asks {
		got = append(got, fmt.Sprint(a.Host, " ", a.Verb, " ", a.Want, " ", a.Failed, " ", !a.Until.IsZero()))
	}
	if want := []string{"sw001 soft off false true", "sw002 soft off true true", "sw001 on on false true", "sw002 on on false true"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	r.bmcs["sw002"].never = false
	id, err := r.Rollback(t.Context(), rec.ID, confirmed)
	back := power.Asks([]actions.RunRecord{r.ended(t, id, err)})
	if len(back) != 2 || back[1].Verb != bmc.SoftOff || back[1].Want != bmc.Off {
		t.Errorf("rollback: %+v", back)
	}
	rec.Steps[0].Status, rec.Steps[0].Ended, rec.Alive = actions.Running, time.Time{}, true
	if a := power.Asks([]actions.RunRecord{rec})[0]; !a.Until.IsZero() || a.Failed {
		t.Errorf("under way: %+v", a)
	}
	rec.Alive = false
	if a := power.Asks([]actions.RunRecord{rec})[0]; a.Until.IsZero() || !a.Failed {
		t.Errorf("its process is gone: %+v", a)
	}
}

// A book has what the runs at hand ask for, and remembers the rest.
func TestBook(t *testing.T) {
	now := time.Now()
	run := func(id, kind string, at time.Time, status actions.Status) actions.RunRecord {
		r := actions.RunRecord{ID: id, Kind: kind, Status: status, Alive: status == actions.Running}
		s := actions.StepRecord{Target: fleet.Target{Name: "sw001"}, Acted: true, Started: at, Status: status}
		if status != actions.Running {
			s.Ended, r.Ended = at.Add(time.Second), at.Add(time.Second)
		}
		r.Steps = append(r.Steps, s)
		return r
	}
	var b power.Book
	said := func(runs ...actions.RunRecord) string {
		var out []string
		for _, a := range b.Read(runs) {
			out = append(out, fmt.Sprint(a.Run, " ", a.Want, " ", a.Until.IsZero()))
		}
		return strings.Join(out, ", ")
	}
	first := run("1", "power.off", now, actions.Running)
	if got := said(first); got != "1 off true" {
		t.Error(got)
	}
	first = run("1", "power.off", now, actions.Succeeded)
	if got := said(first); got != "1 off false" {
		t.Error(got)
	}
	if one, two := b.Read([]actions.RunRecord{first}), b.Read([]actions.RunRecord{first}); &one[0] != &two[0] {
		t.Error("it is made anew although nothing changed")
	}
	if got := said(run("2", "container.stop", now, actions.Succeeded)); got != "1 off false" {
		t.Errorf("forgotten: %s", got)
	}
	for i := range 5 {
		said(run(fmt.Sprint("n", i), "power.on", now.Add(time.Duration(i+1)*time.Minute), actions.Succeeded))
	}
	if got := said(); got != "n4 on false, n3 on false, n2 on false, n1 on false" {
		t.Error(got)
	}
}

// What the console keeps at hand: a hundred runs on every host of the fleet, of
// which nothing is new.
func BenchmarkBook(b *testing.B) {
	var runs []actions.RunRecord
	for i := range 100 {
		r := actions.RunRecord{ID: fmt.Sprint(i), Kind: "power.on", Status: actions.Succeeded}
		for j := range 240 {
			r.Steps = append(r.Steps, actions.StepRecord{Target: fleet.Target{Name: fmt.Sprintf("sw%03d", j)}, Acted: true, Status: actions.Succeeded, Ended: time.Now()})
		}
		runs = append(runs, r)
	}
	var book power.Book
	b.ReportAllocs()
	for b.Loop() {
		if len(book.Read(runs)) != 4*240 {
			b.Fatal("not the last four of every host")
		}
	}
}
