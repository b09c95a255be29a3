//go:build unix

package swift_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"ringside/actions"
)

// TestMain lets the test binary be a console that dies: with RINGSIDE_TEST_DIE it
// starts a probe and kills itself at a point.
func TestMain(m *testing.M) {
	point := os.Getenv("RINGSIDE_TEST_DIE")
	if point == "" {
		os.Exit(m.Run())
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	t := processT{ctx: ctx}
	r := newRig(t, os.Getenv("RINGSIDE_TEST_DIR"), parseFleet(os.Getenv("RINGSIDE_TEST_FLEET")))
	p := r.build(t, "")
	r.at = func(at string) {
		if at == point {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // the signal ends us here
		}
	}
	fmt.Println("came to the end:", r.run(t, p).Status)
}

// Killed at any point of a probe, its run is resumed or rolled back, and the object
// is gone after both.
func TestKilledAtEveryPoint(t *testing.T) {
	for _, point := range []string{"look", "before write", "after write", "before read", "after read", "before delete", "after delete"} {
		for _, back := range []bool{false, true} {
			if back && point == "look" {
				continue // nothing was begun, so nothing can be rolled back
			}
			t.Run(fmt.Sprint(point, " back=", back), func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				l, f := newLab(t, "development")
				cmd := exec.Command(os.Args[0])
				cmd.Env = append(os.Environ(), "RINGSIDE_TEST_DIR="+dir, "RINGSIDE_TEST_FLEET="+fleetOf(f), "RINGSIDE_TEST_DIE="+point)
				out, err := cmd.CombinedOutput()
				var exit *exec.ExitError
				if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
					t.Fatalf("it was not killed: %v\n%s", err, out)
				}
				r := newRig(t, dir, f)
				left, err := r.env.Ledger.Runs(t.Context(), actions.RunQuery{Unfinished: true})
				if err != nil || len(left) != 1 {
					t.Fatalf("unfinished runs: %d, %v", len(left), err)
				}
				do, want := r.Resume, actions.Succeeded
				if back {
					do, want = r.Rollback, actions.RolledBack
				}
				id, err := do(t.Context(), left[0].ID, confirmed)
				if rec := r.ended(t, id, err); rec.Status != want {
					t.Errorf("%s %s: %s", rec.Status, statuses(rec), rec.Error)
				}
				if left := l.Objects("ringside-health"); len(left) > 0 {
					t.Errorf("left: %v", left)
				}
			})
		}
	}
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
