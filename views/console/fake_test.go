package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"ringside/actions"
	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/watch"
	"ringside/keymap"
	"ringside/views/kit"
	"ringside/views/screen"
)

var noon = time.Date(2026, 11, 23, 12, 4, 0, 0, time.UTC)

// fakeScreen shows its name and remembers what it was asked.
type fakeScreen struct {
	name      string
	selection []fleet.Target
	typing    bool
	typed     string
	did       []keymap.ID
	shown     string
	refreshed int
	got       []tea.Msg
	panics    atomic.Bool
	changing  bool // every picture differs from the one before
	w, h      int
}

func (s *fakeScreen) Name() string  { return s.name }
func (s *fakeScreen) Title() string { return strings.ToUpper(s.name[:1]) + s.name[1:] }
func (s *fakeScreen) Scopes() []keymap.Scope {
	return []keymap.Scope{keymap.Containers, keymap.List, keymap.Movement}
}
func (s *fakeScreen) Typing() bool { return s.typing }
func (s *fakeScreen) Type(k tea.KeyPressMsg) tea.Cmd {
	s.typed += k.Text
	return nil
}
func (s *fakeScreen) Do(id keymap.ID) tea.Cmd         { s.did = append(s.did, id); return nil }
func (s *fakeScreen) Back() bool                      { return false }
func (s *fakeScreen) Update(m tea.Msg) tea.Cmd        { s.got = append(s.got, m); return nil }
func (s *fakeScreen) Resize(w, h int)                 { s.w, s.h = w, h }
func (s *fakeScreen) Restyle(screen.Look)             {}
func (s *fakeScreen) Refresh(screen.Snapshot) tea.Cmd { s.refreshed++; return nil }
func (s *fakeScreen) Cursor() *tea.Cursor             { return nil }
func (s *fakeScreen) Selection() []fleet.Target       { return s.selection }
func (s *fakeScreen) Looking() map[string][]string    { return nil }
func (s *fakeScreen) Show(subject string) tea.Cmd     { s.shown = subject; return nil }
func (s *fakeScreen) Close()                          {}
func (s *fakeScreen) View() string {
	if s.panics.Load() {
		panic("the view fell over")
	}
	text := "this is " + s.name
	if s.changing {
		text += fmt.Sprintf(", seen %d times", s.refreshed)
	}
	return strings.Join(kit.Lines(text, s.w, s.h), "\n")
}

// fakeRunner has the runs it is given.
type fakeRunner struct {
	mu          sync.Mutex
	runs        []actions.RunRecord
	started     []actions.Approval
	cancelled   []string
	err         error
	interrupted bool
	block       chan struct{} // Interrupt waits for it
}

func (r *fakeRunner) Start(_ context.Context, _ *actions.Plan, a actions.Approval) (string, error) {
	r.started = append(r.started, a)
	return "run-1", r.err
}
func (r *fakeRunner) Resume(_ context.Context, _ string, a actions.Approval) (string, error) {
	r.started = append(r.started, a)
	return "run-1", r.err
}
func (r *fakeRunner) Rollback(context.Context, string, actions.Approval) (string, error) {
	return "run-1", r.err
}
func (r *fakeRunner) Cancel(id string)          { r.cancelled = append(r.cancelled, id) }
func (r *fakeRunner) Live() []actions.RunRecord { return r.runs }
func (r *fakeRunner) Busy() bool                { return len(r.runs) > 0 && !r.runs[0].Status.Final() }
func (r *fakeRunner) Interrupt(ctx context.Context) error {
	r.mu.Lock()
	r.interrupted = true
	r.mu.Unlock()
	if r.block != nil {
		select {
		case <-r.block:
		case <-ctx.Done():
		}
	}
	return nil
}

// fakeLedger answers with its runs; the rest of the interface is not used here.
type fakeLedger struct {
	actions.Ledger
	unfinished []actions.RunRecord
}

func (l fakeLedger) Runs(_ context.Context, q actions.RunQuery) ([]actions.RunRecord, error) {
	if q.Unfinished {
		return l.unfinished, nil
	}
	return nil, nil
}

func (l fakeLedger) Holds(context.Context) ([]actions.Hold, error) { return nil, nil }

func (l fakeLedger) Run(_ context.Context, id string) (actions.RunRecord, error) {
	for _, r := range l.unfinished {
		if r.ID == id {
			return r, nil
		}
	}
	return actions.RunRecord{}, errors.New("no such run")
}

func container(name, environment string) fleet.Target {
	return fleet.Target{Kind: fleet.KindContainer, Scope: "tokyo-1", ID: "id-" + name, Name: name, Site: "tokyo", Environment: environment}
}

// rig is a console without a terminal.
type rig struct {
	*model
	t      testing.TB
	now    time.Time
	home   *fakeScreen
	other  *fakeScreen
	runner *fakeRunner
}

