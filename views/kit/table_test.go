package kit

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ringside/views/kit/kittest"
)

// things are rows made up as they are asked for, grouped by tens when grouped.
type things struct {
	n, from int
	cells   []Cell
	names   []string
	asked   int
}

func (r *things) Len() int { return r.n }
func (r *things) Key(i int) string {
	if r.names != nil {
		return r.names[i]
	}
	return fmt.Sprint("k", r.from+i)
}
func (r *things) Heading(i int) bool { return strings.HasPrefix(r.Key(i), "group") }
func (r *things) At(i int) Row {
	r.asked++
	if r.Heading(i) {
		return Row{Group: r.Key(i), Note: "2 up"}
	}
	r.cells = append(r.cells[:0], Cell{Text: "● up", Style: "38;5;114"}, Cell{Text: "東京-" + r.Key(i)}, Cell{Text: "registry.example/team/web"}, Cell{Text: strconv.Itoa(i), Style: "1"})
	return Row{Cells: r.cells, Dim: i%7 == 6}
}

func newTable(n int) (*Table, *things) {
	rows := &things{n: n}
	t := &Table{Theme: NewTheme(true, false), Empty: "no containers", Columns: []Column{
		{Key: "state", Title: "State", Min: 4, Want: 10},
		{Key: "name", Title: "Name", Min: 8, Want: 20, Flex: true},
		{Key: "image", Title: "Image", Min: 10, Want: 30, Priority: 2},
		{Key: "age", Title: "Age", Min: 4, Want: 4, Priority: 1, Right: true},
	}}
	t.Resize(80, 24)
	t.SetRows(rows)
	return t, rows
}

func TestTableIsExactAtEverySize(t *testing.T) {
	for _, n := range []int{0, 1, 3, 100} {
		for _, marker := range []bool{false, true} {
			tab, rows := newTable(n)
			tab.Marker, tab.Sort = marker, "age"
			if n == 3 {
				rows.names = []string{"group one", "a", "b"}
				tab.SetRows(rows)
			}
			tab.Mark()
			for w := range 90 {
				for _, h := range []int{1, 2, 3, 9} {
					tab.Resize(w+1, h)
					kittest.Check(t, tab.View(), w+1, h)
					tab.Scroll(2)
					kittest.Check(t, tab.View(), w+1, h)
					tab.Scroll(-2)
				}
			}
		}
	}
}

func TestTableCursorStaysOnItsRow(t *testing.T) {
	tab, rows := newTable(100)
	tab.Move(50)
	rows.from = -10 // ten new rows before it
	tab.SetRows(rows)
	if tab.Key() != "k50" || tab.Cursor() != 60 {
		t.Errorf("on %s, line %d", tab.Key(), tab.Cursor())
	}
	rows.n = 20 // its row is gone
	tab.SetRows(rows)
	if tab.Cursor() != 19 {
		t.Errorf("on line %d of 20", tab.Cursor())
	}
	rows.n = 0
	tab.SetRows(rows)
	if tab.Cursor() != -1 || tab.Key() != "" {
		t.Errorf("on line %d, key %q of none", tab.Cursor(), tab.Key())
	}
}

func TestTableMoves(t *testing.T) {
	tab, _ := newTable(100)
	for _, c := range []struct {
		name      string
		move      func()
		at, first int
	}{
		{"down", func() { tab.Move(1) }, 1, 0},
		{"page down", func() { tab.Page(1) }, 23, 1},
		{"last", func() { tab.Jump(true) }, 99, 77},
		{"beyond", func() { tab.Move(1) }, 99, 77},
		{"page up", func() { tab.Page(-1) }, 77, 77},
		{"first", func() { tab.Jump(false) }, 0, 0},
		{"select", func() { tab.Select("k42") }, 42, 20},
	} {
		c.move()
		if first, _ := tab.Visible(); tab.Cursor() != c.at || first != c.first {
			t.Errorf("%s: on %d from %d, want %d from %d", c.name, tab.Cursor(), first, c.at, c.first)
		}
	}
}

func TestTableMarks(t *testing.T) {
	tab, rows := newTable(5)
	rows.names = []string{"group", "a", "b", "c", "d"}
	tab.SetRows(rows)
	tab.Jump(false)
	tab.Mark() // a heading has no mark
	tab.Mark()
	tab.Move(1)
	tab.MarkTo()
	marks := tab.Marks()
	slices.Sort(marks)
	if got := strings.Join(marks, ""); got != "abc" {
		t.Errorf("marked %q, want abc", got)
	}
	asked := rows.asked
	tab.MarkAll()
	if len(tab.Marks()) != 4 || tab.Marked("group") || rows.asked != asked { // no row is made for it
		t.Errorf("all marked: %q", tab.Marks())
	}
	tab.MarkAll()
	if len(tab.Marks()) != 0 || tab.ClearMarks() {
		t.Errorf("none marked: %q", tab.Marks())
	}
}

