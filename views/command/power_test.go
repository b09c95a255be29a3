package command

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"ringside/backends/fleet"
	"ringside/backends/lab"
	"ringside/backends/lab/bmc"
)

// newRack is a bench of 40 hosts, of which the last four are at another site, and
// an engine on the first.
func newRack(t *testing.T) *bench {
	t.Helper()
	specs := bmc.Many(40)
	for i := range specs {
		s := &specs[i]
		s.Rack, s.Tags = fmt.Sprintf("r%d", i/10), []string{"swift"}
		if i%2 == 1 {
			s.Tags = append(s.Tags, "odd")
		}
		if i >= 36 {
			s.Site, s.Rack, s.Environment, s.Protocol = "shanghai", "r0", "production", bmc.Redfish
		}
	}
	dev := engine("dev", "development", spec("web"))
	l, err := lab.Start(lab.Options{Seed: 1, Speed: 20, Hosts: specs, Engines: []lab.EngineOptions{dev}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	dir := t.TempDir()
	return &bench{lab: l, env: map[string]string{"XDG_STATE_HOME": dir, "HOME": dir}}
}

// line splits a command line at spaces.
func (b *bench) line(t *testing.T, args string) result {
	t.Helper()
	return b.run(t, strings.Fields(args)...)
}

// powers are the hosts that are on, read by the lab itself.
func (b *bench) powers(t *testing.T, n int) (on int) {
	t.Helper()
	for i := range n {
		if b.lab.BMC(fmt.Sprintf("sw%03d", i+1)).Power() == "On" {
			on++
		}
	}
	return on
}

func TestPowerStatus(t *testing.T) {
	b := newRack(t)
	b.lab.BMC("sw007").Set(bmc.FanFault, true)
	if r := b.line(t, "power status"); r.code != ExitDone || !strings.Contains(r.out, "sw[001-006,008-040]     39  ■ on   ok") ||
		!strings.Contains(r.out, "sw007                    1  ■ on   warning  cooling fault") {
		t.Errorf("%+v", r)
	}
	if r := b.line(t, "power status --each --ascii sw001-sw003"); r.code != ExitDone || strings.Count(r.out, "\n") != 4 || strings.ContainsFunc(r.out, func(c rune) bool { return c > 127 }) {
		t.Errorf("%+v", r)
	}
	b.lab.BMC("sw012").Set(bmc.Silent, true)
	r := b.line(t, "power status sw[011-013] -o json --read-timeout 3s")
	rows := decode(t, r.out)
	if r.code != ExitFailed || len(rows) != 3 || rows[0]["power"] != "on" || rows[1]["power"] != "unknown" || rows[1]["trouble"] != "silent" || rows[1]["error"] == "" {
		t.Errorf("with a silent one: %+v", r)
	}
	documented(t, "power status", rows)
	r = b.line(t, "status -o json --read-timeout 3s")
	rows = decode(t, r.out)
	if r.code != ExitFailed || len(rows) != 3 || rows[1]["kind"] != "power" || rows[1]["site"] != "tokyo" || rows[1]["on"] != 35.0 || rows[1]["silent"] != 1.0 || rows[1]["faulty"] != 1.0 {
		t.Errorf("status: %+v", r)
	}
	documented(t, "status", rows)
	if r = b.line(t, "status --read-timeout 3s"); r.code != ExitFailed || !strings.Contains(r.out, "! warning  sw012    BMC silent") || !strings.Contains(r.out, "shanghai  well") {
		t.Errorf("status: %+v", r)
	}
	if r = b.line(t, "check --read-timeout 3s"); r.code != ExitFailed || !strings.Contains(r.out, "sw[001-011,013-036]") || !strings.Contains(r.out, "✗ fails  bmc         sw012") {
		t.Errorf("check: %+v", r)
	}
	documented(t, "check", decode(t, b.line(t, "check -o json --read-timeout 3s").out))
}

func TestPowerDetails(t *testing.T) {
	b := newRack(t)
	for title, args := range map[string]string{"power sensors": "sw001 sw040", "power sel": "--site shanghai --max 3", "power info": "tag:odd --rack tokyo/r1"} {
		r := b.line(t, title+" "+args+" -o json")
		if r.code != ExitDone {
			t.Errorf("%s: %+v", title, r)
		}
		documented(t, title, decode(t, r.out))
		if r = b.line(t, title+" "+args); r.code != ExitDone || !strings.Contains(r.out, "HOST") {
			t.Errorf("%s: %+v", title, r)
		}
	}
	for _, row := range decode(t, b.line(t, "power sensors sw001 --kind fan -o json").out) {
		if row["kind"] != "fan" || row["unit"] != "RPM" {
			t.Errorf("%v", row)
		}
	}
	b.lab.BMC("sw002").Set(bmc.Refused, true)
	if r := b.line(t, "power info sw001 sw002 --read-timeout 2s"); r.code != ExitFailed || !strings.Contains(r.out, "sw001") || !strings.Contains(r.err, "sw002") {
		t.Errorf("one refuses: %+v", r)
	}
}

func TestChooseHosts(t *testing.T) {
	b := newRack(t)
	for args, want := range map[string]string{
		"":                                      "sw[001-040]",
		"sw001":                                 "sw001",
		"sw[001-003,007]":                       "sw[001-003,007]",
		"sw001,sw005 sw003":                     "sw[001,003,005]",
		"sw038-sw040":                           "sw[038-040]",
		"site:shanghai":                         "sw[037-040]",
		"rack:r3":                               "sw[031-036]",
		"rack:tokyo/r0 rack:shanghai/r0":        "sw[001-010,037-040]",
		"--rack r0":                             "sw[001-010,037-040]",
		"--rack tokyo/r0 --tag odd":             "sw[002,004,006,008,010]",
		"--tag odd,swift --site shanghai":       "sw[038,040]",
		"sw[001-004] --tag odd":                 "sw[002,004]",
		"--all --except sw[002-039]":            "sw[001,040]",
		"tag:swift --except tag:odd --rack r3":  "sw[031,033,035]",
		"sw001 sw001 sw[001-002] rack:tokyo/r0": "sw[001-010]",
	} {
		var got []string
		r := b.line(t, "power status -o json "+args)
		for _, row := range decode(t, r.out) {
			got = append(got, row["host"].(string))
		}
		if text := b.line(t, "power status "+args).out; !strings.Contains(text, want+" ") || len(got) == 0 || !slices.IsSorted(got) {
			t.Errorf("%q: %v, %s; want %s", args, got, text, want)
		}
	}
	for args, says := range map[string]string{
		"":                      "which hosts?",
		"sw041":                 "there is no host sw041 in the fleet, which has sw[001-040]",
		"sw[039-045]":           "there is no host sw[041-045]",
		"sw[040-039]":           "runs backwards",
		"sw1":                   "there is no host sw1",
		"sw001-db2":             "there is no host sw001-db2",
		"tag:nothing":           `no host has the tag "nothing"`,
		"--site mars":           `no host has the site "mars"`,
		"sw001 --all":           "not both",
		"sw001 --except sw001":  "no host with a BMC is meant",
		"sw001 --rack r3":       "no host with a BMC is meant",
		"sw001 --wave 0":        "--wave",
		"sw001 --timeout 1ms":   "--timeout",
		"sw001 --pause forever": "--pause",
	} {
		if r := b.line(t, "power off --yes --reason x "+args); r.code != ExitUsage || !strings.Contains(r.err, says) {
			t.Errorf("%q: %+v", args, r)
		}
	}
	if r := b.line(t, "power boot sw001 --yes --device floppy"); r.code != ExitUsage || !strings.Contains(r.err, "pxe, disk") {
		t.Errorf("%+v", r)
	}
	if n := b.powers(t, 40); n != 40 {
		t.Errorf("%d are on: something was switched", n)
	}
}

// What does not shut down is told with the command that cuts its power.
func TestPowerOff(t *testing.T) {
	b := newRack(t)
	b.lab.BMC("sw003").Set(bmc.NeverSoftOff, true)
	b.lab.BMC("sw004").Set(bmc.NeverSoftOff, true)
	r := b.line(t, "power off rack:tokyo/r0 --yes --reason x --timeout 4s --wave 5")
	if r.code != ExitFailed || !strings.Contains(r.err, "2 hosts are still on: cut the power?\n  ringside power force 'sw[003-004]'") {
		t.Fatalf("%+v", r)
	}
	if !strings.Contains(r.out, "sw[001-002,005-010]  done") || !strings.Contains(r.out, "accepted, but not done within its time; now: on") {
		t.Errorf("%s", r.out)
	}
	if b.powers(t, 10) != 2 {
		t.Errorf("%d are on", b.powers(t, 10))
	}
	if r = b.line(t, "power force sw[003-004] --dry-run"); r.code != ExitPlanned || !strings.Contains(r.out, "is not shut down first") {
		t.Errorf("%+v", r)
	}
	r = b.line(t, "power force sw[003-005] --yes --reason x -o json")
	rows := decode(t, r.out)
	if r.code != ExitDone || b.powers(t, 10) != 0 || len(rows) != 3 || rows[2]["target"] != "sw005" || rows[2]["status"] != "skipped" {
		t.Errorf("%+v", r)
	}
	if r = b.line(t, "power off rack:tokyo/r0 --yes"); r.code != ExitDone || !strings.Contains(r.err, "sw[001-010] is off already") {
		t.Errorf("%+v", r)
	}
	if r = b.line(t, "power status sw001 -o json"); decode(t, r.out)[0]["power"] != "off" {
		t.Errorf("%+v", r)
	}
	if r = b.line(t, "power on rack:tokyo/r0 --yes --reason x --wave 5 --pause 1s"); r.code != ExitDone || b.powers(t, 10) != 10 || strings.Count(r.err, "the next wave starts at") != 1 {
		t.Errorf("%+v", r)
	}
}

// Hosts that do nothing end the run before it comes to all of them; two command
// lines on one host: one acts, the other is told who does.
func TestPowerStopsAndIsHeld(t *testing.T) {
	b := newRack(t)
	for _, name := range []string{"sw003", "sw005", "sw006"} {
		b.lab.BMC(name).Set(bmc.Stuck, true)
	}
	done := make(chan result)
	go func() {
		done <- b.line(t, "power off sw[001-036] --yes --reason x --timeout 3s --wave 4 --stop-after 2")
	}()
	for end := time.Now().Add(60 * time.Second); b.lab.BMC("sw001").Counters().Commands["Chassis Control"] == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("no host was asked")
		}
	}
	if r := b.line(t, "power off sw[020-021] sw003 --yes --reason x"); r.code != ExitBlocked || !strings.Contains(r.err, "block") && !strings.Contains(r.err, "(command, pid ") {
		t.Errorf("the second was told: %+v", r)
	}
	r := <-done
	if on := b.powers(t, 36); r.code != ExitFailed || on != 36-5 {
		t.Errorf("%d are on: %+v", on, r)
	}
	if !strings.Contains(r.out, "not started: an earlier step failed") || !strings.Contains(r.out, "sw[009-036]") {
		t.Errorf("%s", r.out)
	}
}

