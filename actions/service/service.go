// Package service is what plans on services have in common: a fresh look at both
// colours, the lock that other machines see, the gate, and the checks over engines
// and proxies.
package service

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"ringside/actions"
	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/fleet/safe"
	"ringside/backends/impact"
	"ringside/backends/traffic"
)

// World finds what services are made of.
type World interface {
	Engine(name string) (*docker.Engine, bool)
	Proxies(service string) []*traffic.Proxy
}

// readLimit bounds the reading of one engine or proxy; one that does not answer in
// that time would not act either.
const readLimit = 10 * time.Second

// Find returns the service that a target names.
func Find(env *actions.Env, t fleet.Target) (fleet.Service, error) {
	if env.Fleet != nil {
		if s, ok := env.Fleet.Service(t.Name); ok {
			return s, nil
		}
	}
	return fleet.Service{}, fmt.Errorf("there is no service %q in the configuration any more", t.Name)
}

// Look reads a service afresh, whatever a screen showed: its containers on every
// engine and what its proxies say, side by side.
func Look(ctx context.Context, w World, s fleet.Service) impact.Service {
	var mu sync.Mutex
	var wg sync.WaitGroup
	engines := map[string]impact.Reading[[]*docker.Container]{}
	proxies := map[string]impact.Reading[*traffic.Facts]{}
	side := func(what string, f func(context.Context)) {
		wg.Add(1)
		safe.Go("read "+what, func() {
			defer wg.Done()
			ctx, cancel := context.WithTimeout(ctx, readLimit)
			defer cancel()
			f(ctx)
		})
	}
	for _, name := range s.Engines {
		side(name, func(ctx context.Context) {
			list, err := containers(ctx, w, name, s.Name)
			mu.Lock()
			defer mu.Unlock()
			engines[name] = impact.Reading[[]*docker.Container]{Facts: list, Err: err, At: time.Now()}
		})
	}
	for _, p := range w.Proxies(s.Name) {
		side(p.Name(), func(ctx context.Context) {
			r := p.Read(ctx)
			facts, _ := r.Facts.(*traffic.Facts)
			mu.Lock()
			defer mu.Unlock()
			proxies[p.Spec().Name] = impact.Reading[*traffic.Facts]{Facts: facts, Err: r.Err, At: r.At}
		})
	}
	wg.Wait()
	return impact.ServiceOf(s, engines, proxies)
}

func containers(ctx context.Context, w World, engine, service string) ([]*docker.Container, error) {
	e, ok := w.Engine(engine)
	if !ok {
		return nil, fmt.Errorf("engine %s is not in the fleet any more", engine)
	}
	return e.Labelled(ctx, fleet.LabelService+"="+service)
}

// Container names the container of a colour that a run makes.
func Container(service string, c fleet.Colour, run string) string {
	return fmt.Sprintf("%s-%s-%s", service, c, run)
}

// ContainerTarget names it as a step's target.
func ContainerTarget(s fleet.Service, engine string, id, name string) fleet.Target {
	return fleet.Target{Kind: fleet.KindContainer, Scope: engine, ID: id, Name: name, Environment: s.Environment}
}

// Tell adds findings to a plan in the making.
type Tell struct{ Findings []actions.Finding }

// Add adds one finding.
func (t *Tell) Add(guard string, level actions.Level, subject, format string, args ...any) {
	t.Findings = append(t.Findings, actions.Finding{Guard: guard, Level: level, Subject: subject, Text: fmt.Sprintf(format, args...)})
}

// Proxies judges what the proxies say before anything is switched: all must answer
// and agree, among one another and with what they keep.
func (t *Tell) Proxies(st impact.Service) {
	for _, p := range st.Proxies {
		subject := st.Name + "/" + p.Name
		switch {
		case p.View == nil:
			t.Add("proxy", actions.Block, subject, "cannot be read, and so not switched: %v", p.Err)
			continue
		case !p.View.Agrees():
			t.Add("proxy", actions.Block, subject, "has %s live and keeps %s for its next start: run ringside services settle %s first", p.View.LiveName, p.View.KeptName, st.Name)
		}
		if p.View.Insecure != "" {
			t.Add("proxy", actions.Note, subject, "%s", p.View.Insecure)
		}
	}
	if st.Live == "" && st.Settled() {
		t.Add("proxy", actions.Block, st.Name, "no colour is live everywhere: %s; resume or roll back the run that left it so, or switch by hand", st.Why)
	}
}

// Addresses checks that the proxies send a colour to where its containers are
// published: a gate could otherwise be passed by something else.
func (t *Tell) Addresses(st impact.Service, c fleet.Colour) {
	for _, p := range st.Proxies {
		if p.View == nil {
			continue
		}
		side := p.View.Side(c)
		known := 0
		ports := map[string]bool{}
		for _, srv := range side.Servers {
			if i := strings.LastIndexByte(srv.Address, ':'); i >= 0 {
				known++
				ports[srv.Address[i+1:]] = true
			}
		}
		if len(side.Servers) == 0 && p.Kind == "haproxy" {
			t.Add("proxy", actions.Block, st.Name+"/"+p.Name, "has no backend %s with a server: add it to its configuration and reload it", side.Name)
		}
		if known == 0 {
			continue
		}
		for _, e := range st.Engines {
			if port := fmt.Sprint(st.Ports.On(e).Port(c)); !ports[port] {
				t.Add("proxy", actions.Block, st.Name+"/"+p.Name, "%s has no server with port %s, where %s publishes %s: correct the proxy's configuration, or ports: in ringside.yaml", side.Name, port, e, c)
			}
		}
	}
}

// Costs tells what a switch of these proxies costs users.
func (t *Tell) Costs(st impact.Service) {
	for _, p := range st.Proxies {
		if p.View == nil {
			continue
		}
		for _, n := range p.View.Notes {
			level := actions.Note
			if open := p.View.Side(st.Live).Sessions; strings.Contains(n, "cuts every open stream") {
				level = actions.Warn
				if open >= 0 {
					n += fmt.Sprintf("; %d requests and streams are open now", open)
				}
			}
			t.Add("proxy", level, st.Name+"/"+p.Name, "%s", n)
		}
	}
}

// Short is the beginning of a digest, for people.
func Short(digest string) string {
	_, hex, ok := strings.Cut(digest, ":")
	if !ok {
		return digest
	}
	return hex[:min(12, len(hex))]
}

// Named names a release: "1.9.2 (sha256 0123456789ab)".
func Named(r impact.Release) string {
	switch {
	case r == (impact.Release{}):
		return "nothing"
	case r.Version == "":
		return "sha256 " + Short(r.Digest)
	case r.Digest == "":
		return r.Version
	}
	return fmt.Sprintf("%s (sha256 %s)", r.Version, Short(r.Digest))
}

// Check makes a step that only looks: it changes nothing, so there is nothing to take
// back, and it is made again by whoever resumes the run.
func Check(s actions.Step, do func(context.Context, actions.Progress) error) actions.Step {
	passed := false // one lane, no race
	s.Done = func(context.Context) (bool, error) { return passed, nil }
	s.Do = func(ctx context.Context, p actions.Progress) error {
		err := do(ctx, p)
		passed = err == nil
		return actions.NothingDone(err)
	}
	s.Undo = func(context.Context, actions.Progress) error { return nil }
	s.Undone = func(context.Context) (bool, error) { return true, nil }
	return s
}
