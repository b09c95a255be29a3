package command

import (
	"context"
	"sync"
	"time"

	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/fleet/safe"
	"ringside/backends/watch"
)

// readLimit bounds the reading of one engine: ssh has to log in.
const readLimit = 10 * time.Second

// world is the fleet as it was read once.
type world struct {
	fleet   *fleet.Fleet
	engines []fleet.Engine // those that were read
	state   *watch.State
	failed  int // engines that did not answer
}

// look reads engines side by side, each with its own time limit: those named, or
// all. One that does not answer is told on the error output and costs no other
// engine anything.
func (a *app) look(ctx context.Context, names []string) (*world, error) {
	f, err := a.load()
	if err != nil {
		return nil, err
	}
	w := &world{fleet: f, engines: f.Engines}
	if len(names) > 0 {
		w.engines = nil
		for _, n := range names {
			e, ok := f.Engine(n)
			if !ok {
				return nil, usage("there is no engine %q; the fleet has %s", n, engineNames(f))
			}
			w.engines = append(w.engines, e)
		}
	}
	if len(f.Engines) == 0 {
		return nil, usage("no engine was found: no Docker context, no DOCKER_HOST and no local socket%s\n%s", notices(f),
			"name engines in ringside.yaml (ringside init writes a starter), or try it without any: ringside demo")
	}
	store := watch.NewStore()
	var wg sync.WaitGroup
	for _, spec := range w.engines {
		e, _ := a.set.Engine(spec.Name)
		wg.Add(1)
		safe.Go("read "+e.Name(), func() {
			defer wg.Done()
			a.readEngine(ctx, e, store)
		})
	}
	wg.Wait()
	w.state = store.State()
	for e := range w.state.All() {
		if e.Err != nil {
			w.failed++
			a.complain("%v", e.Err)
		}
	}
	return w, ctx.Err()
}

func (a *app) readEngine(ctx context.Context, e *docker.Engine, store *watch.Store) {
	ctx, cancel := a.limited(ctx, readLimit)
	defer cancel()
	began := time.Now()
	facts, err := e.List(ctx)
	r := fleet.Reading{Source: e.Name(), At: time.Now(), Took: time.Since(began), Err: err}
	if err == nil {
		r.Facts = facts
	}
	a.log.Debug("read", "engine", e.Spec().Name, "took", r.Took, "error", err)
	store.Put(r)
}

// facts are what one engine said, nil when it did not answer.
func (w *world) facts(e fleet.Engine) *docker.Facts {
	entry, _ := w.state.Entry("docker/" + e.Name)
	f, _ := entry.Facts.(*docker.Facts)
	return f
}

// containers lists what was read, engines in the order of the fleet.
func (w *world) containers() []*docker.Container {
	var out []*docker.Container
	for _, e := range w.engines {
		if f := w.facts(e); f != nil {
			out = append(out, f.Containers...)
		}
	}
	return out
}

// partial is the end of a command that only read: 3 when an engine was silent.
func (w *world) partial() error {
	if w.failed > 0 {
		return said(ExitFailed)
	}
	return nil
}

func engineNames(f *fleet.Fleet) string {
	var names []string
	for _, e := range f.Engines {
		names = append(names, e.Name)
	}
	return few(names)
}

func notices(f *fleet.Fleet) string {
	out := ""
	for _, n := range f.Notices {
		out += "\n" + n
	}
	return out
}