func TestPowerOther(t *testing.T) {
	b := newRack(t)
	for args, says := range map[string]string{
		"power cycle sw001":                 "asked: power off and on again",
		"power reset sw037":                 "asked: reset",
		"power boot sw002 --device pxe":     "read back: pxe once (EFI)",
		"power boot sw038 --device disk":    "read back: disk once (EFI)",
		"power identify sw003":              "asked: light on",
		"power identify sw004 --off":        "asked: light off",
		"power boot sw005 --device bios -y": "read back: bios once (EFI)",
	} {
		if r := b.line(t, args+" --yes --reason x"); r.code != ExitDone || !strings.Contains(r.err, says) {
			t.Errorf("%s: %+v", args, r)
		}
	}
	rows := decode(t, b.line(t, "power info sw002 -o json").out)
	if rows[0]["boot_device"] != "pxe" {
		t.Errorf("%v", rows)
	}
}

// What runs on a host, and who asked to leave it alone, is told before it goes.
func TestHostGuards(t *testing.T) {
	b := newRack(t)
	f := b.lab.Fleet()
	f.Engines[0].Host = "sw001"
	run := func(args string) result {
		var out, errOut bytes.Buffer
		a := b.app(&out, &errOut, "", strings.Fields(args)...)
		a.demo.Fleet = f
		return result{execute(t, a), out.String(), errOut.String()}
	}
	if r := run("power off sw[001-002] --dry-run"); r.code != ExitPlanned || !strings.Contains(r.out, "1 container of engine dev runs there: web") {
		t.Errorf("%+v", r)
	}
	b.lab.Engine("dev").Hang(true)
	if r := run("power off sw001 --dry-run --read-timeout 3s"); r.code != ExitPlanned || !strings.Contains(r.out, "does not answer: whether containers go down with the host is not known") {
		t.Errorf("%+v", r)
	}
	b.lab.Engine("dev").Hang(false)
	for _, tt := range []struct{ hold, target, key string }{
		{"sw002", "sw[001-003]", "host//sw002"}, {"rack:tokyo/r0", "sw010", "rack/tokyo/r0"}, {"site:tokyo", "sw036", "site//tokyo"}, {"dev", "sw001", "engine//dev"}, {"engine:dev", "sw001", "engine//dev"},
		{"host:sw001", "sw001", "host//sw001"},
	} {
		r := run("hold add " + tt.hold + " --reason repair -o json")
		if rows := decode(t, r.out); r.code != ExitDone || rows[0]["key"] != tt.key {
			t.Errorf("hold add %s: %+v", tt.hold, r)
		}
		if r = run("power off " + tt.target + " --yes --reason x"); r.code != ExitBlocked || !strings.Contains(r.err, "repair") {
			t.Errorf("%s with a hold on %s: %+v", tt.target, tt.hold, r)
		}
		if r = run("hold release " + tt.key); r.code != ExitDone {
			t.Errorf("release: %+v", r)
		}
	}
	if r := run("hold add sw[001-003] --reason x"); r.code != ExitDone || strings.Count(r.out, "\n") != 4 {
		t.Errorf("%+v", r)
	}
	if r := run("power off sw[001-005] --yes"); r.code != ExitBlocked || !strings.Contains(r.err, "block: sw[001-003]: ") {
		t.Errorf("%+v", r)
	}
	for args, says := range map[string]string{"hold add rack:r0": "say which, as rack:tokyo/r0 or rack:shanghai/r0", "hold add site:mars": "nothing of the fleet", "hold add sw[041-042]": "there is no host", "hold add engine:x": "no engine"} {
		if r := run(args + " --reason x"); r.code != ExitUsage || !strings.Contains(r.err, says) {
			t.Errorf("%s: %+v", args, r)
		}
	}
	f.Engines[0].Name = "sw005"
	if r := run("hold add sw005 --reason x"); r.code != ExitUsage || !strings.Contains(r.err, "engine:sw005 or host:sw005") {
		t.Errorf("%+v", r)
	}
}

