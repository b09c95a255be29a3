//go:build linux

package console_test

// The budgets of the terminal, measured on the real binary in a pseudo-terminal:
//
//	go test -run '^$' -bench Terminal -benchtime 1x ./views/console
//
// Engines are served by the lab from this process over unix sockets, so that CPU
// and memory are those of the console alone.

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ringside/backends/lab"
	"ringside/backends/lab/bmc"
	"ringside/views/console/ptytest"
)

func BenchmarkTerminal(b *testing.B) {
	b.Run("first frame/240 hosts, all silent", benchFirstFrame)
	for _, size := range [][2]int{{80, 24}, {200, 60}} {
		name := fmt.Sprintf("10000 rows %dx%d", size[0], size[1])
		b.Run("keys/"+name, func(b *testing.B) { benchKeys(b, size) })
		b.Run("keys with marker/"+name, func(b *testing.B) { benchKeys(b, size, "SSH_TTY=/dev/pts/0") })
	}
	for _, n := range []int{240, 1000} {
		b.Run(fmt.Sprintf("power keys/%d hosts", n), func(b *testing.B) { benchPowerKeys(b, n) })
		b.Run(fmt.Sprintf("power keys with marker/%d hosts", n), func(b *testing.B) { benchPowerKeys(b, n, "SSH_TTY=/dev/pts/0") })
	}
	b.Run("still screen/240 hosts", benchStillPower)
	b.Run("still screen/home, 5 engines", func(b *testing.B) { benchStill(b, nil, "1") })
	b.Run("still screen/40 rows", func(b *testing.B) { benchStill(b, nil, "3") })
	b.Run("still screen/10000 rows", func(b *testing.B) { benchStill(b, crowd(), "3") })
	b.Run("500 sources at 1 Hz", benchSources)
	b.Run("500 sources at 1 Hz, link of 1 kB a second", benchSlowLink)
	b.Run("output stalled for 10 s", benchStalled)
}

