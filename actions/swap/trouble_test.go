package swap_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ringside/actions"
	"ringside/backends/fleet"
	"ringside/backends/lab"
	"ringside/backends/traffic"
)

// hooked is a lab whose steps call at.
func hooked(t *testing.T, s shape, at func(l *lab.Lab, r *rig, point string, step int)) (*lab.Lab, *rig) {
	t.Helper()
	l, err := lab.Start(s.options())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	var r *rig
	r, err = open(t.Context(), l.Fleet(), filepath.Join(t.TempDir(), "ledger.db"), func(point string, step int) { at(l, r, point, step) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.close)
	return l, r
}

// stepNamed says whether a step of the run that goes on has a name that begins so.
func stepNamed(r *rig, i int, prefix string) bool {
	live := r.Live()
	return len(live) > 0 && i < len(live[0].Steps) && strings.HasPrefix(live[0].Steps[i].Name, prefix)
}

// Whatever goes wrong in a deploy or a swap, users stay with or go back to the old
// colour, none of their requests fails, and the run says what happened.
func TestGoesWrong(t *testing.T) {
	web := func(r lab.Release) map[string]lab.Release { return map[string]lab.Release{"team/web:2": r} }
	for name, c := range map[string]struct {
		shape  shape
		before func(*lab.Lab, *rig)                             // the act
		at     func(l *lab.Lab, r *rig, point string, step int) // in mid-run
		args   actions.Args                                     // default: deploy 2 and swap
		want   string                                           // in the errors of the run
		errors bool                                             // some requests may fail: the release answered them so
		after  func(t *testing.T, l *lab.Lab, r *rig, rec actions.RunRecord)
	}{
		"never healthy": {shape: shape{releases: web(lab.Release{Ill: true}), gate: fleet.Gate{Within: 4 * time.Second}}, want: "is not healthy after 4s: it is unhealthy"},
		"dies at once":  {shape: shape{releases: web(lab.Release{Dies: true})}, want: "ended with exit code 1"},
		"preview fails": {shape: shape{releases: web(lab.Release{Errors: 100}), gate: fleet.Gate{Path: "/", Within: 4 * time.Second}},
			want: "green does not pass the gate: 0 of 3 good previews in a row through haproxy within 4s; "},
		"preview is slow": {shape: shape{releases: web(lab.Release{Slow: 80 * time.Millisecond}), gate: fleet.Gate{Path: "/", Latency: 40 * time.Millisecond, Within: 4 * time.Second}},
			want: "more than 40ms"},
		"sick after the switch": {shape: shape{releases: web(lab.Release{SickAfter: 10}), verify: 20 * time.Second}, errors: true,
			want: "green did not hold: "},
		"errors after the switch": {shape: shape{releases: web(lab.Release{Errors: 30}), verify: 20 * time.Second}, errors: true,
			want: "of its answers are errors"},
		"dies after the switch": {shape: shape{verify: 20 * time.Second}, errors: true, want: "green did not hold: ",
			at: func(l *lab.Lab, r *rig, point string, i int) {
				if point == "before" && stepNamed(r, i, "watch") {
					go func() {
						time.Sleep(200 * time.Millisecond) // some users have it by then
						l.Engine("tokyo-1").Crash("web-green-" + r.Live()[0].ID)
						l.Engine("tokyo-2").Crash("web-green-" + r.Live()[0].ID)
					}()
				}
			}},
		"disk full at the pull": {before: func(l *lab.Lab, _ *rig) {
			l.Engine("tokyo-2").Refuse("POST /images/create", 500, "write /var/lib/docker/tmp/x: no space left on device", -1)
		}, want: "no space left on device: make room on the engine's disk"},
		"disk full at the create": {before: func(l *lab.Lab, _ *rig) {
			l.Engine("tokyo-2").Refuse("POST /containers/create", 500, "mkdir /var/lib/docker/overlay2/x: no space left on device", -1)
		}, want: "no space left on device: make room on the engine's disk"},
		"port taken": {at: func(l *lab.Lab, r *rig, point string, i int) {
			if point == "before" && stepNamed(r, i, "start tokyo-1") {
				l.Engine("tokyo-1").Refuse("POST /containers/*/start", 500, "driver failed programming external connectivity: port is already allocated", -1)
			}
		}, want: "port is already allocated"},
		"proxy refuses": {before: func(l *lab.Lab, _ *rig) { l.Proxies("web")[0].Refuse("Permission denied") }, want: "HAProxy refused: Permission denied"},
		"proxy is deaf": {before: func(l *lab.Lab, _ *rig) { l.Proxies("web")[0].Deafen(true) }, want: "HAProxy accepted the switch and did not act"},
		"second proxy refuses": {shape: shape{proxies: 2}, before: func(l *lab.Lab, _ *rig) { l.Proxies("web")[1].Refuse("Permission denied") },
			want: "HAProxy refused: Permission denied"},
		"second proxy is deaf": {shape: shape{proxies: 2}, before: func(l *lab.Lab, _ *rig) { l.Proxies("web")[1].Deafen(true) },
			want: "HAProxy accepted the switch and did not act"},
		"switched by hand while watched": {shape: shape{verify: 20 * time.Second}, want: "somebody switched haproxy by hand: it has be_web_blue live",
			at: func(l *lab.Lab, r *rig, point string, i int) {
				if point == "before" && stepNamed(r, i, "watch") {
					for _, f := range l.Faults() {
						if f.ID == "hand/web" {
							f.Toggle()
						}
					}
				}
			}},
		"engine dies before the start": {at: func(l *lab.Lab, r *rig, point string, i int) {
			if point == "before" && stepNamed(r, i, "start tokyo-2") && r.once() {
				l.Engine("tokyo-2").Stop()
			}
		}, want: "engine tokyo-2: ", after: func(t *testing.T, l *lab.Lab, r *rig, rec actions.RunRecord) {
			l.Engine("tokyo-2").Start()
			until(t, "the containers are back", func() bool { st := r.look(t); ok, _ := st.Blue.Up(); return ok })
			id, err := r.Resume(t.Context(), rec.ID, confirmed)
			if rec := r.ended(t, id, err); rec.Status != actions.Succeeded {
				t.Errorf("resumed when the engine was back: %s %s\n%s", rec.Status, rec.Error, steps(rec))
			}
		}},
		"Compose file changes in mid-run": {at: func(l *lab.Lab, r *rig, point string, i int) {
			if point == "before" && stepNamed(r, i, "get") {
				text, _ := os.ReadFile(r.s.Compose.File)
				os.WriteFile(r.s.Compose.File, []byte(strings.Replace(string(text), "COLOUR:", "COLOR:", 1)), 0o644)
			}
		}, want: "has changed since the plan was made: roll the run back and deploy again"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := c.at
			if at == nil {
				at = func(*lab.Lab, *rig, string, int) {}
			}
			l, r := hooked(t, c.shape, at)
			if c.before != nil {
				c.before(l, r)
			}
			stop := r.load(t)
			args := c.args
			if args == nil {
				args = argsOf("service.deploy")
			}
			rec := r.act(t, "service.deploy", args)
			if rec.Status != actions.Failed || !strings.Contains(steps(rec), c.want) {
				t.Errorf("%s %s, want %q\n%s", rec.Status, rec.Error, c.want, steps(rec))
			}
			st := r.look(t)
			if st.Live != fleet.Blue || !st.Settled() {
				t.Errorf("live is %q, settled %v, %s", st.Live, st.Settled(), st.Why)
			}
			if res := stop(); !c.errors && res.Failed+res.IdleClosed > 0 {
				t.Errorf("%v, first %s", res, res.First)
			}
			if c.after != nil {
				c.after(t, l, r, rec)
				return
			}
			id, err := r.Rollback(t.Context(), rec.ID, confirmed)
			if errors.Is(err, actions.ErrNothingToDo) {
				return
			}
			if rec := r.ended(t, id, err); rec.Status != actions.RolledBack {
				t.Errorf("rolled back: %s %s\n%s", rec.Status, rec.Error, steps(rec))
			}
			r.expect(t, atFirst)
		})
	}
}

