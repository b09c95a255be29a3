package swift

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"ringside/backends/impact"
	"ringside/backends/swift"
	"ringside/views/kit"
	"ringside/views/screen"
	"ringside/views/screen/hosts"
	"ringside/views/screen/lists"
)

// disk is one device of the rings in the list.
type disk struct {
	*swift.DeviceView
	place   int
	label   string
	stray   bool    // it is below /srv/node, and no ring knows it
	balance float64 // %
	suspect string
	text    string // where a word of a filter is looked for, made when it is needed
}

// Key implements lists.Thing.
func (d *disk) Key() string {
	if d.stray {
		return "stray " + d.ID()
	}
	return d.ID()
}

// disksOf lists the devices of a cluster, by node, and behind them what no ring
// knows.
func disksOf(o *swift.Overview, f *ringFigures) []*disk {
	out := make([]*disk, 0, len(o.Devices)+len(o.Strays))
	shares := f.shares(o)
	all := make([]disk, len(o.Devices)+len(o.Strays))
	for i, v := range o.Devices {
		d := &all[i]
		*d = disk{DeviceView: v, place: i, label: v.Label(), balance: share(shares, v)}
		d.suspect = diskSuspicion(d)
		out = append(out, d)
	}
	for i, s := range o.Strays {
		if harmless(s) {
			continue
		}
		d := &all[len(o.Devices)+i]
		v := &swift.DeviceView{Node: s.Node, Name: s.Name, State: swift.DeviceOK}
		*d = disk{DeviceView: v, place: len(o.Devices) + i, label: v.Label(), stray: true, balance: math.NaN(), suspect: "no ring knows it: left from a removed disk, or a slip in a ring"}
		if !s.Mounted {
			d.suspect = "a directory that no ring knows; nothing is mounted there"
		}
		out = append(out, d)
	}
	return out
}

// diskSuspicion says why a disk needs a look.
func diskSuspicion(d *disk) string {
	part, known := d.Fullness()
	in, filling := d.fullIn()
	switch {
	case d.State != swift.DeviceOK:
		return d.Why
	case d.Leftover() && d.Parts > 0:
		return fmt.Sprintf("weight 0, and the rings still have %d replicas on it", d.Parts)
	case d.Leftover():
		return fmt.Sprintf("weight 0, and still %.0f%% full", 100*part)
	case known && filling && in < impact.FullWithin && part > 0.5:
		return fmt.Sprintf("%.0f%% full, full in %s at its present pace", 100*part, kit.Age(in))
	case known && part >= impact.FullLimit:
		return fmt.Sprintf("%.0f%% full", 100*part)
	case d.filling():
		return fmt.Sprintf("holds %s of the %s that disks of its weight hold: it fills", size(d.Usage.Used), size(d.Expected))
	}
	return ""
}

// filling is a disk that was replaced or added, and has not got its data yet.
func (d *disk) filling() bool {
	_, known := d.Fullness()
	return known && d.Expected > 0 && float64(d.Usage.Used) < 0.8*float64(d.Expected) && float64(d.Expected-d.Usage.Used) > 0.01*float64(d.Usage.Size)
}

// fullIn is when the disk is full at its present pace; one that gets its data back
// will stop at its share.
func (d *disk) fullIn() (in time.Duration, ok bool) {
	if d.filling() {
		return 0, false
	}
	return d.Full()
}

// share is how much more a disk holds than its weight's share; NaN: not known.
func (d *disk) share() float64 {
	if _, known := d.Fullness(); !known || d.Expected <= 0 {
		return math.NaN()
	}
	return float64(d.Usage.Used)/float64(d.Expected) - 1
}

type diskList = lists.List[*Screen, *disk]

var diskKind = lists.Kind[*Screen, *disk]{
	Empty:   "no ring is read yet, so that no disk is known",
	Columns: diskColumns, Orders: diskOrders, Counts: countDisks, Foot: diskFoot, Old: func(_ *Screen, d *disk) bool { return d.Node.State != swift.Up },
	Hint: nodesHint,
	Language: kit.Language[*disk]{Name: func(d *disk) string { return strings.ToLower(d.label) }, Fields: diskFields,
		Text: func(d *disk) string {
			if d.text == "" {
				d.text = strings.ToLower(strings.Join([]string{d.label, d.Node.Name, diskWord(d), d.suspect, zone(d.Node)}, "\x00"))
			}
			return d.text
		},
		Special: func(word string) func(*disk) bool {
			match := hosts.Ranges(word)
			if match == nil {
				return nil
			}
			return func(d *disk) bool { return match(strings.ToLower(d.Node.Label())) }
		}},
}

