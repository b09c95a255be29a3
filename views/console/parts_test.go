package console

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"

	"ringside/actions"
	"ringside/backends/fleet"
	"ringside/keymap"
	"ringside/views/kit"
	"ringside/views/kit/kittest"
	"ringside/views/screen"
)

func press(key string) tea.KeyPressMsg { return kittest.Key(key) }

func TestRoute(t *testing.T) {
	keys, _ := keymap.New(keymap.Table, nil)
	own := func(id keymap.ID) bool { return id == keymap.Palette || id == keymap.ActStop || id == keymap.Quit }
	list := []keymap.Scope{keymap.Containers, keymap.List, keymap.Movement}
	for _, c := range []struct {
		name string
		p    place
		key  string
		to   layer
		id   keymap.ID
	}{
		{"the screen's key", place{Scopes: list}, "j", toScreen, keymap.Down},
		{"the console's key", place{Scopes: list}, ":", toConsole, keymap.Palette},
		{"an act", place{Scopes: list}, "X", toConsole, keymap.ActStop},
		{"an act elsewhere", place{Scopes: []keymap.Scope{keymap.Runs}}, "X", nowhere, ""},
		{"no key", place{Scopes: list}, "ctrl+alt+x", nowhere, ""},
		{"typing", place{Scopes: list, Typing: true}, "q", toInput, ""},
		{"typing, unknown", place{Scopes: list, Typing: true}, "東", toInput, ""},
		{"typing, interrupt", place{Scopes: list, Typing: true}, "ctrl+c", toConsole, keymap.Interrupt},
		{"a dialog", place{Scopes: list, Dialog: true}, "X", toDialog, ""},
		{"a dialog over an input", place{Scopes: list, Dialog: true, Typing: true}, "q", toDialog, ""},
		{"a dialog, interrupt", place{Scopes: list, Dialog: true}, "ctrl+c", toConsole, keymap.Interrupt},
	} {
		if to, id := route(keys, c.p, c.key, own); to != c.to || id != c.id && to != toDialog && to != toInput && to != nowhere {
			t.Errorf("%s: %v %q, want %v %q", c.name, to, id, c.to, c.id)
		}
	}
}

func TestAck(t *testing.T) {
	var a ack
	now := noon
	pass := func(d time.Duration) { now = now.Add(d) }
	step := a.on(ackTick, 0, now)
	if step.after != 100*time.Millisecond || step.then.event != ackDue || step.ask {
		t.Fatalf("after data: %+v", step)
	}
	due := step.then
	if step = a.on(due.event, due.gen, now); !step.ask || step.then.event != ackLate || !a.pending() {
		t.Fatalf("when painted: %+v", step)
	}
	late := step.then
	pass(700 * time.Millisecond)
	if step = a.on(ackAnswered, 0, now); step.after != 700*time.Millisecond || step.credit || a.pending() {
		t.Fatalf("answered: %+v", step)
	}
	if s := a.on(late.event, late.gen, now); s != (ackStep{}) {
		t.Errorf("the old timer still works: %+v", s)
	}
	if step = a.on(step.then.event, step.then.gen, now); !step.credit {
		t.Fatalf("rested: %+v", step)
	}
	// Data that changed nothing on the screen need no answer.
	due = a.on(ackTick, 0, now).then
	if s := a.on(ackStill, due.gen, now); !s.credit || s.ask || a.pending() {
		t.Fatalf("a still screen: %+v", s)
	}
	// A terminal that never answers counts as one that did after the limit; its
	// answer, when it comes during the next question, is not taken for that one's.
	due = a.on(ackTick, 0, now).then
	late = a.on(due.event, due.gen, now).then
	if s := a.on(late.event, late.gen, now); !s.credit {
		t.Fatalf("late: %+v", s)
	}
	due = a.on(ackTick, 0, now).then
	a.on(due.event, due.gen, now)
	if s := a.on(ackAnswered, 0, now); s != (ackStep{}) || !a.pending() {
		t.Errorf("an old answer was taken for a new one: %+v", s)
	}
	if s := a.on(ackAnswered, 0, now); s.then.event != ackRested {
		t.Errorf("the new answer was not taken: %+v", s)
	}
}

