package bmc

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// tool finds a program that speaks IPMI, or skips.
func tool(t *testing.T, name string) string {
	t.Helper()
	for _, where := range []string{name, "/usr/sbin/" + name} {
		if path, err := exec.LookPath(where); err == nil {
			return path
		}
	}
	if os.Getenv("RINGSIDE_REQUIRE_BMCS") != "" {
		t.Fatalf("%s is not installed", name)
	}
	t.Skipf("%s is not installed (Debian: ipmitool, freeipmi-tools)", name)
	return ""
}

// run runs a program, which finds the lab's password in its environment.
func run(t *testing.T, s *BMCs, argv ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), "IPMITOOL_PASSWORD="+s.password, "TZ=UTC")
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// TestIpmitool has ipmitool look at everything, and change it.
func TestIpmitool(t *testing.T) {
	path := tool(t, "ipmitool")
	for _, suite := range []string{"3", "17"} {
		t.Run("suite "+suite, func(t *testing.T) {
			t.Parallel()
			s := startLab(t, Options{Speed: 20, Hosts: []Spec{{Name: "sw001", Model: 1}}})
			b := s.Host("sw001")
			ask := func(args string) (string, error) {
				return run(t, s, append([]string{path, "-I", "lanplus", "-H", "127.0.0.1", "-p", fmt.Sprint(b.Port()), "-U", Username, "-E", "-C", suite}, strings.Fields(args)...)...)
			}
			is := func(args string, wants ...string) {
				t.Helper()
				got, err := ask(args)
				if err != nil {
					t.Fatalf("%s: %v\n%s", args, err, got)
				}
				for _, want := range wants {
					if !strings.Contains(got, want) {
						t.Errorf("%s:\n%s\nwant %q", args, got, want)
					}
				}
			}
			power := func(want string) {
				t.Helper()
				until(t, "power "+want, func() bool { got, _ := ask("power status"); return got == "Chassis Power is "+want })
			}
			is("mc info", "IPMI Version              : 2.0", "SEL Device", "Chassis Device")
			is("mc guid", "System GUID")
			is("fru print", "Kitsune", "KX-2200", b.serial("S"))
			is("sdr list", "CPU1 Temp", "degrees C", "FAN1", "RPM", "Pwr Consumption", "Watts", "P12V             | 12.0", "PS1 Status")
			is("sdr elist", "PS1 Status       | 30h | ok  | 10.1 | Presence detected")
			is("sensor list", "FAN4", "| na        | 600.000   | 900.000   | na")
			is("chassis status", "System Power         : on", "Main Power Fault     : false", "Cooling/Fan Fault    : false")

			is("chassis bootdev pxe options=efiboot", "Set Boot Device to pxe")
			is("chassis bootparam get 5", "a004000000", "Boot Flag Valid", "BIOS EFI boot", "Options apply to only next boot", "Force PXE")
			is("chassis bootdev bios options=persistent", "Set Boot Device to bios")
			is("chassis bootparam get 5", "c018000000", "apply to all future boots")
			is("chassis bootdev none")

			power("on")
			is("power off", "Down/Off")
			power("off")
			if out, err := ask("power reset"); err == nil || !strings.Contains(out, "not supported in present state") {
				t.Errorf("reset of a host that is off: %v, %s", err, out)
			}
			is("power on", "Up/On")
			power("on")
			is("power soft", "Soft")
			power("off")
			is("power on", "Up/On")
			power("on")
			_, boots := b.Booted()
			is("power cycle", "Cycle")
			until(t, "the boot after the cycle", func() bool { _, n := b.Booted(); return n == boots+1 })
			is("power reset", "Reset")
			if _, n := b.Booted(); n != boots+2 {
				t.Errorf("%d boots after the reset, want %d", n, boots+2)
			}

			is("chassis identify 20", "Chassis identify interval: 20")
			is("chassis identify force", "indefinite")
			is("chassis identify 0", "off")
			b.Set(FanFault, true)
			b.Set(SupplyFault, true)
			is("chassis status", "Main Power Fault     : true", "Cooling/Fan Fault    : true")
			is("sdr elist", "PS2 Status       | 31h | ok  | 10.2 | Presence detected, Failure detected", "FAN3             | 12h | lcr | 29.3 | 0 RPM")
			is("sel info", "Version          : 1.5", "Overflow         : false", "'Reserve'")
			is("sel elist", "Log area reset/cleared", "S5/G2", "S0/G0: working", "Initiated by hard reset",
				"Fan FAN3 | Lower Critical going low  | Asserted | Reading 0 < Threshold 600 RPM", "Power Supply PS2 Status | Failure detected | Asserted")
			is("sel clear", "Clearing SEL")
			is("sel list", "Log area reset/cleared")
			is("sel time get", "/")
			is("session info active", "slot count                    : 4", "active sessions               : 1")
			if c := b.Counters(); c.Open != 0 || c.Opened == 0 || c.Opened != c.Closed {
				t.Errorf("sessions: %+v", c)
			}
			is("mc reset cold", "Sent cold reset command to MC")
			until(t, "its session is lost, after the answer", func() bool { return b.Counters().Lost == 1 })
			power("on")
		})
	}
}