var diskFields = []kit.FilterField[*disk]{
	{Name: "node", Match: func(d *disk, text string) bool { return contains(d.Node.Label(), text) || contains(d.Node.Name, text) }},
	{Name: "disk", Match: func(d *disk, text string) bool { return contains(d.Name, text) }},
	{Name: "state", Match: func(d *disk, text string) bool {
		return strings.HasPrefix(diskWord(d), text) || text == "odd" && d.suspect != ""
	}},
	{Name: "zone", Match: func(d *disk, text string) bool { return text == fmt.Sprint(d.Node.Zone) || zone(d.Node) == text }},
	{Name: "ring", Match: func(d *disk, text string) bool {
		return slices.ContainsFunc(d.In, func(m swift.Member) bool { return strings.HasPrefix(m.Ring, text) })
	}},
	{Name: "weight", Match: func(d *disk, text string) bool { return number(d.Weight) == text }, Jumps: true},
	{Name: "why", Match: func(d *disk, text string) bool { return contains(d.suspect, text) }},
}

// diskWord is the state of a disk in a word.
func diskWord(d *disk) string {
	switch {
	case d.stray:
		return "stray"
	case d.State == swift.DeviceOK && d.Draining:
		return "draining"
	case d.State == swift.DeviceOK && d.filling():
		return "filling"
	}
	return string(d.State)
}

func diskSign(d *disk) sign {
	switch {
	case d.stray:
		return warn
	case d.State == swift.NotKnown:
		return unsure
	case d.State != swift.DeviceOK:
		return bad
	case d.Draining, d.filling():
		return busy
	case d.suspect != "":
		return warn
	}
	return good
}

// errorRank orders disks by what is wrong with them.
func errorRank(d *disk) float64 {
	ranks := map[swift.DeviceState]float64{swift.Faulty: 0, swift.Absent: 1, swift.Unmounted: 2, swift.DeviceOff: 3, swift.NotKnown: 4}
	if r, ok := ranks[d.State]; ok {
		return r
	}
	switch {
	case d.Leftover():
		return 5
	case d.stray:
		return 6
	case d.suspect != "":
		return 7
	}
	return 8
}

var diskOrders = []lists.Order[*disk]{
	{ID: "disk", Letter: "n", Title: "node and disk", Number: func(d *disk) float64 { return float64(d.place) }},
	{ID: "errors", Letter: "e", Title: "errors first", Number: errorRank},
	{ID: "used", Letter: "u", Title: "fullness, fullest first", Number: func(d *disk) float64 {
		part, ok := d.Fullness()
		if !ok {
			return math.NaN()
		}
		return -part
	}},
	{ID: "full", Letter: "f", Title: "time until it is full, soonest first", Number: func(d *disk) float64 {
		in, ok := d.fullIn()
		if !ok {
			return math.NaN()
		}
		return in.Seconds()
	}},
	{ID: "share", Letter: "s", Title: "use against its weight's share, furthest off first", Number: func(d *disk) float64 { return -math.Abs(d.share()) }},
	{ID: "balance", Letter: "b", Title: "balance: replicas against its weight's share, furthest off first", Number: func(d *disk) float64 { return -math.Abs(d.balance) }},
	{ID: "weight", Letter: "w", Title: "weight, highest first", Number: func(d *disk) float64 { return -d.Weight }},
	{ID: "parts", Letter: "p", Title: "replicas, most first", Number: func(d *disk) float64 { return -float64(d.Parts) }},
	{ID: "zone", Letter: "z", Title: "region and zone", Number: func(d *disk) float64 { return float64(d.Node.Region)*1e6 + float64(d.Node.Zone) }},
	{ID: "size", Letter: "c", Title: "size, largest first", Number: func(d *disk) float64 {
		if d.Usage == nil {
			return math.NaN()
		}
		return -float64(d.Usage.Size)
	}},
}

func countDisks(s *Screen, all []*disk) string {
	counts := map[swift.DeviceState]int{}
	strays, odd := 0, 0
	for _, d := range all {
		if d.stray {
			strays++
			continue
		}
		counts[d.State]++
		if d.State == swift.DeviceOK && d.suspect != "" {
			odd++
		}
	}
	list := []tally{{good, counts[swift.DeviceOK], "ok"}}
	for _, state := range []swift.DeviceState{swift.Faulty, swift.Absent, swift.Unmounted, swift.DeviceOff} {
		list = append(list, tally{bad, counts[state], string(state)})
	}
	list = append(list, tally{unsure, counts[swift.NotKnown], "unknown"}, tally{warn, odd, "to look at"}, tally{warn, strays, "stray"})
	return tallies(s.look.Theme, len(all)-strays, list)
}

func diskFoot(s *Screen, d *disk) (string, kit.Style) {
	t := s.look.Theme
	if d.suspect != "" {
		return d.label + ": " + d.suspect, t.Warn
	}
	parts := []string{d.Node.Name, zone(d.Node)}
	for _, m := range d.In {
		parts = append(parts, fmt.Sprintf("%s %d", m.Ring, m.Parts))
	}
	if d.Usage != nil {
		parts = append(parts, size(d.Usage.Avail)+" free, read "+screen.Since(d.UsedAt, s.snap.Now)+" ago")
	}
	return d.label + ": " + strings.Join(parts, " "+t.Glyph.Bullet+" "), t.Dim
}

