package swift

import (
	"fmt"
	"testing"

	"ringside/backends/fleet"
	"ringside/views/kit"
	"ringside/views/kit/kittest"
	"ringside/views/screen"
)

var sizes = []struct{ w, h int }{{80, 21}, {140, 37}}

// places are what to look at, each from a fresh screen.
var places = map[string]func(*robot){
	"overview": func(r *robot) {},
	"more":     func(r *robot) { r.press("end") },
	"nodes":    func(r *robot) { r.page(nodesPage).press("down", "down") },
	"what-if":  func(r *robot) { r.page(nodesPage).press("space", "space") },
	"disks":    func(r *robot) { r.page(disksPage).run(r.screen.Update(orderPicked{"errors"})) },
	"rings":    func(r *robot) { r.page(ringsPage) },
	"locate":   func(r *robot) { r.press("L").text("AUTH_shop/photos/cat.jpg").press("enter") },
	"prompt":   func(r *robot) { r.press("L").text("gold") },
	"node":     func(r *robot) { r.screen.Show("node/objects/sw009"); r.press("enter") },
	"filter":   func(r *robot) { r.page(nodesPage).press("/").text("sw[005-009] colour:red") },
}

func TestFrames(t *testing.T) {
	for name, visit := range places {
		for _, size := range sizes {
			t.Run(fmt.Sprintf("%s-%d", name, size.w), func(t *testing.T) {
				r := newRobot(t, troubled(t), size.w, size.h)
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
	worlds := map[string]*world{"troubled": troubled(t), "nothing": {fleet: &fleet.Fleet{}}}
	for what, w := range worlds {
		if what == "nothing" {
			w.store = worlds["troubled"].store
		}
		for name, visit := range places {
			r := newRobot(t, w, 80, 21)
			if what == "nothing" {
				r.page(len(name) % pages)
			} else {
				visit(r)
			}
			for _, size := range []struct{ w, h int }{{1, 1}, {3, 2}, {7, 3}, {20, 4}, {60, 12}, {61, 15}, {129, 30}, {130, 30}, {300, 80}} {
				r.screen.Resize(size.w, size.h)
				r.frame()
				if t.Failed() {
					t.Fatalf("%s, %s at %dx%d", what, name, size.w, size.h)
				}
			}
		}
	}
}

// Nothing of ours but ASCII is drawn in ASCII mode.
func TestASCII(t *testing.T) {
	for name, visit := range places {
		r := newRobot(t, troubled(t), 140, 37)
		r.screen.Restyle(screen.Look{Theme: kit.NewTheme(true, true)})
		visit(r)
		for i, c := range r.frame() {
			if c > 126 {
				t.Errorf("%s: %q at byte %d", name, c, i)
				break
			}
		}
	}
}