// What can be known beforehand blocks the plan, or warns, with what to do about it.
func TestFindings(t *testing.T) {
	for name, c := range map[string]struct {
		shape  shape
		before func(t *testing.T, l *lab.Lab, r *rig)
		act    string
		args   actions.Args
		want   string // finding or error
	}{
		"stamped for verification": {shape: shape{environment: "production", releases: map[string]lab.Release{"team/web:2": {Labels: map[string]string{fleet.LabelEnvironment: "verification"}}}},
			before: func(t *testing.T, _ *lab.Lab, r *rig) {
				e, _ := r.world.Engine("tokyo-1")
				if _, err := e.Pull(t.Context(), "team/web:2", nil); err != nil {
					t.Fatal(err)
				}
			}, want: "block stamp: team/web:2 the image is stamped for verification, and this is production"},
		"not in the registry": {args: actions.Args{"image": "missing"}, want: "error: deploy: no engine can get team/web:missing, and nothing was changed"},
		"unknown digest":      {args: actions.Args{"image": "team/web@sha256:" + strings.Repeat("ab", 32)}, want: "note digest: web users have blue 1"},
		"other repository":    {args: actions.Args{"image": "team/api:2"}, want: `error: deploy: image "team/api:2": service web is deployed from team/web, not from team/api`},
		"no tag":              {args: actions.Args{"image": "team/web"}, want: "error: deploy: image \"team/web\": which one? Give a tag or a digest: team/web:TAG"},
		"network":             {shape: shape{compose: "    networks: [back]\nnetworks: {back: {name: back, external: true}}\n"}, want: "declares mutually exclusive `network_mode` and `networks`"},
		"dependency":          {shape: shape{compose: "    depends_on: {db: {condition: service_healthy}}\n  db: {image: postgres}\n"}, want: "block depends_on: tokyo-1 web/db is not there as the Compose file wants it (service_healthy)"},
		"refused key":         {shape: shape{compose: "    container_name: web\n"}, want: "container_name of service web cannot be taken: two colours need two names"},
		"engine silent":       {before: func(_ *testing.T, l *lab.Lab, _ *rig) { l.Engine("tokyo-2").Stop() }, want: "block engine: tokyo-2 cannot be asked: "},
		"service held":        {before: held(fleet.Target{Kind: fleet.KindService, Name: "web"}), want: "block hold: web aoi asked to leave it alone until the hold is released: new disks"},
		"engine held":         {before: held(fleet.Target{Kind: fleet.KindEngine, Name: "tokyo-2"}), want: "block hold: tokyo-2 aoi asked to leave it alone"},
		"site held":           {before: held(fleet.Target{Kind: fleet.KindSite, Name: "tokyo"}), want: "block hold: tokyo aoi asked to leave it alone"},
		"disk full": {before: func(_ *testing.T, l *lab.Lab, _ *rig) { l.Engine("tokyo-2").SetSpace(100 << 20) },
			want: "block disk: tokyo-2 has 100 MiB left for images, and one like the live one takes up to 256: make room first (docker image prune)"},
		"disk nearly full": {before: func(t *testing.T, l *lab.Lab, r *rig) {
			l.Engine("tokyo-2").SetSpace(roomFor(t, r, "tokyo-2") + 20<<20)
		},
			want: "warn disk: tokyo-2 has only "},
		"disk not known": {want: "note disk: tokyo-1 how much room it has for images is not known"},
		"registry denies": {before: func(_ *testing.T, l *lab.Lab, _ *rig) {
			l.Engine("tokyo-2").Refuse("GET /distribution/*", 401, "unauthorized: authentication required", -1)
		}, want: "block registry: tokyo-2 team/web:2 is not in its registry, or your login there may not read it: push it there, or docker login docker.io"},
		"half switched": {before: func(t *testing.T, l *lab.Lab, r *rig) {
			p := l.Proxies("web")[0]
			text, _ := os.ReadFile(p.MapFile())
			os.WriteFile(p.MapFile(), []byte(strings.ReplaceAll(string(text), "blue", "green")), 0o644)
		}, want: "block proxy: web/haproxy has be_web_blue live and keeps be_web_green for its next start: run ringside services settle web first"},
		"proxy silent": {before: func(_ *testing.T, l *lab.Lab, _ *rig) { l.Proxies("web")[0].Stop() }, want: "error: deploy: it cannot be done, and nothing was changed: what is live is not known: haproxy does not answer"},
		"neither colour": {before: func(t *testing.T, l *lab.Lab, r *rig) {
			p := l.Proxies("web")[0]
			text, _ := os.ReadFile(p.MapFile())
			os.WriteFile(p.MapFile(), []byte(strings.ReplaceAll(string(text), "blue", "maintenance")), 0o644)
			p.Reload()
		}, want: "error: deploy: it cannot be done, and nothing was changed: what is live is not known: haproxy: the map sends web.example to be_web_maintenance, which is neither colour"},
		"wrong port": {before: func(_ *testing.T, _ *lab.Lab, r *rig) {
			p := r.fleet.Services[0].Ports.Engines["tokyo-1"]
			p.Green = 7
			r.fleet.Services[0].Ports.Engines["tokyo-1"] = p
		}, want: "block proxy: web/haproxy be_web_green has no server with port 7, where tokyo-1 publishes green"},
		"nothing to swap to":    {act: "service.swap", want: "error: swap: there is nothing to do: blue is live and there is nothing in green; deploy first: ringside deploy web IMAGE"},
		"nothing to go back to": {act: "service.rollback", want: "error: rollback: there is nothing to do: blue is live and there is nothing in green; it was retired"},
		"nothing to retire":     {act: "service.retire", want: "error: retire: there is nothing to do: blue is live, and there is nothing else of web"},
		"nothing to settle":     {act: "service.settle", want: "error: settle: there is nothing to do: every proxy of web keeps what it has live"},
		"swap to the sick": {act: "service.swap", before: func(t *testing.T, l *lab.Lab, r *rig) {
			r.done(t, "service.deploy", actions.Args{"image": "2"})
			l.Engine("tokyo-2").SetHealth(r.look(t).Green.Places[1].Container.Name, "unhealthy")
		}, want: "block health: web green is not ready for users: tokyo-2/web-green-"},
		"swap to half": {act: "service.swap", before: func(t *testing.T, l *lab.Lab, r *rig) {
			r.done(t, "service.deploy", actions.Args{"image": "2"})
			l.Engine("tokyo-2").Remove(r.look(t).Green.Places[1].Container.Name)
		}, want: "block digest: web the engines have different releases in green"},
		"no way back from a migration": {act: "service.rollback", before: func(t *testing.T, _ *lab.Lab, r *rig) {
			p := r.build(t, "service.deploy", actions.Args{"image": "2", "swap": "true", "contract-migration": "true"})
			if !strings.Contains(said(p.Findings), "warn migration: web the new release contains a contract migration: once users are on it, an instant rollback is not safe") {
				t.Errorf("no word about the migration\n%s", said(p.Findings))
			}
			id, err := r.Start(t.Context(), p, confirmed)
			r.ended(t, id, err)
		}, want: "block migration: web green, which is live, came with a contract migration: what ran before it may not work any more"},
		"takes a rollback away": {before: func(t *testing.T, _ *lab.Lab, r *rig) {
			r.done(t, "service.deploy", argsOf("service.deploy"))
		}, args: actions.Args{"image": "3"}, want: "kept for a rollback of web (run "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, r := newLab(t, c.shape)
			if c.before != nil {
				c.before(t, l, r)
			}
			act, args := c.act, c.args
			if act == "" {
				act = "service.deploy"
			}
			if args == nil && act == "service.deploy" {
				args = actions.Args{"image": "2"}
			}
			p, err := r.reg.Build(t.Context(), r.env, act, []fleet.Target{r.s.Target()}, args)
			got := ""
			if err != nil {
				got = "error: " + err.Error()
			} else {
				got = said(p.Findings)
			}
			if !strings.Contains(got, c.want) {
				t.Errorf("got\n%s\nwant %s", got, c.want)
			}
		})
	}
}

