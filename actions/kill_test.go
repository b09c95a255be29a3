//go:build unix

package actions_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ringside/actions"
)

// TestMain lets the test binary be a console that dies: with RINGSIDE_TEST_DIE it
// starts, resumes or rolls back a run in a directory and ends at a given point.
func TestMain(m *testing.M) {
	if os.Getenv("RINGSIDE_TEST_DIE") == "" {
		os.Exit(m.Run())
	}
	if err := die(os.Getenv("RINGSIDE_TEST_DIR"), os.Getenv("RINGSIDE_TEST_DO"), os.Getenv("RINGSIDE_TEST_DIE")); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

const killSteps = 4

// child is the world of the process that dies: one lane, so that "step k" is one
// moment; a directory for the files and the ledger beside it.
func child(t testing.TB, dir string) (*world, *rig) {
	w := &world{Dir: filepath.Join(dir, "world"), Steps: killSteps, Lanes: 1, Fail: -1}
	return w, newRig(t, filepath.Join(dir, "ledger.db"), w, actions.Options{})
}

// processT is what newRig needs of a test, in a process that is none.
type processT struct {
	testing.TB
	ctx context.Context
}

func (p processT) Context() context.Context { return p.ctx }
func (processT) Helper()                    {}
func (processT) Cleanup(func())             {}
func (processT) Fatal(args ...any)          { fmt.Println(args...); os.Exit(1) }

// die acts until it comes to the point "before 2", and there it either kills itself
// or, when do ends in "+wait", waits for a signal like the real program.
func die(dir, do, point string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	w, r := child(processT{ctx: ctx}, dir)
	do, wait := strings.CutSuffix(do, "+wait")
	id := ""
	looks := map[int]int{}
	hups := make(chan os.Signal, 1)
	signal.Notify(hups, syscall.SIGHUP, syscall.SIGTERM)
	interrupted := make(chan error, 1)
	w.at = func(name string, i int) {
		if name == "look" {
			looks[i]++
			name = fmt.Sprintf("look%d", looks[i])
		}
		if fmt.Sprint(name, " ", i) != point {
			return
		}
		if !wait {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // the signal ends us here
		}
		fmt.Println("there")
		<-hups
		go func() { interrupted <- r.Interrupt(ctx) }()
		for end := time.Now().Add(60 * time.Second); !r.Halted(r.Live()[0].ID) && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
	}
	var err error
	switch do {
	case "start":
		id, err = r.Start(ctx, w.plan(), confirmed)
	case "rollback":
		runs, _ := r.led.Runs(ctx, actions.RunQuery{Limit: 1})
		id, err = r.Rollback(ctx, runs[0].ID, confirmed)
	}
	if err != nil {
		return err
	}
	if _, err = r.Wait(ctx, id); err == nil && wait {
		err = <-interrupted
	}
	return err
}

func dying(t *testing.T, dir, do, point string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "RINGSIDE_TEST_DIR="+dir, "RINGSIDE_TEST_DO="+do, "RINGSIDE_TEST_DIE="+point)
	cmd.Stderr = os.Stderr
	return cmd
}

// killed runs a process that kills itself at the point.
func killed(t *testing.T, dir, do, point string) {
	t.Helper()
	out, err := dying(t, dir, do, point).Output()
	exit, ok := err.(*exec.ExitError)
	if !ok || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("%s was not killed at %q: %v\n%s", do, point, err, out)
	}
}

// left finds the one run that the dead process left, as the console does at start.
func left(t *testing.T, r *rig) actions.RunRecord {
	t.Helper()
	runs, err := r.led.Runs(t.Context(), actions.RunQuery{Unfinished: true})
	if err != nil || len(runs) != 1 {
		t.Fatalf("unfinished runs: %d, %v", len(runs), err)
	}
	return runs[0]
}

