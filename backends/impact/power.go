package impact

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"ringside/backends/bmc"
	"ringside/backends/fleet"
	"ringside/backends/watch"
)

// HostTarget names a host as actions and screens do.
func HostTarget(h fleet.Host) fleet.Target {
	return fleet.Target{Kind: fleet.KindHost, Name: h.Name, Site: h.Site, Environment: h.Environment}
}

// Power finds what is wrong with the power of hosts and with their BMCs, worst
// first. Asked is what was asked for through Ringside, in any order. Hosts of quiet
// are on hold, with the reason: what is critical there becomes a warning, and
// warnings are not told. What many hosts of a rack or site have in common is one
// problem.
func Power(f *fleet.Fleet, s *watch.State, asked []Asked, quiet map[string]string, now time.Time) []Problem {
	by := make(map[string][]Asked, len(asked))
	for _, a := range asked {
		by[a.Host] = append(by[a.Host], a)
	}
	var c crowd
	for _, h := range f.Hosts {
		if h.BMC == nil {
			continue
		}
		c.count(h)
		entry, ok := s.Entry("bmc/" + h.Name)
		if !ok {
			continue // not read yet: there is nothing to say
		}
		facts, _ := entry.Facts.(*bmc.Facts)
		l := &host{Host: h, entry: entry, facts: facts, asked: by[h.Name], now: now}
		for _, rules := range hostRules {
			for _, r := range rules {
				if r.holds(l) {
					c.add(l, r, quiet[h.Name])
					break
				}
			}
		}
	}
	out := c.problems()
	Sort(out)
	return out
}

// host is what a rule looks at.
type host struct {
	fleet.Host
	entry watch.Entry
	facts *bmc.Facts // nil: never read
	asked []Asked
	now   time.Time
}

// hostRule is one thing that can be wrong.
type hostRule struct {
	name     string
	severity Severity
	holds    func(*host) bool
	text     func(*host) string // of one host
	many     func(*host) string // of several, after their number; nil: text
	why      func(*host) string
	do       string
	since    func(*host) time.Time
	kind     func(*host) string // hosts fold where this is the same; nil: always
	by       grouping
}

// Times of power problems.
const (
	silentGrace  = 30 * time.Second // a BMC that was read before may miss two readings
	askedGrace   = 5 * time.Second  // until what another console recorded is read here
	askedSkew    = time.Minute      // clocks of two consoles differ
	askedSlack   = 5 * time.Minute  // until a change is seen that was asked for
	failedSlack  = 30 * time.Minute // and where it was not done in its time
	askedWindow  = 24 * time.Hour   // how long what was asked for explains what is
	changeWindow = time.Hour        // how long a host that came on by itself is news
	overdueAfter = 10 * time.Minute
)

