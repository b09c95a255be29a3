package power

import (
	"fmt"
	"testing"
	"time"

	"ringside/views/kit"
	"ringside/views/kit/kittest"
	"ringside/views/screen"
)

var sizes = []struct{ w, h int }{{80, 21}, {140, 37}}

// places are what to look at, each from a fresh screen.
var places = map[string]func(*robot){
	"list":      func(r *robot) { r.press("down", "space", "down") },
	"groups":    func(r *robot) { r.press("b", "b", "down", "down", "down") },
	"filter":    func(r *robot) { r.press("/").text("sw[002-014] !state:on colour:blue") },
	"attention": func(r *robot) { r.run(r.screen.Update(orderPicked{"attention"})); r.press("home") },
	"overview":  func(r *robot) { open(r, "sw003") },
	"sensors":   func(r *robot) { open(r, "sw003"); toTab(r, "Sensors"); beatTwice(r) },
	"events":    func(r *robot) { open(r, "sw003"); toTab(r, "Events") },
	"around":    func(r *robot) { open(r, "sw003"); toTab(r, "On it") },
}

func open(r *robot, host string) {
	r.screen.Show("host//" + host)
	r.press("enter")
}

func toTab(r *robot, title string) {
	r.t.Helper()
	for range pages {
		if titles[max(r.screen.detail.tab, r.screen.detail.first())] == title {
			return
		}
		r.press("tab")
	}
	r.t.Fatalf("no tab %s", title)
}

// beatTwice lets the sensors be read twice more, with other values.
func beatTwice(r *robot) {
	for i := range 2 {
		beats := r.beats
		r.beats = nil
		r.bmcs.set(func(f *fakeBMCs) {
			f.sensors = append(f.sensors[:0:0], f.sensors...)
			f.sensors[0].Value += float64(4 * (i + 1))
		})
		for _, b := range beats {
			r.run(r.screen.Update(b))
		}
	}
}

func TestFrames(t *testing.T) {
	defer func(l *time.Location) { time.Local = l }(time.Local)
	time.Local = time.UTC
	for name, visit := range places {
		for _, size := range sizes {
			t.Run(fmt.Sprintf("%s-%d", name, size.w), func(t *testing.T) {
				r := newRobot(t, newWorld(), size.w, size.h)
				visit(r)
				r.frame()
				kittest.Golden(t, fmt.Sprintf("%s-%d", name, size.w), r.screen.View())
				r.screen.Restyle(screen.Look{Theme: kit.NewTheme(false, false), Marker: true})
				r.frame()
				r.screen.Restyle(screen.Look{Theme: kit.NewTheme(true, true)})
				r.frame()
				kittest.Golden(t, fmt.Sprintf("%s-%d-ascii", name, size.w), kittest.Plain(r.screen.View()))
			})
		}
	}
}

// Any size must do: the console decides what is too small.
func TestFramesKeepTheirSize(t *testing.T) {
	for name, visit := range places {
		r := newRobot(t, newWorld(), 80, 21)
		visit(r)
		for _, size := range []struct{ w, h int }{{1, 1}, {3, 2}, {20, 4}, {60, 12}, {61, 15}, {119, 30}, {120, 30}, {300, 80}} {
			r.screen.Resize(size.w, size.h)
			r.frame()
			if t.Failed() {
				t.Fatalf("%s at %dx%d", name, size.w, size.h)
			}
		}
	}
}