func TestGrace(t *testing.T) {
	for name, c := range map[string]struct {
		keys []int // ms after opening
		want string
	}{
		"typing on":         {[]int{10, 100, 300, 500, 800}, "sssss"},
		"a pause":           {[]int{10, 100, 600, 610}, "ssgg"},
		"a pause at first":  {[]int{425, 430}, "gg"},
		"never a pause":     {[]int{300, 600, 900, 1200, 1499, 1500, 1510}, "sssssgg"},
		"later at any time": {[]int{60000}, "g"},
	} {
		g, got := newGrace(noon), ""
		for _, ms := range c.keys {
			if g.swallows(noon.Add(time.Duration(ms) * time.Millisecond)) {
				got += "s"
			} else {
				got += "g"
			}
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// pumped runs a pump in fake time and returns how many pictures it sent.
func pumped(t *testing.T, d time.Duration, credit bool, change func(*rig)) (n int) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(o *Options) { o.Env.Now = time.Now })
		var sent atomic.Int64
		ctx, cancel := context.WithCancel(t.Context())
		go r.pump.run(ctx, func(tea.Msg) {
			sent.Add(1)
			if credit {
				r.pump.give()
			}
		})
		if change != nil {
			go func() {
				for ctx.Err() == nil {
					change(r)
				}
			}()
		}
		time.Sleep(d)
		n = int(sent.Load())
		cancel()
		time.Sleep(time.Hour) // lets change see the end
		synctest.Wait()
	})
	return n
}

func TestPump(t *testing.T) {
	reading := func(every time.Duration, err error) func(*rig) {
		return func(r *rig) {
			time.Sleep(every)
			r.pump.store.Put(fleet.Reading{Source: "docker/x", At: time.Now(), Err: err})
		}
	}
	for name, c := range map[string]struct {
		d      time.Duration
		credit bool
		change func(*rig)
		want   [2]int // at least, at most
	}{
		"nothing happens: one, then one a minute": {10 * time.Minute, true, nil, [2]int{10, 12}},
		"500 a second are four":                   {10*time.Second + time.Millisecond, true, reading(2*time.Millisecond, nil), [2]int{39, 42}},
		"a slow trickle is told at once":          {time.Minute, true, reading(5*time.Second, nil), [2]int{11, 14}},
		"what is stale grows older every second":  {time.Minute, true, reading(30*time.Second, context.DeadlineExceeded), [2]int{29, 34}},
		"no credit, no picture":                   {time.Minute, false, reading(time.Second, nil), [2]int{1, 1}},
		"unfocused": {10*time.Second + time.Millisecond, true, func(r *rig) {
			r.pump.pace.Store(int64(paceUnfocused))
			reading(2*time.Millisecond, nil)(r)
		}, [2]int{9, 12}},
	} {
		t.Run(name, func(t *testing.T) {
			if n := pumped(t, c.d, c.credit, c.change); n < c.want[0] || n > c.want[1] {
				t.Errorf("%d pictures, want %v", n, c.want)
			}
		})
	}
}

func TestMerge(t *testing.T) {
	run := func(id string, s actions.Status, min int) actions.RunRecord {
		return actions.RunRecord{ID: id, Status: s, Created: noon.Add(time.Duration(min) * time.Minute)}
	}
	got := merge([]actions.RunRecord{run("b", actions.Succeeded, 2)}, []actions.RunRecord{run("c", actions.Failed, 3), run("b", actions.Running, 2), run("a", actions.Failed, 1)})
	var ids []string
	for _, r := range got {
		ids = append(ids, r.ID+" "+string(r.Status))
	}
	if !slices.Equal(ids, []string{"c failed", "b done", "a failed"}) {
		t.Error(ids)
	}
}

func TestConfirmForm(t *testing.T) {
	block := []actions.Finding{{Guard: "hold", Level: actions.Block, Text: "held"}}
	for name, c := range map[string]struct {
		plan actions.Plan
		keys string // "⏎" is enter, "→" is tab
		want string // "" stays open, else reason|override
		hint string
	}{
		"enter":               {actions.Plan{Confirm: actions.Confirm{Kind: actions.Enter}}, "⏎", "|", ""},
		"enter by y":          {actions.Plan{Confirm: actions.Confirm{Kind: actions.Enter}}, "y", "|", ""},
		"yes by enter":        {actions.Plan{Confirm: actions.Confirm{Kind: actions.Yes}}, "⏎", "", ""},
		"yes":                 {actions.Plan{Confirm: actions.Confirm{Kind: actions.Yes}}, "y", "|", ""},
		"word":                {actions.Plan{Confirm: actions.Confirm{Kind: actions.TypeOut, Word: "web"}}, "web→because⏎", "because|", ""},
		"word, no reason":     {actions.Plan{Confirm: actions.Confirm{Kind: actions.TypeOut, Word: "web"}}, "web⏎", "|", ""},
		"wrong word":          {actions.Plan{Confirm: actions.Confirm{Kind: actions.TypeOut, Word: "web"}}, "wen⏎", "", "type web exactly"},
		"half a word":         {actions.Plan{Confirm: actions.Confirm{Kind: actions.TypeOut, Word: "14"}}, "1⏎", "", "type 14 exactly"},
		"blocked":             {actions.Plan{Confirm: actions.Confirm{Kind: actions.Yes}, Findings: block}, "y⏎", "", "type override exactly"},
		"blocked, no reason":  {actions.Plan{Confirm: actions.Confirm{Kind: actions.Yes}, Findings: block}, "override⏎", "", "say why the block does not count here"},
		"blocked, overridden": {actions.Plan{Confirm: actions.Confirm{Kind: actions.Yes}, Findings: block}, "override→aoi said so⏎", "|aoi said so", ""},
		"blocked production": {actions.Plan{Confirm: actions.Confirm{Kind: actions.TypeOut, Word: "web"}, Findings: block},
			"web⏎it burns⏎", "|it burns", ""},
	} {
		f, got := newConfirmForm(&c.plan, false, kit.NewTheme(true, false)), ""
		for _, r := range c.keys {
			key := map[rune]string{'⏎': "enter", '→': "tab", ' ': "space"}[r]
			if key == "" {
				key = string(r)
			}
			if f.update(press(key)) {
				a := f.approval()
				got = a.Reason + "|" + a.Override
				break
			}
		}
		if got != c.want || f.hint != c.hint {
			t.Errorf("%s: %q, hint %q; want %q, %q", name, got, f.hint, c.want, c.hint)
		}
	}
}

