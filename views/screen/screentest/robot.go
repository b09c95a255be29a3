// Package screentest drives screens in tests as the console does: it presses keys,
// carries out commands, and looks at frames.
package screentest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"ringside/keymap"
	"ringside/views/kit"
	"ringside/views/kit/kittest"
	"ringside/views/screen"
)

// Robot is the console of one screen. A package's own robot embeds it and is its R:
// what can be chained returns that, so that both kinds of steps go into one chain.
type Robot[R any] struct {
	T     testing.TB
	Fresh func()    // brings the world up to date before each tick; nil: it stands still
	Hold  bool      // commands are kept instead of being carried out
	Held  []tea.Cmd // those

	self     R
	screen   screen.Screen
	snapshot func() screen.Snapshot
	keys     *keymap.Map
	sent     []tea.Msg // what the screen asked of the console
	w, h     int
}

// Start shows a screen in colours with its first snapshot. It is closed when the test ends.
func (r *Robot[R]) Start(t testing.TB, self R, s screen.Screen, snapshot func() screen.Snapshot, w, h int) {
	t.Helper()
	keys, faults := keymap.New(keymap.Table, nil)
	if faults != nil {
		t.Fatal(errors.Join(faults...))
	}
	t.Cleanup(s.Close)
	r.T, r.self, r.screen, r.snapshot, r.keys = t, self, s, snapshot, keys
	r.Resize(w, h)
	s.Restyle(screen.Look{Theme: kit.NewTheme(true, false)})
	r.Tick()
}

// Resize gives the screen another size.
func (r *Robot[R]) Resize(w, h int) {
	r.w, r.h = w, h
	r.screen.Resize(w, h)
}

// Tick takes a new snapshot.
func (r *Robot[R]) Tick() {
	if r.Fresh != nil {
		r.Fresh()
	}
	r.Run(r.screen.Refresh(r.snapshot()))
}

// Run carries a command out. What it answers goes to the screen, what it asks of the
// console is kept for Last.
func (r *Robot[R]) Run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	if r.Hold {
		r.Held = append(r.Held, cmd)
		return
	}
	switch m := cmd().(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range m {
			r.Run(c)
		}
	case screen.Toast, screen.Act, screen.Menu, screen.Copy, screen.Overlay, screen.RunAct, screen.Go:
		r.sent = append(r.sent, m)
	default:
		r.Run(r.screen.Update(m))
	}
}

// Release carries out what was held, and holds no more.
func (r *Robot[R]) Release() {
	held := r.Held
	r.Hold, r.Held = false, nil
	for _, c := range held {
		r.Run(c)
	}
}

// Press presses keys, named as kittest.Key names them.
func (r *Robot[R]) Press(keys ...string) R {
	r.T.Helper()
	for _, k := range keys {
		msg := kittest.Key(k)
		if r.screen.Typing() {
			r.Run(r.screen.Type(msg))
			continue
		}
		id, ok := r.keys.Lookup(r.screen.Scopes(), msg.String())
		switch {
		case !ok:
			r.T.Fatalf("key %q means nothing in %v", k, r.screen.Scopes())
		case id == keymap.Back:
			r.screen.Back()
		default:
			r.Run(r.screen.Do(id))
		}
	}
	return r.self
}

// Text types a text.
func (r *Robot[R]) Text(s string) R {
	r.T.Helper()
	for _, c := range s {
		if c == ' ' {
			r.Press("space")
		} else {
			r.Press(string(c))
		}
	}
	return r.self
}

// Last is what the screen asked of the console last, nil for nothing.
func (r *Robot[R]) Last() tea.Msg {
	if len(r.sent) == 0 {
		return nil
	}
	return r.sent[len(r.sent)-1]
}

// Answer closes the dialog that was asked for last with a result.
func (r *Robot[R]) Answer(result any) {
	r.T.Helper()
	o, ok := r.Last().(screen.Overlay)
	if !ok {
		r.T.Fatalf("no dialog was asked for, but %#v", r.Last())
	}
	r.Run(screen.Send(o.Answer(result)))
}

// Frame is what is shown, checked and without its styles.
func (r *Robot[R]) Frame() string {
	r.T.Helper()
	f := r.screen.View()
	kittest.Check(r.T, f, r.w, r.h)
	return kittest.Plain(f)
}

// See fails unless all parts are on screen.
func (r *Robot[R]) See(parts ...string) R {
	r.T.Helper()
	f := r.Frame()
	for _, p := range parts {
		if !strings.Contains(f, p) {
			r.T.Errorf("%q is not on screen:\n%s", p, f)
		}
	}
	return r.self
}

// Miss fails if one of the parts is on screen.
func (r *Robot[R]) Miss(parts ...string) R {
	r.T.Helper()
	f := r.Frame()
	for _, p := range parts {
		if strings.Contains(f, p) {
			r.T.Errorf("%q is on screen:\n%s", p, f)
		}
	}
	return r.self
}

// Until ticks until a condition holds.
func (r *Robot[R]) Until(what string, ok func() bool) {
	r.T.Helper()
	for end := time.Now().Add(60 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		r.Tick()
		if ok() {
			return
		}
		if time.Now().After(end) {
			r.T.Fatalf("%s did not come about:\n%s", what, r.Frame())
		}
	}
}

// Await ticks until all parts are on screen.
func (r *Robot[R]) Await(what string, parts ...string) {
	r.T.Helper()
	r.Until(fmt.Sprintf("%s, %q,", what, parts), func() bool {
		f := r.Frame()
		return !slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(f, p) })
	})
}

// Looks compares the frame with golden files, NAME-WIDTH in colours and
// NAME-WIDTH-ascii, and checks it in the other looks too. It leaves the screen in ASCII.
func (r *Robot[R]) Looks(name string) R {
	r.T.Helper()
	name = fmt.Sprintf("%s-%d", name, r.w)
	r.Frame()
	kittest.Golden(r.T, name, r.screen.View())
	r.screen.Restyle(screen.Look{Theme: kit.NewTheme(false, false), Marker: true})
	r.Frame()
	r.screen.Restyle(screen.Look{Theme: kit.NewTheme(true, true)})
	kittest.Golden(r.T, name+"-ascii", r.Frame())
	return r.self
}

// ASCII fails if there is more than ASCII on screen.
func (r *Robot[R]) ASCII() {
	r.T.Helper()
	f := r.Frame()
	if i := strings.IndexFunc(f, func(c rune) bool { return c > '~' }); i >= 0 {
		r.T.Errorf("%q at byte %d in ASCII mode:\n%s", []rune(f[i:])[0], i, f)
	}
}
