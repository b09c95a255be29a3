package lab

import (
	"strconv"
	"strings"
	"time"
)

// Everything here runs with the engine's lock held.

// run starts the container's process.
func (e *Engine) run(c *instance) {
	if err := e.bind(c); err != nil { // dockerd leaves such a container where it was
		e.write(c, stderr, err.Error()+"\n")
		return
	}
	c.life++
	c.state, c.started, c.pid = running, e.now(), e.nextPID()
	c.exitCode, c.oom, c.manual, c.frozen, c.charged = 0, false, false, 0, 0
	if c.runs = append(c.runs, span{from: c.started}); len(c.runs) > maxRuns {
		c.runs = append(c.runs[:0], c.runs[1:]...)
	}
	e.emit(c, "start", nil)
	if h := c.spec.Health; h != nil {
		c.health, c.failing = starting, 0
		found := healthy
		if c.app != nil && c.app.release.Ill {
			found = unhealthy
		}
		e.later(c, e.paced(h.interval()), func() { e.setHealth(c, found) })
	}
	if c.app != nil && c.app.release.Dies {
		e.later(c, 50*time.Millisecond, func() { e.lastWords(c); e.die(c, 1, false) })
	}
	e.fate(c)
	c.wake()
}

// die ends the container's process; the restart policy decides what follows.
func (e *Engine) die(c *instance, code int, oom bool) {
	if c.state == paused {
		e.thaw(c)
	}
	e.unbind(c)
	c.life++
	c.state, c.ended, c.exitCode, c.oom, c.pid = exited, e.now(), code, oom, 0
	if n := len(c.runs); n > 0 {
		c.runs[n-1].to = c.ended
	}
	if oom {
		e.emit(c, "oom", nil)
	}
	attributes := map[string]string{"exitCode": strconv.Itoa(code)}
	if !e.old() {
		attributes["execDuration"] = strconv.Itoa(int(c.ended.Sub(c.started).Seconds()))
	}
	e.emit(c, "die", attributes)
	e.applyPolicy(c)
	c.wake()
}

// applyPolicy starts an ended container again after 100 ms, doubled for every
// run that lasted less than ten seconds, up to a minute: as Docker does.
func (e *Engine) applyPolicy(c *instance) {
	name, limit, _ := strings.Cut(c.policy, ":")
	tries, _ := strconv.Atoi(limit)
	again := name == "always" || name == "unless-stopped" ||
		name == "on-failure" && c.exitCode != 0 && (tries == 0 || c.restarts < tries)
	if c.manual || !again {
		return
	}
	if c.ended.Sub(c.started) >= 10*time.Second {
		c.backoff = 0
	}
	wait := min(100*time.Millisecond<<min(c.backoff, 10), time.Minute)
	c.backoff++
	c.restarts++
	c.state = restarting
	e.later(c, wait, func() { e.run(c) })
}

// thaw ends a pause.
func (e *Engine) thaw(c *instance) {
	c.state = running
	c.frozen += e.now().Sub(c.pausedAt)
	e.emit(c, "unpause", nil)
	c.wake()
}

// setHealth is what a health check found.
func (e *Engine) setHealth(c *instance, health string) {
	if c.health == health {
		return
	}
	c.health, c.failing = health, 0
	if health == unhealthy {
		c.failing = 3
	}
	if health != starting {
		e.emit(c, "health_status: "+health, nil)
	}
	c.wake()
}

// later is after for as long as the container's present life lasts.
func (e *Engine) later(c *instance, d time.Duration, f func()) {
	life := c.life
	e.after(d, func() {
		if c.life == life && e.containers[c.id] == c {
			f()
		}
	})
}

// paced is a duration at the lab's speed of life.
func (e *Engine) paced(d time.Duration) time.Duration {
	if s := e.lab.opts.Speed; s > 0 {
		return time.Duration(float64(d) / s)
	}
	return d
}

// fate plans what will happen to a container that just started, or that ran
// when the lab started, if nobody intervenes.
func (e *Engine) fate(c *instance) {
	if c.doomed {
		e.later(c, time.Second, func() {
			e.lastWords(c)
			e.die(c, 1, false)
		})
	}
	if e.lab.opts.Speed <= 0 {
		return
	}
	l := c.spec.Life
	whim := func(n uint64, d time.Duration) time.Duration { // d, give or take a fifth
		return e.paced(time.Duration(float64(d) * (0.8 + 0.4*unit(mix(c.seed+uint64(c.life), n)))))
	}
	if l.CrashEvery > 0 {
		e.later(c, whim(1, l.CrashEvery), func() {
			e.lastWords(c)
			e.die(c, l.CrashCode, false)
		})
	}
	if l.RunFor > 0 {
		e.later(c, whim(2, l.RunFor), func() {
			e.die(c, 0, false)
			e.later(c, whim(3, l.RunEvery), func() { e.run(c) })
		})
	}
	if l.UnhealthyEvery > 0 {
		first, every, lasts := whim(4, l.UnhealthyEvery), e.paced(l.UnhealthyEvery), e.paced(l.UnhealthyFor)
		if c.health == unhealthy {
			first = 0
		}
		e.ail(c, first, every, lasts)
	}
	if left, ok := c.untilFull(e.now(), e.lab.opts.Speed); ok {
		e.later(c, left, func() { e.die(c, 137, true) })
	}
}

// ail makes a container unhealthy for a while, again and again.
func (e *Engine) ail(c *instance, first, every, lasts time.Duration) {
	e.later(c, first, func() {
		e.setHealth(c, unhealthy)
		e.later(c, lasts, func() {
			e.setHealth(c, healthy)
			e.ail(c, every, every, lasts)
		})
	})
}

// recover is what an engine does before it listens again. Unless they live on,
// it ends the containers of its predecessor, and starts those whose policy says
// so. Events and executions of the time before are forgotten.
func (e *Engine) recover() {
	e.events = eventLog{}
	e.execs = map[string]*execution{}
	if e.opts.LiveRestore {
		return
	}
	for _, c := range e.order {
		if !c.up() && c.state != restarting {
			continue
		}
		e.unbind(c)
		c.life++
		c.ended, c.pid, c.restarts, c.backoff = e.now(), 0, 0, 0
		if n := len(c.runs); n > 0 && c.runs[n-1].to.IsZero() {
			c.runs[n-1].to = c.ended
		}
		c.state, c.exitCode = exited, 255
		if name, _, _ := strings.Cut(c.policy, ":"); name == "always" || name == "unless-stopped" || name == "on-failure" {
			e.run(c)
		}
	}
}
