package power

import (
	"fmt"
	"strings"

	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/views/kit"
	"ringside/views/screen"
)

// around is what has to do with the host elsewhere: the containers that run on it,
// and the runs that touched it.
func (d *detail) around(int) []string {
	s := kit.Sheet{Theme: d.s.look.Theme}
	for _, e := range d.s.snap.Fleet.Engines {
		if e.Host == d.item.Spec.Name {
			d.engine(&s, e)
		}
	}
	if len(s.Lines) == 0 {
		s.Head("Containers")
		s.Dim("no engine is configured with host: " + d.item.Spec.Name)
	}
	s.Head("Runs that touched it")
	d.runs(&s)
	return s.Lines
}

func (d *detail) engine(s *kit.Sheet, e fleet.Engine) {
	entry, _ := d.s.snap.State.Entry("docker/" + e.Name)
	facts, _ := entry.Facts.(*docker.Facts)
	if facts == nil {
		s.Head("Engine " + e.Name)
		s.Dim("not read yet")
		return
	}
	up := 0
	var lines []string
	for _, c := range facts.Containers {
		if c.State != docker.Running {
			continue
		}
		up++
		lines = append(lines, "  "+c.Name+s.Theme.Dim.Paint("  "+strings.TrimSuffix(c.Image+":"+c.Tag, ":")))
	}
	head := fmt.Sprintf("Engine %s: %d of %d containers up", e.Name, up, len(facts.Containers))
	if entry.Err != nil {
		head += fmt.Sprintf(", read %s ago", screen.Since(entry.At, d.s.snap.Now))
	}
	s.Head(head)
	s.Lines = append(s.Lines, lines...)
}

func (d *detail) runs(s *kit.Sheet) {
	key, n := d.item.target().Key(), 0
	for _, r := range d.s.snap.Runs {
		for _, target := range r.Targets {
			if target.Key() != key {
				continue
			}
			n++
			s.Text(kit.Fit(screen.Since(r.Created, d.s.snap.Now), 5, false, "") + kit.Fit(string(r.Status), 12, false, "") + r.Title + s.Theme.Dim.Paint("  "+r.Actor.User))
			break
		}
	}
	if n == 0 {
		s.Dim("none of the newest runs")
	}
}
