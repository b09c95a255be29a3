package runs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"ringside/actions"
	"ringside/views/kit"
	"ringside/views/screen"
)

// sign is how a status looks: its glyph, its style and a word for people.
type sign struct {
	glyph func(kit.Glyphs) string
	style func(*kit.Theme) kit.Style
}

var signs = map[actions.Status]sign{
	actions.Pending:     {func(g kit.Glyphs) string { return g.Off }, func(t *kit.Theme) kit.Style { return t.Off }},
	actions.Running:     {func(g kit.Glyphs) string { return g.Busy }, func(t *kit.Theme) kit.Style { return t.Busy }},
	actions.Succeeded:   {func(g kit.Glyphs) string { return g.Good }, func(t *kit.Theme) kit.Style { return t.Good }},
	actions.Skipped:     {func(g kit.Glyphs) string { return g.Off }, func(t *kit.Theme) kit.Style { return t.Off }},
	actions.Failed:      {func(g kit.Glyphs) string { return g.Bad }, func(t *kit.Theme) kit.Style { return t.Bad }},
	actions.Cancelled:   {func(g kit.Glyphs) string { return g.Off }, func(t *kit.Theme) kit.Style { return t.Off }},
	actions.Interrupted: {func(g kit.Glyphs) string { return g.Warn }, func(t *kit.Theme) kit.Style { return t.Warn }},
	actions.RolledBack:  {func(g kit.Glyphs) string { return g.Off }, func(t *kit.Theme) kit.Style { return t.Off }},
	unfinished:          {func(g kit.Glyphs) string { return g.Warn }, func(t *kit.Theme) kit.Style { return t.Warn }},
}

// unfinished is what people are told instead of the status of a run whose process
// is gone.
const unfinished actions.Status = "unfinished"

// word is a run's status for people.
func word(r Row) string {
	if r.Unfinished {
		return string(unfinished)
	}
	return r.Status
}

func status(t *kit.Theme, s actions.Status) (text string, style kit.Style) {
	x, ok := signs[s]
	if !ok { // of a newer version
		return t.Glyph.Unknown + " " + string(s), t.Unknown
	}
	return x.glyph(t.Glyph) + " " + string(s), x.style(t)
}

// column is one column of the list and what it shows.
type column struct {
	kit.Column
	cell  func(*kit.Theme, Row, time.Time) kit.Cell
	order func(a, b Row) int
}

var columns = []column{
	{kit.Column{Key: "status", Title: "STATUS", Min: 13, Want: 13},
		func(t *kit.Theme, r Row, _ time.Time) kit.Cell {
			text, style := status(t, actions.Status(word(r)))
			return kit.Cell{Text: text, Style: style}
		}, func(a, b Row) int { return strings.Compare(word(a), word(b)) }},
	{kit.Column{Key: "what", Title: "WHAT", Min: 32, Want: 44, Flex: true},
		func(_ *kit.Theme, r Row, _ time.Time) kit.Cell { return kit.Cell{Text: r.Title} },
		func(a, b Row) int { return strings.Compare(a.Title, b.Title) }},
	{kit.Column{Key: "steps", Title: "STEPS", Min: 7, Want: 7, Priority: 1, Right: true},
		func(t *kit.Theme, r Row, _ time.Time) kit.Cell {
			style := t.Dim
			if r.going() {
				style = t.Busy
			}
			return kit.Cell{Text: fmt.Sprintf("%d/%d", r.Ended, r.Steps), Style: style}
		}, func(a, b Row) int { return a.Steps - b.Steps }},
	{kit.Column{Key: "who", Title: "WHO", Min: 8, Want: 14, Priority: 2},
		func(_ *kit.Theme, r Row, _ time.Time) kit.Cell { return kit.Cell{Text: r.User} },
		func(a, b Row) int { return strings.Compare(a.User, b.User) }},
	{kit.Column{Key: "host", Title: "FROM", Min: 8, Want: 12, Priority: 5},
		func(t *kit.Theme, r Row, _ time.Time) kit.Cell { return kit.Cell{Text: r.Host, Style: t.Dim} },
		func(a, b Row) int { return strings.Compare(a.Host, b.Host) }},
	{kit.Column{Key: "id", Title: "ID", Min: 13, Want: 13, Priority: 6},
		func(t *kit.Theme, r Row, _ time.Time) kit.Cell { return kit.Cell{Text: r.ID, Style: t.Dim} },
		func(a, b Row) int { return strings.Compare(a.ID, b.ID) }},
	{kit.Column{Key: "took", Title: "TOOK", Min: 6, Want: 6, Priority: 3, Right: true},
		func(t *kit.Theme, r Row, _ time.Time) kit.Cell {
			return kit.Cell{Text: length(r.Duration), Style: t.Dim}
		},
		func(a, b Row) int { return cmp.Compare(seconds(a), seconds(b)) }},
	{kit.Column{Key: "when", Title: "AGE", Min: 4, Want: 4, Right: true},
		func(t *kit.Theme, r Row, now time.Time) kit.Cell {
			return kit.Cell{Text: screen.Since(r.Created, now), Style: t.Dim}
		}, func(a, b Row) int { return b.Created.Compare(a.Created) }},
}

func seconds(r Row) float64 {
	if r.Duration == nil {
		return 0
	}
	return *r.Duration
}

// length is a duration as the list shows it: 0.4s, 12s, 3m, "" when not known.
func length(s *float64) string {
	switch {
	case s == nil:
		return ""
	case *s < 10:
		return fmt.Sprintf("%.1fs", *s)
	}
	return kit.Age(time.Duration(*s * float64(time.Second)))
}

// lines is what the table draws.
type lines struct {
	rows  []Row
	theme *kit.Theme
	now   time.Time
	cells []kit.Cell
}

func (l *lines) Len() int         { return len(l.rows) }
func (l *lines) Key(i int) string { return l.rows[i].ID }
func (l *lines) Heading(int) bool { return false }

func (l *lines) At(i int) kit.Row {
	l.cells = l.cells[:0]
	for _, c := range columns {
		l.cells = append(l.cells, c.cell(l.theme, l.rows[i], l.now))
	}
	return kit.Row{Cells: l.cells}
}

// arrange filters and sorts. Without a column to sort by, the order of Rows stays.
func arrange(all []Row, query, by string, reverse bool) []Row {
	out := slices.DeleteFunc(slices.Clone(all), func(r Row) bool { return !Match(r, query) })
	if i := slices.IndexFunc(columns, func(c column) bool { return c.Key == by }); i >= 0 {
		slices.SortStableFunc(out, columns[i].order)
	}
	if reverse {
		slices.Reverse(out)
	}
	return out
}
