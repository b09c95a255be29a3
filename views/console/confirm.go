package console

import (
	"maps"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"ringside/actions"
	"ringside/views/kit"
)

// confirmForm is the lower part of a plan that waits for its confirmation: a key
// alone, or lines to fill in.
type confirmForm struct {
	kind   actions.ConfirmKind
	word   string // must be typed; "" when a key is enough
	fields []confirmField
	focus  int
	hint   string // what is missing, after a try
}

type confirmField struct {
	name  string // "word", "reason", "override"
	label string
	input *kit.Input
}

// newConfirmForm asks for what the plan's risk demands. A run that is resumed
// keeps the reason that it was started with.
func newConfirmForm(p *actions.Plan, resumed bool, t *kit.Theme) confirmForm {
	f := confirmForm{kind: p.Confirm.Kind}
	add := func(name, label, placeholder string) {
		in := kit.NewInput("", placeholder)
		in.Restyle(t)
		f.fields = append(f.fields, confirmField{name, label, in})
	}
	if p.Confirm.Kind == actions.TypeOut {
		f.word = p.Confirm.Word
		add("word", "type "+f.word, "")
		if !resumed {
			add("reason", "reason", "recorded with the run")
		}
	}
	if p.Blocked() {
		if f.word == "" {
			f.word = "override"
			add("word", "type "+f.word, "")
		}
		add("override", "override, because", "recorded; needed to go past a block")
	}
	if len(f.fields) > 0 {
		f.fields[0].input.Focus()
	}
	return f
}

func (f *confirmForm) restyle(t *kit.Theme) {
	for _, x := range f.fields {
		x.input.Restyle(t)
	}
}

func (f *confirmForm) value(name string) string {
	for _, x := range f.fields {
		if x.name == name {
			return strings.TrimSpace(x.input.Value())
		}
	}
	return ""
}

func (f *confirmForm) has(name string) bool {
	return slices.ContainsFunc(f.fields, func(x confirmField) bool { return x.name == name })
}

// missing says what still keeps the plan from running and in which field that
// is, "" for nothing.
func (f *confirmForm) missing() (what, field string) {
	switch {
	case f.word != "" && f.value("word") != f.word:
		return "type " + f.word + " exactly", "word"
	case f.has("override") && f.value("override") == "":
		return "say why the block does not count here", "override"
	}
	return "", ""
}

// update takes a key or a paste; true means that the plan is confirmed.
func (f *confirmForm) update(msg tea.Msg) bool {
	key, isKey := msg.(tea.KeyPressMsg)
	k := ""
	if isKey {
		k = key.String()
	}
	switch {
	case len(f.fields) == 0:
		return f.kind == actions.Enter && k == "enter" || f.kind != actions.TypeOut && (k == "y" || k == "Y")
	case k == "tab":
		f.turn((f.focus + 1) % len(f.fields))
	case k == "shift+tab":
		f.turn((f.focus + len(f.fields) - 1) % len(f.fields))
	case k == "enter":
		what, field := f.missing()
		f.hint = what
		if what == "" {
			return true
		}
		f.turn(slices.IndexFunc(f.fields, func(x confirmField) bool { return x.name == field }))
	default:
		f.fields[f.focus].input.Update(msg)
		f.hint = ""
	}
	return false
}

func (f *confirmForm) turn(to int) {
	f.fields[f.focus].input.Blur()
	f.focus = to
	f.fields[f.focus].input.Focus()
}

func (f *confirmForm) approval() actions.Approval {
	return actions.Approval{Confirmed: true, Reason: f.value("reason"), Override: f.value("override")}
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
