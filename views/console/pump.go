package console

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"

	"ringside/actions"
	"ringside/actions/power"
	"ringside/backends/bmc"
	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	"ringside/backends/swift"
	"ringside/backends/watch"
	"ringside/views/screen"
)

// How often new data may reach the screen.
const (
	paceFocused   = 250 * time.Millisecond
	paceUnfocused = time.Second
	paceAging     = time.Second // while something on the screen grows older visibly
)

// tickMsg carries a new picture to the root.
type tickMsg struct{ snap screen.Snapshot }

// pump is the one goroutine that brings new data to the screen: at most once per
// pace, only when something changed or grew older, and only when the root has
// given credit for it. Since it alone waits for the program, sources never do.
type pump struct {
	fleet   *fleet.Fleet
	store   *watch.Store
	live    func() []actions.RunRecord
	history *history
	now     func() time.Time
	pace    atomic.Int64 // a time.Duration
	credit  chan struct{}
	onset   impact.Onset
	book    power.Book
	memos   []swift.Memo // of the fleet's clusters
	images  impact.ImagesMemo
	found   impact.ServiceMemo
}

func newPump(o Options, h *history) *pump {
	p := &pump{memos: make([]swift.Memo, len(o.Fleet.Clusters)), fleet: o.Fleet, store: o.Store, live: o.Runner.Live, history: h, now: o.Env.Now, credit: make(chan struct{}, 1)}
	p.pace.Store(int64(paceFocused))
	p.give()
	return p
}

// give tells the pump that the last picture has been dealt with.
func (p *pump) give() {
	select {
	case p.credit <- struct{}{}:
	default:
	}
}

// run sends pictures until ctx is done.
func (p *pump) run(ctx context.Context, send func(tea.Msg)) {
	wake, stop := p.store.Subscribe()
	defer stop()
	next := time.Now() // when the picture looks older; the first one comes at once
	for {
		select {
		case <-ctx.Done():
			return
		case <-wake:
		case <-time.After(time.Until(next)):
		}
		select {
		case <-ctx.Done():
			return
		case <-p.credit:
		}
		select { // what happened meanwhile is in the picture that is taken now
		case <-wake:
		default:
		}
		snap := p.picture()
		send(tickMsg{snap})
		next = time.Now().Add(aging(snap))
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Duration(p.pace.Load())):
		}
	}
}

// picture takes everything that screens draw from.
func (p *pump) picture() screen.Snapshot {
	s := screen.Snapshot{Fleet: p.fleet, State: p.store.State(), Now: p.now()}
	s.Runs = merge(p.live(), p.history.runs())
	s.Asked = p.book.Read(s.Runs)
	for i, c := range p.fleet.Clusters {
		s.Clusters = append(s.Clusters, impact.Cluster(p.fleet, c, s.State, s.Now, &p.memos[i]))
	}
	if len(p.fleet.Syncs) > 0 {
		s.Images = p.images.Images(p.fleet, s.State)
	}
	s.Services, s.Holds = p.found.Services(p.fleet, s.State), p.history.holds()
	s.Problems = append(impact.Docker(p.fleet, s.State, s.Now), impact.Power(p.fleet, s.State, s.Asked, p.history.quiet(), s.Now)...)
	known := map[string]bool{}
	for _, f := range watch.Latest[*docker.Facts](s.State) {
		known[f.Engine] = true
	}
	for _, f := range watch.Latest[*bmc.Facts](s.State) {
		known[f.Host] = true
	}
	for _, o := range s.Clusters {
		s.Problems = append(s.Problems, impact.Swift(o, p.history.quiet())...)
		known[o.Cluster.Name] = o.Rings != nil && o.NodeCount().Unknown == 0 // until then more is found, not more broken
	}
	for _, f := range impact.Syncs(s.State) {
		known[f.From.Registry], known[f.To.Registry] = true, true
	}
	s.Problems = append(s.Problems, impact.Registries(p.fleet, s.State, s.Now)...)
	s.Problems = append(s.Problems, impact.ServiceProblems(s.Services)...)
	for _, svc := range s.Services {
		known[svc.Name] = known[svc.Name] || svc.Live != ""
	}
	p.onset.Fill(s.Problems, known, s.Now)
	impact.Sort(s.Problems)
	return s
}

// aging is the time until the picture looks older although nothing happened:
// seconds count while a source is stale or a run goes on, else only minutes do.
func aging(s screen.Snapshot) time.Duration {
	for e := range s.State.All() {
		slow := (strings.HasPrefix(e.Source, "swift/") || strings.HasPrefix(e.Source, "registry/")) && e.Err == nil // read every few minutes
		if impact.Stale(e, s.Now) && !slow {
			return paceAging
		}
	}
	for _, r := range s.Runs {
		if r.Alive && !r.Status.Final() {
			return paceAging
		}
	}
	return s.Now.Truncate(time.Minute).Add(time.Minute).Sub(s.Now)
}
