package registry

import (
	"slices"
	"strings"
	"time"

	"ringside/backends/fleet/match"
)

// seen is what one side said of a tag: its digest, nothing, or why that is not known.
type seen struct {
	digest string
	err    error
}

func (s seen) there() bool { return s.digest != "" }

// compare judges one tag by both sides; ok is false when neither has it.
func compare(name string, source, target seen) (t Tag, ok bool) {
	t = Tag{Name: name, Source: source.digest, Target: target.digest}
	switch {
	case source.err != nil:
		t.State, t.Why = Unknown, source.err.Error()
	case target.err != nil:
		t.State, t.Why = Unknown, target.err.Error()
	case source.there() && target.there() && source.digest == target.digest:
		t.State, t.Target = Equal, t.Source // one string instead of two
	case source.there() && target.there():
		t.State = Moved
	case source.there():
		t.State = Gone
	case target.there():
		t.State = Extra
	default:
		return t, false
	}
	return t, true
}

// remember gives tags the time since when they are as they are, and reuses the
// old strings, so that a look that finds nothing new keeps no memory. Both lists
// are sorted. first says that there was no look before.
func remember(tags, before []Tag, now time.Time, first bool) {
	for i := range tags {
		t := &tags[i]
		t.Since, t.Older = now, first
		j, found := slices.BinarySearchFunc(before, t.Name, func(b Tag, name string) int { return match.Tags(b.Name, name) })
		if !found {
			continue
		}
		b := &before[j]
		t.Name = b.Name
		if t.State == b.State {
			t.Since, t.Older = b.Since, b.Older
		}
		if t.Source == b.Source {
			t.Source = b.Source
		}
		if t.Target == b.Target {
			t.Target = b.Target
		}
		if t.State == Equal {
			t.Target = t.Source
		}
	}
}

// A digest tag names the image that it belongs to: "sha256-HEX.sig" is how cosign
// kept signatures before there were referrers, "sha256-HEX" alone is the list of
// referrers where the registry keeps none (distribution specification, "Referrers
// Tag Schema").
func digestTag(tag string) (subject, kind string, ok bool) {
	rest, ok := strings.CutPrefix(tag, "sha256-")
	if !ok || len(rest) < 64 || strings.Trim(rest[:64], "0123456789abcdef") != "" {
		return "", "", false
	}
	kind = rest[64:]
	if kind != "" && kind[0] != '.' && kind[0] != '-' {
		return "", "", false
	}
	return "sha256:" + rest[:64], kind, true
}