// hostRules are in groups of which the first that holds is told.
var hostRules = [][]hostRule{
	{
		{name: "unreachable", severity: Warning, holds: unreachable,
			text: func(l *host) string { return troubleWords(l).one }, many: func(l *host) string { return troubleWords(l).many },
			kind: func(l *host) string { return string(trouble(l.entry.Err)) },
			why:  whySilent, do: "enter shows more; ringside check tests it", since: func(l *host) time.Time { return l.entry.Since }},
		{name: "stale", severity: Warning, holds: func(l *host) bool { age, ok := l.entry.Age(l.now); return ok && age > 2*StaleAfter },
			text: func(*host) string { return "nothing heard from the BMC" }, many: func(*host) string { return "BMCs have sent nothing" },
			why: func(*host) string { return "the last reading is old, and no attempt failed" }, do: "r reads again now",
			since: func(l *host) time.Time { return l.entry.At }},
	},
	{
		{name: "unasked", severity: Critical, holds: func(l *host) bool { return l.went(bmc.Off) && !l.explained() },
			text: func(*host) string { return "power is off and nobody asked for it" }, many: func(*host) string { return "hosts are off and nobody asked for it" },
			why: whyChanged, do: "look at its event log, then turn it on", since: changed},
		{name: "lost", severity: Critical, holds: lost,
			text: func(l *host) string { return "power is off; " + l.last().By + " turned it on" },
			many: func(*host) string { return "hosts are off that were turned on" },
			why:  func(l *host) string { return "run " + l.last().Run + " ended with it on" }, do: "look at its event log, then turn it on", since: changed},
		{name: "overdue", severity: Warning, holds: overdue,
			text: func(l *host) string {
				return fmt.Sprintf("still %s; %s asked for %s", words(l.facts.Power), l.last().By, words(l.last().Want))
			},
			many: func(l *host) string {
				return fmt.Sprintf("hosts are still %s and were asked to be %s", words(l.facts.Power), words(l.last().Want))
			},
			kind: func(l *host) string { return string(l.facts.Power) + " " + string(l.last().Want) },
			why:  func(l *host) string { return "asked for by run " + l.last().Run }, do: "see the run: go on with it, or force it",
			since: func(l *host) time.Time { return l.last().At }},
		{name: "unasked-on", severity: Warning, holds: func(l *host) bool {
			return l.went(bmc.On) && !l.explained() && l.now.Sub(l.facts.Changed) < changeWindow
		},
			text: func(*host) string { return "power came on and nobody asked for it" }, many: func(*host) string { return "hosts came on and nobody asked for it" },
			why: whyChanged, do: "see who did it: its event log, the panel, another tool", since: changed},
	},
	{
		{name: "health", severity: Critical, holds: func(l *host) bool { return l.fresh() && l.facts.Health == bmc.Critical },
			text: faults, many: func(l *host) string { return "hosts: " + faults(l) }, kind: faults, why: whyHealth, do: "enter shows sensors and event log", since: never},
		{name: "health", severity: Warning, holds: func(l *host) bool { return l.fresh() && l.facts.Health == bmc.Warning },
			text: faults, many: func(l *host) string { return "hosts: " + faults(l) }, kind: faults, why: whyHealth, do: "enter shows sensors and event log", since: never},
	},
	{
		{name: "insecure", severity: Warning, holds: func(l *host) bool { return l.facts != nil && l.facts.Insecure != "" },
			text: func(*host) string { return "connection to the BMC is not verified" }, many: func(*host) string { return "BMCs are not verified" },
			kind: func(l *host) string { return l.facts.Insecure }, by: bySite,
			why: func(l *host) string { return l.facts.Insecure }, do: "see bmc: in the configuration", since: never},
	},
}

// fresh: what is known is of now. A host whose BMC is silent is told as that.
func (l *host) fresh() bool { return l.facts != nil && l.entry.Err == nil }

// went: it is known to have changed to a state, or to be on its way there.
func (l *host) went(to bmc.Power) bool {
	return l.fresh() && !l.facts.Changed.IsZero() && end(l.facts.Power) == to && l.now.Sub(l.facts.Changed) >= askedGrace
}

// end is where a state leads.
func end(p bmc.Power) bmc.Power {
	switch p {
	case bmc.TurningOn:
		return bmc.On
	case bmc.TurningOff:
		return bmc.Off
	}
	return p
}

// explained: what changed was asked for.
func (l *host) explained() bool {
	_, ok := Behind(l.facts, l.asked)
	return ok
}

// Behind finds the newest of what was asked of a host that explains the last
// change of its power.
func Behind(f *bmc.Facts, asked []Asked) (last Asked, ok bool) {
	for _, a := range asked {
		towards := a.Want == end(f.Power) || a.Verb == bmc.Cycle || a.Verb == bmc.Reset
		slack := askedSlack
		if a.Failed {
			slack = failedSlack
		}
		within := !f.Changed.Before(a.At.Add(-askedSkew)) && (a.Until.IsZero() || !f.Changed.After(a.Until.Add(slack)))
		if towards && within && (!ok || a.At.After(last.At)) {
			last, ok = a, true
		}
	}
	return last, ok
}

