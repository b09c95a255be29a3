package console

import (
	"cmp"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/sahilm/fuzzy"

	"ringside/backends/docker"
	"ringside/backends/impact"
	"ringside/backends/watch"
	"ringside/keymap"
	"ringside/views/kit"
	"ringside/views/screen"
)

// entry is one line of the palette.
type entry struct {
	title, note string
	lower       string // what is searched
	run         func(*model) tea.Cmd
}

func newEntry(title, note string, run func(*model) tea.Cmd) entry {
	return entry{title, note, strings.ToLower(title + " " + note), run}
}

// paletteCache keeps the entries that are made from the fleet and the state; ten
// thousand containers are not listed again for every opening.
type paletteCache struct {
	hosts   []entry
	seq     uint64
	entries []entry
}

func (m *model) openPalette() tea.Cmd {
	return m.open(newPalette(slices.Concat(m.fixedEntries(), m.fleetEntries(), m.extraEntries())), func(result any) tea.Cmd {
		e, _ := result.(entry)
		return e.run(m)
	})
}

// fixedEntries are screens, acts on the selection and what else the console does.
func (m *model) fixedEntries() []entry {
	var out []entry
	for _, s := range m.screens {
		out = append(out, newEntry(s.Title(), "screen", func(m *model) tea.Cmd { return m.jump(s.Name()) }))
	}
	if targets := m.selection(); len(targets) > 0 {
		for _, a := range m.o.Registry.All(targets[0].Kind) {
			if m.why(a, targets) == "" {
				out = append(out, newEntry(title(a, targets), "act", func(m *model) tea.Cmd {
					return m.act(screen.Act{Action: a.ID, Targets: targets})
				}))
			}
		}
	}
	for _, id := range []keymap.ID{keymap.Refresh, keymap.Help, keymap.Quit} {
		for _, b := range m.o.Keys.All() {
			if b.ID == id {
				out = append(out, newEntry(b.Help, "key "+m.o.Keys.Key(id), commands[id]))
			}
		}
	}
	return out
}

// extraEntries are what the program adds, such as the faults of the demo.
func (m *model) extraEntries() []entry {
	var out []entry
	for _, c := range m.o.Extra {
		out = append(out, newEntry(c.Title, m.o.Banner, func(*model) tea.Cmd { return extra(c) }))
	}
	return out
}

func extra(c Command) tea.Cmd {
	return func() tea.Msg {
		if err := c.Run(); err != nil {
			return screen.Toast{Bad: true, Text: c.Title + ": " + oneLine(err)}
		}
		return screen.Toast{Text: c.Title}
	}
}

// fleetEntries are the engines, containers, hosts and clusters of the present state.
func (m *model) fleetEntries() []entry {
	if m.palette.entries != nil && m.palette.seq == m.snap.State.Seq {
		return m.palette.entries
	}
	var out []entry
	for _, e := range m.o.Fleet.Engines {
		out = append(out, newEntry(e.Name, strings.TrimSpace("engine "+e.Site), goes("containers", impact.EngineTarget(e).Key())))
	}
	for _, f := range watch.Latest[*docker.Facts](m.snap.State) {
		for _, c := range f.Containers {
			out = append(out, newEntry(c.Name, f.Engine, goes("containers", impact.ContainerTarget(c).Key())))
		}
	}
	out = append(out, m.hostEntries()...)
	out = append(out, m.clusterEntries()...)
	out = append(out, m.syncEntries()...)
	for _, s := range m.o.Fleet.Services {
		out = append(out, newEntry(s.Name, strings.TrimSpace("service "+s.Environment), goes("services", s.Target().Key())))
	}
	m.palette.seq, m.palette.entries = m.snap.State.Seq, out
	return out
}

// hostEntries are the hosts whose power can be seen.
func (m *model) hostEntries() []entry {
	if m.palette.hosts == nil {
		for _, h := range m.o.Fleet.Hosts {
			if h.BMC != nil {
				m.palette.hosts = append(m.palette.hosts, newEntry(h.Name, strings.TrimSpace("host "+h.Site+" "+h.Rack), goes("power", impact.HostTarget(h).Key())))
			}
		}
	}
	return m.palette.hosts
}

// clusterEntries are the Swift clusters and their nodes.
func (m *model) clusterEntries() (out []entry) {
	for _, o := range m.snap.Clusters {
		cluster := impact.ClusterTarget(o.Cluster)
		out = append(out, newEntry(o.Cluster.Name, strings.TrimSpace("swift cluster "+o.Cluster.Site), goes("swift", cluster.Key())))
		for _, n := range o.Nodes {
			out = append(out, newEntry(n.Label(), "storage node of "+o.Cluster.Name, goes("swift", o.Target(n).Key())))
		}
	}
	return out
}

// syncEntries are the syncs of registries.
func (m *model) syncEntries() (out []entry) {
	for _, s := range m.o.Fleet.Syncs {
		out = append(out, newEntry(s.Name, "sync of "+s.From+" to "+s.To, goes("registries", impact.SyncTarget(m.o.Fleet, s).Key())))
	}
	return out
}