func TestSearch(t *testing.T) {
	var entries []entry
	for _, e := range []string{"Home screen", "shop-web-1 tokyo-1", "web shanghai-1", "billing-webhook-1 tokyo-2", "Webcam tokyo-1", "restart tokyo-1/web act"} {
		title, note, _ := strings.Cut(e, " ")
		entries = append(entries, newEntry(title, note, nil))
	}
	for query, want := range map[string]string{
		"":            "Home shop-web-1 web billing-webhook-1 Webcam restart",
		"web":         "web Webcam shop-web-1 billing-webhook-1 restart",
		"web tokyo-1": "shop-web-1 Webcam restart",
		"WEB SHANG":   "web",
		"bllng":       "billing-webhook-1",
		"nothing!":    "",
	} {
		var got []string
		for _, i := range search(entries, query) {
			got = append(got, entries[i].title)
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%q: %s, want %s", query, s, want)
		}
	}
}

func TestToasts(t *testing.T) {
	var list toasts
	theme := kit.NewTheme(true, false)
	for i := range 5 {
		list.add(screen.Toast{Text: fmt.Sprint("message ", i), Bad: i == 4})
	}
	if len(list.list) != toastMost {
		t.Fatalf("%d toasts", len(list.list))
	}
	list.drop(4)
	if got := kittest.Plain(strings.Join(list.lines(theme, 80), "\n")); got != "│ ● message 2 \n│ ✗ message 4 " {
		t.Errorf("%q", got)
	}
}

func TestSplice(t *testing.T) {
	for _, c := range []struct{ line, text, want string }{
		{"0123456789", "AB", "012AB56789"},
		{"01東京6789", "AB", "01 AB 6789"}, // both halves of a cut character are spaces
		{"\x1b[1m0123456789\x1b[m", "AB", "012AB56789"},
		{"0123", "ABCDEFG", "012ABCDEFG"},
	} {
		got := splice(c.line, c.text, 3, 10)
		if p := kittest.Plain(got); p != c.want {
			t.Errorf("%q over %q: %q, want %q", c.text, c.line, p, c.want)
		}
	}
	if got := splice("\x1b[1m0123456789\x1b[m", "AB", 3, 10); !strings.Contains(got, "AB\x1b[m\x1b[1m") {
		t.Errorf("the style right of the dialog is lost: %q", got)
	}
}

func TestLetters(t *testing.T) {
	taken, got := map[string]bool{}, ""
	for _, verb := range []string{"start", "stop", "restart", "kill", "pause", "unpause", "limits", "pull"} {
		got += letter(verb, taken)
	}
	if got != "strkpulP" {
		t.Error(got)
	}
}

func TestGatheredFindings(t *testing.T) {
	var in []actions.Finding
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		in = append(in, actions.Finding{Level: actions.Note, Subject: name, Text: "is stopped already"})
	}
	in = append(in, actions.Finding{Level: actions.Warn, Subject: "a", Text: "is stopped already"}, actions.Finding{Level: actions.Note, Text: "all at once"})
	var got []string
	for _, f := range gathered(in) {
		got = append(got, fmt.Sprint(f.Level, " ", f.Subject, ": ", f.Text))
	}
	want := []string{"note a, b, c and 2 more: is stopped already", "warn a: is stopped already", "note : all at once"}
	if !slices.Equal(got, want) || in[0].Subject != "a" {
		t.Errorf("%q, want %q", got, want)
	}
}