var diskColumns = []lists.Column[*Screen, *disk]{
	{Column: kit.Column{Key: "errors", Title: "STATE", Min: 11, Want: 13}, Cell: func(s *Screen, d *disk) kit.Cell {
		glyph, style := diskSign(d).look(s.look.Theme)
		if diskSign(d) == good {
			style = ""
		}
		return kit.Cell{Text: glyph + " " + diskWord(d), Style: style}
	}},
	{Column: kit.Column{Key: "disk", Title: "DISK", Min: 9, Want: 16, Flex: true}, Cell: func(s *Screen, d *disk) kit.Cell { return kit.Cell{Text: d.label} }},
	{Column: kit.Column{Key: "zone", Title: "ZONE", Min: 5, Want: 5, Priority: 2}, Cell: func(s *Screen, d *disk) kit.Cell { return kit.Cell{Text: zone(d.Node)} }},
	{Column: kit.Column{Key: "used", Title: "USED", Min: 5, Want: 5, Right: true}, Cell: func(s *Screen, d *disk) kit.Cell {
		part, ok := d.Fullness()
		if !ok {
			return s.unknown()
		}
		c := kit.Cell{Text: percent(part)}
		if part >= impact.FullLimit {
			c.Style = s.look.Theme.Warn
		}
		return c
	}},
	{Column: kit.Column{Title: "", Min: 10, Want: 12, Priority: 4}, Cell: func(s *Screen, d *disk) kit.Cell {
		part, ok := d.Fullness()
		if !ok {
			return kit.Cell{}
		}
		return kit.Cell{Text: s.look.Theme.Bar(part, 10)}
	}},
	{Column: kit.Column{Key: "share", Title: "SHARE", Min: 5, Want: 6, Right: true, Priority: 1}, Cell: func(s *Screen, d *disk) kit.Cell {
		return offCell(s, 100*d.share(), 20)
	}},
	{Column: kit.Column{Key: "full", Title: "FULL IN", Min: 7, Want: 7, Right: true, Priority: 1}, Cell: func(s *Screen, d *disk) kit.Cell {
		in, ok := d.fullIn()
		if !ok {
			return none
		}
		c := kit.Cell{Text: kit.Age(in)}
		if d.suspect != "" && in < impact.FullWithin {
			c.Style = s.look.Theme.Warn
		}
		return c
	}},
	{Column: kit.Column{Key: "size", Title: "SIZE", Min: 5, Want: 5, Right: true, Priority: 2}, Cell: func(s *Screen, d *disk) kit.Cell {
		if d.Usage == nil || d.Usage.Size == 0 {
			return s.unknown()
		}
		return kit.Cell{Text: size(d.Usage.Size)}
	}},
	{Column: kit.Column{Key: "weight", Title: "WEIGHT", Min: 6, Want: 7, Right: true, Priority: 1}, Cell: func(s *Screen, d *disk) kit.Cell {
		c := kit.Cell{Text: number(d.Weight)}
		if d.stray {
			c = none
		} else if d.Draining {
			c.Style = s.look.Theme.Busy
		}
		return c
	}},
	{Column: kit.Column{Key: "parts", Title: "PARTS", Min: 6, Want: 7, Right: true, Priority: 1}, Cell: func(s *Screen, d *disk) kit.Cell {
		return kit.Cell{Text: fmt.Sprint(d.Parts)}
	}},
	{Column: kit.Column{Key: "balance", Title: "BALANCE", Min: 7, Want: 8, Right: true, Priority: 3}, Cell: func(s *Screen, d *disk) kit.Cell {
		return offCell(s, d.balance, 10)
	}},
	{Column: kit.Column{Title: "READ", Min: 4, Want: 4, Right: true, Priority: 5}, Cell: func(s *Screen, d *disk) kit.Cell {
		if d.UsedAt.IsZero() {
			return none
		}
		age := s.snap.Now.Sub(d.UsedAt)
		if d.Node.State == swift.Up {
			return kit.Cell{Text: "<" + kit.Age(screen.Within(age))}
		}
		return kit.Cell{Text: kit.Age(age), Style: s.look.Theme.Warn}
	}},
	{Column: kit.Column{Title: "RINGS", Min: 14, Want: 30, Priority: 6}, Cell: func(s *Screen, d *disk) kit.Cell {
		names := make([]string, len(d.In))
		for i, m := range d.In {
			names[i] = m.Ring
		}
		return kit.Cell{Text: strings.Join(names, " "), Style: s.look.Theme.Dim}
	}},
	{Column: kit.Column{Title: "WHY", Min: 20, Want: 50, Priority: 7}, Cell: func(s *Screen, d *disk) kit.Cell {
		return kit.Cell{Text: d.suspect, Style: s.look.Theme.Warn}
	}},
}

// offCell is by how many per cent something is off, a warning from a limit on.
func offCell(s *Screen, v, limit float64) kit.Cell {
	if math.IsNaN(v) {
		return s.unknown()
	}
	c := kit.Cell{Text: fmt.Sprintf("%+.0f%%", v)}
	if math.Abs(v) < 9.5 {
		c.Text = fmt.Sprintf("%+.1f%%", v)
	}
	if math.Abs(v) >= limit {
		c.Style = s.look.Theme.Warn
	}
	return c
}
