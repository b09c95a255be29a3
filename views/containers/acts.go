package containers

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/keymap"
	"ringside/views/kit"
	"ringside/views/screen"
)

const nothing = "there is no container here"

func targets(items []*item) []fleet.Target {
	out := make([]fleet.Target, len(items))
	for i, it := range items {
		out[i] = it.target()
	}
	return out
}

// acts offers everything that can be done with the containers.
func (s *Screen) acts(items []*item) tea.Cmd {
	if len(items) == 0 {
		return toast(true, nothing)
	}
	return screen.Send(screen.Menu{Targets: targets(items)})
}

// act asks for a plan. The pause key goes on with what is paused.
func (s *Screen) act(id keymap.ID, items []*item) tea.Cmd {
	if len(items) == 0 {
		return toast(true, nothing)
	}
	action := string(id)
	if id == keymap.ActPause && allPaused(items) {
		action = "container.unpause"
	}
	return screen.Send(screen.Act{Action: action, Targets: targets(items)})
}

func allPaused(items []*item) bool {
	for _, it := range items {
		if it.c.State != docker.Paused {
			return false
		}
	}
	return true
}

// copied is the answer of a copy menu.
type copied struct{ what, text string }

// clip is one thing that can be copied of a container.
type clip struct {
	key, title string
	text       func(*Screen, *item) string
}

var clips = []clip{
	{"n", "name", func(_ *Screen, it *item) string { return it.c.Name }},
	{"i", "ID", func(_ *Screen, it *item) string { return it.c.ID }},
	{"d", "digest", func(_ *Screen, it *item) string { return it.c.Digest }},
	{"m", "image", func(_ *Screen, it *item) string { return fullImage(it.c) }},
	{"s", "docker command", func(_ *Screen, it *item) string { return dockerCommand(it) }},
	{"j", "row as JSON", func(s *Screen, it *item) string { return it.src.row(it.c, s.now()).JSON() }},
}

// copyMenu offers what can be copied: first what the place has besides, with its
// text as the ID; then of the containers, one line each.
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
			entry.Why = "there is none: never pulled or pushed"
		case len(lines) == 1 && c.title != "row as JSON":
			entry.Note = kit.Middle(lines[0], 24, s.look.Theme.Glyph.Ellipsis)
		case len(lines) > 1:
			entry.Note = fmt.Sprintf("%d lines", len(lines))
		}
		menu = append(menu, entry)
	}
	title := "Copy of " + items[0].c.Name
	if len(items) > 1 {
		title = fmt.Sprintf("Copy of %d containers", len(items))
	}
	return screen.Send(screen.Overlay{Dialog: kit.NewMenu(title, menu, kit.MenuOptions{}), Answer: func(result any) tea.Msg {
		if it, ok := result.(kit.Item); ok {
			return copied{it.ID, texts[it.ID]}
		}
		return nil
	}})
}

// dockerCommand is a line for a shell that shows the container's log, on the
// engine it runs on.
func dockerCommand(it *item) string {
	where := ""
	switch e := it.src.spec; {
	case e.Context != "":
		where = " --context " + quote(e.Context)
	case e.Address != "":
		where = " -H " + quote(e.Address)
	}
	return "docker" + where + " logs -f --tail 100 " + quote(it.c.Name)
}

// quote makes one word of a POSIX shell.
func quote(s string) string {
	safe := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:@%+=,", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !safe(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
