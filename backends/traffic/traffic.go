// Package traffic talks to the proxies in front of services: which colour is live,
// what a reload would make live, how many sessions each colour still has, and the
// switch from one colour to the other. HAProxy (runtime socket and map file), Caddy
// (admin API), nginx (include file and reload) and Traefik (file provider) look the
// same from outside.
//
// The proxy is the truth about what is live. What it keeps for its next start may
// differ, after a crash or by a human's hand; that is seen (View.Agrees) and made
// good (Proxy.Settle).
package traffic

import (
	"fmt"
	"strings"

	"ringside/backends/fleet"
)

// View is what one proxy said at one moment. It is never changed.
type View struct {
	Live     fleet.Colour // whom users get; "" when that is neither colour or not known, and Why says so
	LiveName string       // in the proxy's own words: the backend, the addresses
	Keeps    bool         // whether the proxy keeps its switch in a file that can be seen
	Kept     fleet.Colour // whom users would get after a reload or a restart
	KeptName string
	Why      string // why Live is ""
	Blue     Side
	Green    Side
	Leaving  int      // old processes that finish their connections after a reload (nginx)
	Version  string   // of the proxy, "" when it does not tell
	Insecure string   // why the way to the proxy is not protected, "" when it is or is local
	Notes    []string // what a swap of this proxy costs or risks
}

// Agrees says whether the running proxy and what it keeps say the same, as far as
// both are known.
func (v *View) Agrees() bool {
	known := v.Keeps && (v.Live != "" || v.LiveName != "")
	return !known || v.Kept == v.Live && (v.Live != "" || v.KeptName == v.LiveName)
}

// Side returns what the proxy knows of one colour.
func (v *View) Side(c fleet.Colour) Side {
	if c == fleet.Green {
		return v.Green
	}
	return v.Blue
}

// Side is one colour as a proxy sees it.
type Side struct {
	Name     string   // in the proxy's own words
	Servers  []Server // in its order; empty where it does not tell
	Sessions int      // open requests and streams; -1: not known
	Requests int64    // answered since the proxy started; -1: not known
	Errors   int64    // of these, answered with a 5xx status; -1: not known
}

// nothing is a side of which only the name is known.
func nothing(name string) Side { return Side{Name: name, Sessions: -1, Requests: -1, Errors: -1} }

// Server is one address of a colour.
type Server struct {
	Name    string
	Address string // host:port, "" when the proxy does not tell
	State   State
	Why     string // what its last check said
}

// State is how a proxy finds a server.
type State string

// States. A proxy without checks of its own says Unchecked.
const (
	Up        State = "up"
	Down      State = "down"
	Off       State = "off" // taken out by hand: drained, in maintenance
	Unchecked State = "unchecked"
)

// Ready says whether every server of a side may get users, and if not, why.
func (s Side) Ready() (bool, string) {
	for _, srv := range s.Servers {
		if srv.State == Up || srv.State == Unchecked {
			continue
		}
		why := fmt.Sprintf("%s is %s in the proxy", srv.Name, srv.State)
		if srv.Why != "" {
			why += ": " + srv.Why
		}
		return false, why
	}
	return true, ""
}

// Error says what failed, at which proxy of which service, why, and what to do.
type Error struct {
	Service, Proxy, Op string
	Why, Hint          string
	err                error
}

func (e *Error) Error() string {
	s := fmt.Sprintf("service %s: proxy %s: %s: %s", e.Service, e.Proxy, e.Op, e.Why)
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

func (e *Error) Unwrap() error { return e.err }

// MovedError says that a proxy is not where it was expected to be: somebody else
// switched it. Nothing was changed.
type MovedError struct {
	Proxy    string
	Want     fleet.Colour
	Have     fleet.Colour // "" for neither
	HaveName string
}

func (e *MovedError) Error() string {
	have := string(e.Have)
	if e.Have == "" {
		have = "something else"
	}
	return fmt.Sprintf("%s has %s live (%s), and %s was expected: somebody switched it; nothing was changed", e.Proxy, have, e.HaveName, e.Want)
}

// colourOf finds the colour whose addresses are exactly these, in any order.
func colourOf(have []string, of func(fleet.Colour) []string) fleet.Colour {
	for _, c := range fleet.Colours {
		if sameSet(have, of(c)) {
			return c
		}
	}
	return ""
}

func sameSet(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	count := map[string]int{}
	for _, s := range a {
		count[s]++
	}
	for _, s := range b {
		if count[s]--; count[s] < 0 {
			return false
		}
	}
	return true
}

// joined names a set of addresses.
func joined(list []string) string { return fleet.Clean(strings.Join(list, ", ")) }
