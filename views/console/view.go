package console

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"ringside/backends/bmc"
	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	"ringside/backends/watch"
	"ringside/keymap"
	"ringside/views/kit"
	"ringside/views/screen"
)

// View draws the frame. Layers are laid on top only while there are any.
func (m *model) View() tea.View {
	v := tea.View{AltScreen: true, ReportFocus: true, WindowTitle: "ringside"}
	switch {
	case m.w == 0 || m.h == 0:
		return v
	case m.small():
		v.Content = m.tooSmall()
		return v
	}
	body := m.screen().View()
	content := m.header() + "\n" + m.tabs() + "\n" + body + "\n" + m.hints()
	if c := m.screen().Cursor(); c != nil && len(m.dialogs) == 0 {
		v.Cursor = moved(c, 0, above)
	}
	if len(m.dialogs) > 0 || len(m.toasts.list) > 0 {
		content, v.Cursor = m.layers(strings.Split(content, "\n"), v.Cursor)
	}
	v.Content = content
	m.repainted = m.repainted || content != m.painted
	m.painted = content
	return v
}

func moved(c *tea.Cursor, x, y int) *tea.Cursor {
	at := *c
	at.X, at.Y = at.X+x, at.Y+y
	return &at
}

// header says where we are, how bad it is and what is unusual about this console.
func (m *model) header() string {
	t, f := m.look.Theme, m.o.Fleet
	left := " " + t.Title.Paint("RINGSIDE")
	if e := environments(f); e != "" {
		left += "  " + e
	}
	sites := make([]string, len(f.Sites))
	for i, s := range f.Sites {
		sites[i] = s.Name
	}
	if len(sites) > 0 {
		left += t.Dim.Paint(" " + t.Glyph.Bullet + " " + strings.Join(sites, " "))
	}
	var right []string
	if m.o.Banner != "" {
		right = append(right, t.Busy.Paint(m.o.Banner))
	}
	if m.o.ReadOnly {
		right = append(right, t.Warn.Paint("read-only"))
	}
	if m.insecure {
		right = append(right, t.Warn.Paint("insecure"))
	}
	critical, warnings := m.critical, len(m.snap.Problems)-m.critical
	bad, odd := fmt.Sprint(critical, " critical"), plural(warnings, "warning")
	if m.w < 80 { // the signs must do
		bad, odd = fmt.Sprint(critical), fmt.Sprint(warnings)
	}
	if critical > 0 {
		right = append(right, t.Bad.Paint(t.Glyph.Bad+" "+bad))
	}
	if warnings > 0 {
		right = append(right, t.Warn.Paint(t.Glyph.Warn+" "+odd))
	}
	if critical+warnings == 0 {
		right = append(right, t.Good.Paint(t.Glyph.Good+" all well"))
	}
	right = append(right, m.snap.Now.Local().Format("15:04"))
	return kit.Join(left, " "+strings.Join(right, "  ")+" ", m.w, t.Glyph.Ellipsis)
}

// environments names the environment of the fleet, or the riskiest one and how
// many others there are.
func environments(f *fleet.Fleet) string {
	seen := map[string]bool{}
	for _, e := range f.Engines {
		seen[e.Environment] = true
	}
	for _, h := range f.Hosts {
		seen[h.Environment] = true
	}
	delete(seen, "")
	names := slices.Collect(maps.Keys(seen))
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(risk(a)-risk(b), strings.Compare(a, b)) })
	switch len(names) {
	case 0:
		return f.Environment
	case 1:
		return names[0]
	}
	return fmt.Sprintf("%s +%d", names[0], len(names)-1)
}

// risk orders environments; one that nobody knows comes before the harmless ones.
func risk(environment string) int {
	order := []string{"production", "staging", "", "verification", "development"}
	if i := slices.Index(order, environment); i >= 0 {
		return i
	}
	return slices.Index(order, "")
}

// take makes a picture the one that is drawn, and counts what the header says of
// it, so that a key does not pay for that.
func (m *model) take(snap screen.Snapshot) {
	m.snap = snap
	m.critical, m.running, m.insecure = 0, 0, false
	for _, p := range snap.Problems {
		if p.Severity == impact.Critical {
			m.critical++
		}
	}
	for _, r := range snap.Runs {
		if r.Alive && !r.Status.Final() {
			m.running++
		}
	}
	for _, f := range watch.Latest[*docker.Facts](snap.State) {
		m.insecure = m.insecure || f.Insecure != ""
	}
	for _, f := range watch.Latest[*bmc.Facts](snap.State) {
		m.insecure = m.insecure || f.Insecure != ""
	}
	for _, f := range impact.Syncs(snap.State) {
		m.insecure = m.insecure || f.From.Insecure != "" || f.To.Insecure != ""
	}
	for _, c := range snap.Clusters {
		m.insecure = m.insecure || c.API != nil && c.API.Insecure != ""
		for _, p := range c.Proxies {
			m.insecure = m.insecure || p.Facts != nil && p.Facts.Insecure != ""
		}
	}
}

