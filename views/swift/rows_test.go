package swift

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"ringside/backends/swift"
	"ringside/backends/swift/ring"
	"ringside/views/kit"
)

// What each node is said to be: in a word, by its sign, and why.
func TestNodes(t *testing.T) {
	o := troubled(t).overview()
	nodes := map[string]*node{}
	for _, n := range nodesOf(o) {
		nodes[n.label] = n
	}
	for name, want := range map[string]struct {
		sign sign
		word string
		why  string
	}{
		"sw001":     {good, "up", ""},
		"sw003":     {bad, "silent", ""},
		"sw004":     {unsure, "garbled", ""},
		"sw005":     {warn, "up", "d2 unmounted"},
		"sw006":     {warn, "up", "d1 absent"},
		"sw007":     {warn, "up", "ring object 2 versions behind"},
		"sw008":     {warn, "up", "its swift.conf differs and its quarantine rises: stop its auditors"},
		"sw009":     {good, "up", ""},
		"sw010":     {warn, "up", "its last replication pass ended 5h ago"},
		"sw011":     {warn, "up", "its clock is off by +1m"},
		"sw012":     {warn, "up", "ring object-1 missing or unreadable"},
		"10.0.0.16": {good, "up", ""},
	} {
		n := nodes[name]
		if n == nil || nodeSign(n) != want.sign || n.word != want.word || n.suspect != want.why {
			t.Errorf("%s is %+v, want %+v", name, n, want)
		}
	}
	if f := nodes["sw003"].files.word(); f != "" {
		t.Errorf("a silent node's rings are %q", f)
	}
	for name, want := range map[string]string{"sw001": "ok", "sw007": "2 behind", "sw008": "conf", "sw012": "1 missing"} {
		if got := nodes[name].files.word(); got != want {
			t.Errorf("rings of %s: %q, want %q", name, got, want)
		}
	}
	ranks := []string{"sw008", "sw003", "sw004", "sw005", "sw007", "sw001"}
	for i := 1; i < len(ranks); i++ {
		if nodeRank(nodes[ranks[i-1]]) >= nodeRank(nodes[ranks[i]]) {
			t.Errorf("%s does not come before %s", ranks[i-1], ranks[i])
		}
	}
}

func TestDisks(t *testing.T) {
	w := troubled(t)
	w.rings.Rings = w.rings.Rings[:2:2] // of account and container rings only, with a drained disk
	for i := range w.rings.Rings {
		w.rings.Rings[i].Ring = drained(t, w.rings.Rings[i].Ring, "10.0.0.13", "d1")
	}
	w.put(swift.RingsSource("objects"), &swift.Rings{Cluster: "objects", Rings: w.rings.Rings, Conf: w.rings.Conf}, nil)
	o := w.overview()
	var f ringFigures
	f.work(o)
	for _, p := range o.Policies {
		f.take(workOut(p.Ring.Ring))
	}
	disks := map[string]*disk{}
	for _, d := range disksOf(o, &f) {
		disks[d.label] = d
	}
	for name, want := range map[string]struct {
		sign sign
		word string
		why  string
	}{
		"sw001/d1":         {good, "ok", ""},
		"sw003/d1":         {bad, "silent", "no answer in 2s"},
		"sw004/d1":         {unsure, "unknown", "404 where recon should be"},
		"sw005/d2":         {bad, "unmounted", "nothing is mounted there"},
		"sw006/d1":         {bad, "absent", "there is no /srv/node/d1"},
		"sw006/backup":     {warn, "stray", "a directory that no ring knows; nothing is mounted there"},
		"sw009/d3":         {warn, "ok", "96% full, full in 2d at its present pace"},
		"sw009/d4":         {busy, "filling", "holds 819G of the 5.0T that disks of its weight hold: it fills"},
		"sw013/d1":         {busy, "draining", "weight 0, and the rings still have 6 replicas on it"},
		"sw006/lost+found": {},
	} {
		d := disks[name]
		if name == "sw006/lost+found" {
			if d != nil {
				t.Error("what a file system makes by itself is told")
			}
			continue
		}
		if d == nil || diskSign(d) != want.sign || diskWord(d) != want.word || d.suspect != want.why {
			t.Errorf("%s is %+v, want %+v", name, d, want)
		}
	}
	if b := disks["sw013/d1"].balance; b != unweighted {
		t.Errorf("a drained disk with replicas is off by %v%%", b)
	}
	if s := disks["sw009/d3"].share(); math.Abs(s-0.55) > 0.01 || !math.IsNaN(disks["sw005/d2"].share()) {
		t.Errorf("share %v", s)
	}
}