// TestFreeIPMI has the FreeIPMI programs look at what ipmitool does not, without
// any of their workarounds.
func TestFreeIPMI(t *testing.T) {
	ipmipower, sensors, sel := tool(t, "ipmipower"), tool(t, "ipmi-sensors"), tool(t, "ipmi-sel")
	for _, suite := range []string{"3", "17"} {
		t.Run("suite "+suite, func(t *testing.T) {
			t.Parallel()
			s := startLab(t, Options{Speed: 20, Hosts: Many(3)})
			var hosts []string
			for _, b := range s.All() {
				hosts = append(hosts, fmt.Sprintf("127.0.0.1:%d", b.Port()))
			}
			ask := func(argv ...string) string {
				t.Helper()
				out, err := run(t, s, append(argv, "-D", "LAN_2_0", "-h", strings.Join(hosts, ","), "-u", Username, "-p", s.password, "-I", suite)...)
				if err != nil {
					t.Fatalf("%s: %v\n%s", argv, err, out)
				}
				return out
			}
			power := func(want string) {
				t.Helper()
				until(t, "power "+want, func() bool { return strings.Count(ask(ipmipower, "--stat"), ": "+want) == len(hosts) })
			}
			power("on")
			for _, step := range []struct{ flag, want string }{{"--off", "off"}, {"--on", "on"}, {"--soft", "off"}, {"--on", "on"}, {"--cycle", ""}, {"--reset", ""}} {
				boots := s.boots()
				if out := ask(ipmipower, step.flag); strings.Count(out, ": ok") != len(hosts) {
					t.Fatalf("%s: %s", step.flag, out)
				}
				if step.want == "" {
					until(t, "boots after "+step.flag, func() bool { return s.boots() == boots+len(hosts) })
					step.want = "on"
				}
				power(step.want)
			}
			hosts = hosts[:1]
			cache := t.TempDir()
			out := ask(sensors, "--quiet-cache", "--sdr-cache-directory", cache)
			for _, want := range []string{"CPU1 Temp", "FAN4", "12.0", "Watts", "'Presence detected'"} {
				if !strings.Contains(strings.ReplaceAll(out, " W ", " Watts "), want) {
					t.Errorf("sensors:\n%s\nwant %q", out, want)
				}
			}
			if out := ask(sel, "--quiet-cache", "--sdr-cache-directory", cache); !strings.Contains(out, "S0/G0") || !strings.Contains(out, "System Boot Initiated") {
				t.Errorf("event log:\n%s", out)
			}
		})
	}
}

// boots counts the boots of all hosts.
func (s *BMCs) boots() (n int) {
	for _, b := range s.list {
		_, k := b.Booted()
		n += k
	}
	return n
}
