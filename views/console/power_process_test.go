//go:build linux

package console_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ringside/backends/fleet"
	"ringside/backends/lab"
	"ringside/backends/lab/bmc"
)

// racked starts a lab of servers and the configuration that names them.
func racked(t *testing.T, specs []bmc.Spec, change ...func(*fleet.Fleet)) (*lab.Lab, string) {
	t.Helper()
	return rackedAt(t, 20, specs, change...)
}

// rackedAt does so with servers that are so many times as fast as real ones.
func rackedAt(t *testing.T, speed float64, specs []bmc.Spec, change ...func(*fleet.Fleet)) (*lab.Lab, string) {
	t.Helper()
	l, err := lab.Start(lab.Options{Hosts: specs, Engines: []lab.EngineOptions{}, Seed: 1, Speed: speed})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	f := l.Fleet()
	for _, c := range change {
		c(f)
	}
	return l, write(t, t.TempDir(), string(fleet.Starter(f)))
}

// ringside prepares a command line of the binary.
func ringside(t *testing.T, file string, home []string, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(t.Context(), binary(t), append([]string{"--config", file}, args...)...)
	c.Env = append(os.Environ(), home...)
	return c
}

// until waits for a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never: " + what)
		}
	}
}

// switched counts how often a BMC was asked to change the power.
func switched(l *lab.Lab, host string) int { return l.BMC(host).Counters().Commands["Chassis Control"] }

// A run whose process is killed while hosts are switched is gone on with: nothing
// is switched twice that could not be told apart, and nothing is forgotten.
func TestPowerRunIsKilled(t *testing.T) {
	const n = 6
	for _, act := range []string{"off", "cycle"} {
		for _, at := range []int{1, 4, n} { // when so many hosts were asked
			t.Run(fmt.Sprint(act, " ", at), func(t *testing.T) {
				t.Parallel()
				l, file := rackedAt(t, 5, bmc.Many(n)) // the last ones are still at it when the process is killed
				home := state(t)
				c := ringside(t, file, home, "power", act, "sw001-sw006", "--wave", "2", "--pause", "0s", "--timeout", "60s", "--yes", "--reason", "test")
				if err := c.Start(); err != nil {
					t.Fatal(err)
				}
				asked := func() (hosts int) {
					for i := range n {
						hosts += min(1, switched(l, fmt.Sprintf("sw%03d", i+1)))
					}
					return hosts
				}
				until(t, "hosts are asked", func() bool { return asked() >= at })
				c.Process.Kill()
				c.Wait()
				var runs []map[string]any
				out, err := ringside(t, file, home, "runs", "list", "--unfinished", "--output", "json").Output()
				if err != nil || json.Unmarshal(out, &runs) != nil || len(runs) != 1 {
					t.Fatalf("unfinished runs: %v %s", err, out)
				}
				out, err = ringside(t, file, home, "runs", "resume", runs[0]["id"].(string), "--yes", "--reason", "go on").CombinedOutput()
				unsure := strings.Contains(string(out), "not done again")
				if (err != nil) != unsure || unsure && (act != "cycle" || !strings.Contains(string(out), "nobody saw whether")) {
					t.Errorf("resumed: %v\n%s", err, out)
				}
				for i := range n {
					host := fmt.Sprintf("sw%03d", i+1)
					times, power := switched(l, host), l.BMC(host).Power()
					// A shutdown that had not begun to show when the process died is asked for once more.
					if act == "off" && (power != "Off" || times > 2) || act == "cycle" && times > 1 {
						t.Errorf("%s is %s and was asked %d times\n%s", host, power, times, out)
					}
				}
			})
		}
	}
}

