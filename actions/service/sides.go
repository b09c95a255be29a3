package service

import (
	"strings"
	"time"

	"ringside/actions"
	"ringside/backends/fleet"
	"ringside/backends/impact"
)

// Side is one colour with what is in it, as a plan puts it beside the other.
type Side struct {
	Title   string // "users have now"
	Colour  fleet.Colour
	Release impact.Release
}

// Sides puts two colours side by side, both digests whole.
func Sides(a, b Side) *actions.Sides {
	s := &actions.Sides{Titles: [2]string{a.Title, b.Title}}
	row := func(name string, f func(Side) string) {
		s.Rows = append(s.Rows, actions.SideRow{Name: name, Values: [2]string{f(a), f(b)}})
	}
	row("colour", func(x Side) string { return string(x.Colour) })
	row("version", func(x Side) string { return orDash(x.Release.Version) })
	row("sha256", func(x Side) string { return orDash(strings.TrimPrefix(x.Release.Digest, "sha256:")) })
	row("deployed", func(x Side) string {
		if x.Release.At.IsZero() {
			return "-"
		}
		return strings.TrimSpace(x.Release.At.Local().Format(time.DateTime) + " " + x.Release.By)
	})
	return s
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
