package deploy

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"ringside/actions"
	"ringside/actions/service"
	"ringside/actions/swap"
	syncs "ringside/actions/sync"
	"ringside/backends/docker"
	"ringside/backends/docker/compose"
	"ringside/backends/fleet"
	"ringside/backends/fleet/safe"
	"ringside/backends/impact"
)

// askLimit bounds everything that is asked of one engine for a plan; its registry may
// be far away.
const askLimit = 20 * time.Second

// look is what is found out before a deploy.
type look struct {
	service.Tell
	*deployment
	env    *actions.Env
	s      fleet.Service
	st     impact.Service
	want   wanted
	colour fleet.Colour
	p      params
	found  []found           // by place
	labels map[string]string // of the image, where no engine has it
}

// found is what one engine was asked for.
type found struct {
	engine   *docker.Engine
	err      error // it does not answer
	digest   string
	resolve  error        // of the registry
	bring    *syncs.Bring // the sync that would bring its registry another digest of the tag
	asked    error        // a sync could not be asked
	has      bool         // the engine has the image already
	labels   map[string]string
	size     int64 // of the image that is live there; 0: not known
	free     int64
	freeOK   bool
	networks []string // that are missing
	needs    []string // what is wrong with what it depends on
	spec     docker.Spec
	compose  error
}

func (d *deployment) build(ctx context.Context, env *actions.Env, targets []fleet.Target, args actions.Args) (*actions.Plan, error) {
	s, err := service.Find(env, targets[0])
	if err != nil {
		return nil, err
	}
	want, err := parseImage(args["image"])
	if err == nil {
		err = want.fits(s)
	}
	if err != nil {
		return nil, &actions.ArgumentError{Err: fmt.Errorf("deploy: image %q: %w", args["image"], err)}
	}
	l := &look{deployment: d, env: env, s: s, st: service.Look(ctx, d.World, s), want: want}
	l.Proxies(l.st)
	if l.st.Live == "" {
		return nil, swap.Undecided("deploy", l.st, l.Findings)
	}
	l.colour = l.st.Live.Other()
	l.p = params{Run: actions.NewID(env.Now()), Service: s.Name, Colour: l.colour, Migration: args["contract-migration"] == "true",
		Release: impact.Release{Image: want.asked(s.Image), Version: want.tag, By: env.Actor.User, At: env.Now()}}
	l.p.Release.Run = l.p.Run
	l.ask(ctx)
	l.askSyncs(ctx)
	l.askLabels(ctx)
	if err := l.judge(args["sync"] == "true"); err != nil {
		return nil, err
	}
	if args["swap"] == "true" {
		sw := swap.Prepare(env, l.st, l.p.Run)
		sw.Will = l.p.Release
		l.p.Swap = &sw
		swap.Migrations(&l.Tell, l.st, l.p.Migration)
		l.Costs(l.st)
	}
	l.p.Takeover = l.Locks(ctx, env, d.World, s)
	l.Findings = append(l.Findings, actions.Held(ctx, env, l.around())...)
	if err := l.replaced(ctx); err != nil {
		return nil, err
	}
	plan, err := d.plan(env, s, l.p)
	if err == nil {
		plan.Findings = l.Findings
		if p := l.p; p.Swap == nil {
			was, _ := l.st.Colour(l.st.Live).Release()
			plan.Sides = service.Sides(service.Side{Title: "users have", Colour: l.st.Live, Release: was}, service.Side{Title: "to be deployed", Colour: p.Colour, Release: p.Release})
		}
	}
	return plan, err
}

// ask asks every engine side by side.
func (l *look) ask(ctx context.Context) {
	l.found = make([]found, len(l.s.Engines))
	var wg sync.WaitGroup
	for i, name := range l.s.Engines {
		wg.Add(1)
		safe.Go("ask "+name, func() {
			defer wg.Done()
			ctx, cancel := context.WithTimeout(ctx, askLimit)
			defer cancel()
			l.found[i] = l.askOne(ctx, name)
		})
	}
	wg.Wait()
}

func (l *look) askOne(ctx context.Context, name string) (f found) {
	e, ok := l.Engine(name)
	if !ok {
		return found{err: fmt.Errorf("engine %s is not in the fleet any more", name)}
	}
	f.engine = e
	repository := l.repository(name)
	if f.spec, f.compose = Describe(ctx, l.s, name, l.colour); f.compose == nil {
		if f.networks, f.err = e.LacksNetworks(ctx, f.spec.NetworkNames()...); f.err != nil {
			return f
		}
		if f.needs, f.err = needs(ctx, e, f.spec.Needs); f.err != nil {
			return f
		}
	}
	f.digest, f.resolve = e.Resolve(ctx, l.want.ref(repository))
	digest := f.digest
	if digest == "" {
		digest = l.want.digest
	}
	if digest != "" {
		switch img, err := e.ImageOf(ctx, repository+"@"+digest); {
		case err == nil:
			f.has, f.labels = true, img.Labels
		case !docker.IsNotFound(err):
			f.err = err
			return f
		}
	}
	for _, p := range l.st.Colour(l.st.Live).Places {
		if p.Engine == name && p.Container != nil {
			if img, err := e.ImageOf(ctx, p.Container.ImageID); err == nil {
				f.size = img.Size
			}
		}
	}
	f.free, f.freeOK, f.err = e.Space(ctx)
	return f
}

func (l *look) repository(engine string) string {
	e, _ := l.env.Fleet.Engine(engine)
	e.Name = engine
	return l.s.Repository(e)
}

