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
}

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

// Pace of watching, and what one look may take.
const (
	watchEvery = time.Second
	lookLimit  = 5 * time.Second
)

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
		f.BlueRate, f.GreenRate = p.rates.next(began, v)
		r.Facts = f
	}
	return r
}

// rates makes rates of the counters of two looks.
type rates struct {
	mu   sync.Mutex
	at   time.Time
	last map[fleet.Colour]Side
}

// rateGap is the least time between two looks of which a rate is made.
const rateGap = 200 * time.Millisecond

func (r *rates) next(at time.Time, v *View) (blue, green Rate) {
	r.mu.Lock()
	defer r.mu.Unlock()
	gap := at.Sub(r.at)
	if r.last != nil && gap >= rateGap && gap < time.Minute {
		blue, green = rate(r.last[fleet.Blue], v.Blue, gap), rate(r.last[fleet.Green], v.Green, gap)
	}
	if r.last == nil || gap >= rateGap {
		r.at, r.last = at, map[fleet.Colour]Side{fleet.Blue: v.Blue, fleet.Green: v.Green}
	}
	return blue, green
}

// rate is what changed in a while; a counter that fell was set back by a restart.
func rate(was, now Side, gap time.Duration) Rate {
	if was.Requests < 0 || now.Requests < was.Requests || now.Errors < was.Errors {
		return Rate{}
	}
	return Rate{Known: true, Requests: float64(now.Requests-was.Requests) / gap.Seconds(), Errors: float64(now.Errors-was.Errors) / gap.Seconds()}
}