func TestTableColumnsGoByPriority(t *testing.T) {
	for _, c := range []struct {
		w    int
		skip int
		want string
	}{
		{80, 0, "State Name Image Age"},
		{31, 0, "State Name Image Age"}, // the least widths and the spaces between, exactly
		{30, 0, "State Name Age"},
		{20, 0, "State Name Age"},
		{19, 0, "State Name"},
		{19, 1, "State Image"},
		{31, 1, "State Name Image Age"}, // nothing is hidden: nothing to scroll to
		{8, 0, "State"},
	} {
		tab, _ := newTable(1)
		tab.Resize(c.w, 5)
		tab.Scroll(c.skip)
		tab.View()
		var titles []string
		for _, p := range tab.layout {
			titles = append(titles, tab.Columns[p.column].Title)
		}
		if got := strings.Join(titles, " "); got != c.want {
			t.Errorf("width %d skip %d: %s, want %s", c.w, c.skip, got, c.want)
		}
	}
}

func TestTableAsksOnlyForVisibleRows(t *testing.T) {
	tab, rows := newTable(100_000)
	rows.asked = 0
	tab.View()
	if rows.asked != 23 {
		t.Errorf("asked for %d rows, 23 are visible", rows.asked)
	}
}

func TestTableSaysThatItIsEmpty(t *testing.T) {
	for _, h := range []int{2, 3, 24} {
		tab, _ := newTable(0)
		tab.Resize(40, h)
		if !strings.Contains(tab.View(), "no containers") {
			t.Errorf("height %d: %q", h, tab.View())
		}
	}
}

func TestTableFrames(t *testing.T) {
	for _, c := range []struct {
		name        string
		w, h        int
		dark, ascii bool
	}{{"table-80x24", 80, 24, true, false}, {"table-140x40-light", 140, 40, false, false}, {"table-80x24-ascii", 80, 24, true, true}} {
		tab, rows := newTable(9)
		rows.names = []string{"group shop", "web", "api", "db", "group none", "cache", "cron", "日本語", "mail"}
		tab.Theme = NewTheme(c.dark, c.ascii)
		tab.Sort, tab.Reverse = "name", true
		tab.Resize(c.w, c.h)
		tab.SetRows(rows)
		tab.Move(1)
		tab.Mark()
		frame := tab.View()
		kittest.Check(t, frame, c.w, c.h)
		kittest.Golden(t, c.name, frame)
	}
}

func BenchmarkTableKey(b *testing.B) {
	for _, n := range []int{100, 1_000, 10_000, 100_000} {
		for _, size := range [][2]int{{80, 24}, {200, 60}} {
			b.Run(fmt.Sprintf("rows=%d/%dx%d", n, size[0], size[1]), func(b *testing.B) {
				tab, rows := newTable(n)
				rows.names = make([]string, n)
				for i := range n {
					rows.names[i] = fmt.Sprint("container-", i)
				}
				tab.SetRows(rows)
				tab.Resize(size[0], size[1])
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					tab.Move(1 - 2*(i&1))
					tab.View()
				}
			})
		}
	}
}

// New rows with the cursor's row moved: the worst case, since it is looked for.
func BenchmarkTableSetRows(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint("rows=", n), func(b *testing.B) {
			names := make([]string, n)
			for i := range names {
				names[i] = fmt.Sprint("tokyo-1/container-", i)
			}
			tab, rows := newTable(n)
			rows.names = names
			tab.SetRows(rows)
			tab.Jump(true)
			for i := 0; b.Loop(); i++ {
				names[n-1], names[n-2] = names[n-2], names[n-1]
				tab.SetRows(rows)
			}
		})
	}
}

func TestTheCursorWaitsOnTheFirstLineUntilSomebodyMovesIt(t *testing.T) {
	tab := &Table{Theme: NewTheme(true, false), Columns: []Column{{Title: "NAME", Min: 4}}}
	tab.Resize(20, 5)
	tab.SetRows(words{"m"})
	tab.SetRows(words{"a", "m", "z"})
	if tab.Key() != "a" {
		t.Errorf("a list that filled up starts at %q", tab.Key())
	}
	tab.Move(1)
	tab.SetRows(words{"0", "a", "m", "z"})
	if tab.Key() != "m" {
		t.Errorf("after a move the cursor is on %q", tab.Key())
	}
}

// words are rows whose only cell is their key.
type words []string

func (w words) Len() int         { return len(w) }
func (w words) Key(i int) string { return w[i] }
func (w words) Heading(int) bool { return false }
func (w words) At(i int) Row     { return Row{Cells: []Cell{{Text: w[i]}}} }
