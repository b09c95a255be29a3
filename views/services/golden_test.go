package services

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
	"filter":    func(r *robot) { r.press("/").text("health:unhealthy colour:blue") },
	"swapping":  func(r *robot) { swapping(r.world); r.tick() },
	"detail":    func(r *robot) { r.press("enter") },
	"run":       func(r *robot) { swapping(r.world); r.press("enter"); r.tick() },
	"held":      func(r *robot) { r.press("down", "enter") },
	"undecided": func(r *robot) { r.screen.Show("service//search"); r.press("enter") },
	"unsettled": func(r *robot) { r.screen.Show("service//docs"); r.press("enter") },
	"silent":    func(r *robot) { r.screen.Show("service//mail"); r.press("enter") },
	"unread":    func(r *robot) { r.press("end", "enter") },
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
				plain := r.frame()
				for _, c := range plain {
					if c > 0x7e {
						t.Errorf("%q is not ASCII in\n%s", c, plain)
						break
					}
				}
				kittest.Golden(t, fmt.Sprintf("%s-%d-ascii", name, size.w), plain)
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
