package lab

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (e *Engine) start(a *answer, _ *http.Request, c *instance) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch c.state {
	case paused:
		a.fail(http.StatusConflict, "cannot start a paused container, try unpause instead")
	case running:
		a.fail(http.StatusNotModified, "")
	case removing, dead:
		a.fail(http.StatusConflict, "container is marked for removal and cannot be started")
	default:
		if err := e.bind(c); err != nil {
			a.fail(http.StatusInternalServerError, err.Error())
			return
		}
		c.restarts, c.backoff = 0, 0
		e.run(c)
		a.done()
	}
}

func (e *Engine) stop(a *answer, r *http.Request, c *instance) {
	e.mu.Lock()
	if !c.up() && c.state != restarting {
		e.mu.Unlock()
		a.fail(http.StatusNotModified, "")
		return
	}
	e.halt(r, c)
	e.emit(c, "stop", nil)
	e.mu.Unlock()
	a.done()
}

func (e *Engine) restart(a *answer, r *http.Request, c *instance) {
	e.mu.Lock()
	if c.up() || c.state == restarting {
		e.halt(r, c)
		e.emit(c, "stop", nil)
	}
	if c.state == exited || c.state == created {
		e.run(c)
	}
	e.emit(c, "restart", nil)
	e.mu.Unlock()
	a.done()
}

// halt asks the process to end and makes it after the grace period, as docker
// stop does. The lock is held on entry and on return, not in between: what was
// begun goes on when the client that asked leaves.
func (e *Engine) halt(r *http.Request, c *instance) {
	c.manual = true
	if c.state == restarting {
		c.life++
		c.state = exited
		c.wake()
		return
	}
	grace := 10 * time.Second
	if t, err := strconv.Atoi(r.URL.Query().Get("t")); err == nil {
		grace = time.Duration(t) * time.Second
		if t < 0 {
			grace = time.Hour
		}
	}
	if c.state == paused {
		e.thaw(c)
	}
	if grace > 0 {
		signal := cmp.Or(r.URL.Query().Get("signal"), "15")
		e.emit(c, "kill", map[string]string{"signal": strconv.Itoa(signalNumber(signal))})
	}
	life := c.life
	e.later(c, min(c.spec.Takes, grace), func() {
		if c.spec.Takes > grace || grace == 0 {
			e.emit(c, "kill", map[string]string{"signal": "9"})
			e.die(c, 137, false)
			return
		}
		e.die(c, c.spec.OnTerm, false)
	})
	e.await(r, c, func() bool { return c.life != life })
}

// await releases the lock until the condition holds or the request is over.
func (e *Engine) await(r *http.Request, c *instance, ok func() bool) {
	for !ok() {
		changed := c.change()
		e.mu.Unlock()
		select {
		case <-changed:
		case <-r.Context().Done():
			e.mu.Lock()
			return
		}
		e.mu.Lock()
	}
}

var signals = map[string]int{"HUP": 1, "INT": 2, "QUIT": 3, "KILL": 9, "USR1": 10, "USR2": 12, "TERM": 15, "WINCH": 28}

// signalNumber is 0 for what is no signal.
func signalNumber(s string) int {
	if n, err := strconv.Atoi(s); err == nil && n > 0 && n < 65 {
		return n
	}
	return signals[strings.TrimPrefix(strings.ToUpper(s), "SIG")]
}

func (e *Engine) kill(a *answer, r *http.Request, c *instance) {
	signal := cmp.Or(r.URL.Query().Get("signal"), "KILL")
	n := signalNumber(signal)
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case n == 0:
		a.fail(http.StatusBadRequest, "Invalid signal: "+signal)
		return
	case !c.up():
		a.fail(http.StatusConflict, fmt.Sprintf("Cannot kill container: %s: Container %s is not running", c.name, c.id))
		return
	}
	e.emit(c, "kill", map[string]string{"signal": strconv.Itoa(n)})
	switch n {
	case 9:
		c.manual = true
		e.die(c, 137, false)
	case 2, 3, 15:
		c.manual = n == 15
		e.later(c, c.spec.Takes, func() { e.die(c, c.spec.OnTerm, false) })
	}
	a.done()
}

