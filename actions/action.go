package actions

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"ringside/backends/fleet"
	"ringside/backends/watch"
)

// Action is something an operator can start. One declaration gives the menu and
// palette entry, the help line, the command-line command and the docs line.
type Action struct {
	ID    string // "container.stop"; also the Kind of its plans
	Verb  string // "stop": the command's name and the menu's word
	Title string // "Stop containers"
	Help  string // one sentence for help and docs
	Takes string // kind of target: fleet.KindContainer
	Many  bool   // takes several targets at once
	Args  []Arg

	// Why says why the action makes no sense for the targets just now, judged
	// from the state alone; "" means that it can be tried.
	Why func(env *Env, targets []fleet.Target) string
	// Build makes the plan's Title, Params and Steps, looking at the world.
	Build func(ctx context.Context, env *Env, targets []fleet.Target, args Args) (*Plan, error)
	// Rebuild makes the same plan again from Params, to resume or roll back.
	Rebuild func(ctx context.Context, env *Env, params json.RawMessage) (*Plan, error)
	// Next says what the end of a run suggests; nil: nothing ever.
	Next func(run RunRecord) (Next, bool)
}

// Next is a follow-up that the end of a run suggests, such as to cut the power of
// hosts that did not shut down. It is only offered: its plan is made, checked and
// confirmed as any other.
type Next struct {
	Action  string
	Targets []fleet.Target
	Args    Args
	Why     string // "3 hosts are still on"
}

// Arg is one argument: a flag on the command line, a field in the console.
type Arg struct {
	Name     string // "timeout"
	Help     string
	Default  string
	Required bool
	Flag     bool                    // true or false, no text
	Check    func(text string) error // nil: any text
	// Suggest fills the field in the console, such as the present name for a
	// rename; nil: Default.
	Suggest func(env *Env, targets []fleet.Target) string
	// Choices offers values in the console, such as the tags that are known, from the
	// state alone; another one can always be typed. nil: none.
	Choices func(env *Env, targets []fleet.Target) []Choice
}

// Choice is a value that is offered for an argument, with what is known of it.
type Choice struct{ Value, Note string }

// Args are argument values by name; an absent one has its Default.
type Args map[string]string

// Env is what actions, guards and plans may use.
type Env struct {
	Fleet  *fleet.Fleet
	State  func() *watch.State // latest picture of the world as watched
	Ledger Ledger
	Actor  Actor
	Now    func() time.Time
}

// Guard checks a plan over all systems before it runs.
type Guard struct {
	Name  string
	Check func(ctx context.Context, env *Env, plan *Plan) []Finding
}

// Registry holds the actions and the guards of a program.
type Registry struct {
	actions map[string]Action
	order   []string
	guards  []Guard
}

// NewRegistry returns a registry with the given guards.
func NewRegistry(guards ...Guard) *Registry {
	return &Registry{actions: map[string]Action{}, guards: guards}
}

// Add registers actions in the order in which menus show them.
func (r *Registry) Add(actions ...Action) {
	for _, a := range actions {
		if _, ok := r.actions[a.ID]; ok {
			panic("actions: two actions with id " + a.ID)
		}
		r.actions[a.ID] = a
		r.order = append(r.order, a.ID)
	}
}

// Get returns one action.
func (r *Registry) Get(id string) (Action, bool) { a, ok := r.actions[id]; return a, ok }

// All returns the actions in the order of registration; takes "" for every kind.
func (r *Registry) All(takes string) []Action {
	var out []Action
	for _, id := range r.order {
		if a := r.actions[id]; takes == "" || a.Takes == takes {
			out = append(out, a)
		}
	}
	return out
}

// Build makes a checked plan: the action's own part, the guards' findings and
// the confirmation that its risk asks for. It changes nothing.
func (r *Registry) Build(ctx context.Context, env *Env, id string, targets []fleet.Target, args Args) (*Plan, error) {
	a, ok := r.actions[id]
	if !ok {
		return nil, fmt.Errorf("there is no action %q", id)
	}
	if len(targets) == 0 {
		return nil, fmt.Errorf("%s: no target given", a.Verb)
	}
	if len(targets) > 1 && !a.Many {
		return nil, fmt.Errorf("%s takes one target, %d were given", a.Verb, len(targets))
	}
	full, err := a.complete(args)
	if err != nil {
		return nil, err
	}
	p, err := a.Build(ctx, env, targets, full)
	if err != nil {
		return nil, err
	}
	r.check(ctx, env, p)
	return p, nil
}

// Rebuild makes the plan of a recorded run again, checked anew: to go on with it,
// or to take its steps back.
func (r *Registry) Rebuild(ctx context.Context, env *Env, run RunRecord, undo bool) (*Plan, error) {
	a, ok := r.actions[run.Kind]
	if !ok {
		return nil, fmt.Errorf("run %s is of kind %q, which this version of ringside does not know", run.ID, run.Kind)
	}
	p, err := a.Rebuild(ctx, env, run.Params)
	if err != nil {
		return nil, fmt.Errorf("run %s cannot be rebuilt: %w", run.ID, err)
	}
	p.Undo = undo
	r.check(ctx, env, p)
	return p, nil
}

// Next says what the end of a run suggests, if anything.
func (r *Registry) Next(run RunRecord) (Next, bool) {
	a, ok := r.actions[run.Kind]
	if !ok || a.Next == nil || run.Status != Failed && run.Status != RolledBack {
		return Next{}, false
	}
	n, ok := a.Next(run)
	return n, ok && len(n.Targets) > 0
}

func (r *Registry) check(ctx context.Context, env *Env, p *Plan) {
	p.Findings = append(p.Findings, r.findings(ctx, env, p)...)
	slices.SortStableFunc(p.Findings, func(a, b Finding) int { return int(b.Level) - int(a.Level) })
	p.Confirm = confirmation(p)
}

// findings asks the guards.
func (r *Registry) findings(ctx context.Context, env *Env, p *Plan) (out []Finding) {
	for _, g := range r.guards {
		out = append(out, g.Check(ctx, env, p)...)
	}
	return Fold(out)
}

func (a Action) complete(args Args) (Args, error) {
	full := Args{}
	for name := range args {
		if !slices.ContainsFunc(a.Args, func(x Arg) bool { return x.Name == name }) {
			return nil, fmt.Errorf("%s has no argument %q", a.Verb, name)
		}
	}
	for _, x := range a.Args {
		v, given := args[x.Name]
		if !given {
			v = x.Default
		}
		if v == "" && x.Required {
			return nil, fmt.Errorf("%s: %s is missing: %s", a.Verb, x.Name, x.Help)
		}
		if v != "" && x.Check != nil {
			if err := x.Check(v); err != nil {
				return nil, fmt.Errorf("%s: %s %q: %w", a.Verb, x.Name, v, err)
			}
		}
		full[x.Name] = v
	}
	return full, nil
}

// ArgumentError says that an argument of an action is missing or wrong; nothing was
// read or changed.
type ArgumentError struct{ Err error }

func (e *ArgumentError) Error() string { return e.Err.Error() }

func (e *ArgumentError) Unwrap() error { return e.Err }