func held(target fleet.Target) func(*testing.T, *lab.Lab, *rig) {
	return func(t *testing.T, _ *lab.Lab, r *rig) {
		if err := r.led.Hold(t.Context(), actions.Hold{Target: target, By: "aoi", Why: "new disks", Since: time.Now()}); err != nil {
			t.Fatal(err)
		}
	}
}

// roomFor is what an engine must have free for another image like the live one.
func roomFor(t *testing.T, r *rig, engine string) int64 {
	t.Helper()
	e, _ := r.world.Engine(engine)
	img, err := e.ImageOf(t.Context(), "team/web:1")
	if err != nil {
		t.Fatal(err)
	}
	return max(img.Size, 256<<20)
}

// A stamp that was seen can be overridden, with a reason; one that nobody could see
// before the pull stops the run there.
func TestStamp(t *testing.T) {
	stamped := shape{environment: "production", releases: map[string]lab.Release{"team/web:2": {Labels: map[string]string{fleet.LabelEnvironment: "verification"}}}}
	_, r := newLab(t, stamped)
	rec := r.act(t, "service.deploy", actions.Args{"image": "2"})
	if want := "the image is stamped for verification, and this is production: plan it again, where this can be overridden"; rec.Status != actions.Failed || !strings.Contains(steps(rec), want) {
		t.Errorf("%s, want %q\n%s", rec.Status, want, steps(rec))
	}
	p := r.build(t, "service.deploy", actions.Args{"image": "2"})
	if !p.Blocked() || !strings.Contains(said(p.Findings), "block stamp: team/web:2 the image is stamped for verification") {
		t.Fatalf("%s", said(p.Findings))
	}
	id, err := r.Start(t.Context(), p, actions.Approval{Confirmed: true, Override: "the fix cannot wait"})
	if rec := r.ended(t, id, err); rec.Status != actions.Succeeded || !strings.Contains(rec.Override, "cannot wait") {
		t.Errorf("%s, override %q\n%s", rec.Status, rec.Override, steps(rec))
	}
}

