package home

import (
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
	age := ""
	if !y.Entry.At.IsZero() {
		age = "<" + kit.Age(screen.Within(s.Now.Sub(y.Entry.At)))
	}
	r.cells = []string{y.Spec.Name, strings.Join(parts, ", "), age}
	r.drawn = drawn{1, func(t *kit.Theme, w int) string { return fits(t, parts, y, w-syncBeside) }}
	return r
}

// syncBeside is what a pane has beside the text of a line: its frame and the other
// columns.
const syncBeside = 23

// fits is as many of the parts as have room in w columns, and how the throughput went
// where there is more.
func fits(t *kit.Theme, parts []string, y *syncs.Sync, w int) string {
	n := len(parts)
	for n > 1 && kit.Width(strings.Join(parts[:n], ", ")) > w {
		n--
	}
	text := strings.Join(parts[:n], ", ")
	if !y.Flowing {
		return text
	}
	if room := min(20, len(y.Activity.History), w-kit.Width(text)-1); room >= 4 && n == len(parts) {
		text += " " + t.Busy.Paint(t.Sparkline(y.Activity.History, room, 0))
	}
	return text
}

var syncSigns = [...]sign{syncs.Unread: unknown, syncs.Unreadable: bad, syncs.Stale: warn, syncs.Unsure: unknown, syncs.Behind: warn, syncs.Moving: busy, syncs.Equal: good}

// lackingMost is how many tags the pane lists below the syncs.
const lackingMost = 5

// lacking lists the tags that the targets lack, the newest change first. Only those
// that are shown are kept on the way: there may be thousands.
func lacking(list []syncs.Sync, s screen.Snapshot) (out []row) {
	type lack struct {
		of   *registry.Facts
		repo *registry.Repository
		tag  *registry.Tag
	}
	var newest []lack
	for i := range list {
		f := list[i].Facts
		if f == nil {
			continue
		}
		for _, r := range f.Repositories {
			for j := range r.Tags {
				t := &r.Tags[j]
				if t.State != registry.Gone && t.State != registry.Moved {
					continue
				}
				at := len(newest)
				for at > 0 && t.Since.After(newest[at-1].tag.Since) {
					at--
				}
				if at < lackingMost {
					newest = slices.Insert(newest[:min(len(newest), lackingMost-1)], at, lack{f, r, t})
				}
			}
		}
	}
	for _, l := range newest {
		from, _ := s.Fleet.Registry(l.of.From.Registry)
		target := impact.TagTarget(from, l.repo.Name, l.tag.Name)
		since := screen.Since(l.tag.Since, s.Now)
		if l.tag.Older {
			since = ">" + since
		}
		out = append(out, row{key: l.of.Sync + " " + target.Key(), target: target, open: place(target), sign: warn,
			cells: []string{string(l.tag.State), l.repo.Name + ":" + l.tag.Name, since}})
	}
	return out
}
