package traffic

import (
	"context"
	"sync"
	"time"

	"ringside/backends/fleet"
	"ringside/backends/fleet/retry"
)

// Facts is what the source "traffic/SERVICE/PROXY" reports, as *Facts.
type Facts struct {
	Service, Proxy, Kind string
	*View
	BlueRate, GreenRate Rate
	Past                []Sample // the last looks, oldest first; at most pastLen
}

// Sample is what a look found: the rates since the look before it.
type Sample struct {
	At          time.Time
	Over        time.Duration // since the look before
	Blue, Green Rate
}

// Rate returns the rate of one colour.
func (s Sample) Rate(c fleet.Colour) Rate {
	if c == fleet.Green {
		return s.Green
	}
	return s.Blue
}

// pastLen is how many samples are kept: two minutes while somebody looks.
const pastLen = 120

// Rate returns the rates of one colour.
func (f *Facts) Rate(c fleet.Colour) Rate {
	if c == fleet.Green {
		return f.GreenRate
	}
	return f.BlueRate
}

// Rate is what a colour answers just now.
type Rate struct {
	Known    bool
	Requests float64 // a second
	Errors   float64 // a second
}

// Pace of watching while somebody looks at the service and while nobody does, and
// what one look may take.
const (
	watchEvery = time.Second
	idleEvery  = 5 * time.Second
	lookLimit  = 5 * time.Second
)

// Source is a proxy as the watch knows it: it is read less often while nobody looks
// at its service.
type Source struct{ *Proxy }

// Look tells whether somebody looks; it implements watch.Looker.
func (s Source) Look(subjects []string) {
	if was := s.idle.Swap(len(subjects) == 0); was && len(subjects) > 0 {
		s.Refresh()
	}
}

// Watch reports the proxy as *Facts until ctx is done.
func (p *Proxy) Watch(ctx context.Context, report func(fleet.Reading)) {
	back := retry.Backoff{Min: watchEvery}
	for ctx.Err() == nil {
		r := p.Read(ctx)
		if ctx.Err() != nil {
			return
		}
		report(r)
		wait := watchEvery
		if p.idle.Load() {
			wait = idleEvery
		}
		if r.Err != nil {
			wait = back.Next()
		} else {
			back.Reset()
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-p.refresh:
		case <-t.C:
		}
		t.Stop()
	}
}

// Refresh asks for a look now.
func (p *Proxy) Refresh() {
	select {
	case p.refresh <- struct{}{}:
	default:
	}
}

// Read looks once and makes a reading of it.
func (p *Proxy) Read(ctx context.Context) fleet.Reading {
	limited, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	began := time.Now()
	v, err := p.Look(limited)
	r := fleet.Reading{Source: p.Name(), At: began, Took: time.Since(began), Err: err}
	if err == nil {
		f := &Facts{Service: p.service, Proxy: p.spec.Name, Kind: p.spec.Kind(), View: v}
		f.BlueRate, f.GreenRate, f.Past = p.rates.next(began, v)
		r.Facts = f
	}
	return r
}

// rates makes rates of the counters of two looks.
type rates struct {
	mu   sync.Mutex
	at   time.Time
	last map[fleet.Colour]Side
	past []Sample
}

// rateGap is the least time between two looks of which a rate is made.
const rateGap = 200 * time.Millisecond

func (r *rates) next(at time.Time, v *View) (blue, green Rate, past []Sample) {
	r.mu.Lock()
	defer r.mu.Unlock()
	gap := at.Sub(r.at)
	if r.last != nil && gap >= rateGap && gap < time.Minute {
		blue, green = rate(r.last[fleet.Blue], v.Blue, gap), rate(r.last[fleet.Green], v.Green, gap)
		keep := r.past[max(0, len(r.past)-pastLen+1):]
		r.past = append(keep[:len(keep):len(keep)], Sample{at, gap, blue, green}) // facts share it: never written in place
	}
	if r.last == nil || gap >= rateGap {
		r.at, r.last = at, map[fleet.Colour]Side{fleet.Blue: v.Blue, fleet.Green: v.Green}
	}
	return blue, green, r.past
}

// rate is what changed in a while; a counter that fell was set back by a restart.
func rate(was, now Side, gap time.Duration) Rate {
	if was.Requests < 0 || now.Requests < was.Requests || now.Errors < was.Errors {
		return Rate{}
	}
	return Rate{Known: true, Requests: float64(now.Requests-was.Requests) / gap.Seconds(), Errors: float64(now.Errors-was.Errors) / gap.Seconds()}
}
