package swift

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"ringside/backends/swift"
	"ringside/backends/swift/ring"
	"ringside/views/kit"
)

// located is what was looked up: the places of a path or of a partition.
type located struct {
	text   string
	places []place
}

// place is a partition of a ring.
type place struct {
	ring string
	what string // "account AUTH_a", "container AUTH_a/c", "object AUTH_a/c/o"; "" for a partition
	part int
	sum  string // hash of the path in hex; "" for a partition
}

// openPrompt asks what to look for.
func (s *Screen) openPrompt() {
	if s.o == nil || s.o.Rings == nil {
		return
	}
	value := ""
	if s.found != nil {
		value = s.found.text
	}
	s.tab = locatePage
	s.prompt.Open(s.look.Theme, kit.PromptOptions{Title: "locate", Hint: "AUTH_a/container/object, a path on a disk, or RING PARTITION", Value: value,
		Enter: func(text string) (tea.Cmd, error) {
			found, err := locate(s.o.Rings, text)
			if err != nil {
				return nil, err
			}
			s.found = found
			s.panes[locatePage].Jump(false)
			s.fill()
			return nil, nil
		}})
	s.fill()
}

// locate finds the partitions of what somebody typed: an account, a container or an
// object, with the name of a policy in front if it is to be only that; a path on a
// node's disk; or a ring and a partition.
func locate(r *swift.Rings, text string) (*located, error) {
	text = strings.TrimSpace(text)
	out := &located{text: text}
	words := strings.Fields(text)
	if text == "" {
		return nil, errors.New("nothing to look for")
	}
	if p, ok := ring.ParseDiskPath(text); ok {
		return out, out.add(r, p.Ring, "", p.Part, hex.EncodeToString(p.Sum[:]))
	}
	if len(words) <= 2 {
		if n, err := strconv.Atoi(words[len(words)-1]); err == nil {
			name := ""
			if len(words) == 2 {
				name = words[0]
			}
			return out, out.add(r, name, "", n, "")
		}
	}
	only := ""
	if first, rest, ok := strings.Cut(text, " "); ok && !strings.Contains(first, "/") && named(r, first) != nil {
		only, text = named(r, first).Name, strings.TrimSpace(rest)
	}
	return out, out.path(r, text, only)
}

// named finds a ring by its name or its policy's.
func named(r *swift.Rings, name string) *ring.Named {
	i := slices.IndexFunc(r.Rings, func(n ring.Named) bool { return n.Name == name || n.Title() == name })
	if i < 0 {
		return nil
	}
	return &r.Rings[i]
}

// add adds a partition; without a name of the default policy's ring.
func (l *located) add(r *swift.Rings, name, what string, part int, sum string) error {
	n := named(r, name)
	if name == "" {
		for i := range r.Rings {
			if x := &r.Rings[i]; x.Kind == ring.Object && (n == nil || x.Policy.Default) {
				n = x
			}
		}
	}
	switch {
	case n == nil:
		return fmt.Errorf("there is no ring %q", name)
	case part < 0 || part >= n.Partitions():
		return fmt.Errorf("%s has partitions 0 to %d", n.Name, n.Partitions()-1)
	}
	l.places = append(l.places, place{n.Name, what, part, sum})
	return nil
}

// path adds an account, and the container and the object in it if they are named.
// Only the container's own row says which policy an object has: all are shown,
// unless one is named.
func (l *located) path(r *swift.Rings, text, only string) error {
	account, container, object, err := ring.SplitPath(text)
	if err != nil {
		return err
	}
	if r.Conf == nil || !r.Conf.Hash.Known() {
		return errors.New("no swift.conf with a hash prefix or suffix is read: only RING PARTITION can be looked up")
	}
	steps := []struct {
		kind ring.Kind
		path [3]string
	}{{ring.Account, [3]string{account}}, {ring.Container, [3]string{account, container}}, {ring.Object, [3]string{account, container, object}}}
	for i, s := range steps {
		if i > 0 && s.path[i] == "" {
			break
		}
		sum, err := r.Conf.Hash.Sum(s.path[0], s.path[1], s.path[2])
		if err != nil {
			return err
		}
		what := string(s.kind) + " " + strings.TrimRight(strings.Join(s.path[:], "/"), "/")
		for _, n := range r.Rings {
			if n.Kind == s.kind && (n.Kind != ring.Object || only == "" || n.Name == only) {
				l.places = append(l.places, place{n.Name, what, n.PartitionOf(sum), hex.EncodeToString(sum[:])})
			}
		}
	}
	slices.SortStableFunc(l.places, func(a, b place) int { // what was asked for first
		return strings.Count(b.what, "/") - strings.Count(a.what, "/")
	})
	if len(l.places) == 0 {
		return errors.New("no ring has that")
	}
	return nil
}

