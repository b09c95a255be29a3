package ring

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// python is the interpreter that sees Debian's Swift.
const python = "/usr/bin/python3"

// needSwift skips a test where Swift's own code is missing, and fails it where it
// must not be.
func needSwift(tb testing.TB) {
	tb.Helper()
	if err := swiftThere(); err != nil {
		if os.Getenv("RINGSIDE_REQUIRE_SWIFT") != "" {
			tb.Fatal(err)
		}
		tb.Skip(err)
	}
}

var swiftThere = sync.OnceValue(func() error {
	if out, err := exec.Command(python, "-c", "import swift.common.ring.builder").CombinedOutput(); err != nil {
		return fmt.Errorf("Swift's own code is not here (apt-get install python3-swift): %v %s", err, out)
	}
	return nil
})

// ask runs the Python side.
func ask[T any](tb testing.TB, args ...string) (answer T) {
	tb.Helper()
	c := exec.Command(python, append([]string{"testdata/swift_rings.py"}, args...)...)
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		tb.Fatalf("swift_rings.py %v: %v", args, err)
	}
	var all struct{ Answer T }
	if err := json.Unmarshal(out, &all); err != nil {
		tb.Fatal(err)
	}
	return all.Answer
}

// theirs is what Swift makes of one ring.
type theirs struct {
	File, MD5  string
	Partitions int
	Replicas   float64
	Version    int
	Devs       []*struct {
		ID, Region, Zone, Port int
		IP, Device, Meta       string
		Weight                 float64
	}
	Code                []int
	Parts               map[string]int
	Balance, Dispersion float64
	SwiftDispersion     float64 `json:"swift_dispersion"`
	Handoffs            []struct {
		Part      int
		Primaries []int
		Handoffs  []int
	}
	Paths []struct {
		Path  []string
		Hash  string
		Part  int
		Nodes []int
	}
	WhatIf []struct {
		Off                         []int
		Degraded, Below, Unreadable int
		Missing                     []int
	} `json:"what_if"`
}

// pair is a ring before and after a change, its builder, and what moved.
type pair struct {
	Old, New theirs
	Builder  struct {
		File, ID     string
		PartPower    int `json:"part_power"`
		Replicas     float64
		MinPartHours int `json:"min_part_hours"`
		Version      int
		Overload     float64
		Dispersion   float64
		Epoch        int64
		LastMoves    []int `json:"last_moves"`
		Rows         [][]int
		Balance      float64
	}
	Diff struct {
		Moved    int
		In, Hist map[string]int
	}
}

// peakOf makes the test's program load a ring and print its peak memory, which a
// process that did other things before cannot tell.
const peakOf = "RINGSIDE_PEAK_OF"

func printPeak(path string) int {
	_, err := Load(path)
	status, errStatus := os.ReadFile("/proc/self/status")
	m := regexp.MustCompile(`VmHWM:\s*([0-9]+) kB`).FindSubmatch(status)
	if err != nil || errStatus != nil || m == nil {
		fmt.Fprintln(os.Stderr, err, errStatus)
		return 1
	}
	fmt.Printf("%s", m[1])
	return 0
}

// swiftRings is the directory of the random rings that tests share.
var swiftRings = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "ringside-rings-") })