// drained is a ring with the weight of a device taken away before the rebalance.
func drained(t *testing.T, r *ring.Ring, ip, name string) *ring.Ring {
	t.Helper()
	spec := ring.Spec{PartPower: r.PartPower(), Version: r.Version()}
	for range r.Rows() {
		spec.Rows = append(spec.Rows, make([]uint16, r.Partitions()))
	}
	for p := range r.Partitions() {
		for row, d := range r.Primaries(p) {
			spec.Rows[row][p] = uint16(d.ID)
		}
	}
	for _, d := range r.Devices() {
		c := *d
		if d.IP == ip && d.Name == name {
			c.Weight = 0
		}
		spec.Devices = append(spec.Devices, &c)
	}
	out, err := ring.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestFilters(t *testing.T) {
	r := newRobot(t, troubled(t), 80, 21)
	for query, want := range map[string]string{
		"sw[003-005]":         "sw003 sw004 sw005",
		"state:up !sw0":       "10.0.0.16",
		"state:silent":        "sw003",
		"state:odd unmounted": "sw005",
		"zone:3":              "sw003 sw007 sw011 sw015",
		"zone:r1z1 ~s9":       "sw009",
		"disk:unmounted":      "sw005",
		"rings:behind":        "sw007",
		"conf:differs":        "sw008",
		"why:clock":           "sw011",
		"version:2.3 zone:2":  "sw002 sw006 sw010 sw014",
		"node:10.0.0.16":      "10.0.0.16",
		"stop":                "sw008",
		"state:odd zone:4":    "sw004 sw008 sw012",
	} {
		r.screen.nodes.SetQuery(query)
		var got []string
		for _, n := range r.screen.nodes.Shown() {
			got = append(got, n.label)
		}
		if g := strings.Join(got, " "); g != want {
			t.Errorf("%q shows %q, want %q", query, g, want)
		}
	}
	for query, want := range map[string]int{"state:absent": 1, "sw[001-002]": 8, "zone:1": 16, "ring:object-1": 64, "state:filling": 1, "weight:100": 64, "node:sw009 disk:d3": 1, "state:odd": 13, "why:full": 1} {
		r.screen.disks.SetQuery(query)
		if got := len(r.screen.disks.Shown()); got != want {
			t.Errorf("%q shows %d disks, want %d", query, got, want)
		}
	}
}

func TestSorting(t *testing.T) {
	r := newRobot(t, troubled(t), 80, 21)
	for _, o := range nodeOrders {
		r.screen.nodes.SortBy(o.ID)
		if n := len(r.screen.nodes.All()); n != 16 {
			t.Fatalf("%s lost nodes: %d", o.ID, n)
		}
	}
	for order, want := range map[string]string{"errors": "sw006/d1", "used": "sw009/d3", "full": "sw009/d3", "share": "sw009/d4"} {
		r.screen.disks.SortBy(order)
		if got := r.screen.disks.All()[0].label; got != want {
			t.Errorf("by %s %s comes first, want %s", order, got, want)
		}
		r.page(disksPage).Press("O")
		if last := r.screen.disks.All()[len(r.screen.disks.All())-1]; order == "used" && !math.IsNaN(usedOf(last)) {
			t.Errorf("reversed, what is not known does not come last but %s", last.label)
		}
	}
}

func usedOf(d *disk) float64 {
	part, ok := d.Fullness()
	if !ok {
		return math.NaN()
	}
	return part
}

// Writes never simply fail: the words are those of what was measured.
func TestMeanings(t *testing.T) {
	w := calm(t, 16, 4)
	if got := meanings(w.overview()); got != nil {
		t.Errorf("a calm cluster is explained: %v", got)
	}
	for _, n := range []string{"sw001", "sw002", "sw003", "sw004", "sw005", "sw006"} {
		w.silence(n)
	}
	text := strings.Join(meanings(w.overview()), "\n")
	for _, want := range []string{"writes rely on handoffs", "erasure code: writes may be refused", "unreadable: too little is on"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not said: %s", want, text)
		}
	}
	if strings.Contains(text, "fail") || strings.Contains(text, "ranges") {
		t.Errorf("said too much: %s", text)
	}
}

// A cluster of which no node answers is not down: it is our own network.
func TestNobodyAnswers(t *testing.T) {
	w := calm(t, 16, 4)
	for name := range w.nodes {
		w.silence(name)
	}
	newRobot(t, w, 80, 21).See("? nodes", "nobody answers", "0-64").Miss("✗ nodes")
}

