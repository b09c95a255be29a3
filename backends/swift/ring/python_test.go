//go:build unix

package ring

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	lab "ringside/backends/lab/swift"
)

// BenchmarkAgainstPython times Swift's own code and ours on the same ring files,
// one after the other, and holds us to what was promised. All times are of CPU, so
// that a busy machine does not decide:
//
//	go test ./backends/swift/ring -run xxx -bench AgainstPython -benchtime 1x
func BenchmarkAgainstPython(b *testing.B) {
	needSwift(b)
	for _, power := range []int{18, 20} {
		b.Run(fmt.Sprintf("2^%d", power), func(b *testing.B) {
			for b.Loop() {
				againstPython(b, power)
			}
		})
	}
}

// pythonTimes are in milliseconds.
type pythonTimes struct {
	Load, Counts, Dispersion float64
	WhatIf                   float64 `json:"what_if"`
	Missing                  []int
	Percent                  float64
	PeakKB                   int `json:"peak_kb"`
}

func againstPython(b *testing.B, power int) {
	made, err := lab.MakeRing(lab.RingSpec{
		Devices:  lab.Servers(120, 5, 4, func(s int) (string, int) { return fmt.Sprintf("10.0.%d.%d", s/250, s%250+1), 6200 }),
		Replicas: 3, PartPower: power, Version: 601, Seed: 1,
	})
	if err != nil {
		b.Fatal(err)
	}
	var file bytes.Buffer
	if err := made.WriteV1(&file); err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(b.TempDir(), "object.ring.gz")
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	python := ask[pythonTimes](b, "bench", path)

	var r *Ring
	ours := pythonTimes{PeakKB: ownPeak(b, path)}
	ours.Load = best(5, func() { r, err = Load(path) })
	if err != nil {
		b.Fatal(err)
	}
	off := r.NewOff()
	for _, d := range r.Devices() {
		if d.Zone == 1 {
			off.Add(d.ID)
		}
	}
	var c Counts
	ours.Counts = best(5, func() { err = r.count(); r.slots /= 2 })
	ours.WhatIf = best(20, func() { c = r.WhatIf(off, Quorum{}) })
	ours.Dispersion = best(5, func() { ours.Percent = r.Dispersion() })
	ours.Missing = r.Missing(off)

	if c.Degraded != python.Missing[1]+python.Missing[2]+python.Missing[3] || c.BelowQuorum != python.Missing[2]+python.Missing[3] || c.Unreadable != python.Missing[3] {
		b.Errorf("%+v, Python counts %v missing", c, python.Missing)
	}
	if !near(ours.Percent, python.Percent) {
		b.Errorf("dispersion %f, Python has %f", ours.Percent, python.Percent)
	}
	for _, x := range []struct {
		name         string
		ours, python float64
		least        float64 // times as fast
	}{
		{"load", ours.Load, python.Load, 1}, {"counts", ours.Counts, python.Counts, 1},
		{"what-if", ours.WhatIf, python.WhatIf, 50}, {"dispersion", ours.Dispersion, python.Dispersion, 100},
	} {
		times := x.python / x.ours
		b.Logf("2^%d %-10s %8.2f ms, Python %8.2f ms: %.1f times as fast", power, x.name, x.ours, x.python, times)
		b.ReportMetric(x.ours, x.name+"-ms")
		b.ReportMetric(times, x.name+"-times")
		if power == 20 && times < x.least {
			b.Errorf("%s is %.1f times as fast as Python, not %g", x.name, times, x.least)
		}
	}
	b.Logf("2^%d peak memory %d kB, Python %d kB", power, ours.PeakKB, python.PeakKB)
	b.ReportMetric(float64(ours.PeakKB), "peak-kB")
}

// best is the least CPU time of several runs, in milliseconds.
func best(times int, f func()) float64 {
	least := time.Hour
	for range times {
		start := cpu()
		f()
		least = min(least, cpu()-start)
	}
	return float64(least) / float64(time.Millisecond)
}

// cpu is the CPU time that this process has had.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// ownPeak is the peak memory of a process that loads the ring and nothing else.
func ownPeak(b *testing.B, path string) int {
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), peakOf+"="+path)
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		b.Fatal(err)
	}
	n, err := strconv.Atoi(string(out))
	if err != nil {
		b.Fatal(err)
	}
	return n
}