func TestMain(m *testing.M) {
	if path := os.Getenv(peakOf); path != "" {
		os.Exit(printPeak(path))
	}
	code := m.Run()
	if dir, err := swiftRings(); err == nil {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

var randomOnce struct {
	sync.Once
	pairs []pair
}

// randomRings builds random rings with Swift's builder, once.
func randomRings(t *testing.T) (dir string, pairs []pair) {
	t.Helper()
	needSwift(t)
	dir, err := swiftRings()
	if err != nil {
		t.Fatal(err)
	}
	randomOnce.Do(func() { randomOnce.pairs = ask[[]pair](t, "random", dir, "2026", "60") })
	return dir, randomOnce.pairs
}

func (x theirs) quorum(t *testing.T) Quorum {
	t.Helper()
	if x.Code == nil {
		return Quorum{}
	}
	q, err := ErasureCoded(x.Code[0], x.Code[1], x.Code[2])
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// TestAsSwift compares everything that a ring alone tells with Swift's own code,
// on random rings with regions, zones, weights of 0, removed devices, fractional
// replica counts and erasure codes.
func TestAsSwift(t *testing.T) {
	dir, pairs := randomRings(t)
	hash := NewHash([]byte("pre\xff"), []byte(`suf"x`))
	kinds := map[string]int{}
	for _, p := range pairs {
		for _, x := range []theirs{p.Old, p.New} {
			t.Run(x.File, func(t *testing.T) {
				r, err := Load(filepath.Join(dir, x.File))
				if err != nil {
					t.Fatal(err)
				}
				kinds[x.compare(t, r, hash)]++
			})
		}
	}
	for _, want := range []string{"replicated", "fractional", "ec"} {
		if kinds[want] < 5 {
			t.Errorf("only %d rings are %s: the test sees too little", kinds[want], want)
		}
	}
}

func (x theirs) compare(t *testing.T, r *Ring, hash Hash) (kind string) {
	if r.File().MD5 != x.MD5 || r.Partitions() != x.Partitions || r.Replicas() != x.Replicas || r.Version() != x.Version {
		t.Errorf("%+v: %d partitions, %g replicas, version %d; Swift has %s %d %g %d", r.File(), r.Partitions(), r.Replicas(), r.Version(), x.MD5, x.Partitions, x.Replicas, x.Version)
	}
	for id, d := range x.Devs {
		ours := r.Device(id)
		if (d == nil) != (ours == nil) {
			t.Errorf("device %d: %v", id, ours)
			continue
		}
		if d != nil && (ours.ID != d.ID || ours.Region != d.Region || ours.Zone != d.Zone || ours.IP != d.IP || ours.Port != d.Port || ours.Name != d.Device || ours.Weight != d.Weight || ours.Meta != d.Meta) {
			t.Errorf("device %d: %+v, Swift has %+v", id, ours, d)
		}
	}
	for id, n := range x.Parts {
		if i, _ := strconv.Atoi(id); r.Parts(i) != n {
			t.Errorf("device %s has %d replicas, Swift counts %d", id, r.Parts(i), n)
		}
	}
	if !near(r.Balance(), x.Balance) {
		t.Errorf("balance %f, Swift has %f", r.Balance(), x.Balance)
	}
	if !near(r.Dispersion(), x.Dispersion) {
		t.Errorf("dispersion %f, by the definition it is %f", r.Dispersion(), x.Dispersion)
	}
	kind = "replicated"
	switch {
	case x.Code != nil:
		kind = "ec"
	case x.Replicas != math.Trunc(x.Replicas):
		kind = "fractional"
	}
	// Where Swift is wrong: see Dispersion.
	if kind != "fractional" && !near(r.Dispersion(), x.SwiftDispersion) {
		t.Errorf("dispersion %f, swift-ring-builder says %f", r.Dispersion(), x.SwiftDispersion)
	}
	for _, h := range x.Handoffs {
		var ids []int
		for d := range r.Handoffs(h.Part) {
			ids = append(ids, d.ID)
		}
		if !slices.Equal(ids, h.Handoffs) || !slices.Equal(idsOf(r.Primaries(h.Part)), h.Primaries) {
			t.Errorf("partition %d: primaries %v, handoffs %v; Swift has %v, %v", h.Part, idsOf(r.Primaries(h.Part)), ids, h.Primaries, h.Handoffs)
		}
	}
	for _, p := range x.Paths {
		name := [3]string{}
		copy(name[:], p.Path)
		sum, err := hash.Sum(name[0], name[1], name[2])
		if err != nil || hex.EncodeToString(sum[:]) != p.Hash || r.PartitionOf(sum) != p.Part || !slices.Equal(idsOf(r.Primaries(p.Part)), p.Nodes) {
			t.Errorf("%q: %x, partition %d, %v (%v); Swift has %+v", p.Path, sum, r.PartitionOf(sum), idsOf(r.Primaries(p.Part)), err, p)
		}
	}
	q := x.quorum(t)
	for _, w := range x.WhatIf {
		off := r.NewOff()
		for _, id := range w.Off {
			off.Add(id)
		}
		c := r.WhatIf(off, q)
		if c.Degraded != w.Degraded || c.BelowQuorum != w.Below || c.Unreadable != w.Unreadable || c.Partitions != x.Partitions {
			t.Errorf("off %v: %+v; one by one it is %+v", w.Off, c, w)
		}
		if got := r.Missing(off); !slices.Equal(got, w.Missing) {
			t.Errorf("off %v: missing %v; one by one it is %v", w.Off, got, w.Missing)
		}
	}
	return kind
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-6*max(1, math.Abs(b)) }

func idsOf(list []*Device) []int {
	out := make([]int, len(list))
	for i, d := range list {
		out[i] = d.ID
	}
	return out
}

// TestBuilderAsSwift reads the builders of the same rings.
func TestBuilderAsSwift(t *testing.T) {
	dir, pairs := randomRings(t)
	for _, p := range pairs {
		b, err := LoadBuilder(filepath.Join(dir, p.Builder.File))
		if err != nil {
			t.Error(err)
			continue
		}
		x := p.Builder
		if b.ID != x.ID || b.PartPower != x.PartPower || b.Replicas != x.Replicas || b.MinPartHours != x.MinPartHours || b.Version != x.Version || b.Overload != x.Overload || b.Dispersion != x.Dispersion || b.Changed {
			t.Errorf("%s: %+v; Swift has %+v", x.File, b, x)
		}
		if b.LastMoves.Unix() != x.Epoch {
			t.Errorf("%s: last moves %v, Swift has %d", x.File, b.LastMoves, x.Epoch)
		}
		for i, n := range x.LastMoves {
			if int(b.sinceMove[i]) != n {
				t.Errorf("%s: partition %d moved %d hours before, Swift has %d", x.File, i, b.sinceMove[i], n)
				break
			}
		}
		r, err := Load(filepath.Join(dir, p.New.File))
		if err != nil {
			t.Fatal(err)
		}
		h := b.Hints(r, time.Unix(x.Epoch, 0).Add(10*time.Minute))
		if h.Obsolete || h.Behind != 0 || len(h.Pending) > 0 || h.Wait != 50*time.Minute || !near(h.Balance, p.New.Balance) {
			t.Errorf("%s: %+v", x.File, h)
		}
		old, err := Load(filepath.Join(dir, p.Old.File))
		if err != nil {
			t.Fatal(err)
		}
		if h := b.Hints(old, time.Now()); !h.Obsolete || h.Behind != p.New.Version-p.Old.Version {
			t.Errorf("%s against the old ring: %+v", x.File, h)
		}
	}
}

// TestCompareAsSwift counts what each change of the random rings moved.
func TestCompareAsSwift(t *testing.T) {
	dir, pairs := randomRings(t)
	for _, p := range pairs {
		old, errOld := Load(filepath.Join(dir, p.Old.File))
		new, errNew := Load(filepath.Join(dir, p.New.File))
		if errOld != nil || errNew != nil {
			t.Fatal(errOld, errNew)
		}
		d, err := Compare(old, new, p.New.quorum(t))
		if err != nil {
			t.Fatal(err)
		}
		if d.Moved != p.Diff.Moved || d.Partitions != p.New.Partitions {
			t.Errorf("%s: %d replicas moved, one by one it is %d", p.New.File, d.Moved, p.Diff.Moved)
		}
		for k, n := range d.Moving {
			if p.Diff.Hist[strconv.Itoa(k)] != n {
				t.Errorf("%s: %d partitions move %d replicas, one by one it is %v", p.New.File, n, k, p.Diff.Hist)
			}
		}
		for _, x := range d.Devices {
			if x.New != nil && x.In != p.Diff.In[strconv.Itoa(x.New.ID)] || x.NewParts-x.OldParts != x.In-x.Out {
				t.Errorf("%s: device %v has %d in, %d out, %d replicas of %d; one by one %v", p.New.File, x.Device(), x.In, x.Out, x.NewParts, x.OldParts, p.Diff.In)
			}
		}
	}
}