// Sessions are given back at the end, also when a signal is the end.
func TestBMCSessionsAreClosed(t *testing.T) {
	specs := bmc.Many(4)
	specs[3].Protocol = bmc.Redfish
	specs[2].Faults = []bmc.Fault{bmc.NeverSoftOff}
	l, file := racked(t, specs)
	home := state(t)
	closed := func(when string) {
		t.Helper()
		for _, s := range specs {
			if c := l.BMC(s.Name).Counters(); c.Open != 0 || c.Opened == 0 {
				t.Errorf("%s: %s has %d sessions open, of %d", when, s.Name, c.Open, c.Opened)
			}
		}
	}
	if out, err := ringside(t, file, home, "power", "status").CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	closed("after a command")
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT} {
		c := ringside(t, file, home, "power", "off", "--all", "--timeout", "2s", "--yes", "--reason", "x")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		before := switched(l, "sw003")
		until(t, "sw003 is asked", func() bool { return switched(l, "sw003") > before })
		c.Process.Signal(signal)
		c.Wait()
		closed(fmt.Sprint("after ", signal))
	}
	reads := func(host string) int {
		c := l.BMC(host).Counters().Commands
		return c["Get Chassis Status"] + c["GET /redfish/v1/Systems/{system}"]
	}
	before := map[string]int{}
	for _, s := range specs {
		before[s.Name] = reads(s.Name)
	}
	s := open(t, file, home)
	s.See("Attention")
	for _, b := range specs { // a session that is only being opened is no session yet
		until(t, "the console reads "+b.Name, func() bool { return reads(b.Name) > before[b.Name] })
	}
	s.Press("q")
	s.Exit(60 * time.Second)
	closed("after the console")
}

// TestBMCSecretsGoNowhere looks for the password of BMCs in what was printed, in
// every file that was written and in the arguments of every process meanwhile,
// however Ringside comes by it and whatever goes wrong.
func TestBMCSecretsGoNowhere(t *testing.T) {
	specs := bmc.Many(5)
	specs[3].Protocol, specs[4].Protocol = bmc.Redfish, bmc.Both
	var kept string
	l, file := racked(t, specs, func(f *fleet.Fleet) {
		kept = f.Credentials[bmc.Credential].Password.File
		f.Credentials["by-env"] = fleet.Credential{Username: bmc.Username, Password: fleet.Secret{Env: "BMC_PLANTED"}}
		f.Credentials["by-command"] = fleet.Credential{Username: bmc.Username, Password: fleet.Secret{Command: []string{"cat", kept}}}
		f.Hosts[1].BMC.Credential, f.Hosts[3].BMC.Credential = "by-env", "by-command"
	})
	raw, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	mark := strings.TrimSpace(string(raw))
	home := append(state(t), "BMC_PLANTED="+mark, "DEBUG_BMCLIB=true", "BMCLIB_LOG_LEVEL=trace")
	dir := strings.TrimPrefix(home[0], "XDG_STATE_HOME=")
	clean := func(where, text string) {
		t.Helper()
		if i := strings.Index(text, mark); i >= 0 {
			t.Errorf("%s has the password: %q", where, text[max(0, i-60):min(len(text), i+40)])
		}
	}
	defer watchArguments(t, mark)()
	command := func(says, args string) {
		t.Helper()
		out, _ := ringside(t, file, home, append([]string{"--log", filepath.Join(dir, "command.log")}, strings.Fields(args)...)...).CombinedOutput()
		clean(args, string(out))
		if !strings.Contains(string(out), says) {
			t.Errorf("%s does not say %q: %s", args, says, out)
		}
	}
	command("5 hosts", "check")
	command("sw[001-005]", "power status")
	command("sw004", "power info --all --output json")
	command("RPM", "power sensors --all")
	command("sw005", "power sel --all")
	command("done", "power off --all --yes --reason test")
	command("done", "power on --all --yes --reason test")
	l.BMC("sw001").Set(bmc.WrongPassword, true)
	l.BMC("sw004").Set(bmc.WrongPassword, true)
	l.BMC("sw002").Set(bmc.Silent, true)
	command("password", "power status --each --read-timeout 6s")
	command("password", "power off sw001 sw004 --yes --reason test")

	s := open(t, file, home, "--log", filepath.Join(dir, "console.log"))
	s.See("Attention")
	s.Press("2")
	s.See("sw003")
	s.Press("enter")
	s.See("sw001")
	clean("the console", s.Raw())
	s.Press("q")
	s.Exit(60 * time.Second)

	files := 0
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		clean(path, string(text))
		files++
		return err
	})
	if err != nil || files < 3 {
		t.Errorf("%d files were looked at, want both logs and the ledger: %v", files, err)
	}
}