// A run that is interrupted between waves is resumed where it was.
func TestPowerInterrupted(t *testing.T) {
	b := newRack(t)
	signals := make(chan os.Signal)
	var out, errOut stream
	a := b.app(nil, nil, "", "power", "off", "sw[001-012]", "--yes", "--reason", "test", "--wave", "4", "--pause", "1h")
	a.Out, a.Err, a.Signals = &out, &errOut, signals
	done := make(chan int)
	go func() { done <- execute(t, a) }()
	for end := time.Now().Add(60 * time.Second); !strings.Contains(errOut.String(), "the next wave starts"); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(errOut.String())
		}
	}
	signals <- syscall.SIGHUP
	if code := <-done; code != ExitCancelled || b.powers(t, 12) != 8 {
		t.Errorf("exit %d, %d on: %s", code, b.powers(t, 12), errOut.String())
	}
	id := decode(t, b.line(t, "runs list -o json").out)[0]["id"].(string)
	a = b.app(nil, nil, "", "runs", "resume", id, "--yes", "--reason", "go on")
	a.Out, a.Err, a.Signals = &out, &errOut, signals
	go func() { done <- execute(t, a) }()
	for end := time.Now().Add(60 * time.Second); strings.Count(errOut.String(), "the next wave starts") < 2; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(errOut.String())
		}
	}
	signals <- os.Interrupt
	if code := <-done; code != ExitCancelled || b.powers(t, 12) != 4 {
		t.Errorf("exit %d, %d on: %s", code, b.powers(t, 12), errOut.String())
	}
}

