package swift

import (
	"maps"
	"math"

	tea "charm.land/bubbletea/v2"

	"ringside/backends/swift"
	"ringside/backends/swift/ring"
)

// ringFigures are the balance and the dispersion of rings, worked out once for each
// beside the screen.
type ringFigures struct {
	known map[*ring.Ring]ringFigure
	busy  map[*ring.Ring]bool
}

type ringFigure struct {
	balance, dispersion float64
	shares              []float64 // replicas that each device should have, by id
}

// worked is a ring's figures.
type worked struct {
	ring *ring.Ring
	ringFigure
}

// work asks for the figures that are not known, and forgets those of rings that are
// gone.
func (f *ringFigures) work(o *swift.Overview) tea.Cmd {
	if f.known == nil {
		f.known, f.busy = map[*ring.Ring]ringFigure{}, map[*ring.Ring]bool{}
	}
	var cmds []tea.Cmd
	used := map[*ring.Ring]bool{}
	if o != nil {
		for _, p := range o.Policies {
			r := p.Ring.Ring
			used[r] = true
			if _, ok := f.known[r]; !ok && !f.busy[r] {
				f.busy[r] = true
				cmds = append(cmds, func() tea.Msg { return workOut(r) })
			}
		}
	}
	maps.DeleteFunc(f.known, func(r *ring.Ring, _ ringFigure) bool { return !used[r] })
	return tea.Batch(cmds...)
}

func workOut(r *ring.Ring) worked {
	w := worked{ring: r, ringFigure: ringFigure{balance: r.Balance(), dispersion: r.Dispersion()}}
	perWeight := float64(r.Slots()) / max(r.Weight(), 1e-9)
	for _, d := range r.Devices() {
		for len(w.shares) <= d.ID {
			w.shares = append(w.shares, 0)
		}
		w.shares[d.ID] = d.Weight * perWeight
	}
	return w
}

func (f *ringFigures) take(m worked) {
	delete(f.busy, m.ring)
	f.known[m.ring] = m.ringFigure
}

// shares are what share needs, by the name of the ring.
func (f *ringFigures) shares(o *swift.Overview) map[string][]float64 {
	out := map[string][]float64{}
	for _, p := range o.Policies {
		if x, ok := f.known[p.Ring.Ring]; ok {
			out[p.Ring.Name] = x.shares
		}
	}
	return out
}

// share is by how many per cent a device has more replicas than its weight's share,
// all rings together, so that a ring of few partitions does not hide the others.
// NaN: not known yet.
func share(shares map[string][]float64, d *swift.DeviceView) float64 {
	expected := 0.0
	for _, m := range d.In {
		x := shares[m.Ring]
		if m.ID >= len(x) {
			return math.NaN()
		}
		expected += x[m.ID]
	}
	switch {
	case expected > 0:
		return 100*float64(d.Parts)/expected - 100
	case d.Parts > 0:
		return unweighted
	}
	return 0
}

// unweighted is what Swift says of a device of weight 0 that has replicas.
const unweighted = 999.99
