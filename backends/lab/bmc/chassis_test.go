package bmc

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// hand is a clock that a test moves.
type hand struct{ at atomic.Int64 }

func newHand() *hand {
	h := &hand{}
	h.at.Store(time.Now().UnixNano())
	return h
}

func (h *hand) Now() time.Time       { return time.Unix(0, h.at.Load()) }
func (h *hand) move(d time.Duration) { h.at.Add(int64(d)) }

// TestStory: a host whose power somebody cuts, and one that is off.
func TestStory(t *testing.T) {
	clock := newHand()
	s := startLab(t, Options{Speed: 1, Now: clock.Now, Hosts: []Spec{{Name: "a", CutAfter: 4 * time.Minute}, {Name: "b", Off: true}}})
	a, b := s.Host("a"), s.Host("b")
	if a.Power() != "On" || b.Power() != "Off" {
		t.Errorf("at first %s and %s", a.Power(), b.Power())
	}
	clock.move(3*time.Minute + 59*time.Second)
	if a.Power() != "On" {
		t.Errorf("before its time %s", a.Power())
	}
	clock.move(time.Hour) // nobody looked when it happened
	if a.Power() != "Off" {
		t.Errorf("after its time %s", a.Power())
	}
	log := a.chassis.log.entries
	if e := log[len(log)-1]; e.event != acpiSoftOff || !e.at.Equal(clock.Now().Add(-time.Hour+time.Second)) {
		t.Errorf("the log ends with %+v, at %v", e, clock.Now())
	}
	b.Press()
	clock.move(2 * time.Second)
	if b.Power() != "On" {
		t.Errorf("after the button %s", b.Power())
	}
	b.Press()
	clock.move(10 * time.Second)
	if b.Power() != "Off" {
		t.Errorf("after the button again %s", b.Power())
	}
	if n := s.Counters(); n.Total() != 0 || n.Datagrams != 0 {
		t.Errorf("nobody asked: %+v", n)
	}
}

// TestFanFault: a processor grows hot under a fan that stands, which the log tells,
// and cools down when it turns again.
func TestFanFault(t *testing.T) {
	clock := newHand()
	s := startLab(t, Options{Speed: 1, Now: clock.Now, Hosts: Many(1)})
	b := s.Host("sw001")
	cpu := func() float64 {
		all, _ := b.measure()
		return all[slices.IndexFunc(all, func(m measured) bool { return m.number == numCPU1 })].value
	}
	last := func() event {
		b.chassis.look()
		defer b.chassis.mu.Unlock()
		return b.chassis.log.entries[len(b.chassis.log.entries)-1].event
	}
	before := cpu()
	b.Set(FanFault, true)
	if last() != fanStopped || cpu() > before+3 {
		t.Errorf("at once: %v, %v C", last(), cpu())
	}
	clock.move(3 * time.Minute)
	if last() != hotProcessor || cpu() < 90 {
		t.Errorf("later: %v, %v C", last(), cpu())
	}
	b.Set(FanFault, false)
	clock.move(3 * time.Minute)
	if last() != coolProcessor || cpu() > 80 {
		t.Errorf("afterwards: %v, %v C", last(), cpu())
	}
}

// TestLongLog: a log holds so much and no more, and says so.
func TestLongLog(t *testing.T) {
	s := startLab(t, Options{Hosts: []Spec{{Name: "a", Events: 9999}}})
	c := s.Host("a").chassis
	if len(c.log.entries) != logCapacity {
		t.Fatalf("%d entries", len(c.log.entries))
	}
	s.Host("a").Cut()
	if len(c.log.entries) != logCapacity || !c.log.overflow {
		t.Errorf("%d entries, overflow %v", len(c.log.entries), c.log.overflow)
	}
}

