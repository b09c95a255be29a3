package swift

import (
	"fmt"
	"testing"

	"ringside/backends/fleet"
)

var sizes = []struct{ w, h int }{{80, 21}, {140, 37}}

// places are what to look at, each from a fresh screen.
var places = map[string]func(*robot){
	"overview": func(r *robot) {},
	"more":     func(r *robot) { r.Press("end") },
	"nodes":    func(r *robot) { r.page(nodesPage).Press("down", "down") },
	"what-if":  func(r *robot) { r.page(nodesPage).Press("space", "space") },
	"disks":    func(r *robot) { r.page(disksPage).Run(r.screen.Update(orderPicked{"errors"})) },
	"rings":    func(r *robot) { r.page(ringsPage) },
	"locate":   func(r *robot) { r.Press("L").Text("AUTH_shop/photos/cat.jpg").Press("enter") },
	"prompt":   func(r *robot) { r.Press("L").Text("gold") },
	"node":     func(r *robot) { r.screen.Show("node/objects/sw009"); r.Press("enter") },
	"filter":   func(r *robot) { r.page(nodesPage).Press("/").Text("sw[005-009] colour:red") },
}

func TestFrames(t *testing.T) {
	for name, visit := range places {
		for _, size := range sizes {
			t.Run(fmt.Sprintf("%s-%d", name, size.w), func(t *testing.T) {
				r := newRobot(t, troubled(t), size.w, size.h)
				visit(r)
				r.Looks(name).ASCII()
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
				r.Resize(size.w, size.h)
				r.Frame()
				if t.Failed() {
					t.Fatalf("%s, %s at %dx%d", what, name, size.w, size.h)
				}
			}
		}
	}
}
