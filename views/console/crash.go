package console

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
)

// crash takes the first panic of the process, wherever it happened, writes the
// report and tells the one who attends the program.
type crash struct {
	dir, version string
	trail        *trail
	once         sync.Once
	done         chan struct{}
	err          error // *CrashError; read after done is closed
}

func newCrash(o Options, t *trail) *crash {
	return &crash{dir: o.StateDir, version: o.Version, trail: t, done: make(chan struct{})}
}

// handle is a safe.Handler.
func (c *crash) handle(where string, value any, stack []byte) {
	c.once.Do(func() {
		e := &CrashError{Where: where, Value: fmt.Sprint(value)}
		e.Report = c.report(e, stack)
		c.err = e
		close(c.done)
	})
}

func (c *crash) happened() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// report writes what a defect report needs; it holds no text that was typed.
func (c *crash) report(e *CrashError, stack []byte) string {
	if c.dir == "" {
		return ""
	}
	now := time.Now()
	text := fmt.Sprintf("ringside %s (%s %s/%s) crashed at %s in %s:\n%s\n\n%s\nThe last messages, newest last:\n%s\n",
		c.version, runtime.Version(), runtime.GOOS, runtime.GOARCH, now.Format(time.RFC3339), e.Where, e.Value, stack,
		strings.Join(c.trail.last(), "\n"))
	file := filepath.Join(c.dir, "crash-"+now.Format("20060102-150405")+".txt")
	if os.MkdirAll(c.dir, 0o700) != nil || os.WriteFile(file, []byte(text), 0o600) != nil {
		return ""
	}
	return file
}

// again lets a panic that comes after the console has ended take its usual way.
func again(where string, value any, stack []byte) {
	panic(fmt.Sprintf("%s: %v\n%s", where, value, stack))
}

// guarded is the model with every entry from Bubble Tea guarded. Bubble Tea
// recovers by itself, but prints to the terminal and keeps no report.
type guarded struct {
	m     *model
	crash *crash
}

func (g guarded) Init() (cmd tea.Cmd) {
	defer g.recover("Init")
	return g.command(g.m.Init())
}

func (g guarded) Update(msg tea.Msg) (_ tea.Model, cmd tea.Cmd) {
	defer g.recover("Update")
	if g.crash.happened() {
		return g, nil
	}
	return g, g.command(g.m.Update(msg))
}

func (g guarded) View() (v tea.View) {
	defer g.recover("View")
	if g.crash.happened() {
		return tea.View{AltScreen: true}
	}
	return g.m.View()
}

func (g guarded) recover(where string) {
	if v := recover(); v != nil {
		g.crash.handle(where, v, debug.Stack())
	}
}

var commandType = reflect.TypeFor[tea.Cmd]()

// command guards a command and those that it answers with: a batch or a
// sequence, whose type is not exported, is a slice of commands.
func (g guarded) command(cmd tea.Cmd) tea.Cmd {
	if cmd == nil {
		return nil
	}
	return func() (msg tea.Msg) {
		defer g.recover("a command")
		msg = cmd()
		if v := reflect.ValueOf(msg); v.Kind() == reflect.Slice && v.Type().Elem() == commandType {
			for i := range v.Len() {
				inner, _ := v.Index(i).Interface().(tea.Cmd)
				v.Index(i).Set(reflect.ValueOf(g.command(inner)))
			}
		}
		return msg
	}
}

// trail keeps the kinds of the last messages for a crash report.
type trail struct {
	mu   sync.Mutex
	ring [64]string
	n    int
}

func (t *trail) add(what string) {
	t.mu.Lock()
	t.ring[t.n%len(t.ring)] = what
	t.n++
	t.mu.Unlock()
}

func (t *trail) last() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []string
	for i := max(0, t.n-len(t.ring)); i < t.n; i++ {
		out = append(out, t.ring[i%len(t.ring)])
	}
	return out
}
