package bmc

import (
	"slices"
	"sync"
	"time"
)

// power is a host's power state. IPMI knows only whether the power is there;
// Redfish tells all four.
type power string

const (
	off        power = "Off"
	turningOn  power = "PoweringOn"
	on         power = "On"
	turningOff power = "PoweringOff" // the power is still there
)

// chassis is one simulated host. Nothing runs in it: what is due is done when
// somebody looks, with the time at which it was due.
type chassis struct {
	bmcs  *BMCs
	seed  uint64
	spec  *Spec
	wrong *trouble

	mu        sync.Mutex // guards everything below
	agenda    []due      // soonest first
	state     power
	soft      bool // turning off because the operating system shuts down
	commanded bool // the last power-on came by command
	move      int  // of the power; what an overtaken one had planned is dropped
	boot      bootOptions
	running   bool   // the operating system runs
	booted    string // what the last boot was from
	boots     int
	identify  identify
	log       eventLog
	warmth    trend // 1 is as warm as the load makes it, 0 is the room
	spin      trend // of the fans
	heat      trend // 1 is as hot as it gets with a fan that stands
	hot       bool  // that heat was told
}

// due is something that will happen by itself.
type due struct {
	at   time.Time
	move int // only as long as this is the power's last move; 0 for always
	do   func(at time.Time)
}

const (
	always    = 0
	firstMove = 1
)

func newChassis(s *BMCs, spec *Spec, seed uint64, wrong *trouble) *chassis {
	now := s.opts.Now()
	c := &chassis{
		bmcs: s, spec: spec, seed: seed, wrong: wrong, state: on, running: !spec.Off, commanded: true, booted: "disk", move: firstMove,
		warmth: settled(now, !spec.Off, warmthSlow), spin: settled(now, !spec.Off, spinSlow), heat: settled(now, false, heatSlow),
	}
	if spec.Off {
		c.state = off
	}
	c.past(now)
	if spec.CutAfter > 0 && s.opts.Speed > 0 {
		c.plan(now.Add(s.paced(spec.CutAfter)), always, c.cut)
	}
	return c
}

// look locks the chassis and brings it up to now. The caller unlocks it.
func (c *chassis) look() (now time.Time) {
	now = c.bmcs.opts.Now()
	c.mu.Lock()
	for len(c.agenda) > 0 && !c.agenda[0].at.After(now) {
		d := c.agenda[0]
		c.agenda = slices.Delete(c.agenda, 0, 1)
		if d.move == always || d.move == c.move {
			d.do(d.at)
		}
	}
	return now
}

// run says that the operating system came or went.
func (c *chassis) run(is bool) {
	if c.running == is {
		return
	}
	c.running = is
	if tell := c.bmcs.opts.Changed; tell != nil {
		tell(c.spec.Name)
	}
}

// plan has do called at a time, as long as move is the power's last one.
func (c *chassis) plan(at time.Time, move int, do func(time.Time)) {
	i, _ := slices.BinarySearchFunc(c.agenda, at, func(d due, at time.Time) int {
		if d.at.After(at) {
			return 1
		}
		return -1 // behind those of the same time
	})
	c.agenda = slices.Insert(c.agenda, i, due{at, move, do})
}

// then plans the next part of the present move of the power.
func (c *chassis) then(at time.Time, after time.Duration, do func(time.Time)) {
	c.plan(at.Add(c.bmcs.paced(after)), c.move, do)
}

// powered says whether the power is there, as IPMI tells it.
func (c *chassis) powered() bool { return c.state == on || c.state == turningOff }

// A host's own habits, which its seed decides.
const (
	riseTakes uint64 = iota
	fallTakes
	softTakes
	pauseTakes
	bootTakes
	roomIs
	loadIs
	loadPhase
	pastBegan
	pastEnded
	pastEvents
	wobbles = 1000 // and up: one for every moment
	stories = 2000 // and up: one for every event of the past
)

// whim is a number in [0, 1) of this host's own.
func (c *chassis) whim(n uint64) float64 { return unit(mix(c.seed, n)) }

// between is a time between two, the same for this host every time.
func (c *chassis) between(n uint64, low, high time.Duration) time.Duration {
	return low + time.Duration(c.whim(n)*float64(high-low))
}

// mix is a fast hash of two numbers (SplitMix64's finisher).
func mix(a, b uint64) uint64 {
	x := a ^ (b+1)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// unit makes a number in [0, 1) of a hash.
func unit(h uint64) float64 { return float64(h>>11) / (1 << 53) }
