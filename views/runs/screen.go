package runs

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"ringside/actions"
	"ringside/backends/fleet"
	"ringside/keymap"
	"ringside/views/kit"
	"ringside/views/screen"
)

// Screen is the history of runs, and one run of it when it was opened.
type Screen struct {
	look screen.Look
	snap screen.Snapshot
	w, h int

	all     []Row
	table   *kit.Table
	filter  *kit.Input
	by      string // column to sort by, "" for the order of Rows
	reverse bool

	open string // ID of the run that is shown in detail, "" for the list
	text *kit.TextPane
}

var _ screen.Screen = (*Screen)(nil)

// New returns the screen.
func New() *Screen {
	s := &Screen{
		table:  &kit.Table{Theme: kit.NewTheme(true, false), Empty: "nothing was done yet"},
		filter: kit.NewInput("/", "words, !not, user:NAME, status:failed"), text: kit.NewTextPane(),
	}
	for _, c := range columns {
		s.table.Columns = append(s.table.Columns, c.Column)
	}
	s.text.SetWrap(true)
	s.look.Theme = s.table.Theme
	return s
}

// Name implements screen.Screen, as do the methods below.
func (s *Screen) Name() string { return "runs" }

func (s *Screen) Title() string { return "Runs" }

func (s *Screen) Scopes() []keymap.Scope {
	if s.open != "" {
		return []keymap.Scope{keymap.Run, keymap.Movement}
	}
	return []keymap.Scope{keymap.Runs, keymap.List, keymap.Movement}
}

func (s *Screen) Typing() bool { return s.filter.Focused() }

// Type filters with every letter; enter keeps the filter, esc drops it.
func (s *Screen) Type(k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "enter":
		s.filter.Blur()
	case "esc":
		s.filter.Blur()
		s.filter.SetValue("")
	default:
		s.filter.Update(k)
	}
	s.fill()
	s.Resize(s.w, s.h)
	return nil
}

func (s *Screen) Do(id keymap.ID) tea.Cmd {
	if do, ok := moves[id]; ok {
		if s.open != "" {
			do(s.text)
		} else {
			do(s.table)
		}
		return nil
	}
	if do, ok := commands[id]; ok {
		return do(s)
	}
	return nil
}

// mover is what movement keys work on.
type mover interface {
	Move(int)
	Page(int)
	Jump(last bool)
	Scroll(int)
}

var moves = map[keymap.ID]func(mover){
	keymap.Up: func(m mover) { m.Move(-1) }, keymap.Down: func(m mover) { m.Move(1) },
	keymap.PageUp: func(m mover) { m.Page(-1) }, keymap.PageDown: func(m mover) { m.Page(1) },
	keymap.First: func(m mover) { m.Jump(false) }, keymap.Last: func(m mover) { m.Jump(true) },
	keymap.Left: func(m mover) { m.Scroll(-1) }, keymap.Right: func(m mover) { m.Scroll(1) },
}

var commands = map[keymap.ID]func(*Screen) tea.Cmd{
	keymap.Open:        func(s *Screen) tea.Cmd { return s.Show(s.table.Key()) },
	keymap.Filter:      func(s *Screen) tea.Cmd { s.filter.Focus(); s.Resize(s.w, s.h); return nil },
	keymap.Mark:        func(s *Screen) tea.Cmd { s.table.Mark(); return nil },
	keymap.MarkTo:      func(s *Screen) tea.Cmd { s.table.MarkTo(); return nil },
	keymap.MarkAll:     func(s *Screen) tea.Cmd { s.table.MarkAll(); return nil },
	keymap.Sort:        (*Screen).sortMenu,
	keymap.Reverse:     func(s *Screen) tea.Cmd { s.reverse = !s.reverse; s.fill(); return nil },
	keymap.Copy:        (*Screen).copy,
	keymap.Wrap:        func(s *Screen) tea.Cmd { s.text.SetWrap(!s.text.Wrapped()); return nil },
	keymap.CancelRun:   func(s *Screen) tea.Cmd { return s.act("cancel") },
	keymap.ResumeRun:   func(s *Screen) tea.Cmd { return s.act("resume") },
	keymap.RollbackRun: func(s *Screen) tea.Cmd { return s.act("rollback") },
}

// Back leaves, in this order: the run, the filter, the marks, the screen.
func (s *Screen) Back() bool {
	switch {
	case s.open != "":
		s.open = ""
	case s.filter.Value() != "":
		s.filter.SetValue("")
		s.fill()
		s.Resize(s.w, s.h)
	default:
		return s.table.ClearMarks()
	}
	return true
}

// sorted is the answer of the sort menu.
type sorted struct{ by string }

func (s *Screen) sortMenu() tea.Cmd {
	items := []kit.Item{{ID: "", Key: "n", Title: "going on, unfinished, newest"}}
	for _, c := range columns {
		items = append(items, kit.Item{ID: c.Key, Key: c.Key[:1], Title: c.Key})
	}
	items = slices.DeleteFunc(items, func(i kit.Item) bool { return i.ID == "when" })
	for i := range items { // one letter each: what begins alike is told apart by its second
		if slices.ContainsFunc(items[:i], func(o kit.Item) bool { return o.Key == items[i].Key }) {
			items[i].Key = items[i].ID[1:2]
		}
	}
	menu := kit.NewMenu("Sort by", items, kit.MenuOptions{Selected: s.by})
	return screen.Send(screen.Overlay{Dialog: menu, Answer: func(result any) tea.Msg {
		if it, ok := result.(kit.Item); ok {
			return sorted{it.ID}
		}
		return nil
	}})
}