// Two operators swap at once: of two consoles on one machine the ledger lets one, of
// two machines the marker on the engines does, and where somebody pruned that the
// proxy's own state is compared.
func TestTwoOperators(t *testing.T) {
	l, one := newLab(t, shape{verify: time.Second})
	one.done(t, "service.deploy", actions.Args{"image": "2"})
	elsewhere, err := open(t.Context(), l.Fleet(), filepath.Join(t.TempDir(), "ledger.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer elsewhere.close()
	elsewhere.env.Actor.Host, elsewhere.env.Actor.User = "ops-2", "ren"

	mine, theirs := one.build(t, "service.swap", nil), elsewhere.build(t, "service.swap", nil)
	again := one.build(t, "service.swap", nil)
	id, err := one.Start(t.Context(), mine, confirmed)
	if err != nil {
		t.Fatal(err)
	}
	var held *actions.HeldError
	if _, err := one.Start(t.Context(), again, confirmed); !errors.As(err, &held) || held.Lock.Run != id {
		t.Errorf("on the same machine: %v", err)
	}
	held = nil
	if _, err := elsewhere.Start(t.Context(), theirs, confirmed); !errors.As(err, &held) || held.Lock.Run != id || held.Lock.Actor.User != one.env.Actor.User {
		t.Errorf("on another machine: %v", err)
	}
	p := elsewhere.build(t, "service.rollback", nil)
	if want := "block service lock: web \"swap web from blue 1 to green 2\" holds it: "; !strings.Contains(said(p.Findings), want) || !p.Blocked() {
		t.Errorf("no %q in\n%s", want, said(p.Findings))
	}
	if rec := one.ended(t, id, nil); rec.Status != actions.Succeeded {
		t.Fatal(steps(rec))
	}
	// Their plan from before was made for another world: users have green already.
	theirs2, err := elsewhere.Start(t.Context(), withID(theirs), confirmed)
	rec := elsewhere.ended(t, theirs2, err)
	if rec.Status != actions.Succeeded {
		t.Errorf("%s %s\n%s", rec.Status, rec.Error, steps(rec))
	}
	one.expect(t, swapped)
	// One that would lead away from what they saw is refused by the proxy.
	var moved *traffic.MovedError
	if err := one.world.Proxies("web")[0].Switch(context.Background(), "", fleet.Blue); !errors.As(err, &moved) {
		t.Errorf("not refused: %v", err)
	}
}

// withID gives a plan that was refused another run.
func withID(p *actions.Plan) *actions.Plan {
	p.ID = actions.NewID(time.Now())
	return p
}

// A run that died leaves its lock behind: on the same machine it is known to be dead
// and taken over, elsewhere an override is asked for.
func TestDeadLock(t *testing.T) {
	l, r := newLab(t, shape{})
	stop := make(chan struct{})
	_, h := hookedOn(t, l, func(point string, i int) {
		if point == "before" {
			<-stop
		}
	})
	p := h.build(t, "service.deploy", actions.Args{"image": "2"})
	id, err := h.Start(t.Context(), p, confirmed)
	if err != nil {
		t.Fatal(err)
	}
	// As another machine sees it.
	r.env.Actor.Host = "ops-2"
	q := r.build(t, "service.deploy", actions.Args{"image": "3"})
	if !q.Blocked() || !strings.Contains(said(q.Findings), "ask there; an override takes the lock over") {
		t.Errorf("%s", said(q.Findings))
	}
	run, err := r.Start(t.Context(), q, actions.Approval{Confirmed: true, Override: "their console died"})
	if rec := r.ended(t, run, err); rec.Status != actions.Succeeded {
		t.Errorf("%s\n%s", rec.Error, steps(rec))
	}
	close(stop)
	h.ended(t, id, nil)
}

func hookedOn(t *testing.T, l *lab.Lab, at func(string, int)) (*lab.Lab, *rig) {
	r, err := open(t.Context(), l.Fleet(), filepath.Join(t.TempDir(), "ledger.db"), at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.close)
	return l, r
}

// A clock that jumps in mid-run, by hours and both ways, changes nothing.
func TestClockJumps(t *testing.T) {
	_, r := newLab(t, shape{})
	var n atomic.Int64
	r.env.Now = func() time.Time { return time.Now().Add(time.Duration(n.Add(1)%3-1) * 5 * time.Hour) }
	rec := r.act(t, "service.deploy", argsOf("service.deploy"))
	if rec.Status != actions.Succeeded {
		t.Errorf("%s %s\n%s", rec.Status, rec.Error, steps(rec))
	}
	if st := r.look(t); st.Live != fleet.Green || !st.Settled() {
		t.Errorf("live is %q", st.Live)
	}
}

// What a proxy keeps is made to follow what it has live, whoever left them apart.
func TestSettle(t *testing.T) {
	l, r := newLab(t, shape{proxies: 2})
	p := l.Proxies("web")[1]
	text, _ := os.ReadFile(p.MapFile())
	os.WriteFile(p.MapFile(), []byte(strings.ReplaceAll(string(text), "blue", "green")), 0o644)
	rec := r.done(t, "service.settle", nil)
	if len(rec.Steps) != 1 || rec.Steps[0].Name != "settle haproxy-2" {
		t.Errorf("%s", steps(rec))
	}
	r.expect(t, atFirst)
}

// The containers that are kept for a rollback are guarded against everybody else.
func TestKept(t *testing.T) {
	_, r := newLab(t, shape{})
	r.done(t, "service.deploy", argsOf("service.deploy"))
	blue := r.look(t).Blue.Places[0].Container
	p, err := r.reg.Build(t.Context(), r.env, "container.stop", []fleet.Target{{Kind: fleet.KindContainer, Scope: "tokyo-1", ID: blue.ID, Name: blue.Name}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !p.Blocked() || !strings.Contains(said(p.Findings), "kept for a rollback of web") {
		t.Errorf("%s", said(p.Findings))
	}
	// The rollback gives them free: they are live again.
	r.done(t, "service.rollback", nil)
	if holds, _ := r.led.Holds(t.Context()); len(holds) > 0 {
		t.Errorf("%d holds stay", len(holds))
	}
}
