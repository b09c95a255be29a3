package power

import (
	"fmt"
	"testing"

	"ringside/backends/bmc"
)

// A cursor key and the frame after it, with 1,000 hosts. Budget: 0.3 ms.
func BenchmarkKeyAndView(b *testing.B) {
	for _, size := range sizes {
		b.Run(fmt.Sprintf("%dx%d", size.w, size.h), func(b *testing.B) {
			r := newRobot(b, ring(1000, 20), size.w, size.h)
			for b.Loop() {
				r.Press("down")
				_ = r.screen.View()
			}
		})
	}
	b.Run("200x60", func(b *testing.B) { // with every host on the map
		r := newRobot(b, ring(1000, 20), 200, 60)
		for b.Loop() {
			r.Press("down")
			_ = r.screen.View()
		}
	})
}

// A letter of a filter and the frame after it.
func BenchmarkFilterKey(b *testing.B) {
	for _, c := range []struct{ name, before, key string }{{"narrower", "sw0", "1"}, {"wider", "sw01", "backspace"}, {"range", "sw[001-04", "0"}, {"field", "state:o", "n"}} {
		b.Run(c.name, func(b *testing.B) {
			r := newRobot(b, ring(1000, 20), 80, 21)
			r.Press("/")
			for b.Loop() {
				b.StopTimer()
				l := r.screen.list
				l.input.SetValue(c.before)
				r.screen.model.setQuery(c.before)
				l.changed()
				b.StartTimer()
				r.Press(c.key)
				_ = r.screen.View()
			}
		})
	}
}

// A tick in which one host in ten was read anew.
func BenchmarkRefresh(b *testing.B) {
	w := ring(1000, 20)
	r := newRobot(b, w, 80, 21)
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		for n := range 100 {
			w.put(w.fleet.Hosts[n*10+i%10].Name, func(f *bmc.Facts) {
				if i%2 == 0 {
					f.Power = bmc.Off
				}
			})
		}
		snap := w.snapshot()
		b.StartTimer()
		r.screen.Refresh(snap)
		_ = r.screen.View()
	}
}
