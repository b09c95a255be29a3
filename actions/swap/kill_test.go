//go:build unix

package swap_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"ringside/actions"
	"ringside/backends/fleet"
	"ringside/backends/lab"
)

// TestMain lets the test binary be a console that dies: with RINGSIDE_TEST_DIE it
// acts on the fleet of another process and kills itself at a given point.
func TestMain(m *testing.M) {
	if at := os.Getenv("RINGSIDE_TEST_DIE"); at != "" {
		if err := die(os.Getenv("RINGSIDE_TEST_DIR"), os.Getenv("RINGSIDE_TEST_DO"), at); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f.Value.String() == f.DefValue {
		flag.Set("test.parallel", "6") // they wait more than they work
	}
	os.Exit(m.Run())
}

// die runs an action, or takes the last run back, until it comes to the point.
func die(dir, do, point string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	f, err := readFleet(dir)
	if err != nil {
		return err
	}
	r, err := open(ctx, f, filepath.Join(dir, "ledger.db"), func(name string, i int) {
		if fmt.Sprint(name, " ", i) == point {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // the signal ends us here
		}
	})
	if err != nil {
		return err
	}
	id := ""
	if do == "undo" {
		runs, err := r.led.Runs(ctx, actions.RunQuery{Limit: 1})
		if err != nil {
			return err
		}
		id, err = r.Rollback(ctx, runs[0].ID, confirmed)
		if err != nil {
			return err
		}
	} else {
		p, err := r.reg.Build(ctx, r.env, do, []fleet.Target{r.s.Target()}, argsOf(do))
		if err != nil {
			return err
		}
		if id, err = r.Start(ctx, p, confirmed); err != nil {
			return err
		}
	}
	rec, err := r.Wait(ctx, id)
	if err == nil {
		err = fmt.Errorf("it came to its end, %s %s\n%s", rec.Status, rec.Error, steps(rec))
	}
	return err
}

// argsOf are the arguments of what is killed: a deploy has its swap with it, and what
// registries lack.
func argsOf(do string) actions.Args {
	if do != "service.deploy" {
		return nil
	}
	return actions.Args{"image": cmp.Or(os.Getenv("RINGSIDE_TEST_IMAGE"), "2"), "swap": "true", "sync": "true"}
}

func writeFleet(t *testing.T, dir string, f *fleet.Fleet) {
	b, err := json.Marshal(f)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "fleet.json"), b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func readFleet(dir string) (*fleet.Fleet, error) {
	b, err := os.ReadFile(filepath.Join(dir, "fleet.json"))
	if err != nil {
		return nil, err
	}
	f := &fleet.Fleet{}
	return f, json.Unmarshal(b, f)
}

// killed runs a process that kills itself at the point.
func killed(t *testing.T, dir, do, point string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "RINGSIDE_TEST_DIR="+dir, "RINGSIDE_TEST_DO="+do, "RINGSIDE_TEST_DIE="+point)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("%s was not killed at %q: %v\n%s", do, point, err, out)
	}
}

// scene makes worlds of their own with a ledger, as they were before the act that is
// killed.
type scene struct {
	set   func(t *testing.T, before ...string) (string, *rig)
	quick bool // one takes no more than a moment
}

var labScene = scene{set: setLab, quick: true}

func setLab(t *testing.T, before ...string) (string, *rig) {
	t.Helper()
	l, err := lab.Start(shape{proxies: 2, verify: 150 * time.Millisecond}.options())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return stage(t, l.Fleet(), before...)
}

