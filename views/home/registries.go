package home

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"ringside/backends/impact"
	"ringside/backends/registry"
	"ringside/views/kit"
	"ringside/views/screen"
	"ringside/views/screen/syncs"
)

// registriesPane is the syncs with how far they are, and below them what their targets
// lack.
var registriesPane = system{
	name: "Registries", half: true, good: 5,
	columns: []kit.Column{{Min: 1, Want: 1}, {Min: 8, Want: 10}, {Min: 16, Want: 24, Flex: true}, {Min: 5, Want: 5, Right: true, Priority: 1}},
	read: func(s screen.Snapshot) content {
		list := syncs.Read(s.Fleet, s.State, s.Runs, s.Now)
		if len(list) == 0 {
			return content{none: true}
		}
		c := content{open: screen.Go{Screen: "registries"}, census: census{source: "sync", all: len(list)}}
		behind, tags := 0, 0
		for i := range list {
			y := &list[i]
			c.rows = append(c.rows, syncRow(y, s))
			c.census.add(y.Entry, s.Now)
			if y.Facts != nil {
				behind, tags = behind+y.Facts.Counts.Behind(), tags+y.Facts.Counts.Tags()
			}
		}
		c.rows = append(c.rows, lacking(list, s)...)
		c.census.things = count(tags, "tag")
		if behind > 0 {
			c.notes = says(fmt.Sprintf("%s behind", count(behind, "tag")), fmt.Sprintf("%d behind", behind))
		}
		return c
	},
}

// syncRow is a sync in one line: how it is, what moves and how fast, how old that is.
func syncRow(y *syncs.Sync, s screen.Snapshot) row {
	r := row{key: y.Target.Key(), target: y.Target, open: place(y.Target), sign: syncSigns[y.Status.Kind], dim: y.Facts != nil && y.Status.Kind == syncs.Stale}
	var parts []string
	if y.Status.Kind == syncs.Moving {
		if share, ok := y.Progress.Share(); ok {
			parts = append(parts, fmt.Sprintf("%.0f%%", math.Floor(100*share)))
		}
		if y.Progress.LeftKnown {
			parts = append(parts, kit.Age(y.Progress.Left)+" left")
		}
		if parts == nil {
			parts = append(parts, y.Status.Word)
		}
	} else {
		parts = append(parts, y.Status.Word)
	}
	if rate, ok := y.Rate(); ok {
		parts = append(parts, syncs.Speed(rate))
	}
	if y.Status.Kind == syncs.Moving {
		parts = append(parts, fmt.Sprintf("%d of %s", y.Progress.Ended, count(y.Progress.Tags, "tag")))
	}
	if y.Status.Kind == syncs.Behind && !y.Facts.LastMatch.IsZero() {
		parts = append(parts, "matched "+screen.Since(y.Facts.LastMatch, s.Now)+" ago")
	}
	text := strings.Join(parts, ", ")
	age := ""
	if !y.Entry.At.IsZero() {
		age = "<" + kit.Age(screen.Within(s.Now.Sub(y.Entry.At)))
	}
	r.cells = []string{y.Spec.Name, text, age}
	if rate, ok := y.Rate(); ok && rate > 0 {
		r.drawn = drawn{1, func(t *kit.Theme, w int) string {
			n := min(12, len(y.Activity.History), w-kit.Width(text)-26)
			if n < 4 {
				return text
			}
			return text + " " + t.Busy.Paint(t.Sparkline(y.Activity.History, n, 0))
		}}
	}
	return r
}

var syncSigns = [...]sign{syncs.Unread: unknown, syncs.Unreadable: bad, syncs.Stale: warn, syncs.Unsure: unknown, syncs.Behind: warn, syncs.Moving: busy, syncs.Equal: good}

// lackingMost is how many tags the pane lists below the syncs.
const lackingMost = 5

// lacking lists the tags that the targets lack, the newest change first.
func lacking(list []syncs.Sync, s screen.Snapshot) (out []row) {
	type lack struct {
		in *registry.Tag
		row
	}
	var all []lack
	for i := range list {
		f := list[i].Facts
		if f == nil || list[i].Status.Kind == syncs.Unread {
			continue
		}
		from, _ := s.Fleet.Registry(f.From.Registry)
		for _, r := range f.Repositories {
			for j := range r.Tags {
				t := &r.Tags[j]
				if t.State != registry.Gone && t.State != registry.Moved {
					continue
				}
				target := impact.TagTarget(from, r.Name, t.Name)
				since := screen.Since(t.Since, s.Now)
				if t.Older {
					since = ">" + since
				}
				all = append(all, lack{t, row{key: list[i].Spec.Name + " " + target.Key(), target: target, open: place(target), sign: warn,
					cells: []string{string(t.State), r.Name + ":" + t.Name, since}}})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b lack) int { return cmp.Compare(b.in.Since.Unix(), a.in.Since.Unix()) })
	for _, l := range all[:min(len(all), lackingMost)] {
		out = append(out, l.row)
	}
	return out
}
