package bmc

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"ringside/backends/fleet"
	lab "ringside/backends/lab/bmc"
)

// The benchmarks sweep BMCs that another process serves, so that the time that
// the servers use is not counted as ours:
//
//	go test -run '^$' -bench Sweep ./backends/bmc
//
// ipmipower (Debian package freeipmi-tools) reads the same BMCs in the same run,
// with the cipher suite named so that it need not ask for it.

const serveEnv = "RINGSIDE_BENCH_SERVE"

func TestMain(m *testing.M) {
	if want := os.Getenv(serveEnv); want != "" {
		serve(want)
		return
	}
	os.Exit(m.Run())
}

// wanted says what the other process serves.
type wanted struct {
	BMCs   int
	Silent int           // of a hundred
	Delay  time.Duration // of a datagram, each way
}

type served struct {
	Hosts    []fleet.Host
	Password string
}

// serve is the other process, until its input ends.
func serve(want string) {
	var w wanted
	check(json.Unmarshal([]byte(want), &w))
	l, err := lab.Start(lab.Options{Hosts: lab.Many(w.BMCs), Seed: 1, Speed: 1})
	check(err)
	out := served{Hosts: l.Hosts()}
	out.Password, err = l.Credentials()[lab.Credential].Secret(context.Background())
	check(err)
	for i, b := range l.All() {
		b.Set(lab.Silent, i%100*37%100 < w.Silent) // not one after the other
		if w.Delay > 0 {
			_, out.Hosts[i], err = newRelay(out.Hosts[i], w.Delay)
			check(err)
		}
	}
	check(json.NewEncoder(os.Stdout).Encode(out))
	_, _ = io.Copy(io.Discard, os.Stdin)
	_ = l.Close()
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// bench starts the other process.
func bench(b testing.TB, w wanted) (f *fleet.Fleet, password string) {
	b.Helper()
	want, err := json.Marshal(w)
	must(b, err)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serveEnv+"="+string(want))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	must(b, err)
	out, err := cmd.StdoutPipe()
	must(b, err)
	must(b, cmd.Start())
	b.Cleanup(func() { in.Close(); _ = cmd.Wait() })
	var s served
	must(b, json.NewDecoder(out).Decode(&s))
	cred := account(b, lab.Username, s.Password)
	cred.Name = lab.Credential
	return &fleet.Fleet{Hosts: s.Hosts, Credentials: map[string]fleet.Credential{lab.Credential: cred}}, s.Password
}