// stage opens a fleet and brings it to where the scene begins.
func stage(t *testing.T, f *fleet.Fleet, before ...string) (string, *rig) {
	t.Helper()
	dir := t.TempDir()
	writeFleet(t, dir, f)
	r, err := open(t.Context(), f, filepath.Join(dir, "ledger.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.close)
	for _, id := range before {
		r.done(t, id, argsOf(id))
	}
	return dir, r
}

// left finds the one run that the dead process left, as the console does at start.
func left(t *testing.T, r *rig) actions.RunRecord {
	t.Helper()
	runs, err := r.led.Runs(t.Context(), actions.RunQuery{Unfinished: true})
	if err != nil || len(runs) != 1 {
		t.Fatalf("%d unfinished runs, %v", len(runs), err)
	}
	return runs[0]
}

// complete checks that a run's record tells of every step.
func complete(t *testing.T, r *rig, rec actions.RunRecord, want actions.Status) {
	t.Helper()
	kept, err := r.led.Run(t.Context(), rec.ID)
	if err != nil || kept.Status != want {
		t.Errorf("the ledger has %s %q, %v, want %s\n%s", kept.Status, kept.Error, err, want, steps(rec))
		return
	}
	for _, s := range kept.Steps {
		ok := s.Status == actions.Succeeded || s.Status == actions.Skipped
		if want == actions.RolledBack {
			ok = s.Status == actions.RolledBack || s.Status == actions.Skipped || s.Status == actions.Pending
		}
		if !ok {
			t.Errorf("step %s is recorded as %s %s", s.Name, s.Status, s.Error)
		}
	}
	if locks, err := r.led.Locks(t.Context()); err != nil || len(locks) > 0 {
		t.Errorf("locks: %v, %v", locks, err)
	}
}

// Killed before and after every single step of a deploy with its swap, and of a
// rollback, under load: resumed, it ends as if nothing had happened; rolled back, as if
// it had never been. No request fails, and no container is left over.
func TestKilledAtEveryStep(t *testing.T) { killEveryStep(t, labScene, "") }

// The same for the rollback of a whole run, which takes back what can be.
func TestUndoKilledAtEveryStep(t *testing.T) { killEveryUndo(t, labScene) }

// fate is when a run is killed, before or after the act of a step, and what comes then:
// resume or rollback.
type fate struct{ point, way string }

var fates = []fate{{"before", "resume"}, {"after", "rollback"}, {"before", "rollback"}, {"after", "resume"}}

// fatesOf are the fates of the n-th step of a matrix: all four in the lab. On real
// engines, where one takes seconds, it is one of them, another than its neighbours and
// than the same step on the other engine have; RINGSIDE_TEST_ALL=1 tries all there too.
func fatesOf(scene scene, n int) []fate {
	if scene.quick || os.Getenv("RINGSIDE_TEST_ALL") == "1" {
		return fates
	}
	n = (n + n/len(fates)) % len(fates)
	return fates[n : n+1]
}

// Steps side by side have different fates, and any seven steps have all four.
func TestFates(t *testing.T) {
	t.Setenv("RINGSIDE_TEST_ALL", "")
	var list []fate
	for n := range 40 {
		list = append(list, fatesOf(scene{}, n)...)
		if n > 0 && list[n] == list[n-1] {
			t.Errorf("%d and %d have the same fate", n-1, n)
		}
	}
	for n := range len(list) - 6 {
		for _, f := range fates {
			if !slices.Contains(list[n:n+7], f) {
				t.Errorf("steps %d to %d have no %v", n, n+6, f)
			}
		}
	}
	if len(fatesOf(scene{quick: true}, 3)) != 4 {
		t.Error("the lab's matrix is not complete")
	}
}

// killEveryStep leaves out the steps whose name begins with but.
func killEveryStep(t *testing.T, scene scene, but string) {
	for _, c := range []struct {
		do     string
		before []string
		begin  string // as it is before it
		end    string
	}{
		{"service.deploy", nil, atFirst, swapped},
		{"service.rollback", []string{"service.deploy"}, swapped, deployed},
	} {
		var todo []int
		chosen := false // -run may leave it out
		t.Run(c.do, func(t *testing.T) {
			_, r := scene.set(t, c.before...) // skips where its parts are missing
			chosen = true
			for i, s := range r.build(t, c.do, argsOf(c.do)).Steps {
				if but == "" || !strings.HasPrefix(s.Name, but) {
					todo = append(todo, i)
				}
			}
		})
		if chosen && len(todo) < 6 {
			t.Fatalf("%s has %d steps", c.do, len(todo))
		}
		for n, i := range todo {
			for _, f := range fatesOf(scene, n) {
				at := fmt.Sprint(f.point, " ", i)
				t.Run(c.do+"/"+at+"/"+f.way, func(t *testing.T) {
					t.Parallel()
					dir, r := scene.set(t, c.before...)
					killAndGoOn(t, dir, r, c.do, at, f.way, c.begin, c.end)
				})
			}
		}
	}
}

// killAndGoOn kills an act at a point, under load, and goes on with it one way or the
// other.
func killAndGoOn(t *testing.T, dir string, r *rig, do, at, way, begin, end string) {
	t.Helper()
	stop := r.load(t)
	killed(t, dir, do, at)
	was := left(t, r)
	if way == "resume" {
		id, err := r.Resume(t.Context(), was.ID, confirmed)
		complete(t, r, r.ended(t, id, err), actions.Succeeded)
		r.expect(t, end)
	} else {
		id, err := r.Rollback(t.Context(), was.ID, confirmed)
		complete(t, r, r.ended(t, id, err), actions.RolledBack)
		r.expect(t, begin)
	}
	if res := stop(); res.Failed+res.IdleClosed > 0 || way == "resume" && res.Cut > 0 {
		t.Errorf("%v, first %s", res, res.First)
	}
}

func killEveryUndo(t *testing.T, scene scene) {
	var todo []int
	t.Run("undo", func(t *testing.T) {
		_, r := scene.set(t)
		rec := r.done(t, "service.deploy", argsOf("service.deploy"))
		id, err := r.Rollback(t.Context(), rec.ID, confirmed)
		back := r.ended(t, id, err)
		complete(t, r, back, actions.RolledBack)
		for i, s := range back.Steps {
			if rec.Steps[i].Acted && !slices.Contains(s.Output, "its effect is not there: nothing to undo") { // as of a step that only looks
				todo = append(todo, i)
			}
		}
		if len(todo) < 6 {
			t.Errorf("%d steps are taken back\n%s", len(todo), steps(back))
		}
	})
	for n, i := range todo {
		for _, f := range fatesOf(scene, n) {
			at := fmt.Sprint(map[string]string{"before": "undo", "after": "undone"}[f.point], " ", i)
			t.Run(at+"/"+f.way, func(t *testing.T) {
				t.Parallel()
				dir, r := scene.set(t, "service.deploy")
				stop := r.load(t)
				killed(t, dir, "undo", at)
				was := left(t, r)
				if f.way == "resume" {
					id, err := r.Resume(t.Context(), was.ID, confirmed)
					complete(t, r, r.ended(t, id, err), actions.Succeeded)
					r.expect(t, swapped)
				} else {
					id, err := r.Rollback(t.Context(), was.ID, confirmed)
					complete(t, r, r.ended(t, id, err), actions.RolledBack)
					r.expect(t, atFirst)
				}
				if res := stop(); res.Failed+res.IdleClosed > 0 {
					t.Errorf("%v, first %s", res, res.First)
				}
			})
		}
	}
}
