package registries

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"ringside/backends/fleet"
)

// Show goes to a sync, a tag or a registry, by the target's key.
func (s *Screen) Show(subject string) tea.Cmd {
	s.detail, s.wanted, s.then = nil, "", ""
	if subject == "" {
		return nil
	}
	s.pairs.Unmark() // an act that follows means the subject
	s.tags.Unmark()
	if s.goTo(subject) {
		return nil
	}
	s.wanted = subject
	return s.lost()
}

// lost gives up what is wanted when every sync has been read and none has it: a key
// that waits for it would wait for ever.
func (s *Screen) lost() tea.Cmd {
	for _, p := range s.pairs.All() {
		if p.Entry.Err == nil && (p.Facts == nil || p.Facts.Swept.IsZero()) {
			return nil
		}
	}
	_, name, _ := strings.Cut(s.wanted, "/")
	s.wanted, s.then = "", ""
	return toast(strings.TrimPrefix(name, "/") + " is not known any more")
}

// goTo reports whether the subject is known.
func (s *Screen) goTo(subject string) bool {
	kind, rest, _ := strings.Cut(subject, "/")
	scope, name, _ := strings.Cut(rest, "/")
	switch kind {
	case fleet.KindSync:
		return s.showPair(name)
	case fleet.KindRegistry:
		i := slices.IndexFunc(s.pairs.All(), func(p *pair) bool { return p.Spec.From == name || p.Spec.To == name })
		if i < 0 {
			return false
		}
		return s.showPair(s.pairs.All()[i].Key())
	case fleet.KindTag:
		i := slices.IndexFunc(s.tags.All(), func(t *tag) bool { return t.name == name || t.nameAt(scope)+":"+t.Tag == name })
		if i < 0 {
			return false
		}
		s.turn(tagsPage)
		return s.tags.Show(s.tags.All()[i].Key())
	}
	return false
}

// showPair puts the cursor on a sync.
func (s *Screen) showPair(name string) bool {
	ok := s.pairs.Show(name)
	s.turn(syncsPage) // after the cursor: the panel is of the one under it
	return ok
}
