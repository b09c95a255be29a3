package services

import (
	"fmt"
	"testing"
	"time"
)

var sizes = []struct{ w, h int }{{80, 21}, {140, 37}}

// places are what to look at, each from a fresh screen.
var places = map[string]func(*robot){
	"list":      func(r *robot) { r.Press("down", "space", "down") },
	"filter":    func(r *robot) { r.Press("/").Text("health:unhealthy colour:blue") },
	"swapping":  func(r *robot) { swapping(r.world); r.Tick() },
	"detail":    func(r *robot) { r.Press("enter") },
	"run":       func(r *robot) { swapping(r.world); r.Press("enter"); r.Tick() },
	"held":      func(r *robot) { r.Press("down", "enter") },
	"undecided": func(r *robot) { r.screen.Show("service//search"); r.Press("enter") },
	"unsettled": func(r *robot) { r.screen.Show("service//docs"); r.Press("enter") },
	"silent":    func(r *robot) { r.screen.Show("service//mail"); r.Press("enter") },
	"unread":    func(r *robot) { r.Press("end", "enter") },
}

func TestFrames(t *testing.T) {
	defer func(l *time.Location) { time.Local = l }(time.Local)
	time.Local = time.UTC
	for name, visit := range places {
		for _, size := range sizes {
			t.Run(fmt.Sprintf("%s-%d", name, size.w), func(t *testing.T) {
				r := newRobot(t, newWorld(), size.w, size.h)
				visit(r)
				r.Looks(name).ASCII()
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
