package swift

import (
	"regexp"
	"strconv"
	"testing"

	"ringside/backends/swift/ring"
)

var missingCopies = regexp.MustCompile(`# (Object|Container) partition (\d+) missing (\d+) cop`)

// Hosts are stopped for real, and swift-dispersion-report, which asks every primary
// of a fifth of the partitions, misses exactly what was predicted from the rings, in
// each partition.
func realWhatIf(t *testing.T, r *rig, w *world) {
	o := w.until("a healthy cluster", fourUp)
	policies := []string{"gold", "ec42"}
	for _, p := range policies {
		r.in("proxy", "swift-dispersion-populate", "-P", p, "/etc/swift/dispersion.conf")
	}
	if _, missing := r.dispersion("gold"); len(missing) != 0 {
		t.Fatalf("before anything is down, copies are missing: %v", missing)
	}
	sets := [][]string{{"n1"}, {"n1", "n3"}}
	for _, down := range sets {
		predicted, _ := o.WhatIf(Selection{Nodes: down})
		for _, n := range down {
			r.rig("stop", n, "object")
		}
		now := w.until("the dead servers", func(o *Overview) bool {
			gold, _ := o.Policy("gold")
			return gold.Off.Len() == 2*len(down)
		})
		for _, name := range policies {
			p, _ := now.Policy(name)
			checked, missing := r.dispersion(name)
			if checked < 40 {
				t.Errorf("%s: only %d partitions were looked at", name, checked)
			}
			off, seen := p.Off, 0
			for part := range p.Ring.Partitions() {
				s := p.Ring.Part(part, off, p.Ring.Quorum())
				if n, ok := missing[part]; ok {
					seen++
					if n != s.Primaries-s.On {
						t.Errorf("%v down, %s partition %d: %d copies are missing, predicted %d", down, name, part, n, s.Primaries-s.On)
					}
				}
			}
			t.Logf("%v down: %s: %d partitions looked at, %d with copies missing, all as predicted", down, name, checked, seen)
			for _, w := range predicted {
				if w.Policy.Ring.Name == p.Ring.Name && w.Then.AtLeast != p.Figures.AtLeast {
					t.Errorf("%v down, %s: predicted %+v, came %+v", down, name, w.Then.AtLeast, p.Figures.AtLeast)
				}
			}
			expectAll(t, down, name, p.Ring, off, checked, missing)
		}
	}
	for _, n := range []string{"n1", "n3"} {
		r.rig("start", n, "object")
	}
}

// expectAll checks the other direction: as many partitions miss n copies among those
// looked at as the report says, none was left out.
func expectAll(t *testing.T, down []string, name string, r ring.Named, off ring.Off, checked int, missing map[int]int) {
	t.Helper()
	if len(missing) > checked {
		t.Errorf("%v down, %s: %d partitions miss copies of %d", down, name, len(missing), checked)
	}
	degraded := 0
	for part := range r.Partitions() {
		if r.Part(part, off, r.Quorum()).Degraded() {
			degraded++
		}
	}
	if degraded == r.Partitions() && len(missing) != checked { // every partition is hit, so each one looked at must be
		t.Errorf("%v down, %s: all partitions are degraded, but only %d of %d miss copies", down, name, len(missing), checked)
	}
}

// dispersion runs swift-dispersion-report on the objects of a policy: how many
// partitions it looked at, and the missing copies by partition.
func (r *rig) dispersion(policy string) (checked int, missing map[int]int) {
	text := r.in("proxy", "swift-dispersion-report", "-p", "--object-only", "-P", policy, "/etc/swift/dispersion.conf")
	missing = map[int]int{}
	for _, m := range missingCopies.FindAllStringSubmatch(text, -1) {
		part, _ := strconv.Atoi(m[2])
		missing[part], _ = strconv.Atoi(m[3])
	}
	if m := regexp.MustCompile(`Queried (\d+) objects`).FindStringSubmatch(text); m != nil {
		checked, _ = strconv.Atoi(m[1])
	} else {
		r.t.Fatalf("swift-dispersion-report:\n%s", text)
	}
	return checked, missing
}
