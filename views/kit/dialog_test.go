package kit

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"ringside/views/kit/kittest"
)

// press sends keys by name to a dialog until it is done.
func press(o Overlay, keys ...string) (result any, done bool) {
	for _, k := range keys {
		if _, result, done = o.Update(kittest.Key(k)); done {
			break
		}
	}
	return result, done
}

var acts = []Item{
	{ID: "start", Key: "U", Title: "Start", Group: "Life", Why: "it is running"},
	{ID: "stop", Key: "X", Title: "Stop", Note: "10s", Group: "Life"},
	{ID: "restart", Key: "T", Title: "Restart", Group: "Life"},
	{ID: "rename", Key: "N", Title: "Rename", Group: "Change"},
	{ID: "limits", Key: "L", Title: "Change the limits of CPU and memory", Note: "512 MB", Group: "Change"},
	{ID: "tokyo", Title: "東京の再起動"},
}

func TestMenu(t *testing.T) {
	for _, c := range []struct {
		name string
		o    MenuOptions
		keys string
		want string // ID picked, "" for none, "open" for still open
	}{
		{"letter", MenuOptions{}, "X", "stop"},
		{"first that can be", MenuOptions{}, "enter", "stop"},
		{"arrows", MenuOptions{}, "down down enter", "rename"},
		{"end", MenuOptions{}, "G enter", "tokyo"},
		{"disabled by enter", MenuOptions{}, "up enter", "open"},
		{"disabled by letter", MenuOptions{}, "U", "open"},
		{"esc", MenuOptions{}, "esc", ""},
		{"selected", MenuOptions{Selected: "rename"}, "enter", "rename"},
		{"filter", MenuOptions{Filter: true}, "r e n enter", "rename"},
		{"filter takes letters", MenuOptions{Filter: true}, "X enter", "open"},
		{"filter of kanji", MenuOptions{Filter: true}, "東 enter", "tokyo"},
		{"filter taken back", MenuOptions{Filter: true}, "z z ctrl+u down enter", "stop"},
		{"paging", MenuOptions{Filter: true}, "pgdown enter", "tokyo"},
	} {
		m := NewMenu("Act", acts, c.o)
		m.View(80, 24)
		got := "open"
		if r, done := press(m, strings.Fields(c.keys)...); done {
			it, _ := r.(Item)
			got = it.ID
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestMenuShowsWhy(t *testing.T) {
	m := NewMenu("Act", acts, MenuOptions{})
	press(m, "U")
	if frame := m.View(80, 24); !strings.Contains(frame, "it is running") {
		t.Errorf("no reason in\n%s", frame)
	}
}

func TestEmptyMenuGivesNothing(t *testing.T) {
	if _, done := press(NewMenu("Act", nil, MenuOptions{Filter: true}), "enter"); done {
		t.Error("an empty menu gave something")
	}
}

func TestMenuCursorStaysVisible(t *testing.T) {
	var items []Item
	for i := range 100 {
		items = append(items, Item{ID: fmt.Sprint(i), Title: fmt.Sprint("item ", i), Group: fmt.Sprint("group ", i/10)})
	}
	m := NewMenu("Many", items, MenuOptions{Filter: true})
	for i := range 100 {
		frame := m.View(40, 10)
		kittest.Within(t, frame, 40, 10)
		if !strings.Contains(kittest.Plain(frame), fmt.Sprintf("▌ item %d ", i)) {
			t.Fatalf("item %d is not visible:\n%s", i, kittest.Plain(frame))
		}
		press(m, "down")
	}
	press(m, "pgup", "pgup")
	kittest.Within(t, m.View(40, 10), 40, 10)
}

func TestAsk(t *testing.T) {
	for keys, want := range map[string]any{"enter": nil, "y": true, "n": nil, "esc": nil, "tab enter": true, "tab left enter": nil} {
		r, done := press(NewAsk("Quit", "A plan is running.", "quit", "stay"), strings.Fields(keys)...)
		if !done || r != want {
			t.Errorf("%s: %v, %v; want %v", keys, r, done, want)
		}
	}
}

func number(s string) error {
	if strings.Trim(s, "0123456789") != "" || s == "" {
		return errors.New("must be a number of seconds, such as 30")
	}
	return nil
}

func limits() *Form {
	return NewForm("Stop containers", "Both containers get SIGTERM first.", []Field{
		{Name: "timeout", Title: "Timeout", Help: "Seconds until SIGKILL.", Value: "10", Check: number},
		{Name: "force", Title: "Force", Help: "Do not wait.", Flag: true, Value: "true"},
		{Name: "name", Title: "新しい名前", Help: "Any text."},
	})
}

func TestForm(t *testing.T) {
	for _, c := range []struct{ name, keys, want string }{
		{"as it is", "enter enter enter", "map[force:true name: timeout:10]"},
		{"typed", "ctrl+u 3 0 tab space tab 東 京 enter", "map[force:false name:東京 timeout:30]"},
		{"letters for a flag", "down n down enter", "map[force:false name: timeout:10]"},
		{"refused", "x enter", "open"},
		{"refused at the end", "x tab tab enter", "open"},
		{"cancelled", "x esc", "<nil>"},
		{"around", "up a enter", "map[force:true name:a timeout:10]"},
	} {
		got := "open"
		if r, done := press(limits(), strings.Fields(c.keys)...); done {
			got = fmt.Sprint(r)
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	f := limits()
	press(f, "x", "tab", "tab", "enter")
	if frame := f.View(80, 24); f.at != 0 || !strings.Contains(frame, "must be a number") {
		t.Errorf("the fault is not shown at its field:\n%s", kittest.Plain(frame))
	}
}

// The terminal's cursor must stand where the next letter appears.
func TestCursorsStandWhereTextAppears(t *testing.T) {
	menu := NewMenu("Go to", acts, MenuOptions{Filter: true})
	menu.Restyle(NewTheme(true, false))
	form := limits()
	press(form, "down", "down")
	for name, o := range map[string]Overlay{"menu": menu, "form": form} {
		o.Update(tea.PasteMsg{Content: "東x"})
		press(o, "left")
		frame, c := o.View(80, 24), o.Cursor()
		if c == nil {
			t.Fatalf("%s has no cursor", name)
		}
		line := strings.Split(kittest.Plain(frame), "\n")[c.Y]
		if rest := cutLeft(line, c.X); !strings.HasPrefix(rest, "x ") {
			t.Errorf("%s: at the cursor stands %q", name, rest)
		}
	}
}

func TestInput(t *testing.T) {
	in := NewInput("/", "filter")
	in.Focus()
	in.Update(tea.PasteMsg{Content: "one two\x1b[31m\nthree\t\u202e\u200bfour\a"})
	if got := in.Value(); got != "one two[31m three four" {
		t.Errorf("pasted %q", got)
	}
	for _, k := range []string{"ctrl+w", "home", "delete", "end", "!"} {
		if cmd := in.Update(kittest.Key(k)); cmd != nil {
			t.Errorf("%s starts a command", k)
		}
	}
	if got := in.Value(); got != "ne two[31m three !" {
		t.Errorf("edited %q", got)
	}
	in.Update(kittest.Key("ctrl+u"))
	if got := in.Value(); got != "" {
		t.Errorf("cleared %q", got)
	}
	in.Blur()
	in.Update(kittest.Key("x"))
	if in.Value() != "" || in.Cursor() != nil {
		t.Error("it takes keys without the focus")
	}
}

func TestInputScrollsWithItsCursor(t *testing.T) {
	in := NewInput("> ", "")
	in.Focus()
	in.SetValue("東京都新宿区abcdef")
	for _, k := range []string{"", "left", "left", "home", "right", "end", "left"} {
		if k != "" {
			in.Update(kittest.Key(k))
		}
		for w := range 30 {
			view := in.View(w)
			if w > 0 {
				kittest.Check(t, view, w, 1)
			}
			if c := in.Cursor(); w > 3 && (c.X < 2 || c.X >= w) {
				t.Errorf("after %q at width %d the cursor is in column %d", k, w, c.X)
			}
		}
	}
}

func TestDialogFrames(t *testing.T) {
	long := strings.Repeat("What will happen is told here in some words. ", 8)
	build := map[string]func() Overlay{
		"menu": func() Overlay { return NewMenu("Act on web-1", acts, MenuOptions{Selected: "start"}) },
		"filter": func() Overlay {
			m := NewMenu("Go to", acts, MenuOptions{Filter: true, Width: 60})
			press(m, "r", "t")
			return m
		},
		"ask":   func() Overlay { return NewAsk("Quit ringside", long, "quit", "stay") },
		"form":  func() Overlay { f := limits(); press(f, "x", "enter"); return f },
		"empty": func() Overlay { return NewMenu("Unfinished runs", nil, MenuOptions{Empty: "there are none"}) },
	}
	themes := map[string]*Theme{"dark": NewTheme(true, false), "light": NewTheme(false, false), "ascii": NewTheme(true, true)}
	for name, b := range build {
		for look, theme := range themes {
			o := b()
			o.Restyle(theme)
			for w := 4; w < 100; w += 3 {
				for h := 3; h < 30; h += 4 {
					kittest.Within(t, o.View(w, h), w, h)
				}
			}
			if look != "light" {
				kittest.Golden(t, "dialog-"+name+"-"+look, o.View(80, 24))
			}
		}
	}
}

func BenchmarkMenuFilter(b *testing.B) {
	for _, n := range []int{100, 1_000, 10_000} {
		items := make([]Item, n)
		for i := range items {
			items[i] = Item{ID: fmt.Sprint(i), Title: fmt.Sprint("tokyo-1/shop-web-", i), Note: "container"}
		}
		for _, keys := range [][2]string{{"down", "up"}, {"w", "backspace"}} {
			b.Run(fmt.Sprintf("items=%d/key=%s", n, keys[0]), func(b *testing.B) {
				m := NewMenu("Go to", items, MenuOptions{Filter: true})
				for i := 0; b.Loop(); i++ {
					m.Update(kittest.Key(keys[i&1]))
					m.View(80, 24)
				}
			})
		}
	}
}
