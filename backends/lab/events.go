package lab

import (
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// keptEvents is how far back an engine remembers, as dockerd does.
const keptEvents = 256

type eventLog struct {
	kept      []event // the last keptEvents, oldest first
	listeners map[*listener]bool
}

// event is an event on the wire. Status, ID and From left the API with 1.52.
type event struct {
	Status   string `json:"status,omitempty"`
	ID       string `json:"id,omitempty"`
	From     string `json:"from,omitempty"`
	Type     string
	Action   string
	Actor    actor
	Scope    string `json:"scope"`
	Time     int64  `json:"time"`
	TimeNano int64  `json:"timeNano"`
}

type actor struct {
	ID         string
	Attributes map[string]string
}

// listener is one event stream. What does not fit into its buffer is lost to it,
// as with dockerd.
type listener struct {
	ch  chan event
	cut chan struct{} // closed by CutEvents
}

// emit tells of something that happened to a container.
func (e *Engine) emit(c *instance, action string, more map[string]string) {
	attributes := c.labels()
	attributes["name"], attributes["image"] = c.name, c.image
	maps.Copy(attributes, more)
	e.publish(event{Status: action, ID: c.id, From: c.image, Type: "container", Action: action, Actor: actor{c.id, attributes}})
}

func (e *Engine) publish(ev event) {
	now := e.now()
	ev.Scope, ev.Time, ev.TimeNano = "local", now.Unix(), now.UnixNano()
	l := &e.events
	if len(l.kept) >= keptEvents {
		l.kept = append(l.kept[:0], l.kept[1:]...)
	}
	l.kept = append(l.kept, ev)
	for s := range l.listeners {
		select {
		case s.ch <- ev:
		default:
		}
	}
}

// CutEvents ends every open event stream now, as a proxy that loses patience.
func (e *Engine) CutEvents() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for s := range e.events.listeners {
		close(s.cut)
		delete(e.events.listeners, s)
	}
}

func (e *Engine) streamEvents(a *answer, r *http.Request) {
	q := r.URL.Query()
	wanted, err := parseFilters(q.Get("filters"))
	if err != nil {
		a.fail(http.StatusBadRequest, err.Error())
		return
	}
	since, until := parseMoment(q.Get("since")), parseMoment(q.Get("until"))

	s := &listener{ch: make(chan event, 1024), cut: make(chan struct{})}
	e.mu.Lock()
	var past []event
	if !since.IsZero() {
		for _, ev := range e.events.kept {
			if ev.TimeNano >= since.UnixNano() && (until.IsZero() || ev.TimeNano <= until.UnixNano()) {
				past = append(past, ev)
			}
		}
	}
	if e.events.listeners == nil {
		e.events.listeners = map[*listener]bool{}
	}
	e.events.listeners[s] = true
	e.mu.Unlock()
	defer func() {
		e.mu.Lock()
		delete(e.events.listeners, s)
		e.mu.Unlock()
	}()

	enc := json.NewEncoder(a.stream("application/json"))
	send := func(ev event) bool {
		if !wanted.event(ev) {
			return true
		}
		if a.api >= 52 {
			ev.Status, ev.ID, ev.From = "", "", ""
		}
		return enc.Encode(ev) == nil
	}
	for _, ev := range past {
		if !send(ev) {
			return
		}
	}
	var end <-chan time.Time
	if !until.IsZero() {
		t := time.NewTimer(until.Sub(e.now()))
		defer t.Stop()
		end = t.C
	}
	for {
		select {
		case ev := <-s.ch:
			if !send(ev) {
				return
			}
		case <-s.cut:
			return
		case <-end:
			return
		case <-r.Context().Done():
			return
		}
	}
}

// event says whether an event stream with these filters shows ev.
func (f filters) event(ev event) bool {
	action := ev.Action
	if i := strings.IndexByte(action, ':'); i >= 0 { // "exec_start: sh" and "health_status: healthy" have a family name
		if !f.has("event", ev.Action) && !f.has("event", action[:i]) {
			return false
		}
	} else if !f.has("event", action) {
		return false
	}
	if !f.has("type", ev.Type) || !f.labels(ev.Actor.Attributes) {
		return false
	}
	if ids := f["container"]; len(ids) > 0 {
		if ev.Type != "container" || !ids[ev.Actor.ID] && !ids[ev.Actor.Attributes["name"]] {
			return false
		}
	}
	return f.has("image", ev.Actor.Attributes["image"])
}

// parseMoment reads seconds since 1970 with up to nine decimals; what is not
// given or not understood is the zero time.
func parseMoment(s string) time.Time {
	sec, frac, _ := strings.Cut(s, ".")
	n, err := strconv.ParseInt(sec, 10, 64)
	if err != nil || n <= 0 {
		return time.Time{}
	}
	nano, _ := strconv.ParseInt((frac + "000000000")[:9], 10, 64)
	return time.Unix(n, nano)
}