// last is what was asked for last, the zero value for nothing.
func (l *host) last() (last Asked) {
	for _, a := range l.asked {
		if a.At.After(last.At) {
			last = a
		}
	}
	return last
}

// lost: the last that was asked for was on, it was seen on, and it is off.
func lost(l *host) bool {
	a := l.last()
	return l.fresh() && l.facts.Power == bmc.Off && a.Want == bmc.On && !a.Failed && !a.Until.IsZero() &&
		l.entry.At.After(a.Until) && l.now.Sub(a.Until) < askedWindow
}

// overdue: asked for and not there, after its time or for too long.
func overdue(l *host) bool {
	a := l.last()
	if !l.fresh() || a.Host == "" || l.facts.Power == a.Want || l.facts.Power == bmc.Unknown || l.now.Sub(a.At) > askedWindow {
		return false
	}
	return a.Until.IsZero() && l.now.Sub(a.At) > overdueAfter || a.Failed && l.entry.At.After(a.Until)
}

func unreachable(l *host) bool {
	if l.entry.Err == nil {
		return false
	}
	switch trouble(l.entry.Err) {
	case bmc.Silent, bmc.Refused, bmc.Booting, bmc.Other:
		return l.facts == nil || l.now.Sub(l.entry.Since) >= silentGrace
	}
	return true
}

func trouble(err error) bmc.Trouble {
	var e *bmc.Error
	if errors.As(err, &e) {
		return e.Trouble
	}
	return bmc.Other
}

// troubles are the kinds of failure in words: of one BMC, and of several after
// their number.
var troubles = map[bmc.Trouble]struct{ one, many string }{
	bmc.Silent:        {"BMC silent", "BMCs silent"},
	bmc.Refused:       {"BMC refuses connections", "BMCs refuse connections"},
	bmc.WrongPassword: {"BMC refuses our password", "BMCs refuse our password"},
	bmc.SessionsFull:  {"BMC full: all its sessions are taken", "BMCs full: all their sessions are taken"},
	bmc.BadTLS:        {"BMC's certificate is not trusted", "BMCs have certificates that are not trusted"},
	bmc.Booting:       {"BMC is starting", "BMCs are starting"},
	bmc.NoSecret:      {"our password for the BMC cannot be read", "BMCs for which our password cannot be read"},
	bmc.Unsupported:   {"BMC does not offer what we need", "BMCs do not offer what we need"},
	bmc.Rejected:      {"BMC answers with an error", "BMCs answer with an error"},
	bmc.Other:         {"BMC cannot be read", "BMCs cannot be read"},
}

func troubleWords(l *host) struct{ one, many string } {
	if w, ok := troubles[trouble(l.entry.Err)]; ok {
		return w
	}
	return troubles[bmc.Other]
}

func whySilent(l *host) string {
	text := l.entry.Err.Error()
	if e := (*bmc.Error)(nil); errors.As(l.entry.Err, &e) { // whom it concerns stands beside it
		text = e.Why
		if e.Hint != "" {
			text += " (" + e.Hint + ")"
		}
	}
	if l.facts != nil {
		text += "; the power was last seen " + words(l.facts.Power)
	}
	return text
}

func whyChanged(l *host) string {
	return fmt.Sprintf("it was %s, and no run of Ringside changed that", words(l.facts.Was))
}

func faults(l *host) string {
	if len(l.facts.Faults) == 0 {
		return "health is " + string(l.facts.Health)
	}
	return strings.Join(l.facts.Faults, ", ")
}

func whyHealth(l *host) string { return "its BMC says so: health " + string(l.facts.Health) }

func changed(l *host) time.Time { return l.facts.Changed }
func never(*host) (t time.Time) { return t }

// words is a power state for people.
func words(p bmc.Power) string { return strings.ReplaceAll(string(p), "_", " ") }