// cpu runs the loop of a benchmark and reports the processor time of one round:
// ours, or that of the children it waits for.
func cpu(b *testing.B, who int, round func()) {
	b.Helper()
	var before, after syscall.Rusage
	must(b, syscall.Getrusage(who, &before))
	for b.Loop() {
		round()
	}
	must(b, syscall.Getrusage(who, &after))
	used := func(r syscall.Rusage) time.Duration {
		return time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	b.ReportMetric(float64(used(after)-used(before))/1e6/float64(b.N), "cpu-ms/op")
}

func sweep(b *testing.B, s *Set, parallel int) {
	b.Helper()
	n := 0
	s.Sweep(context.Background(), nil, parallel, func(host string, f *Facts, err error) {
		if err != nil {
			b.Errorf("%s: %v", host, err)
		}
		n++
	})
	if n != len(s.All()) {
		b.Errorf("%d of %d", n, len(s.All()))
	}
}

// ipmipower reads the power of all hosts.
func ipmipower(b *testing.B, f *fleet.Fleet, user, password, suite string) {
	b.Helper()
	var hosts []string
	for _, h := range f.Hosts {
		hosts = append(hosts, fmt.Sprintf("%s:%d", h.BMC.Address, h.BMC.Port))
	}
	conf := write(b, "username "+user+"\npassword "+password+"\n")
	argv := []string{"--config-file=" + conf, "-D", "LAN_2_0", "-I", suite, "-h", strings.Join(hosts, ","), "--stat"}
	if suite == "3" { // ipmi_sim
		argv = append(argv, "-W", "opensesspriv")
	}
	cpu(b, syscall.RUSAGE_CHILDREN, func() {
		out, err := exec.Command("ipmipower", argv...).CombinedOutput()
		if n := strings.Count(string(out), ": o"); err != nil || n != len(hosts) { // it ends like that now and then
			b.Logf("ipmipower read %d of %d: %v: %.100s", n, len(hosts), err, out)
		}
	})
}

func sweeps(b *testing.B, f *fleet.Fleet, user, password, suite string) {
	b.Run("kept", func(b *testing.B) {
		s := NewSet(f)
		defer s.Close()
		sweep(b, s, Parallel)
		cpu(b, syscall.RUSAGE_SELF, func() { sweep(b, s, Parallel) })
	})
	b.Run("cold", func(b *testing.B) {
		cpu(b, syscall.RUSAGE_SELF, func() {
			s := NewSet(f)
			sweep(b, s, Parallel)
			must(b, s.Close())
		})
	})
	b.Run("ipmipower", func(b *testing.B) {
		if _, err := exec.LookPath("ipmipower"); err != nil {
			b.Skip("no ipmipower")
		}
		ipmipower(b, f, user, password, suite)
	})
}

func BenchmarkSweep(b *testing.B) {
	for _, n := range []int{50, 500} {
		for _, delay := range []time.Duration{0, 10 * time.Millisecond} {
			b.Run(fmt.Sprintf("%d/%v", n, 2*delay), func(b *testing.B) {
				f, password := bench(b, wanted{BMCs: n, Delay: delay})
				sweeps(b, f, lab.Username, password, "17")
			})
		}
	}
}

func BenchmarkLiveSweep(b *testing.B) {
	sweeps(b, sims(b), "admin", "secret", "3")
}

// BenchmarkSilent sweeps 500 BMCs of which 30 in a hundred say nothing, and
// reports when the last of the others had answered.
func BenchmarkSilent(b *testing.B) {
	for _, silent := range []int{0, 30} {
		b.Run(fmt.Sprintf("%d", silent), func(b *testing.B) {
			f, _ := bench(b, wanted{BMCs: 500, Silent: silent})
			s := NewSet(f)
			defer s.Close()
			var others time.Duration
			round := func() {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				began, left := time.Now(), len(f.Hosts)*(100-silent)/100
				s.Sweep(ctx, nil, Parallel, func(_ string, _ *Facts, err error) {
					if err == nil {
						left--
						others = max(others, time.Since(began))
					}
					if left == 0 {
						cancel()
					}
				})
				if left != 0 {
					b.Errorf("%d did not answer", left)
				}
			}
			round()
			first := others
			s.Sweep(context.Background(), nil, Parallel, func(string, *Facts, error) {}) // those that say nothing are known for it then
			var sum time.Duration
			for b.Loop() {
				others = 0
				round()
				sum += others
			}
			b.ReportMetric(float64(first)/1e6, "first-ms")
			b.ReportMetric(float64(sum)/1e6/float64(b.N), "others-ms/op")
		})
	}
}

// A thousand watched BMCs cost a goroutine each, beside the one that the library
// keeps for a session, and little memory.
func TestThousand(t *testing.T) {
	if testing.Short() {
		t.Skip("starts 1000 BMCs")
	}
	const n = 1000
	f, _ := bench(t, wanted{BMCs: n})
	memory := func() (mib float64) {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc+m.StackInuse) / (1 << 20)
	}
	heap, goroutines := memory(), runtime.NumGoroutine()
	s := NewSet(f)
	ctx, cancel := context.WithCancel(context.Background())
	var mu sync.Mutex
	seen := map[string]bool{}
	var wg sync.WaitGroup
	for _, c := range s.All() {
		wg.Go(func() {
			c.Watch(ctx, func(r fleet.Reading) {
				mu.Lock()
				defer mu.Unlock()
				seen[r.Source] = r.Err == nil
			})
		})
	}
	until(t, "every BMC has been read", func() bool { mu.Lock(); defer mu.Unlock(); return len(seen) == n })
	until(t, "no read is under way", func() bool { return runtime.NumGoroutine() <= goroutines+2*n+20 })
	used := memory() - heap
	t.Logf("%d watched BMCs: %d goroutines, %.1f MiB of heap and stacks", n, runtime.NumGoroutine()-goroutines, used)
	if used > 40 {
		t.Errorf("%.1f MiB", used)
	}
	cancel()
	wg.Wait()
	took := stopwatch()
	if err := s.Close(); err != nil {
		t.Log(err) // of a thousand BMCs on a busy machine one may be late; that all sessions are closed is told by other tests
	}
	if d := took(); d > 2*time.Second {
		t.Errorf("Close took %v", d)
	}
}