func (m *model) tabs() string {
	t := m.look.Theme
	help := t.Key.Paint(m.o.Keys.Key(keymap.Help)) + t.Dim.Paint(" help ")
	line := ""
	for _, way := range tabWays {
		if line = m.tabLine(way); kit.Width(line)+kit.Width(help) < m.w {
			break
		}
	}
	return kit.Join(line, help, m.w, t.Glyph.Ellipsis)
}

// tabWay is a way to write the tabs; tabWays has them from the widest on.
type tabWay struct {
	gap    string // between tabs
	titles bool   // of all of them, not only of the one that is shown
	going  string // what follows the number of runs that go on, "" for nothing
}

var tabWays = []tabWay{{"  ", true, "going on"}, {" ", true, ""}, {" ", false, "going on"}}

func (m *model) tabLine(way tabWay) string {
	t := m.look.Theme
	line := ""
	for i, s := range m.screens {
		gap, style := way.gap, t.Tab
		if i == 0 {
			gap = " "
		}
		line += gap + t.Key.Paint(m.o.Keys.Key(keymap.ID("go."+s.Name())))
		if i == m.at {
			style = t.TabActive
		}
		if way.titles || i == m.at {
			line += " " + style.Paint(kit.Cut(s.Title(), 40, t.Glyph.Ellipsis))
		}
	}
	switch {
	case m.running == 0:
	case way.going == "":
		line += " " + t.Busy.Paint(fmt.Sprintf("%s %d", t.Glyph.Busy, m.running))
	default:
		line += way.gap + t.Busy.Paint(t.Glyph.Busy+" "+plural(m.running, "run")+" "+way.going)
	}
	return line
}

// hintLine is the last hint line and what it was made for: it changes with the
// place, not with a key.
type hintLine struct {
	scopes []keymap.Scope
	typing bool
	w      int
	theme  *kit.Theme
	text   string
}

func (m *model) hints() string {
	t, scopes, typing := m.look.Theme, m.screen().Scopes(), m.screen().Typing()
	if h := &m.hinted; h.w != m.w || h.theme != t || h.typing != typing || !slices.Equal(h.scopes, scopes) {
		pairs := []string{"enter", "keep it", "esc", "drop it"}
		if !typing {
			pairs = nil
			for _, b := range m.o.Keys.Hints(scopes...) {
				pairs = append(pairs, keymap.Label(b.Keys[0]), b.Short)
			}
		}
		*h = hintLine{slices.Clone(scopes), typing, m.w, t, kit.Fit(" "+t.Keys(m.w-2, pairs...), m.w, false, "")}
	}
	return m.hinted.text
}

func (m *model) tooSmall() string {
	lines := []string{
		"This window is a little too small.",
		fmt.Sprintf("It has %dx%d; Ringside needs %dx%d.", m.w, m.h, minWidth, minHeight),
		"Make it larger, or press q to leave.",
	}
	top := max(0, (m.h-len(lines))/2)
	out := make([]string, 0, m.h)
	for range top {
		out = append(out, "")
	}
	for _, l := range lines {
		out = append(out, strings.Repeat(" ", max(0, (m.w-kit.Width(l))/2))+l)
	}
	return strings.Join(kit.Lines(strings.Join(out, "\n"), m.w, m.h), "\n")
}

// layers lays dialogs and toasts over the frame.
func (m *model) layers(base []string, cursor *tea.Cursor) (string, *tea.Cursor) {
	for _, d := range m.dialogs {
		box := strings.Split(d.View(m.w-2, m.h-2), "\n")
		bw := 0
		for _, l := range box {
			bw = max(bw, kit.Width(l))
		}
		x, y := max(0, (m.w-bw)/2), max(0, (m.h-len(box))/2)
		for i, l := range box {
			if y+i < len(base) {
				base[y+i] = splice(base[y+i], l, x, m.w)
			}
		}
		cursor = nil
		if c := d.Cursor(); c != nil {
			cursor = moved(c, x, y)
		}
	}
	lines := m.toasts.lines(m.look.Theme, m.w)
	bottom := len(base) - below
	for i, l := range lines {
		if y := bottom - len(lines) + i; y >= above {
			base[y] = splice(base[y], l, m.w-kit.Width(l), m.w)
		}
	}
	return strings.Join(base, "\n"), cursor
}

// splice puts text over line at column x. Characters of two columns that are cut
// in half become spaces, so that what is right of them stays in its place.
func splice(line, text string, x, w int) string {
	end := x + kit.Width(text)
	out := kit.Fit(ansi.Truncate(line, x, ""), x, false, "") + "\x1b[m" + text + "\x1b[m"
	if end >= w {
		return out
	}
	rest := ansi.TruncateLeft(line, end, "")
	if kit.Width(rest) > w-end { // it keeps a character that is cut in half
		rest = ansi.TruncateLeft(line, end+1, "")
	}
	return out + strings.Repeat(" ", max(0, w-end-kit.Width(rest))) + rest
}
