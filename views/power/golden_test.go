package power

import (
	"fmt"
	"testing"
	"time"
)

var sizes = []struct{ w, h int }{{80, 21}, {140, 37}}

// places are what to look at, each from a fresh screen.
var places = map[string]func(*robot){
	"list":      func(r *robot) { r.Press("down", "space", "down") },
	"groups":    func(r *robot) { r.Press("b", "b", "down", "down", "down") },
	"filter":    func(r *robot) { r.Press("/").Text("sw[002-014] !state:on colour:blue") },
	"attention": func(r *robot) { r.Run(r.screen.Update(orderPicked{"attention"})); r.Press("home") },
	"overview":  func(r *robot) { open(r, "sw003") },
	"sensors":   func(r *robot) { open(r, "sw003"); toTab(r, "Sensors"); beatTwice(r) },
	"events":    func(r *robot) { open(r, "sw003"); toTab(r, "Events") },
	"around":    func(r *robot) { open(r, "sw003"); toTab(r, "On it") },
}

func open(r *robot, host string) {
	r.screen.Show("host//" + host)
	r.Press("enter")
}

func toTab(r *robot, title string) {
	r.T.Helper()
	for range pages {
		if titles[max(r.screen.detail.tab, r.screen.detail.first())] == title {
			return
		}
		r.Press("tab")
	}
	r.T.Fatalf("no tab %s", title)
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
			r.Run(r.screen.Update(b))
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
				r.Looks(name)
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
			r.Resize(size.w, size.h)
			r.Frame()
			if t.Failed() {
				t.Fatalf("%s at %dx%d", name, size.w, size.h)
			}
		}
	}
}
