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
	devices             []float64 // balance by device id
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
	for _, d := range r.Devices() {
		for len(w.devices) <= d.ID {
			w.devices = append(w.devices, math.NaN())
		}
		w.devices[d.ID] = r.DeviceBalance(d.ID)
	}
	return w
}

func (f *ringFigures) take(m worked) {
	delete(f.busy, m.ring)
	f.known[m.ring] = m.ringFigure
}

// device is by how many per cent a device of a ring is off its share; NaN: not
// known.
func (f *ringFigures) device(r *ring.Ring, id int) float64 {
	if x, ok := f.known[r]; ok && id < len(x.devices) {
		return x.devices[id]
	}
	return math.NaN()
}

// worst is the balance of a device in the ring where it is furthest off.
func (f *ringFigures) worst(o *swift.Overview, d *swift.DeviceView) float64 {
	worst := math.NaN()
	for _, m := range d.In {
		if r, ok := o.Rings.Ring(m.Ring); ok {
			if b := f.device(r.Ring, m.ID); !math.IsNaN(b) && !(math.Abs(b) <= math.Abs(worst)) {
				worst = b
			}
		}
	}
	return worst
}
