//go:build unix

package power_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"ringside/actions"
	"ringside/backends/bmc"
)

// TestMain lets the test binary be a console that dies: with RINGSIDE_TEST_DIE it
// starts a run on the hosts of a directory and kills itself at a point.
func TestMain(m *testing.M) {
	dir, act, point := os.Getenv("RINGSIDE_TEST_DIR"), os.Getenv("RINGSIDE_TEST_ACT"), os.Getenv("RINGSIDE_TEST_DIE")
	if point == "" {
		os.Exit(m.Run())
	}
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	t := processT{ctx: ctx}
	r := newRig(t, dir, killHosts, "")
	p := r.build(t, act, oneByOne, r.hosts()...)
	looks := map[string]int{}
	r.at = func(name, host string) {
		if name == "look" {
			looks[host]++
			name = fmt.Sprint("look", looks[host])
		}
		if name+" "+host == point {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // the signal ends us here
		}
	}
	fmt.Println("came to the end:", r.run(t, p).Status)
}

const killHosts = 3

var oneByOne = actions.Args{"wave": "1", "pause": "", "timeout": "5s", "stop-after": "9"}

// Killed at any point of a run, it is resumed: a host is shut down whatever came
// before, and one that may have been cycled is not cycled again but asked about.
func TestKilledAtEveryPoint(t *testing.T) {
	for _, act := range []string{"off", "cycle"} {
		for host := range killHosts {
			for _, at := range []string{"look1", "before", "after", "look3"} {
				point := fmt.Sprintf("%s sw%03d", at, host+1)
				t.Run(act+" "+point, func(t *testing.T) {
					t.Parallel()
					dir := t.TempDir()
					newRig(t, dir, killHosts, bmc.On).env.Ledger.Close()
					cmd := exec.Command(os.Args[0])
					cmd.Env = append(os.Environ(), "RINGSIDE_TEST_DIR="+dir, "RINGSIDE_TEST_ACT="+act, "RINGSIDE_TEST_DIE="+point)
					out, err := cmd.CombinedOutput()
					var exit *exec.ExitError
					if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
						t.Fatalf("it was not killed: %v\n%s", err, out)
					}
					r := newRig(t, dir, killHosts, "")
					left, err := r.env.Ledger.Runs(t.Context(), actions.RunQuery{Unfinished: true})
					if err != nil || len(left) != 1 {
						t.Fatalf("unfinished runs: %d, %v", len(left), err)
					}
					id, err := r.Resume(t.Context(), left[0].ID, confirmed)
					rec := r.ended(t, id, err)
					if act == "off" {
						if rec.Status != actions.Succeeded || r.powers() != "3 off" {
							t.Errorf("resumed: %s %s; %s", rec.Status, rec.Error, r.powers())
						}
						return
					}
					// The step was recorded as begun before anything was sent, and not before.
					begun := at != "look1"
					for i, s := range rec.Steps {
						if n := strings.Count(r.sent(s.Target.Name), "cycle"); n > 1 || n == 0 && !(begun && i == host) {
							t.Errorf("%s was cycled %d times", s.Target.Name, n)
						}
					}
					s := rec.Steps[host]
					if asks := s.Status == actions.Failed && strings.Contains(s.Error, "not done again"); asks != begun {
						t.Errorf("the step says %s %q", s.Status, s.Error)
					}
					if n, ok := r.reg.Next(rec); ok != begun || begun && (n.Action != "power.cycle" || len(n.Targets) != 1) {
						t.Errorf("suggested: %+v %v", n, ok)
					}
				})
			}
		}
	}
}
