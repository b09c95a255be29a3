package registries

import (
	"fmt"
	"strings"

	"ringside/actions"
	"ringside/views/kit"
	"ringside/views/screen"
	"ringside/views/screen/lists"
	"ringside/views/screen/syncs"
)

// past is one run on registries.
type past struct {
	*actions.RunRecord
	ended, failed int
	bytes         int64 // that the copies had or brought
}

func (p *past) Key() string { return p.ID }

type pastList = lists.List[*Screen, *past]

// history lists the runs on syncs and tags, newest first.
func history(runs []actions.RunRecord) (out []*past) {
	for i := range runs {
		r := &runs[i]
		if !strings.HasPrefix(r.Kind, "sync.") && !strings.HasPrefix(r.Kind, "tag.") {
			continue
		}
		p := &past{RunRecord: r}
		for _, s := range r.Steps {
			switch s.Status {
			case actions.Succeeded, actions.Skipped, actions.RolledBack:
				p.ended++
			case actions.Failed:
				p.failed++
			}
			if s.Unit == "bytes" {
				p.bytes += s.Done
			}
		}
		out = append(out, p)
	}
	return out
}

// word is how the run stands.
func (p *past) word() (sign, string) {
	if p.Unfinished() {
		return warn, "unfinished"
	}
	look, ok := map[actions.Status]sign{actions.Succeeded: good, actions.Failed: bad, actions.Running: busy, actions.Pending: busy,
		actions.Cancelled: off, actions.RolledBack: off, actions.Interrupted: warn}[p.Status]
	if !ok { // of a newer version
		look = unsure
	}
	return look, string(p.Status)
}

var pastKind lists.Kind[*Screen, *past]

func init() { // set here, since the functions lead back to it
	pastKind = lists.Kind[*Screen, *past]{
		Empty: "nothing was synced, copied or deleted yet", Columns: pastColumns, Orders: pastOrders, Counts: countPasts, Foot: pastFoot,
		Old: func(*Screen, *past) bool { return false },
		Language: kit.Language[*past]{
			Text: func(p *past) string {
				_, word := p.word()
				return strings.ToLower(strings.Join([]string{p.Title, word, p.Actor.User, p.ID, p.Kind, p.Reason}, "\x00"))
			},
			Name: func(p *past) string { return strings.ToLower(p.Title) },
			Fields: []kit.FilterField[*past]{
				{Name: "user", Match: func(p *past, text string) bool { return strings.Contains(strings.ToLower(p.Actor.User), text) }},
				{Name: "status", Match: func(p *past, text string) bool { _, word := p.word(); return strings.HasPrefix(word, text) }},
				{Name: "kind", Match: func(p *past, text string) bool { return strings.Contains(p.Kind, text) }},
			},
		},
	}
}

var pastColumns = []lists.Column[*Screen, *past]{
	{Column: kit.Column{Key: "status", Title: "STATUS", Min: 13, Want: 13}, Cell: func(s *Screen, p *past) kit.Cell {
		look, word := p.word()
		return look.cell(s.look.Theme, word)
	}},
	{Column: kit.Column{Key: "what", Title: "WHAT", Min: 26, Want: 44, Flex: true}, Cell: func(_ *Screen, p *past) kit.Cell { return kit.Cell{Text: p.Title} }},
	{Column: kit.Column{Title: "STEPS", Min: 7, Want: 7, Right: true}, Cell: func(s *Screen, p *past) kit.Cell {
		return kit.Cell{Text: fmt.Sprintf("%d/%d", p.ended, len(p.Steps)), Style: s.look.Theme.Dim}
	}},
	{Column: kit.Column{Key: "size", Title: "SIZE", Min: 9, Want: 9, Right: true, Priority: 1}, Cell: func(s *Screen, p *past) kit.Cell {
		if p.bytes == 0 {
			return kit.Cell{Text: "-", Style: s.look.Theme.Dim}
		}
		return kit.Cell{Text: syncs.Size(p.bytes), Style: s.look.Theme.Dim}
	}},
	{Column: kit.Column{Key: "who", Title: "WHO", Min: 8, Want: 14, Priority: 1}, Cell: func(_ *Screen, p *past) kit.Cell { return kit.Cell{Text: p.Actor.User} }},
	{Column: kit.Column{Title: "FROM", Min: 8, Want: 12, Priority: 3}, Cell: func(s *Screen, p *past) kit.Cell {
		return kit.Cell{Text: p.Actor.Host, Style: s.look.Theme.Dim}
	}},
	{Column: kit.Column{Title: "TOOK", Min: 5, Want: 5, Right: true, Priority: 2}, Cell: func(s *Screen, p *past) kit.Cell {
		return kit.Cell{Text: took(s, p), Style: s.look.Theme.Dim}
	}},
	{Column: kit.Column{Key: "when", Title: "AGE", Min: 4, Want: 4, Right: true}, Cell: func(s *Screen, p *past) kit.Cell {
		return kit.Cell{Text: screen.Since(p.Created, s.snap.Now), Style: s.look.Theme.Dim}
	}},
}

// took is how long a run lasted, or lasts; "" of one that was left half way.
func took(s *Screen, p *past) string {
	switch {
	case !p.Ended.IsZero():
		return kit.Age(p.Ended.Sub(p.Created))
	case syncs.Going(p.RunRecord):
		return kit.Age(s.snap.Now.Sub(p.Created))
	}
	return ""
}

var pastOrders = []lists.Order[*past]{
	{ID: "when", Letter: "w", Title: "newest first", Number: func(p *past) float64 { return -float64(p.Created.UnixNano()) }},
	{ID: "status", Letter: "s", Title: "status", Text: func(p *past) string { _, word := p.word(); return word }},
	{ID: "what", Letter: "n", Title: "what was done", Text: func(p *past) string { return p.Title }},
	{ID: "size", Letter: "z", Title: "size, the most first", Number: func(p *past) float64 { return -float64(p.bytes) }},
	{ID: "who", Letter: "u", Title: "who did it", Text: func(p *past) string { return p.Actor.User }},
}

func countPasts(s *Screen, all []*past) string {
	var n [unsure + 1]int
	for _, p := range all {
		look, _ := p.word()
		n[look]++
	}
	return tallies(s.look.Theme, len(all), []tally{{good, n[good], "done"}, {busy, n[busy], "going on"}, {bad, n[bad], "failed"}, {warn, n[warn], "left half way"}, {off, n[off], "cancelled"}})
}

func pastFoot(s *Screen, p *past) (string, kit.Style) {
	if p.Error != "" {
		return p.Error, s.look.Theme.Warn
	}
	text := "run " + p.ID + " by " + p.Actor.User + " on " + p.Actor.Host
	if p.Reason != "" {
		text += ": " + p.Reason
	}
	return text, s.look.Theme.Dim
}
