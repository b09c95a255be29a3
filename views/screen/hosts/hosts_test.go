package hosts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"ringside/backends/bmc"
	"ringside/backends/fleet"
	"ringside/backends/watch"
	"ringside/views/kit"
	"ringside/views/kit/kittest"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestStatus(t *testing.T) {
	off := &bmc.Facts{Power: bmc.Off, Health: bmc.OK}
	entry := func(f *bmc.Facts, err error) watch.Entry {
		e := watch.Entry{Err: err}
		if f != nil {
			e.Facts, e.At = f, noon
		}
		return e
	}
	for name, c := range map[string]struct {
		entry watch.Entry
		read  bool
		late  time.Duration
		want  Status
	}{
		"on":              {entry(&bmc.Facts{Power: bmc.On}, nil), true, 0, Status{Kind: On, Word: "on"}},
		"off":             {entry(off, nil), true, 0, Status{Kind: Off, Word: "off"}},
		"turning":         {entry(&bmc.Facts{Power: bmc.TurningOff}, nil), true, 0, Status{Kind: Turning, Word: "turning off"}},
		"not told":        {entry(&bmc.Facts{Power: bmc.Unknown}, nil), true, 0, Status{Kind: Unknown, Word: "unknown"}},
		"a new word":      {entry(&bmc.Facts{Power: "napping"}, nil), true, 0, Status{Kind: Unknown, Word: "unknown"}},
		"warning":         {entry(&bmc.Facts{Power: bmc.On, Health: bmc.Warning}, nil), true, 0, Status{Kind: On, Word: "on", Health: bmc.Warning}},
		"faults alone":    {entry(&bmc.Facts{Power: bmc.On, Faults: []string{"cooling fault"}}, nil), true, 0, Status{Kind: On, Word: "on", Health: bmc.Warning}},
		"nothing yet":     {watch.Entry{}, false, 0, Status{Kind: Unread, Word: "not read yet"}},
		"no facts":        {watch.Entry{}, true, 0, Status{Kind: Unread, Word: "not read yet"}},
		"was off, silent": {entry(off, &bmc.Error{Trouble: bmc.Silent}), true, 0, Status{Kind: Silent, Word: "silent"}},
		"was off, barred": {entry(off, fmt.Errorf("x: %w", &bmc.Error{Trouble: bmc.WrongPassword})), true, 0, Status{Kind: Unreadable, Word: "wrong password"}},
		"an odd error":    {entry(off, context.DeadlineExceeded), true, 0, Status{Kind: Unreadable, Word: "trouble"}},
		"old":             {entry(off, nil), true, 61 * time.Second, Status{Kind: Silent, Word: "stale"}},
		"not so old":      {entry(off, nil), true, 59 * time.Second, Status{Kind: Off, Word: "off"}},
	} {
		if got := StatusOf(c.entry, c.read, noon.Add(c.late)); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// Every kind differs from every other without colour, in both sets of glyphs.
func TestSignsDifferInShape(t *testing.T) {
	for _, ascii := range []bool{false, true} {
		theme := kit.NewTheme(true, ascii)
		seen := map[string]string{}
		add := func(name string, sign kit.HeatSign) {
			if other, taken := seen[sign.Glyph]; taken {
				t.Errorf("%s and %s both look like %q", name, other, sign.Glyph)
			}
			if kit.Width(sign.Glyph) != 1 || ascii && sign.Glyph[0] >= 0x80 {
				t.Errorf("%s looks like %q", name, sign.Glyph)
			}
			seen[sign.Glyph] = name
		}
		for k := range kinds {
			add(Word(k), k.Look(theme))
		}
		add("warning", Status{Health: bmc.Warning}.Look(theme))
		add("critical", Status{Health: bmc.Critical}.Look(theme))
	}
}

func TestTally(t *testing.T) {
	theme := kit.NewTheme(true, false)
	var all Tally
	for _, s := range []Status{{Kind: On}, {Kind: On, Health: bmc.Critical}, {Kind: Off}, {Kind: Silent}, {Kind: Unreadable}, {Kind: On, Health: bmc.Warning}} {
		all.Add(s)
	}
	if got, want := all.Text(theme), "3 on · 1 off · 1 silent · 1 unreadable · 1 critical · 1 faulty"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for w, want := range map[int]string{
		80: "■ 3 on · □ 1 off · ? 1 silent · ⊘ 1 unreadable · ✗ 1 critical · ! 1 faulty",
		40: "■ 3  □ 1  ? 1  ⊘ 1  ✗ 1  ! 1",
	} {
		if got := kittest.Plain(all.Legend(theme, w)); got != want {
			t.Errorf("in %d columns %q, want %q", w, got, want)
		}
	}
	if n := all.Notes(theme); n[0] != "■ 3 on · □ 1 off · ? 1 silent · ⊘ 1 unreadable · ✗ 1 critical · ! 1 faulty" || n[3] != "■ 3 □ 1 ? 1 ⊘ 1 ✗ 1 ! 1" {
		t.Errorf("notes %q", n)
	}
}

func TestReadAndGroups(t *testing.T) {
	f := &fleet.Fleet{}
	for _, h := range []string{"a tokyo r2", "b tokyo r1", "c - -", "d tokyo r2", "e shanghai r1"} {
		w := strings.Fields(strings.ReplaceAll(h, "-", "\x00"))
		f.Hosts = append(f.Hosts, fleet.Host{Name: w[0], Site: strings.Trim(w[1], "\x00"), Rack: strings.Trim(w[2], "\x00"), BMC: &fleet.BMC{}})
	}
	f.Hosts = append(f.Hosts, fleet.Host{Name: "no BMC"})
	store := watch.NewStore()
	store.Put(fleet.Reading{Source: Source("b"), At: noon, Facts: &bmc.Facts{Power: bmc.Off}})
	store.Put(fleet.Reading{Source: Source("d"), At: noon, Err: errors.New("x")})
	list := Read(f, store.State(), noon)
	var got []string
	for _, h := range list {
		got = append(got, h.Spec.Name+" "+h.Status.Word)
	}
	if text := strings.Join(got, ", "); text != "a not read yet, b off, c not read yet, d trouble, e not read yet" {
		t.Errorf("hosts: %s", text)
	}
	if list[1].Facts == nil || list[0].Facts != nil {
		t.Error("facts are where there are none, or the other way round")
	}
	if text := fmt.Sprint(Groups(list)); text != "[{tokyo [{r2 [0 3]} {r1 [1]}]} {no site [{ [2]}]} {shanghai [{r1 [4]}]}]" {
		t.Errorf("groups: %s", text)
	}
	if n := Count(list, []int{1, 3}); n.Kinds[Off] != 1 || n.Kinds[Unreadable] != 1 || CountAll(list).Kinds[Unread] != 3 {
		t.Errorf("counts: %+v, %+v", n, CountAll(list))
	}
}
