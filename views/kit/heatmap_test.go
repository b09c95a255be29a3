package kit_test

import (
	"fmt"
	"strings"
	"testing"

	"ringside/views/kit"
	"ringside/views/kit/kittest"
)

// racks is a map of sites with racks of so many hosts each.
func racks(theme *kit.Theme, sites, perSite, perRack int) (*kit.HeatMap, int) {
	n := 0
	var groups []kit.HeatGroup
	for s := range sites {
		g := kit.HeatGroup{Name: []string{"tokyo", "shanghai", "上海", "osaka"}[s%4]}
		for r := range perSite {
			p := kit.HeatPart{Name: fmt.Sprintf("r%02d", r+1)}
			for range perRack {
				p.Things = append(p.Things, n)
				n++
			}
			g.Parts = append(g.Parts, p)
		}
		groups = append(groups, g)
	}
	m := &kit.HeatMap{Theme: theme, Cursor: -1,
		Sign: func(i int) kit.HeatSign {
			if i%7 == 3 {
				return kit.HeatSign{Glyph: "□", Style: theme.Off}
			}
			return kit.HeatSign{Glyph: "■", Style: theme.Good}
		},
		Count: func(g int) string { return fmt.Sprint(perSite*perRack, " hosts") }}
	m.SetGroups(groups)
	return m, n
}

func TestHeatMapGrowsDenserAndFolds(t *testing.T) {
	theme := kit.NewTheme(true, false)
	for _, c := range []struct {
		name                    string
		sites, perSite, perRack int
		w, most, want           int
		first                   string // how it begins, without styles
	}{
		{"names", 2, 3, 4, 40, 7, 2, " tokyo    r01 ■■■□  r02 ■■■■  r03 ■■□■"},
		{"gaps", 2, 6, 4, 40, 2, 2, " tokyo    ■■■□ ■■■■ ■■□■ ■■■■ ■□■■ ■■■■"},
		{"split", 1, 3, 20, 40, 2, 2, " tokyo ■■■□■■■■■■□■■■■■■□■■ ■■■■□■■■■■■"},
		{"solid", 1, 3, 10, 38, 1, 1, " tokyo ■■■□■■■■■■□■■■■■■□■■■■■■□■■■■"},
		{"counts", 2, 10, 10, 40, 4, 2, " tokyo    100 hosts"},
		{"more", 4, 10, 10, 40, 2, 2, " tokyo    100 hosts"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, _ := racks(theme, c.sites, c.perSite, c.perRack)
			h := m.Lay(c.w, c.most)
			frame := strings.Join(m.Lines(), "\n")
			kittest.Check(t, frame, c.w, h)
			if got := kittest.Plain(frame); h != c.want || !strings.HasPrefix(got, c.first) {
				t.Errorf("%d lines, want %d:\n%s", h, c.want, got)
			}
			if m.Folded() != strings.Contains(c.first, "hosts") {
				t.Errorf("folded: %v", m.Folded())
			}
		})
	}
	m, _ := racks(theme, 4, 10, 10)
	m.Lay(40, 2)
	if got := kittest.Plain(m.Lines()[1]); !strings.HasPrefix(got, " and 3 more") {
		t.Errorf("the last line is %q", got)
	}
}

// Every thing is drawn exactly once, whatever the size.
func TestHeatMapShowsEveryThing(t *testing.T) {
	theme := kit.NewTheme(true, false)
	for _, perRack := range []int{1, 3, 17, 90} {
		m, n := racks(theme, 3, 5, perRack)
		m.Marked = func(i int) bool { return i%5 == 0 }
		for w := 1; w < 130; w += 3 {
			for most := 0; most < 40; most += 3 {
				h := m.Lay(w, most)
				if h > most {
					t.Fatalf("%d lines in %dx%d", h, w, most)
				}
				frame := strings.Join(m.Lines(), "\n")
				if h > 0 {
					kittest.Check(t, frame, w, h)
				}
				if t.Failed() {
					t.Fatalf("at %dx%d", w, most)
				}
				seen := strings.Count(frame, "■") + strings.Count(frame, "□")
				if !m.Folded() && h > 0 && seen != n {
					t.Fatalf("%d of %d things in %dx%d:\n%s", seen, n, w, most, kittest.Plain(frame))
				}
			}
		}
	}
}

func TestHeatMapCursorAndMarksNeedNoColour(t *testing.T) {
	theme := kit.NewTheme(true, false)
	m, _ := racks(theme, 1, 1, 6)
	m.Cursor = 2
	m.Marked = func(i int) bool { return i == 4 }
	m.Lay(30, 1)
	line := m.Lines()[0]
	if !strings.Contains(line, ";7m■") || !strings.Contains(line, ";4m■") {
		t.Errorf("no reversed cursor or no underlined mark in %q", line)
	}
}

func BenchmarkHeatMap(b *testing.B) {
	m, n := racks(kit.NewTheme(true, false), 2, 25, 20)
	h := m.Lay(200, 20)
	if m.Folded() {
		b.Fatal("folded")
	}
	b.Logf("%d things in %d lines", n, h)
	for b.Loop() {
		m.Lines()
	}
}