// Describe reads what the container of a colour looks like on one engine. What a run
// adds, its image and labels, comes later.
func Describe(ctx context.Context, s fleet.Service, engine string, c fleet.Colour) (docker.Spec, error) {
	at := s.Ports.On(engine)
	in, err := compose.Read(ctx, compose.Source{File: s.Compose.File, Service: s.Compose.Service, Vars: map[string]string{
		"RINGSIDE_SERVICE": s.Name, "RINGSIDE_COLOUR": string(c), "RINGSIDE_ENGINE": engine,
		"RINGSIDE_IP": at.IP, "RINGSIDE_PORT": fmt.Sprint(at.Port(c)),
	}})
	if err != nil {
		return docker.Spec{}, err
	}
	if in.HostNetwork() {
		return in.Spec, nil
	}
	port := s.Ports.Container
	if port == 0 {
		port = in.Port
	}
	if port == 0 {
		return docker.Spec{}, fmt.Errorf("%s: service %s names no port: write ports: [\"PORT\"] there, or ports: {container: PORT} in ringside.yaml", s.Compose.File, s.Compose.Service)
	}
	spec := in.Spec.Clone()
	return spec, spec.Publish(at.IP, at.Port(c), port)
}

// needs looks for the containers that the service depends on.
func needs(ctx context.Context, e *docker.Engine, list []docker.Need) (wrong []string, err error) {
	for _, n := range list {
		found, err := e.Labelled(ctx, "com.docker.compose.project="+n.Project, "com.docker.compose.service="+n.Service)
		if err != nil {
			return nil, err
		}
		ok := slices.ContainsFunc(found, func(c *docker.Container) bool {
			switch n.Condition {
			case "service_healthy":
				return c.State == docker.Running && c.Health == docker.Healthy
			case "service_completed_successfully":
				return c.State == docker.Exited && c.ExitCode == 0
			}
			return c.State == docker.Running
		})
		if !ok {
			wrong = append(wrong, fmt.Sprintf("%s/%s is not there as the Compose file wants it (%s)", n.Project, n.Service, n.Condition))
		}
	}
	return wrong, nil
}

// judge makes findings of what was asked, and fills the places of the plan.
func (l *look) judge(sync bool) error {
	if err := l.judgeImage(sync); err != nil {
		return err
	}
	for i, f := range l.found {
		name := l.s.Engines[i]
		p := place{Engine: name, Repository: l.repository(name)}
		if f.compose != nil {
			return fmt.Errorf("deploy: %w", f.compose)
		}
		p.Sum = f.spec.Sum(l.p.Run)
		if f.err != nil {
			l.Add("engine", actions.Block, name, "cannot be asked: %v; take it out of the service, or wait for it", f.err)
		}
		for _, n := range f.networks {
			l.Add("network", actions.Block, name, "has no network %s: docker network create %[1]s, or bring its Compose project up", n)
		}
		for _, n := range f.needs {
			l.Add("depends_on", actions.Block, name, "%s", n)
		}
		l.judgeSpace(name, f)
		l.holders(&p, i)
		l.p.Places = append(l.p.Places, p)
	}
	l.Addresses(l.st, l.colour)
	if !slices.ContainsFunc(l.Traffic(), func(t fleet.Traffic) bool { return t.URL != "" }) {
		l.Add("gate", actions.Warn, l.s.Name, "no proxy has a url, so no preview can be asked for: only health is checked")
	}
	return nil
}

// Traffic are the proxies as configured.
func (l *look) Traffic() []fleet.Traffic { return l.s.Traffic }

// Room that an image needs at least.
const leastFree = 256 << 20

func (l *look) judgeSpace(name string, f found) {
	switch need := max(f.size, leastFree); {
	case f.has || f.err != nil:
	case !f.freeOK:
		l.Add("disk", actions.Note, name, "how much room it has for images is not known")
	case f.free < need:
		l.Add("disk", actions.Block, name, "has %d MiB left for images, and one like the live one takes up to %d: make room first (docker image prune)", f.free>>20, need>>20)
	case f.free < 2*need:
		l.Add("disk", actions.Warn, name, "has only %d MiB left for images, and one like the live one takes up to %d", f.free>>20, need>>20)
	}
}

// holders notes what is in the colour now: what runs makes room, what does not is
// removed.
func (l *look) holders(p *place, i int) {
	at := l.st.Colour(l.colour).Places[i]
	list := at.Others
	if at.Container != nil {
		list = append([]*docker.Container{at.Container}, list...)
	}
	for _, c := range list {
		t := service.ContainerTarget(l.s, p.Engine, c.ID, c.Name)
		if c.State == docker.Running || c.State == docker.Paused || c.State == docker.Restarting {
			p.Stop = append(p.Stop, t)
		} else {
			p.Leftovers = append(p.Leftovers, t)
		}
	}
}

// replaced tells what a deploy takes away: a rollback that is still kept, and sessions
// that are still open on the colour.
func (l *look) replaced(ctx context.Context) error {
	old := l.st.Colour(l.colour)
	if old.Empty() {
		return nil
	}
	if old.Sessions > 0 {
		l.Add("sessions", actions.Warn, l.s.Name, "%d requests and streams are still open on %s and will be cut", old.Sessions, l.colour)
	}
	if l.env.Ledger == nil {
		return nil
	}
	all, err := l.env.Ledger.Holds(ctx)
	if err != nil {
		return err
	}
	for _, h := range all {
		for _, p := range l.p.Places {
			if slices.ContainsFunc(p.Stop, func(t fleet.Target) bool { return t.Key() == h.Target.Key() }) {
				l.Add("hold", actions.Warn, h.Target.String(), "%s: %s until %s; this deploy takes its place", h.By, h.Why, until(h))
				return nil
			}
		}
	}
	return nil
}

func until(h actions.Hold) string {
	if h.Until.IsZero() {
		return "it is released"
	}
	return h.Until.Local().Format(time.TimeOnly)
}