func TestCompleteHosts(t *testing.T) {
	b := newRack(t)
	for args, want := range map[string]string{
		"power off ":         "sw040\tshanghai r0\n",
		"power off tag:":     "tag:odd\n",
		"power off rack:":    "rack:tokyo/r3\n",
		"power off --site ":  "shanghai\n",
		"power boot sw001 -": "--device",
		"hold add ":          "sw001\ttokyo r0\n",
		"hold add site:":     "site:tokyo\n",
	} {
		r := b.run(t, append([]string{cobra.ShellCompRequestCmd}, strings.Split(args, " ")...)...)
		if r.code != ExitDone || !strings.Contains(r.out, want) {
			t.Errorf("%q: %+v", args, r)
		}
	}
}

func TestFoldWithin(t *testing.T) {
	var names []string
	for i := range 40 {
		if i%3 > 0 {
			names = append(names, fmt.Sprintf("sw%03d", i))
		}
	}
	lines := foldWithin(names, 30)
	var all []string
	for _, l := range lines {
		some, err := fleet.Expand(l)
		if err != nil || len(l) > 30 {
			t.Errorf("%q is %d wide, %v", l, len(l), err)
		}
		all = append(all, some...)
	}
	if !slices.Equal(all, names) || len(lines) < 3 || len(foldWithin(names, 0)) != 1 {
		t.Errorf("%q", lines)
	}
}