// Killed before and after every single step, a run is resumed to the same end as if
// nothing had happened, or rolled back to the same beginning, and no step runs twice.
func TestKilledAtEveryPoint(t *testing.T) {
	for i := range killSteps {
		for _, point := range []string{"look1", "before", "after", "look2"} {
			point := fmt.Sprint(point, " ", i)
			t.Run(point, func(t *testing.T) {
				t.Parallel()
				for _, way := range []string{"resume", "rollback"} {
					dir := t.TempDir()
					os.Mkdir(filepath.Join(dir, "world"), 0o700)
					killed(t, dir, "start", point)
					w, r := child(t, dir)
					was := left(t, r)
					// A rollback of a run that did nothing has nothing to do; go on with it then.
					if way == "rollback" && strings.ContainsAny(statuses(was), "Rd") {
						id, err := r.Rollback(t.Context(), was.ID, confirmed)
						rec := r.ended(t, id, err)
						if rec.Status != actions.RolledBack || w.files() != "" {
							t.Errorf("rolled back: %s %s, files %q", rec.Status, rec.Error, w.files())
						}
						continue
					}
					id, err := r.Resume(t.Context(), was.ID, confirmed)
					rec := r.ended(t, id, err)
					if rec.Status != actions.Succeeded || statuses(rec) != "dddd" || w.files() != "0123" {
						t.Errorf("resumed: %s %s %s, files %q", rec.Status, rec.Error, statuses(rec), w.files())
					}
				}
			})
		}
	}
}

// The same for a rollback that is killed: it can be rolled back to its end, or the
// run resumed to its own.
func TestRollbackKilledAtEveryPoint(t *testing.T) {
	for i := range killSteps {
		for _, point := range []string{"look1", "undo", "undone"} {
			point := fmt.Sprint(point, " ", i)
			t.Run(point, func(t *testing.T) {
				t.Parallel()
				for _, way := range []string{"resume", "rollback"} {
					dir := t.TempDir()
					os.Mkdir(filepath.Join(dir, "world"), 0o700)
					w, r := child(t, dir)
					if rec := r.run(t, w.plan()); rec.Status != actions.Succeeded {
						t.Fatal(rec.Error)
					}
					killed(t, dir, "rollback", point)
					was := left(t, r)
					if way == "resume" {
						id, err := r.Resume(t.Context(), was.ID, confirmed)
						if rec := r.ended(t, id, err); rec.Status != actions.Succeeded || w.files() != "0123" {
							t.Errorf("resumed: %s %s, files %q", rec.Status, rec.Error, w.files())
						}
						continue
					}
					id, err := r.Rollback(t.Context(), was.ID, confirmed)
					if rec := r.ended(t, id, err); rec.Status != actions.RolledBack || statuses(rec) != "rrrr" || w.files() != "" {
						t.Errorf("rolled back: %s %s %s, files %q", rec.Status, rec.Error, statuses(rec), w.files())
					}
				}
			})
		}
	}
}

// SIGHUP and SIGTERM let the running step reach its end and leave the rest.
func TestSignalsInMidPlan(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGHUP, syscall.SIGTERM} {
		for _, point := range []string{"before 1", "after 2"} {
			t.Run(fmt.Sprint(sig, " ", point), func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				os.Mkdir(filepath.Join(dir, "world"), 0o700)
				cmd := dying(t, dir, "start+wait", point)
				out, err := cmd.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				if line, err := bufio.NewReader(out).ReadString('\n'); line != "there\n" {
					t.Fatal(line, err)
				}
				if err := cmd.Process.Signal(sig); err != nil {
					t.Fatal(err)
				}
				if err := cmd.Wait(); err != nil {
					t.Fatal(err)
				}
				want := map[string]string{"before 1": "ddpp", "after 2": "dddp"}[point]
				w, r := child(t, dir)
				was := left(t, r)
				if was.Status != actions.Interrupted || statuses(was) != want {
					t.Errorf("left as %s %s, want %s", was.Status, statuses(was), want)
				}
				id, err := r.Resume(t.Context(), was.ID, confirmed)
				if rec := r.ended(t, id, err); rec.Status != actions.Succeeded || w.files() != "0123" {
					t.Errorf("resumed: %s %s", rec.Status, rec.Error)
				}
			})
		}
	}
}
