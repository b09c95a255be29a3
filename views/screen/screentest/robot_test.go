package screentest

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"ringside/keymap"
	"ringside/views/screen"
)

// page is a screen that shows a text and answers the keys of movement.
type page struct {
	screen.Screen
	text string
	got  []tea.Msg
}

func (p *page) Close()                          {}
func (p *page) Typing() bool                    { return false }
func (p *page) Resize(int, int)                 {}
func (p *page) Restyle(screen.Look)             {}
func (p *page) Refresh(screen.Snapshot) tea.Cmd { return nil }
func (p *page) View() string                    { return p.text }
func (p *page) Scopes() []keymap.Scope          { return []keymap.Scope{keymap.Movement} }
func (p *page) Update(m tea.Msg) tea.Cmd        { p.got = append(p.got, m); return nil }
func (p *page) Do(id keymap.ID) tea.Cmd {
	return tea.Batch(screen.Send(screen.Toast{Text: string(id)}), screen.Send(string(id)))
}

// verdict is a test that only notes that it failed.
type verdict struct {
	testing.TB
	failed bool
}

func (v *verdict) Helper()               {}
func (v *verdict) Error(...any)          { v.failed = true }
func (v *verdict) Errorf(string, ...any) { v.failed = true }

type robot struct{ Robot[*robot] }

func start(t *testing.T, text string) (*robot, *page, *verdict) {
	r, p, v := &robot{}, &page{text: text}, &verdict{TB: t}
	r.Start(v, r, p, func() screen.Snapshot { return screen.Snapshot{} }, len(text), 1)
	return r, p, v
}

// What a robot looks at fails the test when it is not so.
func TestChecksFail(t *testing.T) {
	for name, c := range map[string]struct {
		bad, good func(*robot)
	}{
		"See":   {func(r *robot) { r.See("web", "api") }, func(r *robot) { r.See("web") }},
		"Miss":  {func(r *robot) { r.Miss("api", "web") }, func(r *robot) { r.Miss("api") }},
		"Frame": {func(r *robot) { r.Resize(4, 1); r.Frame() }, func(r *robot) { r.Frame() }},
	} {
		if r, _, v := start(t, "web is up"); !run(c.bad, r, v) {
			t.Errorf("%s does not fail", name)
		}
		if r, _, v := start(t, "web is up"); run(c.good, r, v) {
			t.Errorf("%s fails", name)
		}
	}
	if r, p, v := start(t, "ab"); !run(func(r *robot) { p.text = "…"; r.Resize(1, 1); r.ASCII() }, r, v) {
		t.Error("ASCII does not fail")
	}
}

func run(step func(*robot), r *robot, v *verdict) bool {
	step(r)
	return v.failed
}

// What the screen asks of the console is kept, all else goes back to it; held
// commands wait for Release.
func TestCommands(t *testing.T) {
	r, p, _ := start(t, "web")
	r.Hold = true
	if r.Press("down"); r.Last() != nil || p.got != nil || len(r.Held) != 1 {
		t.Errorf("a held command was carried out: %v, %v", r.Last(), p.got)
	}
	r.Release()
	if want := (screen.Toast{Text: string(keymap.Down)}); r.Last() != want || len(p.got) != 1 || p.got[0] != string(keymap.Down) {
		t.Errorf("asked for %v, answered %v", r.Last(), p.got)
	}
}

// A tick comes after Fresh, so that what is waited for can come about.
func TestAwait(t *testing.T) {
	r, p, _ := start(t, "0")
	n := 0
	r.Fresh = func() { n++; p.text = strings.Repeat("x", n); r.Resize(n, 1) }
	if r.Await("three", "xxx"); n != 3 {
		t.Errorf("%d ticks", n)
	}
}