// TestPower follows the power through what overtakes what.
func TestPower(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   string // letters of acts; a digit waits so many seconds
		want power
	}{
		{"on", "f9n", turningOn}, {"on, later", "f9n3", on},
		{"off", "f", turningOff}, {"off, later", "f1", off},
		{"soft", "s", turningOff}, {"soft, later", "s9", off},
		{"on while it shuts down is on already", "s1n9", off},
		{"forced while it shuts down", "s1f1", off},
		{"off while it comes on", "f9nf3", off},
		{"cycle", "c9", on}, {"cycle, in the pause", "c2", off},
		{"on in the pause of a cycle", "c2n9", on},
		{"off in the pause of a cycle", "c2f9", off},
		{"reset", "r", on}, {"reset while it shuts down", "s1r9", on},
		{"cut", "x", off}, {"cut while it comes on", "f9nx9", off},
	} {
		clock := newHand()
		s := startLab(t, Options{Speed: 1, Now: clock.Now, Hosts: Many(1)})
		c := s.list[0].chassis
		acts := map[rune]act{'n': (*chassis).turnOn, 'f': (*chassis).forceOff, 's': (*chassis).softOff, 'c': (*chassis).cycle, 'r': (*chassis).reset}
		for _, x := range tt.do {
			switch {
			case x >= '0' && x <= '9':
				clock.move(time.Duration(x-'0') * time.Second)
			case x == 'x':
				s.list[0].Cut()
			default:
				if err := c.do(acts[x]); err != nil {
					t.Errorf("%s: %c: %v", tt.name, x, err)
				}
			}
		}
		if got := s.list[0].Power(); got != string(tt.want) {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// TestRunning: the operating system comes some time after the power and goes with
// it, and somebody is told.
func TestRunning(t *testing.T) {
	clock := newHand()
	told := 0
	s := startLab(t, Options{Speed: 1, Now: clock.Now, Hosts: Many(1), Changed: func(string) { told++ }})
	b := s.Host("sw001")
	is := func(want bool, times int) {
		t.Helper()
		if b.Running() != want || told != times {
			t.Errorf("running is %v, want %v; told %d times, want %d", !want, want, told, times)
		}
	}
	is(true, 0)
	b.Cut()
	is(false, 1)
	b.Press()
	clock.move(10 * time.Second)
	is(false, 1)
	clock.move(time.Minute)
	is(true, 2)
	b.Press()
	clock.move(2 * time.Second)
	is(true, 2)
	clock.move(time.Minute)
	is(false, 3)
}

// TestSensorsFollow: fans spin down and the board cools when the host is off.
func TestSensorsFollow(t *testing.T) {
	clock := newHand()
	s := startLab(t, Options{Speed: 1, Now: clock.Now, Hosts: Many(1)})
	b := s.Host("sw001")
	read := func(number byte) (float64, bool) {
		all, _ := b.measure()
		for _, m := range all {
			if m.number == number {
				return m.value, m.ok
			}
		}
		t.Fatalf("no sensor %#x", number)
		return 0, false
	}
	warm, _ := read(numBoard)
	fast, _ := read(numFan1)
	watts, _ := read(numPower)
	if fast < 4000 || watts < 120 || warm < 25 {
		t.Errorf("on: fan %v, %v W, %v C", fast, watts, warm)
	}
	b.Cut()
	clock.move(time.Second)
	slower, ok := read(numFan1)
	if !ok || slower > fast*0.7 || slower < fast*0.3 {
		t.Errorf("a second after the cut the fan does %v, %v; it did %v", slower, ok, fast)
	}
	cooler, _ := read(numBoard)
	if cooler < warm-1 {
		t.Errorf("cold at once: %v, was %v", cooler, warm)
	}
	clock.move(10 * time.Minute)
	if _, ok := read(numFan1); ok {
		t.Error("a fan without power has a reading")
	}
	if _, ok := read(numCPU1); ok {
		t.Error("a processor without power has a temperature")
	}
	cold, _ := read(numBoard)
	room, _ := read(numInlet)
	if cold > room+0.1 {
		t.Errorf("never cold: %v in a room of %v", cold, room)
	}
	if watts, _ := read(numPower); watts > 15 {
		t.Errorf("off and draws %v W", watts)
	}
	b.Press()
	clock.move(10 * time.Second)
	if f, ok := read(numFan1); !ok || f < 3500 {
		t.Errorf("on again and the fan does %v, %v", f, ok)
	}
	b.Set(FanFault, true)
	if f, _ := read(numFan3); f != 0 {
		t.Errorf("the fan that stands does %v", f)
	}
}
