package containers

import (
	"fmt"
	"testing"

	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/watch"
)

// crowd is 10,000 containers on ten engines.
func crowd(b *testing.B) (*robot, []*docker.Container) {
	w := &world{store: watch.NewStore(), now: noon, fleet: &fleet.Fleet{}}
	var last []*docker.Container
	for e := range 10 {
		name := fmt.Sprintf("engine-%d", e)
		w.fleet.Engines = append(w.fleet.Engines, fleet.Engine{Name: name, Site: "tokyo"})
		last = nil
		for i := range 1000 {
			last = append(last, container(fmt.Sprintf("service-%d-replica-%04d", i%37, i), "registry.example:5000/team/web", "1.9.1", func(c *docker.Container) {
				c.ID = fmt.Sprintf("%02d%062d", e, i)
				c.Project = fmt.Sprint("project-", i%50)
			}))
		}
		w.put(name, last...)
	}
	return newRobot(b, w, nil, 80, 21), last
}

// A cursor key and the frame after it. Budget: 0.3 ms.
func BenchmarkKeyAndView(b *testing.B) {
	r, _ := crowd(b)
	for b.Loop() {
		r.Press("down")
		_ = r.screen.View()
	}
}

// A letter of a filter and the frame after it, and one taken away.
func BenchmarkFilterKey(b *testing.B) {
	for _, c := range []struct{ name, before, key string }{{"narrower", "repl", "i"}, {"wider", "repli", "backspace"}, {"first", "", "w"}, {"fuzzy", "~s1", "7"}, {"field", "project:", "1"}} {
		b.Run(c.name, func(b *testing.B) {
			r, _ := crowd(b)
			r.Press("/")
			for b.Loop() {
				b.StopTimer()
				l := r.screen.list()
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

// A tick with nothing new, and one with new facts of one engine of ten.
func BenchmarkRefresh(b *testing.B) {
	r, last := crowd(b)
	for _, group := range []string{"none", "project"} {
		b.Run("still/"+group, func(b *testing.B) {
			for b.Loop() {
				r.Tick()
				_ = r.screen.View()
			}
		})
		b.Run("one engine/"+group, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				b.StopTimer()
				c := *last[i%1000]
				c.Restarts++
				last[i%1000] = &c
				list := append([]*docker.Container(nil), last...)
				r.world.put("engine-9", list...)
				snap := r.world.snapshot()
				b.StartTimer()
				r.screen.Refresh(snap)
				_ = r.screen.View()
			}
		})
		r.Press("b")
	}
}

func BenchmarkRows(b *testing.B) {
	r, _ := crowd(b)
	state := r.world.store.State()
	for b.Loop() {
		Rows(state, r.world.fleet, noon)
	}
}
