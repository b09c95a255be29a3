package lists

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"ringside/keymap"
	"ringside/views/kit"
	"ringside/views/kit/kittest"
)

type thing struct {
	name string
	n    float64
}

func (t *thing) Key() string { return t.name }

type place struct{ drawn int }

func kinds() *Kind[*place, *thing] {
	return &Kind[*place, *thing]{
		Empty: "nothing here",
		Columns: []Column[*place, *thing]{{Column: kit.Column{Key: "name", Title: "NAME", Min: 6, Want: 10}, Cell: func(p *place, t *thing) kit.Cell {
			p.drawn++
			return kit.Cell{Text: t.name}
		}}},
		Orders: []Order[*thing]{{ID: "load", Number: func(*thing) float64 { return 0 }}, {ID: "name", Letter: "n", Title: "name", Text: func(t *thing) string { return t.name }},
			{ID: "n", Letter: "c", Title: "count", Number: func(t *thing) float64 { return t.n }}},
		Language: kit.Language[*thing]{Text: func(t *thing) string { return t.name }, Name: func(t *thing) string { return t.name }},
		Counts:   func(_ *place, all []*thing) string { return fmt.Sprint(len(all), " in all") },
		Old:      func(*place, *thing) bool { return false },
		Foot:     func(_ *place, t *thing) (string, kit.Style) { return "this is " + t.name, "" },
	}
}

func list(t testing.TB, p *place, things ...*thing) *List[*place, *thing] {
	l := New(p, kinds())
	l.Restyle(kit.NewTheme(true, true), false)
	l.Resize(60, 8)
	l.Load(things)
	kittest.Check(t, l.View(), 60, 8)
	return l
}

func names(list []*thing) string {
	var out []string
	for _, t := range list {
		out = append(out, t.name)
	}
	return strings.Join(out, " ")
}

// What is not known comes last in both directions.
func TestSort(t *testing.T) {
	l := list(t, &place{}, &thing{"b", 2}, &thing{"c", math.NaN()}, &thing{"a", 1}, &thing{"", 3})
	for _, c := range []struct {
		by      string
		reverse bool
		want    string
	}{{"load", false, "b c a "}, {"n", false, "a b  c"}, {"n", true, " b a c"}, {"name", false, "a b c "}, {"name", true, "c b a "}, {"nothing", false, "c b a "}} {
		l.SortBy(c.by)
		if c.reverse {
			l.Do(keymap.Reverse)
		}
		if got := names(l.All()); got != c.want {
			t.Errorf("by %s, reversed %v: %q, want %q", c.by, c.reverse, got, c.want)
		}
	}
}

// Marks that the filter hides are kept, and counted.
func TestFilterAndMarks(t *testing.T) {
	l := list(t, &place{}, &thing{"web-1", 1}, &thing{"web-2", 2}, &thing{"api-1", 3})
	l.Do(keymap.Filter)
	for _, k := range "web" {
		l.Type(kittest.Key(string(k)))
	}
	l.Type(kittest.Key("enter"))
	l.Do(keymap.MarkAll)
	if len(l.Marked()) != 2 || names(l.Items()) != "web-1 web-2" || !strings.Contains(kittest.Plain(l.View()), "2/3 shown") {
		t.Errorf("%d marked, %s\n%s", len(l.Marked()), names(l.Items()), l.View())
	}
	if !l.Show("api-1") || l.Show("db-1") {
		t.Error("what is hidden is not shown, or what is not there is")
	}
	if it, _ := l.Current(); it.name != "api-1" || !strings.Contains(kittest.Plain(l.View()), "3 in all") || !strings.Contains(kittest.Plain(l.View()), "this is api-1") {
		t.Errorf("on %s\n%s", it.name, l.View())
	}
	if !l.Back() || l.Marked() != nil || l.Back() {
		t.Error("esc does not take the marks away, or finds more to leave")
	}
	l.SetQuery("colour:red")
	if f := kittest.Plain(l.View()); !strings.Contains(f, "no field colour") || !strings.Contains(f, "nothing matches the filter") {
		t.Error(f)
	}
	if l.Load(nil); !l.Back() || !strings.Contains(kittest.Plain(l.View()), "nothing here") {
		t.Error(l.View())
	}
	if _, ok := l.Current(); ok || l.Items() != nil {
		t.Error("an empty list has something under its cursor")
	}
	if l.Do(keymap.Sort) || l.Do(keymap.Open) {
		t.Error("keys of the screen are taken by the list")
	}
}

// What an order goes by may change without a new picture; other orders stay.
func TestChanged(t *testing.T) {
	a, b := &thing{"a", 1}, &thing{"b", 2}
	l := list(t, &place{}, a, b)
	l.SortBy("n")
	a.n = 3
	if l.Changed("name"); names(l.All()) != "a b" {
		t.Errorf("sorted anew for another order: %s", names(l.All()))
	}
	if l.Changed("n"); names(l.All()) != "b a" {
		t.Errorf("not sorted anew: %s", names(l.All()))
	}
}

// SetMarks takes the other marks away; what is not there has none.
func TestSetMarks(t *testing.T) {
	a, b := &thing{"a", 1}, &thing{"b", 2}
	l := list(t, &place{}, a, b)
	l.Do(keymap.Mark)
	if l.SetMarks([]string{"b", "c"}); l.IsMarked(a) || !l.IsMarked(b) || names(l.Marked()) != "b" || !strings.Contains(kittest.Plain(l.View()), "1 marked") {
		t.Errorf("marked: %s\n%s", names(l.Marked()), l.View())
	}
	if l.SetQuery("a"); !l.Unfilter() || l.Unfilter() || names(l.Marked()) != "b" {
		t.Error("the filter is not taken away alone")
	}
}

func TestHint(t *testing.T) {
	k := kinds()
	k.Hint = "web[1-4]"
	l := New(&place{}, k)
	l.Restyle(kit.NewTheme(true, true), false)
	l.Resize(100, 8)
	if l.Do(keymap.Filter); !strings.Contains(kittest.Plain(l.View()), "field:value  web[1-4]") {
		t.Error(l.View())
	}
}

// Only visible lines are drawn.
func TestDrawsWhatIsSeen(t *testing.T) {
	p := &place{}
	var many []*thing
	for i := range 5000 {
		many = append(many, &thing{strconv.Itoa(i), float64(i)})
	}
	l := list(t, p, many...)
	p.drawn = 0
	l.Do(keymap.Last)
	_ = l.View()
	if p.drawn != 5 { // 8 lines: status, heading, 5 rows, foot
		t.Errorf("%d cells were made for a frame", p.drawn)
	}
}
