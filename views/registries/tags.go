package registries

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ringside/backends/impact"
	"ringside/backends/registry"
	"ringside/views/kit"
	"ringside/views/screen"
)

// tag is one row of the matrix: a tag with its digest at every registry and beside
// it what runs.
type tag struct {
	*registry.Row
	name  string         // team/web:1.9.2
	state registry.State // the worst of its syncs
	since time.Time      // of that state
	older bool           // it may be older than since
	why   string         // of what could not be read
	runs  runs

	// Made when they are needed: most tags are never seen.
	text string // where a word of a filter is looked for
	in   string
	on   []string
}

func (t *tag) Key() string { return t.name }

// nowhere is the state of a tag that something runs and no registry has.
const nowhere registry.State = "nowhere"

// states are the states of tags, the worst first.
var states = []struct {
	state registry.State
	sign  sign
}{{nowhere, bad}, {registry.Gone, warn}, {registry.Moved, warn}, {registry.Unknown, unsure}, {registry.Extra, off}, {registry.Equal, good}}

func rank(s registry.State) int {
	for i, x := range states {
		if x.state == s {
			return i
		}
	}
	return len(states) - 1
}

func (t *tag) sign() sign { return states[rank(t.state)].sign }

// behind says that a sync has something to bring.
func behind(s registry.State) bool { return s == registry.Gone || s == registry.Moved }

// tagsOf makes the list of what the picture has.
func tagsOf(im *impact.Images) []*tag {
	all, out := make([]tag, len(im.Rows)), make([]*tag, len(im.Rows))
	for i := range im.Rows {
		t := &all[i]
		*t = tag{Row: &im.Rows[i], name: im.Rows[i].Repository + ":" + im.Rows[i].Tag, state: registry.Equal}
		t.runs = count(t.Running)
		if len(t.In) == 0 {
			t.state = nowhere
			if t.runs.gone == 0 { // it runs since the last look, so it was somewhere
				t.state = registry.Unknown
			}
		}
		for _, in := range t.In {
			if rank(in.State) < rank(t.state) || t.since.IsZero() {
				t.state, t.since, t.older, t.why = in.State, in.Since, in.Older, in.Why
			}
		}
		out[i] = t
	}
	return out
}

// nobody says in words that no registry has a tag.
func (t *tag) nobody() string {
	if t.state == nowhere {
		return "no registry has it"
	}
	return "no registry had it when they were looked at last"
}

// runs is how what runs a tag compares with it.
type runs struct {
	same, moved, gone, unknown int
	digest                     string // of the worst of them
	several                    bool   // which have more than one
	production                 bool   // production runs what its registry lost or changed
}

func count(list []registry.Run) (r runs) {
	for _, x := range list {
		switch x.State {
		case registry.Runs:
			r.same++
		case registry.RunsMoved:
			r.moved++
		case registry.RunsGone:
			r.gone++
		default:
			r.unknown++
		}
	}
	worst := registry.RunsMoved
	if r.gone > 0 {
		worst = registry.RunsGone
	}
	for _, x := range list {
		if x.State != worst {
			continue
		}
		r.several = r.several || r.digest != "" && r.digest != x.Digest
		r.digest = x.Digest
		r.production = r.production || x.Environment == "production"
	}
	return r
}

// attention ranks tags, what is worst first: what production runs and cannot get again.
func (t *tag) attention() float64 {
	switch r := t.runs; {
	case r.gone > 0 && r.production:
		return 0
	case r.gone > 0:
		return 1
	case r.moved > 0 && r.production:
		return 2
	case r.moved > 0:
		return 3
	case r.unknown > 0 && t.state == registry.Equal:
		return 8.5
	}
	return 4 + float64(rank(t.state))
}

// elsewhere says that a registry has another image than the source of the syncs.
func (s *Screen) elsewhere(t *tag, column int) bool {
	c := t.Cells[column]
	if !c.Known || c.Digest == "" {
		return false
	}
	for _, in := range t.In {
		if in.Sync.To.Registry == s.images.Registries[column] && in.State == registry.Moved {
			return true
		}
	}
	return false
}

// missing says that a registry should have the tag: its source has it, or a container
// runs it from there.
func (s *Screen) missing(t *tag, column int) bool {
	for _, r := range t.Running {
		if r.Registry == s.images.Registries[column] && r.State == registry.RunsGone {
			return true
		}
	}
	for _, in := range t.In {
		if in.Sync.To.Registry == s.images.Registries[column] && in.State == registry.Gone {
			return true
		}
	}
	return false
}

