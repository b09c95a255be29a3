package console

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	tea "charm.land/bubbletea/v2"

	"ringside/actions"
	"ringside/backends/fleet"
	"ringside/keymap"
	"ringside/views/kit"
	"ringside/views/screen"
)

// toggles are actions whose key means the opposite where they make no sense.
var toggles = map[string]string{"container.pause": "container.unpause"}

// act plans an action, after asking for what it must know.
func (m *model) act(a screen.Act) tea.Cmd {
	if len(a.Targets) == 0 {
		return m.toast(screen.Toast{Bad: true, Text: "nothing is selected to act on"})
	}
	action, ok := m.o.Registry.Get(a.Action)
	if !ok {
		return m.toast(screen.Toast{Bad: true, Text: "there is no action " + a.Action})
	}
	why := m.why(action, a.Targets)
	if other, ok := m.o.Registry.Get(toggles[a.Action]); ok && why != "" && m.why(other, a.Targets) == "" {
		action, why = other, ""
	}
	switch {
	case why != "":
		return m.toast(screen.Toast{Bad: true, Text: "cannot " + action.Verb + ": " + why})
	case asks(action, a.Args):
		return m.ask(action, a.Targets, a.Args)
	}
	return m.plan(action, a.Targets, a.Args)
}

// why says why an action makes no sense just now, "" when it does.
func (m *model) why(a actions.Action, targets []fleet.Target) string {
	switch {
	case len(targets) > 1 && !a.Many:
		return "it takes one at a time"
	case targets[0].Kind != a.Takes:
		return "it is for a " + a.Takes
	case a.Why != nil:
		return a.Why(m.o.Env, targets)
	}
	return ""
}

// asks reports whether an action cannot be planned without asking: it needs an
// argument that is not given, or, with none given, one that only the present state
// can suggest.
func asks(a actions.Action, have actions.Args) bool {
	for _, x := range a.Args {
		if x.Required && have[x.Name] == "" || x.Suggest != nil && have == nil {
			return true
		}
	}
	return false
}

// ask offers the values of the first argument that is needed, where some are known;
// else it asks for all of them. One offer is to type another value.
func (m *model) ask(a actions.Action, targets []fleet.Target, have actions.Args) tea.Cmd {
	i := slices.IndexFunc(a.Args, func(x actions.Arg) bool { return x.Required && have[x.Name] == "" && x.Choices != nil })
	if i < 0 {
		return m.form(a, targets, have)
	}
	name, choices := a.Args[i].Name, a.Args[i].Choices(m.o.Env, targets)
	if len(choices) == 0 {
		return m.form(a, targets, have)
	}
	items := make([]kit.Item, 0, len(choices)+1)
	for _, c := range choices {
		items = append(items, kit.Item{ID: c.Value, Title: c.Value, Note: c.Note})
	}
	items = append(items, kit.Item{Title: "another " + name, Note: "type it, and the other arguments"})
	head := title(a, targets)
	for _, k := range sortedKeys(have) {
		if have[k] == "true" {
			head += " and " + k
		}
	}
	return m.open(kit.NewMenu(head+": "+name, items, kit.MenuOptions{Filter: true, Width: 72}), func(result any) tea.Cmd {
		item, _ := result.(kit.Item)
		if item.ID == "" {
			return m.form(a, targets, have)
		}
		args := maps.Clone(have)
		if args == nil {
			args = actions.Args{}
		}
		args[name] = item.ID
		return m.act(screen.Act{Action: a.ID, Targets: targets, Args: args})
	})
}

// form asks for the arguments of an action, then plans it.
func (m *model) form(a actions.Action, targets []fleet.Target, have actions.Args) tea.Cmd {
	fields := make([]kit.Field, len(a.Args))
	for i, x := range a.Args {
		f := kit.Field{Name: x.Name, Title: strings.ReplaceAll(x.Name, "_", " "), Help: x.Help, Value: x.Default, Flag: x.Flag}
		if x.Suggest != nil {
			f.Value = x.Suggest(m.o.Env, targets)
		}
		if v, ok := have[x.Name]; ok {
			f.Value = v
		}
		f.Check = func(text string) error {
			switch {
			case text == "" && x.Required:
				return fmt.Errorf("%s is needed", x.Name)
			case text == "" || x.Check == nil:
				return nil
			}
			return x.Check(text)
		}
		fields[i] = f
	}
	return m.open(kit.NewForm(title(a, targets), a.Help, fields), func(result any) tea.Cmd {
		values, _ := result.(map[string]string)
		return m.plan(a, targets, actions.Args(maps.Clone(values)))
	})
}

// plan opens the plan dialog for an action.
func (m *model) plan(a actions.Action, targets []fleet.Target, args actions.Args) tea.Cmd {
	op := operation{
		title: title(a, targets),
		args:  args,
		build: func(ctx context.Context) (*actions.Plan, []actions.StepRecord, error) {
			p, err := m.o.Registry.Build(ctx, m.o.Env, a.ID, targets, args)
			return p, nil, err
		},
		start: m.o.Runner.Start,
		next:  m.o.Registry.Next,
	}
	if len(a.Args) > 0 {
		op.edit = func() tea.Cmd { return m.form(a, targets, args) }
	}
	return m.open(newPlanDialog(op, m.o.Runner, m.o.ReadOnly, m.o.Env.Now), m.followUp)
}

// followUp carries out what a plan dialog asked for when it closed.
func (m *model) followUp(result any) tea.Cmd {
	switch r := result.(type) {
	case screen.RunAct:
		return m.runAct(r)
	case screen.Act:
		return m.act(r)
	case func() tea.Cmd:
		return r()
	}
	return nil
}

func title(a actions.Action, targets []fleet.Target) string {
	if len(targets) == 1 {
		return a.Verb + " " + targets[0].String()
	}
	return a.Verb + " " + plural(len(targets), targets[0].Kind)
}

// menu offers all acts for the targets; those that make no sense say why.
func (m *model) menu(targets []fleet.Target) tea.Cmd {
	if len(targets) == 0 {
		return m.toast(screen.Toast{Bad: true, Text: "nothing is selected to act on"})
	}
	list := m.o.Registry.All(targets[0].Kind)
	if len(list) == 0 {
		return m.toast(screen.Toast{Bad: true, Text: "there is no act for a " + targets[0].Kind})
	}
	letters := map[string]bool{}
	items := make([]kit.Item, len(list))
	for i, a := range list {
		items[i] = kit.Item{ID: a.ID, Key: letter(a.Verb, letters), Title: a.Verb, Note: m.o.Keys.Key(keymap.ID(a.ID)), Why: m.why(a, targets)}
	}
	what := targets[0].String()
	if len(targets) > 1 {
		what = plural(len(targets), targets[0].Kind)
	}
	return m.open(kit.NewMenu("Act on "+what, items, kit.MenuOptions{Width: 60}), func(result any) tea.Cmd {
		item, _ := result.(kit.Item)
		return m.act(screen.Act{Action: item.ID, Targets: targets})
	})
}

// letter takes the first letter of a word that no other entry has, or else its
// capital; the order of the entries is fixed, so an entry's letter is always the
// same.
func letter(word string, taken map[string]bool) string {
	for _, r := range word + strings.ToUpper(word) {
		if l := string(r); unicode.IsLetter(r) && !taken[l] {
			taken[l] = true
			return l
		}
	}
	return ""
}
