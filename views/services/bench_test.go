package services

import (
	"fmt"
	"testing"
	"time"

	"ringside/backends/fleet"
)

// many is a fleet of n services on ten engines.
func many(n int) *world {
	w := newFleet()
	for i := range n {
		name, engine := fmt.Sprintf("service-%03d", i), fmt.Sprintf("tokyo-%d", i%10)
		w.serve(name, "production", []string{engine})
		w.run(engine, name, fleet.Blue, "1.9.1", "01ka", time.Hour)
		w.run(engine, name, fleet.Green, "1.9.2", "01kb", time.Minute)
		w.proxy(name, "haproxy", fleet.Blue, float64(i), 0)
	}
	return w
}

// A cursor key and the frame after it, with 200 services. Budget: 0.3 ms.
func BenchmarkKeyAndView(b *testing.B) {
	for _, size := range sizes {
		b.Run(fmt.Sprintf("list/%dx%d", size.w, size.h), func(b *testing.B) {
			r := newRobot(b, many(200), size.w, size.h)
			for b.Loop() {
				r.Press("down")
				_ = r.screen.View()
			}
		})
		b.Run(fmt.Sprintf("detail/%dx%d", size.w, size.h), func(b *testing.B) {
			r := newRobot(b, newWorld(), size.w, size.h).Press("enter")
			for b.Loop() {
				r.Press("down")
				_ = r.screen.View()
			}
		})
	}
}

// A new picture and the frame after it, with 200 services.
func BenchmarkRefresh(b *testing.B) {
	w := many(200)
	r := newRobot(b, w, 80, 21)
	snap := w.snapshot()
	for b.Loop() {
		r.screen.Refresh(snap)
		_ = r.screen.View()
	}
}
