package services

import (
	"fmt"
	"strings"
	"time"

	"ringside/actions"
	"ringside/actions/service"
	"ringside/views/kit"
	"ringside/views/screen"
	"ringside/views/screen/releases"
)

// column is a column of the list with what a service has in it.
type column struct {
	kit.Column
	cell func(*drawing, *item) kit.Cell
}

// columns is every column in order; which are shown is a matter of room.
var columns = []column{
	{kit.Column{Key: "service", Title: "SERVICE", Min: 8, Want: 14}, func(_ *drawing, it *item) kit.Cell { return kit.Cell{Text: it.Service} }},
	{kit.Column{Key: "live", Title: "LIVE", Min: 14, Want: 18}, liveCell},
	{kit.Column{Key: "health", Title: "HEALTH", Min: 9, Want: 9}, healthCell},
	{kit.Column{Title: "OTHER", Min: 25, Want: 42, Flex: true}, otherCell},
	{kit.Column{Key: "sessions", Title: "OPEN", Min: 4, Want: 5, Right: true, Priority: 3}, func(d *drawing, it *item) kit.Cell {
		if it.Sessions == nil {
			return d.unknown()
		}
		return kit.Cell{Text: fmt.Sprint(*it.Sessions)}
	}},
	{kit.Column{Key: "requests", Title: "REQ/S", Min: 6, Want: 6, Right: true, Priority: 1}, func(d *drawing, it *item) kit.Cell { return d.rate(it.Requests, d.theme.Text) }},
	{kit.Column{Key: "errors", Title: "ERR/S", Min: 6, Want: 6, Right: true, Priority: 2}, func(d *drawing, it *item) kit.Cell { return d.rate(it.Errors, d.theme.Bad) }},
	{kit.Column{Title: "BY", Min: 6, Want: 9, Priority: 4}, func(_ *drawing, it *item) kit.Cell { return kit.Cell{Text: orNone(it.By)} }},
	{kit.Column{Key: "deployed", Title: "AGE", Min: 4, Want: 4, Right: true, Priority: 3}, func(d *drawing, it *item) kit.Cell {
		if it.Deployed == nil {
			return kit.Cell{Text: none}
		}
		return kit.Cell{Text: screen.Since(*it.Deployed, d.now)}
	}},
	{kit.Column{Key: "held", Title: "HELD", Min: 4, Want: 4, Right: true, Priority: 5}, func(d *drawing, it *item) kit.Cell {
		if it.HeldUntil == nil {
			return kit.Cell{Text: none}
		}
		return kit.Cell{Text: kit.Age(it.HeldUntil.Sub(d.now))}
	}},
	{kit.Column{Title: "READ", Min: 4, Want: 5, Right: true, Priority: 6}, readCell},
	{kit.Column{Title: "ENVIRONMENT", Min: 12, Want: 12, Priority: 7}, func(d *drawing, it *item) kit.Cell {
		return kit.Cell{Text: orNone(it.Environment), Style: d.theme.Dim}
	}},
	{kit.Column{Title: "ENGINES", Min: 40, Want: 40, Priority: 8}, func(d *drawing, it *item) kit.Cell {
		return kit.Cell{Text: strings.Join(it.Engines, " "), Style: d.theme.Dim}
	}},
}

func tableColumns() []kit.Column {
	out := make([]kit.Column, len(columns))
	for i, c := range columns {
		out[i] = c.Column
	}
	return out
}

// drawing is what cells need besides the service; it is the table's rows.
type drawing struct {
	model *model
	theme *kit.Theme
	now   time.Time
	cells []kit.Cell
}

func (d *drawing) Len() int         { return len(d.model.shown) }
func (d *drawing) Heading(int) bool { return false }
func (d *drawing) Key(i int) string { return d.model.shown[i].key() }

func (d *drawing) At(i int) kit.Row {
	d.cells = d.cells[:0]
	for _, c := range columns {
		d.cells = append(d.cells, c.cell(d, d.model.shown[i]))
	}
	return kit.Row{Cells: d.cells}
}

// none stands where a value makes no sense, the unknown glyph where nothing was read.
const none = "-"

func orNone(s string) string {
	if s == "" {
		return none
	}
	return s
}

func (d *drawing) unknown() kit.Cell {
	return kit.Cell{Text: d.theme.Glyph.Unknown, Style: d.theme.Unknown}
}