// locateLines shows where it is: the primaries with their state, and the handoffs
// that come first.
func (p *page) locateLines(o *swift.Overview, l *located) {
	if l == nil {
		p.dim("look up an account, a container or an object: the disks that it belongs on, how they are, and which ones take their place")
		p.dim("")
		for _, x := range []string{"AUTH_shop/photos/cat.jpg", "gold AUTH_shop/photos/cat.jpg", "AUTH_shop", "object-1 1234", "/srv/node/d1/objects/1234/5f2/<hash>/<time>.data"} {
			p.dim("  " + x)
		}
		return
	}
	p.lines = append(p.lines, " "+p.t.Strong.Paint(kit.Cut(l.text, p.w-2, p.t.Glyph.Ellipsis)))
	for _, x := range l.places {
		v, ok := o.Policy(x.ring)
		if !ok || x.part >= v.Ring.Partitions() {
			p.fact(unsure, x.ring, "the ring is gone")
			continue
		}
		p.partition(v, x)
	}
}

func (p *page) partition(v *swift.PolicyView, x place) {
	title := fmt.Sprintf("%s, partition %d", v.Ring.Title(), x.part)
	if x.what != "" {
		title = x.what + ": " + title
	}
	p.head(title)
	if x.sum != "" {
		p.dim("hash " + x.sum)
	}
	text, look := verdictOf(v, x.part)
	p.fact(look, "now", text)
	primaries := v.Ring.Primaries(x.part)
	for i, d := range primaries {
		p.device(v, d, fmt.Sprintf("primary %d", i))
	}
	n := 0
	for d := range v.Ring.Handoffs(x.part) {
		p.device(v, d, fmt.Sprintf("handoff %d", n))
		if n++; n >= len(primaries) {
			break
		}
	}
}

// verdictOf says what is left of a partition.
func verdictOf(v *swift.PolicyView, part int) (string, sign) {
	q := v.Ring.Quorum()
	least := v.Ring.Part(part, v.Off, q)
	off := slices.Clone(v.Off)
	off.Merge(v.Maybe)
	most := v.Ring.Part(part, off, q)
	what := "primaries are on"
	text := fmt.Sprintf("%s of %d %s", span(most.On, least.On), least.Primaries, what)
	switch {
	case least.Unreadable():
		return text + ": unreadable until one is back", bad
	case least.BelowQuorum() && q.Erasure():
		return text + ": below primary quorum, writes may be refused", warn
	case least.BelowQuorum():
		return text + ": below primary quorum, writes rely on handoffs", warn
	case most.BelowQuorum():
		return text + ": perhaps below primary quorum", unsure
	case least.Degraded(), most.Degraded():
		return text + ": degraded", busy
	}
	return text, good
}

// device is one line: its state in this ring, its place.
func (p *page) device(v *swift.PolicyView, d *ring.Device, name string) {
	view := v.At[d.ID]
	where := fmt.Sprintf("r%dz%d", d.Region, d.Zone)
	if view == nil {
		p.fact(unsure, name, p.dot(d.String(), "not in the picture"))
		return
	}
	look, state := good, "up"
	for _, m := range view.In {
		if m.Ring != v.Ring.Name || m.ID != d.ID {
			continue
		}
		switch view.StateIn(m) {
		case swift.Down:
			look, state = bad, string(view.State)
			if view.State == swift.DeviceOK {
				state = string(m.Kind) + " server does not answer"
			}
		case swift.Unknown:
			look, state = unsure, "unknown"
		}
	}
	used := ""
	if part, ok := view.Fullness(); ok {
		used = percent(part) + " used"
	}
	p.fact(look, name, p.dot(view.Label(), state, where, view.Node.Name, used))
}
