package docker

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/moby/moby/api/types/events"
	"github.com/moby/moby/client"

	"ringside/backends/fleet"
	"ringside/backends/fleet/retry"
	"ringside/backends/fleet/safe"
)

// Pace of watching. Heartbeat pause and limit together stay below 2 s: within
// that a dead engine has to be noticed.
const (
	heartbeatPause = 500 * time.Millisecond
	heartbeatLimit = 1300 * time.Millisecond
	confirmEvery   = 3 * time.Second        // how often an unchanged picture is reported as still true
	gatherFor      = 120 * time.Millisecond // events of one burst are handled together
	listEvery      = 60 * time.Second       // safety net under the events
	connectLimit   = 12 * time.Second       // until the engine's facts and its event stream
	answerLimit    = 5 * time.Second        // until the first answer; an ssh that still logs in goes on for the next attempt
	readLimit      = 30 * time.Second       // one list, of 10,000 containers over a slow line
	manyChanged    = 64                     // from so many on one full list is cheaper
)

// Watch reports the engine as *Facts under Name, and the stats of what is looked
// at as *StatsFacts under Name + "/stats", until ctx is done. It follows the
// engine's events, lists again after every reconnect and once a minute, and tries
// again with backoff when the engine does not answer.
func (e *Engine) Watch(ctx context.Context, report func(fleet.Reading)) {
	var wg sync.WaitGroup
	wg.Add(1)
	safe.Go("stats "+e.Name(), func() { defer wg.Done(); e.watchStats(ctx, report) })
	defer wg.Wait()
	defer e.latest.Store(nil)

	back := retry.Backoff{Max: 3 * time.Second}
	slow := retry.Backoff{Min: 10 * time.Second, Max: time.Minute}
	t := newTable()
	for {
		err := e.session(ctx, t, report, func() { back.Reset(); slow.Reset() })
		e.latest.Store(nil)
		if ctx.Err() != nil {
			return
		}
		report(fleet.Reading{Source: e.Name(), At: time.Now(), Err: err})
		wait := back.Next()
		if lasting(err) { // sshd counts failed logins
			wait = slow.Next()
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-e.refresh:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// session is one connection: it returns when the engine stops answering.
func (e *Engine) session(ctx context.Context, t *table, report func(fleet.Reading), connected func()) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	cl, err := e.reopen()
	if err != nil {
		return err
	}
	w := &watcher{Engine: e, cl: cl, table: t, report: report, inspected: make(chan inspected, 1), alive: make(chan time.Time, 1), changed: make(chan struct{}, 1)}
	defer w.wg.Wait()
	defer cancel(nil)
	began := time.Now()
	if err := e.firstAnswer(ctx, cl); err != nil {
		return err
	}
	limited, done := context.WithTimeout(ctx, connectLimit)
	w.engine, err = e.readEngine(limited, cl)
	done()
	if err != nil {
		return err
	}
	// The stream is opened before the list is read, so nothing falls between.
	stream, err := w.openEvents(ctx, cancel)
	if err != nil {
		return err
	}
	w.wg.Add(2)
	safe.Go("events "+e.Name(), func() { defer w.wg.Done(); w.gather(ctx, stream, cancel) })
	safe.Go("heartbeat "+e.Name(), func() { defer w.wg.Done(); w.heartbeat(ctx, cancel) })
	if err := w.list(ctx, began); err != nil {
		return cause(ctx, err)
	}
	t.recheckAll() // events were missed
	connected()
	return cause(ctx, w.run(ctx))
}

// firstAnswer waits for the engine, but not so long that an engine that is not
// there looks like one that is being connected.
func (e *Engine) firstAnswer(ctx context.Context, cl *client.Client) error {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	return e.ping(ctx, cl)
}

// cause prefers why the session was ended over what then failed in it.
func cause(ctx context.Context, err error) error {
	if c := context.Cause(ctx); c != nil && !errors.Is(c, context.Canceled) {
		return c
	}
	return err
}

// watcher is the state of one session. Its table belongs to run's goroutine.
type watcher struct {
	*Engine
	cl     *client.Client
	engine *Facts // without containers
	table  *table
	facts  *Facts        // as reported last
	at     time.Time     // when they were last known to be true
	took   time.Duration // of the last read
	report func(fleet.Reading)
	wg     sync.WaitGroup // the goroutines of this session

	inspected chan inspected
	alive     chan time.Time // moments at which a heartbeat was answered
	changed   chan struct{}  // a token: pending has grown

	mu      sync.Mutex
	pending map[string]bool // containers with events
	images  bool            // images have changed
}

// inspected is the answer to one batch of inspects; asked is the containers as
// they were known before.
type inspected struct {
	asked  map[string]*Container
	knowns map[string]known
}

// watched are the events that change what a list shows. Health checks make three
// exec events each time; those are left out on the engine's side.
var watched = make(client.Filters).
	Add("type", "container", "image", "network").
	Add("event", "create", "start", "restart", "stop", "kill", "die", "oom", "pause", "unpause", "rename", "update", "destroy", "health_status",
		"pull", "tag", "untag", "import", "load", "delete", "connect", "disconnect")

func (w *watcher) openEvents(ctx context.Context, cancel context.CancelCauseFunc) (client.EventsResult, error) {
	// Events waits for the engine's first answer.
	guard := time.AfterFunc(connectLimit, func() { cancel(w.fail("follow events", context.DeadlineExceeded)) })
	stream := w.cl.Events(ctx, client.EventsListOptions{Filters: watched})
	guard.Stop()
	select {
	case err := <-stream.Err:
		return stream, cause(ctx, w.fail("follow events", err))
	default:
		return stream, nil
	}
}

// gather notes which containers have events, as fast as they come.
func (w *watcher) gather(ctx context.Context, stream client.EventsResult, cancel context.CancelCauseFunc) {
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-stream.Messages:
			w.note(m)
		case err := <-stream.Err:
			cancel(w.fail("follow events", err))
			return
		}
	}
}

func (w *watcher) note(m events.Message) {
	id := m.Actor.ID
	w.mu.Lock()
	switch m.Type {
	case events.ImageEventType:
		w.images = true
		id = ""
	case events.NetworkEventType:
		id = m.Actor.Attributes["container"]
	}
	w.mu.Unlock()
	if plainID.MatchString(id) {
		w.again([]string{id})
	}
	token(w.changed)
}

// take returns what was noted since it was last called.
func (w *watcher) take() (ids []string, images bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id := range w.pending {
		ids = append(ids, id)
	}
	images = w.images
	w.pending, w.images = nil, false
	return ids, images
}

// heartbeat ends the session when the engine does not answer a ping in time, as
// when its host or the network died without a word.
func (w *watcher) heartbeat(ctx context.Context, cancel context.CancelCauseFunc) {
	for pause(ctx, heartbeatPause) == nil {
		at := time.Now()
		limited, done := context.WithTimeout(ctx, heartbeatLimit)
		_, err := w.cl.Ping(limited, client.PingOptions{})
		done()
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			cancel(w.fail("heartbeat", err))
			return
		}
		select {
		case w.alive <- at:
		default:
		}
	}
}
