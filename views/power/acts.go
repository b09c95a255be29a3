package power

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"ringside/backends/fleet"
	"ringside/keymap"
	"ringside/views/kit"
	"ringside/views/screen"
)

const nothing = "there is no host here"

func targets(items []*item) []fleet.Target {
	out := make([]fleet.Target, len(items))
	for i, it := range items {
		out[i] = it.target()
	}
	return out
}

func toast(bad bool, text string) tea.Cmd { return screen.Send(screen.Toast{Bad: bad, Text: text}) }

// acts are the keys that plan an act; their names are those of the actions.
var acts = map[keymap.ID]bool{keymap.ActOn: true, keymap.ActOff: true, keymap.ActForce: true, keymap.ActCycle: true,
	keymap.ActReset: true, keymap.ActBoot: true, keymap.ActIdentify: true}

// copied is the answer of a copy menu.
type copied struct{ what, text string }

// hostRange is the names in one word, as the filter and the command line take it.
const hostRange = "names as a range"

// clip is one thing that can be copied of a host.
type clip struct {
	key, title string
	text       func(*Screen, *item) string
}

var clips = []clip{
	{"n", "name", func(_ *Screen, it *item) string { return it.Spec.Name }},
	{"b", "BMC address", func(_ *Screen, it *item) string { return it.Spec.BMC.Address }},
	{"s", "SSH address", func(_ *Screen, it *item) string {
		if it.Spec.SSH == nil {
			return ""
		}
		return it.Spec.SSH.Address
	}},
	{"j", "row as JSON", func(s *Screen, it *item) string {
		return rowOf(&it.Host, byHost(s.snap.Asked)[it.Spec.Name], s.snap.Now).JSON()
	}},
}

// copyMenu offers what can be copied: first what the place has besides, with its
// text as the ID; then of the hosts, one line each.
func (s *Screen) copyMenu(items []*item, first ...kit.Item) tea.Cmd {
	if len(items) == 0 {
		return toast(true, nothing)
	}
	menu := make([]kit.Item, 0, len(clips)+len(first))
	texts := map[string]string{}
	for _, f := range first {
		texts[f.Title] = f.ID
		f.ID = f.Title
		menu = append(menu, f)
	}
	for _, c := range clips {
		var lines []string
		for _, it := range items {
			if t := c.text(s, it); t != "" {
				lines = append(lines, t)
			}
		}
		texts[c.title] = strings.Join(lines, "\n")
		entry := kit.Item{ID: c.title, Key: c.key, Title: c.title}
		switch {
		case len(lines) == 0:
			entry.Why = "there is none in the configuration"
		case len(lines) == 1 && c.title != "row as JSON":
			entry.Note = kit.Middle(lines[0], 30, s.look.Theme.Glyph.Ellipsis)
		case len(lines) > 1:
			entry.Note = fmt.Sprintf("%d lines", len(lines))
		}
		menu = append(menu, entry)
	}
	title := "Copy of " + items[0].Spec.Name
	if len(items) > 1 {
		title = fmt.Sprintf("Copy of %d hosts", len(items))
		names := make([]string, len(items))
		for i, it := range items {
			names[i] = it.Spec.Name
		}
		texts[hostRange] = fleet.Fold(names)
		menu = append(menu, kit.Item{ID: hostRange, Key: "r", Title: hostRange, Note: kit.Middle(texts[hostRange], 30, s.look.Theme.Glyph.Ellipsis)})
	}
	return screen.Send(screen.Overlay{Dialog: kit.NewMenu(title, menu, kit.MenuOptions{}), Answer: func(result any) tea.Msg {
		if it, ok := result.(kit.Item); ok {
			return copied{it.ID, texts[it.ID]}
		}
		return nil
	}})
}