// benchFirstFrame: engines accept and never answer; hosts are only configured.
func benchFirstFrame(b *testing.B) {
	dir := b.TempDir()
	config := &strings.Builder{}
	config.WriteString("environment: production\nsites: {tokyo: {}}\nhosts:\n  - {name: \"sw[001-240]\", site: tokyo}\nengines:\n")
	for i := range 10 {
		sock := filepath.Join(dir, fmt.Sprintf("e%d.sock", i))
		l, err := net.Listen("unix", sock)
		if err != nil {
			b.Fatal(err)
		}
		defer l.Close()
		fmt.Fprintf(config, "  - {name: e%d, site: tokyo, address: \"unix://%s\"}\n", i, sock)
	}
	file := write(b, dir, config.String())
	var all []float64
	for b.Loop() {
		for range 10 {
			s := ptytest.Open(b, ptytest.Options{Env: state(b)}, binary(b), "--config", file)
			all = append(all, ms(s.See("Attention", "e9").Sub(s.Start)))
			s.Press("q")
			s.Exit(60 * time.Second)
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(quantile(all, .5), "p50-ms")
	b.ReportMetric(quantile(all, 1), "max-ms")
}

func benchKeys(b *testing.B, size [2]int, env ...string) {
	pressKeys(b, show(b, crowd(), ptytest.Options{Width: size[0], Height: size[1], Env: env}))
}

// benchPowerKeys moves the cursor over hosts; the map moves along.
func benchPowerKeys(b *testing.B, n int, env ...string) { pressKeys(b, showHosts(b, n, env...)) }

// showHosts opens the power screen on hosts of the lab, and waits until all are read.
func showHosts(b *testing.B, n int, env ...string) *ptytest.Session {
	dir := b.TempDir()
	l, err := lab.Start(lab.Options{Engines: []lab.EngineOptions{}, Hosts: bmc.Many(n), Seed: 1, Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	f, config := l.Fleet(), &strings.Builder{}
	for name, c := range f.Credentials {
		fmt.Fprintf(config, "credentials: {%s: {username: %q, password: {file: %q}}}\nsites: {tokyo: {}}\nhosts:\n", name, c.Username, c.Password.File)
	}
	for i, h := range f.Hosts {
		fmt.Fprintf(config, "  - {name: %s, site: tokyo, rack: r%02d, bmc: {address: %s, port: %d, driver: ipmi, credential: %s}}\n", h.Name, i/20+1, h.BMC.Address, h.BMC.Port, h.BMC.Credential)
	}
	s := ptytest.Open(b, ptytest.Options{Env: append(env, state(b)...)}, binary(b), "--config", write(b, dir, config.String()))
	s.See("Attention")
	s.Press("2")
	s.Until("all hosts", time.Minute, func(screen string) bool { return strings.Contains(screen, fmt.Sprintf("■ %d on", n)) })
	return s
}

// benchStillPower: 240 BMCs are read every few seconds, and nothing happens.
func benchStillPower(b *testing.B) {
	s := showHosts(b, 240)
	time.Sleep(15 * time.Second) // every BMC had its turn
	for b.Loop() {
		bytes, cpu, at := s.Bytes(), s.CPU(), time.Now()
		time.Sleep(20 * time.Second)
		b.ReportMetric(float64(s.Bytes()-bytes)/time.Since(at).Seconds(), "B/s")
		b.ReportMetric(100*(s.CPU()-cpu).Seconds()/time.Since(at).Seconds(), "%cpu")
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(s.PeakMemory())/(1<<20), "peak-MiB")
}

func pressKeys(b *testing.B, s *ptytest.Session) {
	var first, bytes []float64
	cpu := s.CPU()
	for b.Loop() {
		for i := range 120 {
			key := "down"
			if i%4 == 3 {
				key = "up"
			}
			time.Sleep(time.Duration(60+i*7%50) * time.Millisecond) // away from the frame clock's phase
			at := time.Now()
			s.Press(key)
			w := settle(s, at)
			if len(w) == 0 {
				b.Fatalf("%s changed nothing; the screen is:\n%s", key, s.Screen())
			}
			n := 0
			for _, x := range w {
				n += x.Bytes
			}
			first, bytes = append(first, ms(w[0].At.Sub(at))), append(bytes, float64(n))
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(quantile(first, .5), "p50-ms")
	b.ReportMetric(quantile(first, .99), "p99-ms")
	b.ReportMetric(quantile(bytes, .5), "B/key")
	b.ReportMetric(ms(s.CPU()-cpu)/float64(len(first)), "cpu-ms/key") // with the frame clock's own share
}

func benchStill(b *testing.B, engines []lab.EngineOptions, place string) {
	s := show(b, engines, ptytest.Options{})
	s.Press(place)
	calm(b, s)
	for b.Loop() {
		bytes, cpu, at := s.Bytes(), s.CPU(), time.Now()
		time.Sleep(20 * time.Second)
		b.ReportMetric(float64(s.Bytes()-bytes)/time.Since(at).Seconds(), "B/s")
		b.ReportMetric(100*(s.CPU()-cpu).Seconds()/time.Since(at).Seconds(), "%cpu")
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(s.PeakMemory())/(1<<20), "peak-MiB")
}

func benchSources(b *testing.B) {
	s := ptytest.Open(b, ptytest.Options{Env: append(state(b), sourcesEnv+"=500")}, os.Args[0])
	s.See("c0000")
	var first []float64
	for b.Loop() {
		cpu, at := s.CPU(), time.Now()
		time.Sleep(10 * time.Second)
		b.ReportMetric(100*(s.CPU()-cpu).Seconds()/time.Since(at).Seconds(), "%cpu")
		for i := range 100 {
			at := time.Now()
			s.Press([]string{"down", "down", "up"}[i%3])
			if w := settle(s, at); len(w) > 0 {
				first = append(first, ms(w[0].At.Sub(at)))
			}
			time.Sleep(time.Duration(60+i*7%50) * time.Millisecond)
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(quantile(first, .5), "p50-ms")
	b.ReportMetric(quantile(first, .99), "p99-ms")
}

// benchSlowLink: over SSH, 200x60, everything on the screen changes all the time.
func benchSlowLink(b *testing.B) {
	s := ptytest.Open(b, ptytest.Options{Width: 200, Height: 60, Rate: 1000, Env: append(state(b), sourcesEnv+"=500", "SSH_TTY=/dev/pts/0")}, os.Args[0])
	s.Until("rows", 60*time.Second, func(screen string) bool { return strings.Contains(screen, "c0000") })
	time.Sleep(10 * time.Second) // the first frame is through and the link is at its usual load
	var visible []float64
	for b.Loop() {
		for i := range 60 {
			before := cursorLine(s.Screen())
			at := time.Now()
			s.Press([]string{"down", "down", "up"}[i%3])
			t := s.Until("cursor on another line", 60*time.Second, func(screen string) bool {
				now := cursorLine(screen) // none while a frame is on its way
				return now != "" && now != before
			})
			visible = append(visible, ms(t.Sub(at)))
			time.Sleep(time.Duration(200+i*37%150) * time.Millisecond)
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(quantile(visible, .5), "p50-ms")
	b.ReportMetric(quantile(visible, .9), "p90-ms")
}

// benchStalled: nobody reads the terminal; the engines must be read as before.
func benchStalled(b *testing.B) {
	l, file := served(b, nil)
	s := ptytest.Open(b, ptytest.Options{Env: state(b)}, binary(b), "--config", file)
	s.See("Attention")
	calls := func() (n int) {
		for _, name := range l.Engines() {
			for _, c := range l.Engine(name).Calls() {
				n += c
			}
		}
		return
	}
	for b.Loop() {
		from := calls()
		time.Sleep(10 * time.Second)
		flowing := calls() - from
		s.Stall(true)
		from = calls()
		time.Sleep(10 * time.Second)
		b.ReportMetric(float64(flowing)/10, "calls/s-flowing")
		b.ReportMetric(float64(calls()-from)/10, "calls/s-stalled")
		s.Stall(false)
	}
	b.ReportMetric(0, "ns/op")
}

// crowd is 10,000 containers.
func crowd() []lab.EngineOptions {
	engines := lab.Many(10_000)
	for _, e := range engines {
		for i := range e.Containers { // uptimes in days: minutes would change what is shown
			e.Containers[i].Age, e.Containers[i].Up = 40*24*time.Hour, 30*24*time.Hour
		}
	}
	return engines
}

// show opens the containers screen on a lab in which nothing happens, and waits
// until it has come to rest.
func show(b *testing.B, engines []lab.EngineOptions, o ptytest.Options) *ptytest.Session {
	_, file := served(b, engines)
	o.Env = append(o.Env, state(b)...)
	s := ptytest.Open(b, o, binary(b), "--config", file)
	s.See("Attention")
	s.Press("3")
	s.See("sorted by name")
	calm(b, s)
	return s
}

// calm waits until all containers were looked into, which takes minutes by
// intention: for three seconds nothing was written and hardly anything was done.
func calm(b *testing.B, s *ptytest.Session) {
	const window = 3 * time.Second
	for end := time.Now().Add(5 * time.Minute); ; {
		cpu := s.CPU()
		time.Sleep(window)
		if len(s.Since(time.Now().Add(-window))) == 0 && s.CPU()-cpu < window/20 {
			return
		}
		if time.Now().After(end) {
			b.Fatalf("the screen never came to rest:\n%s", s.Screen())
		}
	}
}

func served(b testing.TB, engines []lab.EngineOptions) (*lab.Lab, string) {
	l, err := lab.Start(lab.Options{Engines: engines, Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	config := &strings.Builder{}
	config.WriteString("environment: development\nengines:\n")
	for _, e := range l.Fleet().Engines {
		fmt.Fprintf(config, "  - {name: %s, address: %q}\n", e.Name, e.Address)
	}
	return l, write(b, b.TempDir(), config.String())
}

// settle waits for the repaint that a key causes: its writes, once 30 ms passed
// without another one.
func settle(s *ptytest.Session, at time.Time) []ptytest.Write {
	for end := at.Add(600 * time.Millisecond); time.Now().Before(end); time.Sleep(500 * time.Microsecond) {
		if w := s.Since(at); len(w) > 0 && time.Since(w[len(w)-1].At) > 30*time.Millisecond {
			return w
		}
	}
	return s.Since(at)
}

// cursorLine names the line that the cursor is on, "" for none.
func cursorLine(screen string) string {
	for l := range strings.SplitSeq(screen, "\n") {
		if strings.Contains(l, "▌") {
			return strings.Fields(l + " .")[0] + firstName(l)
		}
	}
	return ""
}

func firstName(line string) string {
	for f := range strings.FieldsSeq(line) {
		if strings.HasPrefix(f, "c") && strings.ContainsAny(f, "0123456789") {
			return f
		}
	}
	return ""
}

func write(b testing.TB, dir, config string) string {
	file := filepath.Join(dir, "ringside.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		b.Fatal(err)
	}
	return file
}

func state(b testing.TB) []string {
	dir := b.TempDir()
	return []string{"XDG_STATE_HOME=" + dir, "XDG_CONFIG_HOME=" + dir, "DOCKER_CONFIG=" + dir, "HOME=" + dir}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func quantile(v []float64, q float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[min(len(v)-1, int(q*float64(len(v))))]
}
