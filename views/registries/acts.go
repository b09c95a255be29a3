package registries

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"ringside/actions"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	"ringside/backends/registry"
	"ringside/keymap"
	"ringside/views/kit"
	"ringside/views/screen"
	"ringside/views/screen/syncs"
)

const noTag = "there is no tag here: they are on the page Tags"

func toast(text string) tea.Cmd { return screen.Send(screen.Toast{Bad: true, Text: text}) }

// acts are the keys that plan something, or break a run off.
var acts = map[keymap.ID]func(*Screen) tea.Cmd{
	keymap.ActSync: (*Screen).syncNow, keymap.ActCopyTag: (*Screen).copyTag, keymap.ActDeleteTag: (*Screen).deleteTags, keymap.CancelRun: (*Screen).cancel,
}

// picked are the tags that an act would work on; nil on a page that has none.
func (s *Screen) picked() []*tag {
	switch {
	case s.detail != nil:
		return []*tag{s.detail.tag}
	case s.tab == tagsPage:
		return s.tags.Items()
	}
	return nil
}

// places are the registries that have a tag, in the order of the columns.
func (s *Screen) places(t *tag) (out []fleet.Target) {
	for i, c := range t.Cells {
		r, ok := s.snap.Fleet.Registry(s.images.Registries[i])
		if ok && c.Digest != "" {
			out = append(out, impact.TagTarget(r, t.nameAt(r.Name), t.Tag))
		}
	}
	return out
}

// nameAt is the repository's name at a registry.
func (t *tag) nameAt(at string) string {
	for _, in := range t.In {
		if in.Sync.To.Registry == at {
			return in.Repository.Target
		}
	}
	return t.Repository
}

// chosen is the answer of a menu of this screen: what it stands for.
type chosen struct{ cmd tea.Cmd }

// choice is an entry of such a menu.
type choice struct {
	key, title, note string
	cmd              tea.Cmd
}

// choose offers choices; a single one needs no question. Where there are too many for
// keys, typing finds one.
func choose(title string, list []choice) tea.Cmd {
	if len(list) == 1 {
		return list[0].cmd
	}
	items := make([]kit.Item, len(list))
	for i, c := range list {
		items[i] = kit.Item{ID: fmt.Sprint(i), Key: c.key, Title: c.title, Note: c.note}
	}
	return screen.Send(screen.Overlay{Dialog: kit.NewMenu(title, items, kit.MenuOptions{Filter: len(items) > 9}), Answer: func(result any) tea.Msg {
		if it, ok := result.(kit.Item); ok {
			return chosen{list[slices.Index(items, it)].cmd}
		}
		return nil
	}})
}

// syncNow plans to bring what is behind: of the syncs, or of tags, their repository or
// all of their sync.
func (s *Screen) syncNow() tea.Cmd {
	if s.detail == nil && s.tab != tagsPage {
		var targets []fleet.Target
		for _, p := range s.selected() {
			targets = append(targets, p.Target)
		}
		if targets == nil {
			return toast("there is no sync here")
		}
		return screen.Send(screen.Act{Action: "sync.run", Targets: targets})
	}
	list := s.picked()
	if len(list) == 0 {
		return toast(noTag)
	}
	var choices []choice
	for _, p := range s.pairs.All() {
		choices = append(choices, s.syncChoices(p, list)...)
	}
	if len(choices) == 0 {
		return toast("no sync brings it: its source does not have it")
	}
	for i := range choices {
		choices[i].key = fmt.Sprint(i + 1)
	}
	return choose("Sync now", choices)
}

// syncChoices are what one sync can bring: the tags that its source has, their
// repository, everything.
func (s *Screen) syncChoices(p *pair, list []*tag) (out []choice) {
	var only, repositories []string
	for _, t := range list {
		for _, in := range t.In {
			if in.Sync.Sync != p.Spec.Name || in.Source == "" && in.State != registry.Unknown {
				continue
			}
			only = append(only, t.name)
			if !slices.Contains(repositories, t.Repository) {
				repositories = append(repositories, t.Repository)
			}
		}
	}
	if only == nil {
		return nil
	}
	run := func(args actions.Args) tea.Cmd {
		return screen.Send(screen.Act{Action: "sync.run", Targets: []fleet.Target{p.Target}, Args: args})
	}
	what := only[0]
	if len(only) > 1 {
		what = fmt.Sprintf("these %d tags", len(only))
	}
	out = append(out, choice{title: what, note: p.Spec.Name, cmd: run(actions.Args{"only": strings.Join(only, ",")})})
	if len(repositories) == 1 {
		out = append(out, choice{title: "all of " + repositories[0], note: p.Spec.Name, cmd: run(actions.Args{"repository": repositories[0]})})
	}
	return append(out, choice{title: "all of the sync", note: p.Spec.Name, cmd: run(nil)})
}

