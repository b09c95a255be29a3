package registries

import (
	"fmt"
	"testing"

	"ringside/backends/impact"
)

// A cursor key and the frame after it, with 5,000 tags in 200 repositories and 1,000
// containers. Budget: 0.3 ms.
func BenchmarkKeyAndView(b *testing.B) {
	for _, page := range []int{syncsPage, tagsPage} {
		for _, size := range sizes {
			b.Run(fmt.Sprintf("%s/%dx%d", titles[page], size.w, size.h), func(b *testing.B) {
				r := newRobot(b, many(5000), size.w, size.h).page(page)
				for b.Loop() {
					r.Press("down")
					_ = r.screen.View()
				}
			})
		}
	}
}

// The same with all of them marked, and with a filter.
func BenchmarkKeyAndViewMarked(b *testing.B) {
	r := newRobot(b, many(5000), 80, 21).page(tagsPage).Press("/").Text("state:missing").Press("enter", "*")
	for b.Loop() {
		r.Press("down")
		_ = r.screen.View()
	}
}

// A letter of a filter and the frame after it, over 5,000 tags.
func BenchmarkFilterKey(b *testing.B) {
	r := newRobot(b, many(5000), 80, 21).page(tagsPage).Press("/").Text("app0")
	for b.Loop() {
		r.Press("1", "backspace")
		_ = r.screen.View()
	}
}

// A tick in which nothing changed, one with other containers, and the joining of tags
// with containers that comes before it, once per change and not in the screen.
func BenchmarkRefresh(b *testing.B) {
	w := many(5000)
	r := newRobot(b, w, 80, 21).page(tagsPage)
	b.Run("same", func(b *testing.B) {
		snap := w.snapshot()
		for b.Loop() {
			r.screen.Refresh(snap)
			_ = r.screen.View()
		}
	})
	b.Run("other", func(b *testing.B) {
		snap := w.snapshot()
		for b.Loop() {
			copied := *snap.Images
			snap.Images = &copied
			r.screen.Refresh(snap)
			_ = r.screen.View()
		}
	})
	b.Run("join", func(b *testing.B) {
		s := w.store.State()
		for b.Loop() {
			var m impact.ImagesMemo
			m.Images(w.fleet, s)
		}
	})
	b.Run("joined before", func(b *testing.B) {
		s := w.store.State()
		for b.Loop() {
			w.images.Images(w.fleet, s)
		}
	})
}
