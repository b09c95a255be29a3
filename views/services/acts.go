package services

import (
	"encoding/json"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"ringside/actions"
	"ringside/views/kit"
	"ringside/views/screen"
)

const nothing = "there is no service here"

func toast(text string) tea.Cmd { return screen.Send(screen.Toast{Bad: true, Text: text}) }

// deployAndSwap plans both as one; the release is asked for.
func (s *Screen) deployAndSwap() tea.Cmd {
	targets := s.Selection()
	if len(targets) == 0 {
		return toast(nothing)
	}
	return screen.Send(screen.Act{Action: "service.deploy", Targets: targets, Args: actions.Args{"swap": "true"}})
}

// cancel asks to cancel the run that works on the service.
func (s *Screen) cancel() tea.Cmd {
	it := s.current()
	switch {
	case it == nil:
		return toast(nothing)
	case !it.underWay():
		return toast("no run is going on with " + it.Service + ": there is nothing to cancel")
	}
	return screen.Send(screen.RunAct{Run: it.going.ID, What: "cancel"})
}

// resume plans to go on with a run that was left half way.
func (s *Screen) resume() tea.Cmd {
	it := s.current()
	switch {
	case it == nil:
		return toast(nothing)
	case it.underWay():
		return toast("a run is going on with " + it.Service + "; x cancels it")
	case it.going == nil:
		return toast("no run with " + it.Service + " was left half way")
	}
	return screen.Send(screen.RunAct{Run: it.going.ID, What: "resume"})
}

// clip is one thing that can be copied of a service.
type clip struct {
	key, title string
	text       func(*item) string
}

var clips = []clip{
	{"n", "name", func(it *item) string { return it.Service }},
	{"d", "digest that is live", func(it *item) string { return it.Digest }},
	{"o", "digest of the other colour", func(it *item) string { return it.OtherDigest }},
	{"r", "run that deployed it", func(it *item) string { return it.Run }},
	{"j", "row as JSON", func(it *item) string {
		b, err := json.Marshal(it.Row)
		if err != nil {
			return ""
		}
		return string(b)
	}},
}

// copied is the answer of a copy menu.
type copied struct{ what, text string }

// copyMenu offers what can be copied of services, one line each; first is what the
// place has besides, with its text as the ID.
func (s *Screen) copyMenu(items []*item, first ...kit.Item) tea.Cmd {
	if len(items) == 0 {
		return toast(nothing)
	}
	texts := map[string]string{}
	var menu []kit.Item
	for _, f := range first {
		texts[f.Title] = f.ID
		f.ID = f.Title
		menu = append(menu, f)
	}
	for _, c := range clips {
		var lines []string
		for _, it := range items {
			if t := c.text(it); t != "" {
				lines = append(lines, t)
			}
		}
		texts[c.title] = strings.Join(lines, "\n")
		entry := kit.Item{ID: c.title, Key: c.key, Title: c.title}
		switch {
		case len(lines) == 0:
			entry.Why = "it is not known"
		case len(lines) == 1 && c.key != "j":
			entry.Note = kit.Middle(lines[0], 30, s.look.Theme.Glyph.Ellipsis)
		case len(lines) > 1:
			entry.Note = fmt.Sprintf("%d lines", len(lines))
		}
		menu = append(menu, entry)
	}
	title := "Copy of " + items[0].Service
	if len(items) > 1 {
		title = fmt.Sprintf("Copy of %d services", len(items))
	}
	return screen.Send(screen.Overlay{Dialog: kit.NewMenu(title, menu, kit.MenuOptions{}), Answer: func(result any) tea.Msg {
		if it, ok := result.(kit.Item); ok {
			return copied{it.ID, texts[it.ID]}
		}
		return nil
	}})
}