// copyTag plans a copy under another name. Where registries have different images, it
// is asked which.
func (s *Screen) copyTag() tea.Cmd {
	list := s.picked()
	switch {
	case len(list) == 0:
		return toast(noTag)
	case len(list) > 1:
		return toast("a copy takes one tag at a time")
	}
	t, digests := list[0], map[string]bool{}
	var choices []choice
	for _, p := range s.places(t) {
		digest := t.Cells[slices.Index(s.images.Registries, p.Scope)].Digest
		if !digests[digest] {
			digests[digest] = true
			choices = append(choices, choice{key: fmt.Sprint(len(choices) + 1), title: "from " + p.Scope, note: short(digest),
				cmd: screen.Send(screen.Act{Action: "tag.copy", Targets: []fleet.Target{p}})})
		}
	}
	if len(choices) == 0 {
		return toast("no registry is known to have " + t.name)
	}
	return choose("Copy "+t.name, choices)
}

// deleteTags plans to delete tags: it is asked at which registry, where several have
// them.
func (s *Screen) deleteTags() tea.Cmd {
	list := s.picked()
	if len(list) == 0 {
		return toast(noTag)
	}
	at := map[string][]fleet.Target{}
	for _, t := range list {
		for _, p := range s.places(t) {
			at[p.Scope] = append(at[p.Scope], p)
		}
	}
	var choices []choice
	var all []fleet.Target
	for _, name := range s.images.Registries {
		if len(at[name]) > 0 {
			all = append(all, at[name]...)
			choices = append(choices, choice{key: fmt.Sprint(len(choices) + 1), title: "from " + name, note: plural(len(at[name]), "tag"),
				cmd: screen.Send(screen.Act{Action: "tag.delete", Targets: at[name]})})
		}
	}
	switch {
	case len(choices) == 0:
		return toast("no registry is known to have " + list[0].name)
	case len(choices) > 1:
		choices = append(choices, choice{key: "a", title: "from all of them", note: plural(len(all), "tag"), cmd: screen.Send(screen.Act{Action: "tag.delete", Targets: all})})
	}
	what := list[0].name
	if len(list) > 1 {
		what = plural(len(list), "tag")
	}
	return choose("Delete "+what, choices)
}

// cancel breaks a run off after a question: the one under the cursor, or one of those
// that are going on.
func (s *Screen) cancel() tea.Cmd {
	var going []*past
	if p, ok := s.pasts.Current(); ok && s.detail == nil && s.tab == historyPage {
		if !syncs.Going(p.RunRecord) {
			return toast("this run is over")
		}
		going = []*past{p}
	} else {
		for _, p := range s.pasts.All() {
			if syncs.Going(p.RunRecord) {
				going = append(going, p)
			}
		}
	}
	if len(going) == 0 {
		return toast("nothing is going on that could be cancelled")
	}
	choices := make([]choice, len(going))
	for i, p := range going {
		choices[i] = choice{key: fmt.Sprint(i + 1), title: p.Title, note: p.ID, cmd: screen.Send(screen.RunAct{Run: p.ID, What: "cancel"})}
	}
	return choose("Cancel", choices)
}

// copied is the answer of a copy menu.
type copied struct{ what, text string }

// copyMenu offers what can be copied of the tags, syncs or runs, one line each; first
// comes what the place has besides, with its text as the ID.
func (s *Screen) copyMenu(first ...kit.Item) tea.Cmd {
	var names []string
	texts := map[string][]string{}
	add := func(name, text string) {
		if text == "" {
			return
		}
		if texts[name] == nil {
			names = append(names, name)
		}
		texts[name] = append(texts[name], text)
	}
	for _, f := range first {
		add(f.Title, f.ID)
	}
	switch list := s.picked(); {
	case list != nil:
		s.copyTags(list, add)
	case s.tab == historyPage:
		for _, p := range s.pasts.Items() {
			add("run", p.ID)
			add("title", p.Title)
			add("error", p.Error)
		}
	default:
		for _, p := range s.pairs.Items() {
			add("name", p.Spec.Name)
			if p.Entry.Err != nil {
				add("trouble", oneLine(p.Entry.Err))
			}
		}
	}
	if len(names) == 0 {
		return toast("there is nothing here")
	}
	items := make([]kit.Item, len(names))
	for i, name := range names {
		note := plural(len(texts[name]), "line")
		if len(texts[name]) == 1 && !strings.Contains(texts[name][0], "\n") {
			note = kit.Middle(texts[name][0], 34, s.look.Theme.Glyph.Ellipsis)
		}
		items[i] = kit.Item{ID: name, Key: fmt.Sprint(i + 1), Title: name, Note: note}
	}
	return screen.Send(screen.Overlay{Dialog: kit.NewMenu("Copy", items, kit.MenuOptions{Filter: len(items) > 9}), Answer: func(result any) tea.Msg {
		if it, ok := result.(kit.Item); ok {
			return copied{it.ID, strings.Join(texts[it.ID], "\n")}
		}
		return nil
	}})
}

// copyTags adds names, references as docker pull takes them, and digests.
func (s *Screen) copyTags(list []*tag, add func(name, text string)) {
	for _, t := range list {
		add("name", t.name)
		for _, p := range s.places(t) {
			r, _ := s.snap.Fleet.Registry(p.Scope)
			host := r.Address
			if len(r.Names) > 0 {
				host = r.Names[0]
			}
			add("reference at "+p.Scope, host+"/"+p.Name)
			add("digest at "+p.Scope, t.Cells[slices.Index(s.images.Registries, p.Scope)].Digest)
		}
		for _, r := range t.Running {
			if r.State != registry.Runs {
				add("digest that "+r.Engine+" runs", r.Digest)
			}
		}
	}
}