// rate is a number a second; style is for one above zero.
func (d *drawing) rate(n *float64, style kit.Style) kit.Cell {
	switch {
	case n == nil:
		return d.unknown()
	case *n > 0:
		return kit.Cell{Text: perSecond(*n), Style: style}
	}
	return kit.Cell{Text: "0"}
}

// perSecond has at most four columns and two digits that count.
func perSecond(n float64) string {
	switch {
	case n > 0 && n < 10:
		return fmt.Sprintf("%.1f", n)
	case n >= 10_000:
		return fmt.Sprintf("%.0fk", n/1000)
	}
	return fmt.Sprintf("%.0f", n)
}

func liveCell(d *drawing, it *item) kit.Cell {
	t := d.theme
	switch {
	case it.Live == "" && it.unread():
		return kit.Cell{Text: t.Glyph.Unknown + " not read yet", Style: t.Unknown}
	case it.Live == "":
		return kit.Cell{Text: t.Glyph.Bad + " not decided", Style: t.Bad}
	case !it.Settled:
		return kit.Cell{Text: t.Glyph.Warn + " " + it.Live + " " + version(it.Version, it.Digest), Style: t.Warn}
	}
	return kit.Cell{Text: t.Glyph.Good + " " + it.Live + " " + version(it.Version, it.Digest)}
}

// unread says that a proxy was not read so far, and none failed.
func (it *item) unread() bool {
	found := false
	for _, p := range it.svc.Proxies {
		if p.Err != nil {
			return false
		}
		found = found || p.At.IsZero()
	}
	return found
}

func version(v, digest string) string {
	if v != "" {
		return v
	}
	return service.Short(digest)
}

func healthCell(d *drawing, it *item) kit.Cell {
	if it.Live == "" || it.Health == "unknown" {
		return d.unknown()
	}
	return kit.Cell{Text: it.Health, Style: healthStyle(d.theme, it.Health)}
}

func healthStyle(t *kit.Theme, health string) kit.Style {
	switch health {
	case "unhealthy", "stopped", "missing":
		return t.Bad
	case "starting":
		return t.Busy
	case "unknown":
		return t.Unknown
	}
	return ""
}

// otherCell is the colour that is not live, or the run that works on the service.
func otherCell(d *drawing, it *item) kit.Cell {
	t := d.theme
	if it.going != nil {
		sign, style := t.Glyph.Busy, t.Busy
		if !it.underWay() {
			sign, style = t.Glyph.Warn, t.Warn
		}
		return kit.Cell{Text: sign + " " + releases.InShort(it.going, d.now), Style: style}
	}
	if it.Other == "" {
		return d.unknown()
	}
	text, style := otherText(it, d.now), kit.Style("")
	sign := t.Glyph.Off
	switch it.OtherState {
	case "empty":
		style = t.Dim
	case "unknown":
		sign, style = t.Glyph.Unknown, t.Unknown
	case "not ready":
		sign, style = t.Glyph.Warn, t.Warn
	}
	return kit.Cell{Text: sign + " " + text, Style: style}
}

// otherText is the colour that is not live in words: "green 1.9.2 held 22m".
func otherText(it *item, now time.Time) string {
	words := []string{it.Other}
	if v := version(it.OtherVersion, it.OtherDigest); v != "" {
		words = append(words, v)
	}
	state := it.OtherState
	switch {
	case state == "not ready" && it.OtherHealth != "":
		state = it.OtherHealth
	case state == "held" && it.HeldUntil != nil:
		state += " " + kit.Age(it.HeldUntil.Sub(now))
	}
	text := strings.Join(append(words, state), " ")
	switch g := it.gate; {
	case it.OtherState != "ready" || g.Status == "":
	case g.Status == actions.Succeeded && g.Previews > 0: // short: the column is narrow
		text += fmt.Sprintf(" %d/%d", g.Previews, g.Previews)
	case g.String() != "":
		text += ", " + g.String()
	}
	return text
}

func readCell(d *drawing, it *item) kit.Cell {
	at := it.read()
	if at.IsZero() {
		return kit.Cell{Text: none, Style: d.theme.Dim}
	}
	age := max(0, d.now.Sub(at))
	for _, p := range it.svc.Proxies {
		if p.Err != nil {
			return kit.Cell{Text: kit.Age(age), Style: d.theme.Warn}
		}
	}
	return kit.Cell{Text: "<" + kit.Age(screen.Within(age))}
}