func TestRecovery(t *testing.T) {
	d := func(name string) *swift.DeviceView {
		return &swift.DeviceView{Node: &swift.NodeView{Name: "n1"}, Name: name}
	}
	for want, r := range map[string]swift.Recovery{
		"": {},
		"1 disk filling: n1/d1; about 12 partitions (3.0T) to move; too early to say how fast":            {Filling: []*swift.DeviceView{d("d1")}, Parts: 12, Bytes: 3 << 40},
		"1 disk filling: n1/d1; about 12 partitions (3.0G) to move, falling, about 51m left at this pace": {Filling: []*swift.DeviceView{d("d1")}, Parts: 12, Bytes: 3 << 30, Rate: 1 << 20, Over: time.Minute},
		"2 disks draining: n1/d1 n1/d2; about 1 partition (3.0G) to move, rising":                         {Draining: []*swift.DeviceView{d("d1"), d("d2")}, Parts: 1, Bytes: 3 << 30, Rate: -5, Over: time.Minute},
		"1 disk filling: n1/d1, 1 disk draining: n1/d2; about 1 partition (3.0G) to move, standing still": {Filling: []*swift.DeviceView{d("d1")}, Draining: []*swift.DeviceView{d("d2")}, Parts: 1, Bytes: 3 << 30, Over: time.Minute},
	} {
		if got, _ := recovery(r); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestLocate(t *testing.T) {
	w := troubled(t)
	for text, want := range map[string]string{
		"AUTH_a":             "account",
		"AUTH_a/c":           "container account",
		"AUTH_a/c/o/p":       "object object-1 container account",
		"/v1/AUTH_a/c/o":     "object object-1 container account",
		"archive AUTH_a/c/o": "object-1 container account",
		"AUTH_a/c/two words": "object object-1 container account",
		"17":                 "object",
		"object-1 17":        "object-1",
		"account 63":         "account",
		"/srv/node/d1/objects-1/17/5f2/8bf4115390d4611845f81da1f47645f2/1.data": "object-1",
	} {
		got, err := locate(w.rings, text)
		var rings []string
		if err == nil {
			for _, p := range got.places {
				rings = append(rings, p.ring)
			}
		}
		if g := strings.Join(rings, " "); g != want || err != nil {
			t.Errorf("%q is in %q (%v), want %q", text, g, err, want)
		}
	}
	for text, want := range map[string]string{"": "nothing", "600": "partitions 0 to 511", "-1": "partitions 0 to 511", "silver 3": `no ring "silver"`, "/": "is no ACCOUNT", "a//o": "is no ACCOUNT"} {
		if _, err := locate(w.rings, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	bare := *w.rings.Conf
	bare.Hash = ring.Hash{}
	if _, err := locate(&swift.Rings{Rings: w.rings.Rings, Conf: &bare}, "AUTH_a"); err == nil || !strings.Contains(err.Error(), "swift.conf") {
		t.Errorf("without a hash suffix: %v", err)
	}
	// The primaries are those of the ring, with the state that they have.
	o := w.overview()
	for _, v := range o.Policies {
		for part := range v.Ring.Partitions() {
			p := &page{t: kit.NewTheme(true, true), w: 80}
			p.partition(v, place{ring: v.Ring.Name, part: part})
			text := strings.Join(p.lines, "\n")
			s := v.Ring.Part(part, v.Off, v.Ring.Quorum())
			for i, d := range v.Ring.Primaries(part) {
				if !strings.Contains(text, fmt.Sprintf("primary %d", i)) || !strings.Contains(text, v.At[d.ID].Label()) {
					t.Fatalf("%s %d: primary %d is missing:\n%s", v.Ring.Name, part, i, text)
				}
			}
			if s.Unreadable() != strings.Contains(text, "unreadable until") || s.BelowQuorum() && !s.Unreadable() != strings.Contains(text, ": below primary quorum") {
				t.Fatalf("%s %d: %+v\n%s", v.Ring.Name, part, s, text)
			}
		}
	}
}

func TestWords(t *testing.T) {
	for want, got := range map[string]string{
		"0B": size(0), "999B": size(999), "1.0K": size(1000), "8.0T": size(8 << 40), "100G": size(100 << 30), "1.0P": size(1024 << 40), "8.0E": size(math.MaxInt64),
		"412": span(412, 412), "0-5": span(0, 5), "1 proxy": plural(1, "proxy"), "2 proxies": plural(2, "proxy"), "2.5": number(2.5), "100": number(100), "0.17": number(0.17),
		"-12ms": drift(-12 * time.Millisecond), "+4.0s": drift(4 * time.Second), "+1m": drift(90 * time.Second), "3.1%": percent(0.031), "96%": percent(0.96),
		"a b and 2 more": few([]string{"a", "b", "c", "d"}, 2),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
