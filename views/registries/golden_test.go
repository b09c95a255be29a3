package registries

import (
	"fmt"
	"testing"

	"ringside/backends/fleet"
)

var sizes = []struct{ w, h int }{{80, 21}, {140, 37}}

// places are what to look at, each from a fresh screen.
var places = map[string]struct {
	world func() *world
	visit func(*robot)
}{
	"syncs":     {troubled, func(r *robot) {}},
	"syncing":   {syncing, func(r *robot) {}},
	"unread":    {unread, func(r *robot) {}},
	"stale":     {stale, func(r *robot) { r.page(tagsPage) }},
	"tags":      {troubled, func(r *robot) { r.page(tagsPage) }},
	"filter":    {troubled, func(r *robot) { r.page(tagsPage).Press("/").Text("state:behind colour:red") }},
	"marks":     {troubled, func(r *robot) { r.page(tagsPage).Press("space", "space", "o") }},
	"tag":       {troubled, func(r *robot) { r.screen.Show("tag/tokyo/team/web:1.9.2"); r.Press("enter") }},
	"transfers": {syncing, func(r *robot) { r.page(transfersPage) }},
	"idle":      {troubled, func(r *robot) { r.page(transfersPage) }},
	"history":   {syncing, func(r *robot) { r.page(historyPage) }},
}

func TestFrames(t *testing.T) {
	for name, place := range places {
		for _, size := range sizes {
			t.Run(fmt.Sprintf("%s-%d", name, size.w), func(t *testing.T) {
				r := newRobot(t, place.world(), size.w, size.h)
				place.visit(r)
				r.Looks(name).ASCII()
			})
		}
	}
}

// Any size must do: the console decides what is too small.
func TestFramesKeepTheirSize(t *testing.T) {
	for name, place := range places {
		for _, w := range []*world{place.world(), {fleet: &fleet.Fleet{}, store: unread().store, now: noon}} {
			r := newRobot(t, w, 80, 21)
			if len(w.fleet.Syncs) > 0 {
				place.visit(r)
			} else {
				r.page(len(name) % pages)
			}
			for _, size := range []struct{ w, h int }{{1, 1}, {3, 2}, {7, 3}, {20, 4}, {60, 12}, {61, 15}, {119, 30}, {120, 30}, {300, 80}} {
				r.Resize(size.w, size.h)
				r.Frame()
				if t.Failed() {
					t.Fatalf("%s at %dx%d", name, size.w, size.h)
				}
			}
		}
	}
}