func newRig(t testing.TB, change ...func(*Options)) *rig {
	keys, faults := keymap.New(keymap.Table, nil)
	if faults != nil {
		t.Fatal(faults)
	}
	r := &rig{t: t, now: noon, runner: &fakeRunner{},
		home: &fakeScreen{name: "home", selection: []fleet.Target{container("web", "development")}}, other: &fakeScreen{name: "containers"}}
	reg := actions.NewRegistry()
	action := func(verb string, final string, undo bool) actions.Action {
		build := func(_ context.Context, _ *actions.Env, targets []fleet.Target, args actions.Args) (*actions.Plan, error) {
			p := &actions.Plan{Kind: "container." + verb, Title: verb, Targets: targets, Parallel: 4}
			for _, t := range targets {
				s := actions.Step{Target: t, Name: verb + " " + t.String(), Final: final}
				if undo {
					s.Undo = func(context.Context, actions.Progress) error { return nil }
				}
				p.Steps = append(p.Steps, s)
			}
			return p, nil
		}
		rebuild := func(ctx context.Context, env *actions.Env, _ json.RawMessage) (*actions.Plan, error) {
			return build(ctx, env, []fleet.Target{container("web", "")}, nil)
		}
		return actions.Action{ID: "container." + verb, Verb: verb, Help: verb + " it", Takes: fleet.KindContainer, Many: true, Build: build, Rebuild: rebuild}
	}
	pause, unpause := action("pause", "", true), action("unpause", "", true)
	pause.Why = func(_ *actions.Env, ts []fleet.Target) string {
		if ts[0].Name == "paused" {
			return "it is paused"
		}
		return ""
	}
	rename := action("rename", "", true)
	rename.Many, rename.Args = false, []actions.Arg{{Name: "name", Help: "the new name", Required: true}}
	stop := action("stop", "", true)
	stop.Args = []actions.Arg{{Name: "timeout", Help: "seconds to wait", Default: "10"}}
	reg.Add(action("start", "", true), stop, action("restart", "a restart cannot be taken back", false), pause, unpause, rename)
	f := &fleet.Fleet{Environment: "production", Sites: []fleet.Site{{Name: "tokyo"}, {Name: "shanghai"}}, Engines: []fleet.Engine{{Name: "tokyo-1", Site: "tokyo"}}}
	store := watch.NewStore()
	dark := true
	o := Options{Fleet: f, Store: store, Registry: reg, Runner: r.runner, Keys: keys, Dark: &dark,
		Env:     &actions.Env{Fleet: f, State: store.State, Ledger: fakeLedger{}, Actor: actions.Actor{Session: "me"}, Now: func() time.Time { return r.now }},
		Screens: []screen.Screen{r.home, r.other}, Getenv: func(string) string { return "" }, StateDir: t.TempDir(), Version: "test"}
	for _, c := range change {
		c(&o)
	}
	r.model = newModel(o, &trail{})
	r.resize(80, 24)
	return r
}

func fill(store *watch.Store, n int) {
	facts := &docker.Facts{Engine: "tokyo-1", Site: "tokyo"}
	for i := range n {
		facts.Containers = append(facts.Containers, &docker.Container{Engine: "tokyo-1", ID: fmt.Sprint(i), Name: fmt.Sprintf("web-%05d", i), State: docker.Running})
	}
	store.Put(fleet.Reading{Source: "docker/tokyo-1", At: noon, Facts: facts})
}

// send gives a message to the console and carries out what it answers with, but
// no timers: those are sent by hand where a test is about them.
func (r *rig) send(msgs ...tea.Msg) {
	for _, msg := range msgs {
		r.run(r.Update(msg))
	}
}

func (r *rig) run(cmd tea.Cmd) {
	if cmd == nil || timer(cmd) {
		return
	}
	answer := make(chan tea.Msg, 1)
	go func() { answer <- cmd() }()
	select {
	case msg := <-answer:
		if batch, ok := msg.(tea.BatchMsg); ok {
			for _, c := range batch {
				r.run(c)
			}
		} else if msg != nil {
			r.send(msg)
		}
	case <-time.After(60 * time.Second):
		r.t.Fatalf("%s never answers", nameOf(cmd))
	}
}

// timer reports whether a command only waits: one of tea.Tick, or the blinking of a
// cursor. How long an answer takes does not tell: on a busy machine all are slow.
func timer(cmd tea.Cmd) bool {
	name := nameOf(cmd)
	return strings.Contains(name, "Tick.func") || strings.Contains(name, "/cursor.")
}

func nameOf(cmd tea.Cmd) string { return runtime.FuncForPC(reflect.ValueOf(cmd).Pointer()).Name() }

func (r *rig) press(keys ...string) {
	for _, k := range keys {
		r.send(press(k))
	}
}

// tick brings a picture with the runner's runs.
func (r *rig) tick() { r.send(tickMsg{r.pump.picture()}) }

func (r *rig) topPlan() *planDialog {
	r.t.Helper()
	if len(r.dialogs) == 0 {
		r.t.Fatal("no dialog is open")
	}
	d, ok := r.dialogs[len(r.dialogs)-1].Overlay.(*planDialog)
	if !ok {
		r.t.Fatalf("the top dialog is a %T", r.dialogs[len(r.dialogs)-1].Overlay)
	}
	return d
}