func goes(to, subject string) func(*model) tea.Cmd {
	return func(m *model) tea.Cmd { return m.goTo(screen.Go{Screen: to, Subject: subject}) }
}

// palette finds an entry by typing parts of it.
type palette struct {
	entries []entry
	found   []int
	at      int
	query   string
	input   *kit.Input
	theme   *kit.Theme
}

func newPalette(entries []entry) *palette {
	p := &palette{entries: entries, input: kit.NewInput("", "a screen, container, engine, host or act")}
	p.input.Focus()
	p.found = search(entries, "")
	return p
}

func (p *palette) Restyle(t *kit.Theme) { p.theme = t; p.input.Restyle(t) }

// Cursor is in the input, which is the first line.
func (p *palette) Cursor() *tea.Cursor {
	if c := p.input.Cursor(); c != nil {
		return moved(c, 2, 1)
	}
	return nil
}

func (p *palette) Update(msg tea.Msg) (cmd tea.Cmd, result any, done bool) {
	move := 0
	if key, ok := msg.(tea.KeyPressMsg); ok {
		switch key.String() {
		case "esc":
			return nil, nil, true
		case "enter":
			if p.at < len(p.found) {
				return nil, p.entries[p.found[p.at]], true
			}
			return nil, nil, false
		case "up", "ctrl+p":
			move = -1
		case "down", "ctrl+n", "tab":
			move = 1
		case "pgup":
			move = -paletteRows
		case "pgdown":
			move = paletteRows
		}
	}
	if move == 0 {
		cmd = p.input.Update(msg)
		if q := p.input.Value(); q != p.query {
			p.query, p.at, p.found = q, 0, search(p.entries, q)
		}
	}
	p.at = min(max(0, p.at+move), max(0, len(p.found)-1))
	return cmd, nil, false
}

// Sizes of the palette.
const (
	paletteRows  = 12
	paletteWidth = 66
	paletteMost  = 200 // found entries that are kept
)

func (p *palette) View(w, h int) string {
	t, inner := p.theme, min(w, paletteWidth)-4
	rows := max(1, min(paletteRows, h-5))
	top := max(0, p.at-rows+1)
	lines := []string{p.input.View(inner), t.Border.Paint(strings.Repeat(t.Glyph.H, inner))}
	for y := range rows {
		i := top + y
		switch {
		case i < len(p.found):
			e := p.entries[p.found[i]]
			if i == p.at {
				lines = append(lines, t.Selected.Paint(kit.Join(t.Glyph.Cursor+" "+e.title, " "+e.note, inner, t.Glyph.Ellipsis)))
			} else {
				lines = append(lines, kit.Join("  "+e.title, t.Dim.Paint(" "+e.note), inner, t.Glyph.Ellipsis))
			}
		case y == 0:
			lines = append(lines, kit.Fit(t.Dim.Paint("nothing is called like that"), inner, false, ""))
		default:
			lines = append(lines, strings.Repeat(" ", inner))
		}
	}
	return t.Dialog("Go to", "", lines, w, h, "enter", "go", "↑↓", "choose", "esc", "close")
}

// fuzzyBelow is the number of plain matches below which fuzzy ones are added,
// and fuzzyTime bounds how long they are looked for.
const (
	fuzzyBelow = 8
	fuzzyChunk = 1000
	fuzzyTime  = 8 * time.Millisecond
)

// search finds the entries that contain every word of the query, those that
// begin with it first, and then those whose letters are in that order.
func search(entries []entry, query string) []int {
	words := strings.Fields(strings.ToLower(query))
	type hit struct{ index, rank int }
	var hits []hit
	have := map[int]bool{}
	for i, e := range entries {
		rank, ok := match(e.lower, words)
		if !ok {
			continue
		}
		hits = append(hits, hit{i, rank})
		if len(words) == 0 && len(hits) == paletteMost {
			break
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(a.rank, b.rank) })
	out := make([]int, 0, paletteMost)
	for _, h := range hits[:min(len(hits), paletteMost)] {
		out, have[h.index] = append(out, h.index), true
	}
	if len(words) == 0 || len(out) >= fuzzyBelow {
		return out
	}
	pattern, start := strings.Join(words, ""), time.Now()
	for from := 0; from < len(entries) && len(out) < paletteMost && time.Since(start) < fuzzyTime; from += fuzzyChunk {
		part := entries[from:min(len(entries), from+fuzzyChunk)]
		for _, f := range fuzzy.FindFrom(pattern, source(part)) {
			if i := from + f.Index; !have[i] && len(out) < paletteMost {
				out = append(out, i)
			}
		}
	}
	return out
}

type source []entry

func (s source) String(i int) string { return s[i].lower }
func (s source) Len() int            { return len(s) }

// match ranks an entry: 0 begins with the query, 1 has it at the start of a
// word, 2 has it somewhere.
func match(text string, words []string) (rank int, ok bool) {
	for i, w := range words {
		at := strings.Index(text, w)
		switch {
		case at < 0:
			return 0, false
		case at == 0 && i == 0:
		case at == 0 || text[at-1] == ' ' || text[at-1] == '-' || text[at-1] == '/':
			rank = max(rank, 1)
		default:
			rank = max(rank, 2)
		}
	}
	return rank, true
}