// Update takes the answer of the sort menu, and what is pasted into the filter.
func (s *Screen) Update(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case sorted:
		s.by = m.by
		s.fill()
	case tea.PasteMsg:
		s.filter.Update(m)
		s.fill()
	}
	return nil
}

// copy copies the IDs of the marked runs or of the one under the cursor; of an
// open run everything that is shown.
func (s *Screen) copy() tea.Cmd {
	if s.open != "" {
		return screen.Send(screen.Copy{What: "run", Text: s.text.Text()})
	}
	ids := s.table.Marks()
	slices.Sort(ids)
	if len(ids) == 0 && s.table.Key() != "" {
		ids = []string{s.table.Key()}
	}
	if len(ids) == 0 {
		return nil
	}
	what := "run ID"
	if len(ids) > 1 {
		what = fmt.Sprintf("%d run IDs", len(ids))
	}
	return screen.Send(screen.Copy{What: what, Text: strings.Join(ids, "\n")})
}

// act asks the console for something about the run, or says why it makes no sense.
func (s *Screen) act(what string) tea.Cmd {
	id := s.open
	if id == "" {
		id = s.table.Key()
	}
	r, ok := s.run(id)
	if !ok {
		return nil
	}
	if why := refused(row(r, s.snap.Now), what); why != "" {
		return screen.Send(screen.Toast{Bad: true, Text: why})
	}
	return screen.Send(screen.RunAct{Run: id, What: what})
}

// refused says why something cannot be done about a run now, "" when it can.
func refused(r Row, what string) string {
	switch {
	case what == "cancel" && !r.going():
		return "this run is not going on: there is nothing to cancel"
	case what == "cancel":
		return ""
	case r.going():
		return "this run is going on; x cancels it"
	case what == "resume" && r.Status == string(actions.Succeeded):
		return "this run has done all of its steps"
	case r.Status == string(actions.RolledBack):
		return "this run was rolled back already"
	}
	return ""
}

func (s *Screen) run(id string) (actions.RunRecord, bool) {
	for _, r := range s.snap.Runs {
		if r.ID == id {
			return r, true
		}
	}
	return actions.RunRecord{}, false
}

// Refresh takes a new picture.
func (s *Screen) Refresh(snap screen.Snapshot) tea.Cmd {
	s.snap = snap
	s.all = Rows(snap.Runs, snap.Now)
	s.fill()
	return nil
}

func (s *Screen) fill() {
	s.table.Sort, s.table.Reverse = s.by, s.reverse
	s.table.Empty = "nothing was done yet"
	if len(s.all) > 0 {
		s.table.Empty = "no run matches the filter"
	}
	s.table.SetRows(&lines{rows: arrange(s.all, s.filter.Value(), s.by, s.reverse), theme: s.look.Theme, now: s.snap.Now})
	if r, ok := s.run(s.open); ok {
		s.text.SetLines(Describe(s.look.Theme, r, s.snap.Now))
	} else {
		s.open = ""
	}
}

func (s *Screen) Resize(w, h int) {
	s.w, s.h = w, h
	s.table.Resize(w, max(0, h-1))
	s.text.Resize(max(0, w-1), h)
}

func (s *Screen) Restyle(l screen.Look) {
	s.look = l
	s.table.Theme, s.table.Marker = l.Theme, l.Marker
	s.filter.Restyle(l.Theme)
	s.text.Restyle(l.Theme)
	s.fill()
}

func (s *Screen) View() string {
	if s.w <= 0 || s.h <= 0 {
		return ""
	}
	if s.open != "" {
		return " " + strings.ReplaceAll(s.text.View(), "\n", "\n ")
	}
	if s.h == 1 {
		return s.head()
	}
	return s.head() + "\n" + s.table.View()
}

// head is the first line: the filter, or how many runs there are.
func (s *Screen) head() string {
	t := s.look.Theme
	going, left := 0, 0
	for _, r := range s.all {
		if r.going() {
			going++
		} else if r.Unfinished {
			left++
		}
	}
	note := fmt.Sprintf("%d runs", len(s.all))
	if len(s.all) == 1 {
		note = "1 run"
	}
	if going > 0 {
		note += fmt.Sprintf(" %s %d going on", t.Glyph.Bullet, going)
	}
	if left > 0 {
		note += fmt.Sprintf(" %s %d unfinished", t.Glyph.Bullet, left)
	}
	if n := len(s.table.Marks()); n > 0 {
		note += fmt.Sprintf(" %s %d marked", t.Glyph.Bullet, n)
	}
	note = kit.Cut(note+" ", s.w, "")
	room := s.w - kit.Width(note)
	if s.Typing() || s.filter.Value() != "" {
		return s.filter.View(room) + t.Dim.Paint(note)
	}
	return kit.Fit("", room, false, "") + t.Dim.Paint(note)
}

func (s *Screen) Cursor() *tea.Cursor {
	if !s.Typing() {
		return nil
	}
	return s.filter.Cursor()
}

// Selection is empty: acts work on containers, not on runs.
func (s *Screen) Selection() []fleet.Target { return nil }

func (s *Screen) Looking() map[string][]string { return nil }

// Show opens a run by its ID; "" is the list.
func (s *Screen) Show(id string) tea.Cmd {
	s.open = ""
	if r, ok := s.run(id); ok {
		s.open = id
		s.table.Select(id)
		s.text.SetLines(Describe(s.look.Theme, r, s.snap.Now))
		s.text.Jump(false)
	}
	return nil
}

func (s *Screen) Close() {}
