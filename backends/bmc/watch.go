package bmc

import (
	"context"
	"math/rand/v2"
	"time"

	"ringside/backends/fleet"
	"ringside/backends/fleet/retry"
)

// Pace of watching. What a BMC can take is less than what it will answer: some
// crash when they are asked every few seconds for days.
const (
	restMin     = 10 * time.Second // between two reads when all is well
	restMax     = 15 * time.Second
	busyRest    = 2 * time.Second // while a change of power is expected
	busyFor     = time.Minute
	refreshRest = time.Second            // at least, however often somebody asks
	startSpread = 500 * time.Millisecond // the first reads of a fleet are spread over this
)

// backoffs say how long to leave a BMC alone after a failure, by its kind.
var backoffs = map[Trouble]retry.Backoff{
	Silent:        {Min: 10 * time.Second, Max: 3 * time.Minute},
	Refused:       {Min: 10 * time.Second, Max: 2 * time.Minute},
	WrongPassword: {Min: 4 * time.Minute, Max: 30 * time.Minute}, // accounts get locked
	SessionsFull:  {Min: time.Minute, Max: 5 * time.Minute},      // slots are freed after a minute or more
	NoSecret:      {Min: 30 * time.Second, Max: 5 * time.Minute},
	BadTLS:        {Min: time.Minute, Max: 10 * time.Minute},
	Booting:       {Min: 5 * time.Second, Max: 30 * time.Second},
	Unsupported:   {Min: time.Minute, Max: 10 * time.Minute},
	Rejected:      {Min: 10 * time.Second, Max: 2 * time.Minute},
	Other:         {Min: 10 * time.Second, Max: 2 * time.Minute},
}

// Watch reports the BMC as *Facts under Name until ctx is done, at a pace that
// the BMC can bear. Failures are reported as well.
func (c *Controller) Watch(ctx context.Context, report func(fleet.Reading)) {
	c.listen(report)
	defer c.listen(nil)
	var p pace
	timer := time.NewTimer(rand.N(startSpread))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-c.refresh:
			timer.Stop()
		}
		began := time.Now()
		_, err := c.Status(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			c.tell(fleet.Reading{Source: c.Name(), At: time.Now(), Took: time.Since(began), Err: err})
		}
		rest := p.rest(err)
		if c.changing() && err == nil {
			rest = busyRest
		}
		if !pause(ctx, refreshRest) {
			return
		}
		timer.Reset(rest - refreshRest)
	}
}

// pause waits, and says whether to go on.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

func (c *Controller) listen(report func(fleet.Reading)) {
	c.listening.Lock()
	defer c.listening.Unlock()
	c.report = report
}

// expectChange makes Watch look more often for a while.
func (c *Controller) expectChange() {
	c.mu.Lock()
	c.busy = time.Now().Add(busyFor)
	c.mu.Unlock()
	c.Refresh()
}

func (c *Controller) changing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Before(c.busy)
}

// pace says how long to rest between reads.
type pace struct {
	after Trouble // of the last read, "" when it went well
	back  retry.Backoff
}

func (p *pace) rest(err error) time.Duration {
	if err == nil {
		p.after = ""
		return restMin + rand.N(restMax-restMin)
	}
	if t := troubleOf(err); t != p.after {
		p.after, p.back = t, backoffs[t]
	}
	return p.back.Next()
}
