package lab

import (
	"fmt"
	"net/http"
	"time"

	"ringside/backends/fleet"
)

// Fault is something a presenter can break. Toggle breaks it, or mends it when
// it is broken.
type Fault struct {
	ID, Title string
	Toggle    func() error
}

// Faults lists what can be broken in the running lab.
func (l *Lab) Faults() []Fault { return l.faults }

// toggle makes a fault of something that is on or off.
func (l *Lab) toggle(id, title string, set func(on bool) error) Fault {
	on := false
	return Fault{id, title, func() error {
		l.mu.Lock()
		on = !on
		now := on
		l.mu.Unlock()
		return set(now)
	}}
}

func (l *Lab) presenterFaults() []Fault {
	var out []Fault
	add := func(id, title string, set func(on bool)) {
		out = append(out, l.toggle(id, title, func(on bool) error {
			set(on)
			return nil
		}))
	}
	for _, e := range l.engines {
		name := e.opts.Name
		add("hang/"+name, "hang engine "+name, e.Hang)
		add("kill/"+name, "kill and revive engine "+name, func(on bool) {
			if on {
				e.Stop()
			} else {
				e.Start()
			}
		})
		add("slow/"+name, "slow engine "+name+" down to 2 s an answer", func(on bool) {
			if on {
				e.Slow(2 * time.Second)
			} else {
				e.Slow(0)
			}
		})
		add("cut/"+name, "cut the event streams of "+name, func(bool) { e.CutEvents() })
	}
	for _, r := range l.registries {
		add("hang/registry-"+r.site, "hang the registry of "+r.site, r.Hang)
		var patient func()
		add("limit/registry-"+r.site, "make the registry of "+r.site+" answer 429", func(on bool) {
			if on {
				patient = r.Refuse("*", http.StatusTooManyRequests, 2*time.Second, -1)
			} else {
				patient()
			}
		})
		add("cut/registry-"+r.site, "cut the next transfers of "+r.site+" after 1 MB", func(bool) { r.CutUp(1 << 20); r.CutDown(1 << 20) })
		add("kill/registry-"+r.site, "kill and revive the registry of "+r.site, func(on bool) {
			if on {
				r.Stop()
			} else if err := r.Resume(); err != nil {
				panic("lab: " + err.Error()) // its port was taken meanwhile: no presenter can mend that
			}
		})
	}
	if len(l.registries) > 0 {
		near := l.registries[0]
		add("moved/web", "push team/web:1.9.1 again in Tokyo, another image than production runs", func(on bool) {
			near.Push("team/web", "1.9.1", l.library.Build(teamImage(pushed{"team/web", "1.9.1"}, map[bool]int{true: 1}[on])))
		})
		add("gone/worker", "lose team/worker:3.1.7 in Tokyo, which production runs", func(on bool) {
			if on {
				near.Untag("team/worker", "3.1.7")
			} else {
				near.Push("team/worker", "3.1.7", l.library.Build(teamImage(pushed{"team/worker", "3.1.7"}, 0)))
			}
		})
	}
	if e, c := l.service("api"); c != nil {
		add("unhealthy/api", "make "+c.name+" on "+e.opts.Name+" unhealthy", func(on bool) {
			status := healthy
			if on {
				status = unhealthy
			}
			e.SetHealth(c.name, status)
		})
	}
	if e, c := l.service("worker"); c != nil {
		add("crash/worker", "crash loop of "+c.name+" on "+e.opts.Name, func(on bool) { e.CrashLoop(c.name, on) })
	}
	if e, c := l.service("web"); c != nil {
		add("flood/logs", "flood the log of "+c.name+" on "+e.opts.Name, func(on bool) { e.Flood(c.name, on) })
	}
	for _, s := range l.services {
		for _, p := range s.proxies {
			add("refuse/"+p.name, "the proxy "+p.name+" refuses every change", func(on bool) {
				p.Refuse(map[bool]string{true: "Permission denied"}[on])
			})
			add("deaf/"+p.name, "the proxy "+p.name+" accepts changes and does nothing", p.Deafen)
			add("hand/"+p.name, "somebody switches "+p.name+" by hand", func(bool) { p.switchByHand(s.host, s.backend(fleet.Blue), s.backend(fleet.Green)) })
		}
	}
	return append(append(out, l.bmcFaults()...), l.swiftFaults()...)
}

// service finds the first running container of a Compose service; an API that
// is to be made ill has to be well.
func (l *Lab) service(service string) (*Engine, *instance) {
	for _, e := range l.engines {
		e.mu.Lock()
		for _, c := range e.order {
			if c.spec.Service == service && c.state == running && (service != "api" || c.health == healthy) {
				e.mu.Unlock()
				return e, c
			}
		}
		e.mu.Unlock()
	}
	return nil, nil
}

// must finds a container by name or ID. A test that names none is mistaken.
func (e *Engine) must(ref string) *instance {
	c := e.find(ref)
	if c == nil {
		panic(fmt.Sprintf("lab: engine %s has no container %q", e.opts.Name, ref))
	}
	return c
}

// Add creates a container as described and returns its ID. It is new: unlike
// those an engine starts with, it announces itself.
func (e *Engine) Add(spec ContainerSpec) string {
	e.lab.mu.Lock()
	e.lab.stock(spec.image())
	e.lab.mu.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	c := e.adopt(&spec)
	e.emit(c, "create", nil)
	if c.up() {
		e.emit(c, "start", nil)
	}
	return c.id
}

// Remove removes a container by force. Like the other acts below it panics when
// there is none.
func (e *Engine) Remove(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := e.must(name)
	c.manual = true
	if c.up() {
		e.die(c, 137, false)
	}
	e.forget(c)
}

// SetSpace makes the engine tell how many bytes it has left for images, as some storage
// drivers do.
func (e *Engine) SetSpace(free int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.free = &free
}

// SetHealth sets the health that the health check reports: healthy, unhealthy,
// starting, or "" for none.
func (e *Engine) SetHealth(name, health string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.setHealth(e.must(name), health)
}

// Crash ends a container by itself with exit code 1; its restart policy decides
// what follows. One that does not run is left alone.
func (e *Engine) Crash(name string) { e.end(name, 1, false) }

// OOM ends a container for want of memory.
func (e *Engine) OOM(name string) { e.end(name, 137, true) }

func (e *Engine) end(name string, code int, oom bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := e.must(name)
	if c.up() {
		e.lastWords(c)
		e.die(c, code, oom)
	}
}

// CrashLoop makes a container crash a second after every start, as long as it
// is on and the container has a restart policy.
func (e *Engine) CrashLoop(name string, on bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := e.must(name)
	c.doomed = on
	if on && c.up() {
		e.lastWords(c)
		e.die(c, 1, false)
	}
}

// Flood makes a container write about two thousand log lines a second.
func (e *Engine) Flood(name string, on bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := e.must(name)
	if on && !c.flooded {
		e.flood(c, 0)
	}
	c.flooded = on
}

func (e *Engine) flood(c *instance, n int) {
	const every, lines = 50 * time.Millisecond, 100
	e.after(every, func() {
		if !c.flooded || e.containers[c.id] != c {
			return
		}
		if c.state == running {
			text := ""
			for i := range lines {
				text += fmt.Sprintf("flood %d: retrying immediately, attempt %d\n", n+i, n+i)
			}
			e.write(c, stderr, text)
		}
		e.flood(c, n+lines)
	})
}