func (e *Engine) pause(a *answer, _ *http.Request, c *instance) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch c.state {
	case running:
		c.state, c.pausedAt = paused, e.now()
		e.emit(c, "pause", nil)
		c.wake()
		a.done()
	case paused:
		a.fail(http.StatusConflict, "Container "+c.id+" is already paused")
	case restarting:
		a.fail(http.StatusConflict, "Container "+c.id+" is restarting, wait until the container is running")
	default:
		a.fail(http.StatusConflict, "Container "+c.id+" is not running")
	}
}

func (e *Engine) unpause(a *answer, _ *http.Request, c *instance) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c.state != paused {
		a.fail(http.StatusInternalServerError, "Container "+c.id+" is not paused") // no conflict to dockerd
		return
	}
	e.thaw(c)
	a.done()
}

var validName = regexp.MustCompile(`^/?[a-zA-Z0-9][a-zA-Z0-9_.-]+$`)

// freeName says why a container may not get the name; status 0 when it may.
func (e *Engine) freeName(name string) (status int, message string) {
	if !validName.MatchString(name) {
		return http.StatusBadRequest, fmt.Sprintf("Invalid container name (%s), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed", name)
	}
	if other := e.names[strings.TrimPrefix(name, "/")]; other != nil {
		return http.StatusConflict, fmt.Sprintf("Conflict. The container name %q is already in use by container %q. You have to remove (or rename) that container to be able to reuse that name.", "/"+strings.TrimPrefix(name, "/"), other.id)
	}
	return 0, ""
}

func (e *Engine) rename(a *answer, r *http.Request, c *instance) {
	name := strings.TrimPrefix(r.URL.Query().Get("name"), "/")
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case name == "":
		a.fail(http.StatusBadRequest, "Neither old nor new names may be empty")
		return
	case name == c.name:
		a.fail(http.StatusBadRequest, "Renaming a container with the same name as its current name")
		return
	}
	if status, message := e.freeName("/" + name); status != 0 {
		a.fail(status, "Error when allocating new name: "+message)
		return
	}
	old := c.name
	delete(e.names, old)
	e.names[name], c.name = c, name
	e.emit(c, "rename", map[string]string{"oldName": "/" + old})
	a.done()
}

func (e *Engine) remove(a *answer, r *http.Request, c *instance) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c.up() || c.state == restarting {
		if !truthy(r.URL.Query().Get("force")) {
			a.fail(http.StatusConflict, e.whyNotRemoved(c))
			return
		}
		c.manual = true
		if c.up() {
			e.emit(c, "kill", map[string]string{"signal": "9"})
			e.die(c, 137, false)
		}
	}
	e.forget(c)
	a.done()
}

func (e *Engine) whyNotRemoved(c *instance) string {
	first := "stop the container before "
	if c.state == paused {
		first = "unpause and then " + first
	}
	if e.old() {
		return fmt.Sprintf("You cannot remove a %s container %s. %sattempting removal or force remove", c.state, c.id, strings.ToUpper(first[:1])+first[1:])
	}
	return fmt.Sprintf("cannot remove container %q: container is %s: %sremoving or force remove", "/"+c.name, c.state, first)
}

// forget removes a container that does not run.
func (e *Engine) forget(c *instance) {
	c.life++
	c.state = removing
	maps.DeleteFunc(e.execs, func(_ string, x *execution) bool { return x.container == c && !x.running })
	delete(e.containers, c.id)
	delete(e.names, c.name)
	e.order = slices.DeleteFunc(e.order, func(o *instance) bool { return o == c })
	e.emit(c, "destroy", nil)
	c.wake()
}