// digestCell is a tag at a registry: its digest, "-" where it is not, "?" where that
// is not known, nothing where no sync looks.
func digestCell(s *Screen, t *tag, column int) kit.Cell {
	theme, c := s.look.Theme, t.Cells[column]
	switch {
	case !c.Known && len(t.In) > 0 && !s.compared(t, s.images.Registries[column]):
		return kit.Cell{}
	case !c.Known:
		return kit.Cell{Text: "  " + theme.Glyph.Unknown, Style: theme.Unknown}
	case c.Digest == "" && s.missing(t, column):
		return kit.Cell{Text: theme.Glyph.Warn + " -", Style: theme.Warn}
	case c.Digest == "":
		return kit.Cell{Text: "  -", Style: theme.Dim}
	case s.elsewhere(t, column):
		return kit.Cell{Text: theme.Glyph.Warn + " " + short(c.Digest), Style: theme.Warn}
	}
	return kit.Cell{Text: "  " + short(c.Digest)}
}

// runsCell says what the engines run of the tag, the worst first.
func runsCell(s *Screen, t *tag) kit.Cell {
	n, r := len(t.Running), t.runs
	what := short(r.digest)
	switch {
	case r.several:
		what = "several"
	case what == "":
		what = s.look.Theme.Glyph.Unknown
	}
	look, text := good, fmt.Sprintf("%d run it", n)
	switch {
	case n == 0:
		return kit.Cell{Text: "  -", Style: s.look.Theme.Dim}
	case r.gone > 0:
		look, text = bad, fmt.Sprintf("%d run %s", r.gone, what)
	case r.moved > 0:
		look, text = warn, fmt.Sprintf("%d of %d %s", r.moved, n, what)
	case r.unknown > 0:
		look, text = unsure, fmt.Sprintf("%d of %d unknown", r.unknown, n)
	}
	if s.unread(t) {
		text += s.look.Theme.Glyph.Stale
	}
	return look.cell(s.look.Theme, text)
}

// outdated says that a sync of the tag cannot be read now: what is shown is of then.
func (s *Screen) outdated(t *tag) bool {
	return slices.ContainsFunc(t.In, func(in registry.In) bool { return s.old[in.Sync.Sync] })
}

// compared says that one of the tag's syncs looks at a registry.
func (s *Screen) compared(t *tag, at string) bool {
	return slices.ContainsFunc(t.In, func(in registry.In) bool { return in.Sync.From.Registry == at || in.Sync.To.Registry == at })
}

// unread says that an engine that runs the tag was not read for a while: what it
// runs is of then.
func (s *Screen) unread(t *tag) bool {
	return slices.ContainsFunc(t.Running, func(r registry.Run) bool { return s.silent[r.Engine] })
}

// sinceText is for how long a state lasts, ">" where it may be longer.
func sinceText(since time.Time, older bool, now time.Time) string {
	if since.IsZero() {
		return ""
	}
	if older {
		return ">" + screen.Since(since, now)
	}
	return screen.Since(since, now)
}

// checked is when the tag was compared, of several syncs the oldest.
func (t *tag) checked() (at time.Time) {
	for _, in := range t.In {
		if at.IsZero() || in.Repository.Checked.Before(at) {
			at = in.Repository.Checked
		}
	}
	return at
}

// syncs names the syncs of the tag.
func (t *tag) syncs() string {
	if t.in == "" {
		names := make([]string, len(t.In))
		for i, in := range t.In {
			names[i] = in.Sync.Sync
		}
		t.in = strings.Join(names, " ")
	}
	return t.in
}

// engines are those that run the tag, each once.
func (t *tag) engines() []string {
	if t.on == nil {
		for _, r := range t.Running {
			if !slices.Contains(t.on, r.Engine) {
				t.on = append(t.on, r.Engine)
			}
		}
	}
	return t.on
}

// odds lists the tags that are not equal, by sync, what needs a human first.
func odds(all []*tag) map[string][]odd {
	out := map[string][]odd{}
	for _, x := range states[:len(states)-1] {
		for _, t := range all {
			for _, in := range t.In {
				if in.State == x.state {
					out[in.Sync.Sync] = append(out[in.Sync.Sync], odd{t, in})
				}
			}
		}
	}
	return out
}

// odd is a tag that is not equal in a sync.
type odd struct {
	*tag
	in registry.In
}

func tagText(t *tag) string {
	if t.text == "" {
		t.text = strings.ToLower(strings.Join(append([]string{t.name, string(t.state)}, t.engines()...), "\x00"))
	}
	return t.text
}

// has says that a registry or an engine has an image with that in its digest.
func (t *tag) has(digest string) bool {
	return slices.ContainsFunc(t.Cells, func(c registry.Cell) bool { return strings.Contains(c.Digest, digest) }) ||
		slices.ContainsFunc(t.Running, func(r registry.Run) bool { return strings.Contains(r.Digest, digest) })
}

// digestWord makes the test of a word that can be the beginning of a digest, as people
// copy it from elsewhere.
func digestWord(word string) func(*tag) bool {
	hex, _ := strings.CutPrefix(word, "sha256:")
	if len(hex) < 6 || strings.Trim(hex, "0123456789abcdef") != "" {
		return nil
	}
	return func(t *tag) bool { return t.has(hex) || strings.Contains(tagText(t), word) }
}
