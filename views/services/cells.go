package services

import (
	"fmt"
	"strings"
	"time"

	"ringside/actions"
	"ringside/actions/service"
	"ringside/views/kit"
	"ringside/views/screen"
	"ringside/views/screen/lists"
	"ringside/views/screen/releases"
)

// columns is every column in order; which are shown is a matter of room.
var columns = []lists.Column[*Screen, *item]{
	{Column: kit.Column{Key: "service", Title: "SERVICE", Min: 8, Want: 14}, Cell: func(_ *Screen, it *item) kit.Cell { return kit.Cell{Text: it.Service} }},
	{Column: kit.Column{Key: "live", Title: "LIVE", Min: 14, Want: 18}, Cell: liveCell},
	{Column: kit.Column{Key: "health", Title: "HEALTH", Min: 9, Want: 9}, Cell: healthCell},
	{Column: kit.Column{Title: "OTHER", Min: 25, Want: 42, Flex: true}, Cell: otherCell},
	{Column: kit.Column{Key: "sessions", Title: "OPEN", Min: 4, Want: 5, Right: true, Priority: 3}, Cell: func(s *Screen, it *item) kit.Cell {
		if it.Sessions == nil {
			return s.unknown()
		}
		return kit.Cell{Text: fmt.Sprint(*it.Sessions)}
	}},
	{Column: kit.Column{Key: "requests", Title: "REQ/S", Min: 6, Want: 6, Right: true, Priority: 1}, Cell: func(s *Screen, it *item) kit.Cell { return s.rate(it.Requests, s.look.Theme.Text) }},
	{Column: kit.Column{Key: "errors", Title: "ERR/S", Min: 6, Want: 6, Right: true, Priority: 2}, Cell: func(s *Screen, it *item) kit.Cell { return s.rate(it.Errors, s.look.Theme.Bad) }},
	{Column: kit.Column{Title: "BY", Min: 6, Want: 9, Priority: 4}, Cell: func(_ *Screen, it *item) kit.Cell { return kit.Cell{Text: orNone(it.By)} }},
	{Column: kit.Column{Key: "deployed", Title: "AGE", Min: 4, Want: 4, Right: true, Priority: 3}, Cell: func(s *Screen, it *item) kit.Cell {
		if it.Deployed == nil {
			return kit.Cell{Text: none}
		}
		return kit.Cell{Text: screen.Since(*it.Deployed, s.snap.Now)}
	}},
	{Column: kit.Column{Key: "held", Title: "HELD", Min: 4, Want: 4, Right: true, Priority: 5}, Cell: func(s *Screen, it *item) kit.Cell {
		if it.HeldUntil == nil {
			return kit.Cell{Text: none}
		}
		return kit.Cell{Text: kit.Age(it.HeldUntil.Sub(s.snap.Now))}
	}},
	{Column: kit.Column{Title: "READ", Min: 4, Want: 5, Right: true, Priority: 6}, Cell: readCell},
	{Column: kit.Column{Title: "ENVIRONMENT", Min: 12, Want: 12, Priority: 7}, Cell: func(s *Screen, it *item) kit.Cell {
		return kit.Cell{Text: orNone(it.Environment), Style: s.look.Theme.Dim}
	}},
	{Column: kit.Column{Title: "ENGINES", Min: 40, Want: 40, Priority: 8}, Cell: func(s *Screen, it *item) kit.Cell {
		return kit.Cell{Text: strings.Join(it.Engines, " "), Style: s.look.Theme.Dim}
	}},
}

// none stands where a value makes no sense, the unknown glyph where nothing was read.
const none = "-"

func orNone(s string) string {
	if s == "" {
		return none
	}
	return s
}

func (s *Screen) unknown() kit.Cell {
	return kit.Cell{Text: s.look.Theme.Glyph.Unknown, Style: s.look.Theme.Unknown}
}

// rate is a number a second; style is for one above zero.
func (s *Screen) rate(n *float64, style kit.Style) kit.Cell {
	switch {
	case n == nil:
		return s.unknown()
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

func liveCell(s *Screen, it *item) kit.Cell {
	t := s.look.Theme
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

func healthCell(s *Screen, it *item) kit.Cell {
	if it.Live == "" || it.Health == "unknown" {
		return s.unknown()
	}
	return kit.Cell{Text: it.Health, Style: healthStyle(s.look.Theme, it.Health)}
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
func otherCell(s *Screen, it *item) kit.Cell {
	t := s.look.Theme
	if it.going != nil {
		sign, style := t.Glyph.Busy, t.Busy
		if !it.underWay() {
			sign, style = t.Glyph.Warn, t.Warn
		}
		return kit.Cell{Text: sign + " " + releases.InShort(it.going, s.snap.Now), Style: style}
	}
	if it.Other == "" {
		return s.unknown()
	}
	text, style := otherText(it, s.snap.Now), kit.Style("")
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

func readCell(s *Screen, it *item) kit.Cell {
	at := it.read()
	if at.IsZero() {
		return kit.Cell{Text: none, Style: s.look.Theme.Dim}
	}
	age := max(0, s.snap.Now.Sub(at))
	for _, p := range it.svc.Proxies {
		if p.Err != nil {
			return kit.Cell{Text: kit.Age(age), Style: s.look.Theme.Warn}
		}
	}
	return kit.Cell{Text: "<" + kit.Age(screen.Within(age))}
}
