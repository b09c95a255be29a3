package kit

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"ringside/views/kit/kittest"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// logged makes n lines, one each second from a start.
func logged(source string, start, n int) []LogLine {
	out := make([]LogLine, n)
	for i := range out {
		at := noon.Add(time.Duration(start+i) * time.Second)
		out[i] = LogLine{At: at, Source: source, Text: fmt.Sprintf("%s %d", source, start+i)}
	}
	return out
}

func texts(lines []LogLine) string {
	var out []string
	for _, l := range lines {
		out = append(out, l.Text)
	}
	return strings.Join(out, ",")
}

// rowsOf are the rows of a frame without styles and trailing spaces.
func rowsOf(frame string) []string {
	rows := strings.Split(kittest.Plain(frame), "\n")
	for i := range rows {
		rows[i] = strings.TrimRight(rows[i], " ")
	}
	return rows
}

func newLog(w, h int) *LogPane {
	p := NewLogPane(1000, 1<<20)
	p.Resize(w, h)
	return p
}

func sec(s float64) time.Time { return noon.Add(time.Duration(s * float64(time.Second))) }

func TestLogMergesInTimeOrder(t *testing.T) {
	p := newLog(40, 5)
	p.Append([]LogLine{{At: sec(1), Source: "a", Text: "a1"}, {At: sec(3), Source: "a", Text: "a3"}, {At: sec(5), Source: "a", Text: "a5"}})
	p.Append([]LogLine{{At: sec(2), Source: "b", Text: "b2"}, {At: sec(3), Source: "b", Text: "b3"}, {At: sec(9), Source: "b", Text: "b9"}})
	if got := texts(p.Lines()); got != "a1,a3,b2,b3,a5,b9" && got != "a1,b2,a3,b3,a5,b9" {
		t.Errorf("order %s", got)
	}
	if got, want := texts(p.Lines()), "a1,b2,a3,b3,a5,b9"; got != want {
		t.Errorf("order %s, want %s", got, want)
	}
	// A clock that was set back does not turn the lines of its source around.
	p.Append([]LogLine{{At: sec(1), Source: "b", Text: "b1"}, {Source: "b", Text: "no time"}, {At: sec(6), Source: "a", Text: "a6"}})
	if got, want := texts(p.Lines()), "a1,b2,a3,b3,a5,a6,b9,b1,no time"; got != want {
		t.Errorf("order %s, want %s", got, want)
	}
	n := p.Prepend([]LogLine{{At: sec(-1), Source: "a", Text: "a-1"}, {At: sec(1.5), Source: "b", Text: "b1.5"}})
	if got, want := texts(p.Lines()), "a-1,a1,b1.5,b2,a3,b3,a5,a6,b9,b1,no time"; n != 2 || got != want {
		t.Errorf("%d older: %s, want %s", n, got, want)
	}
}

func TestLogKeepsWithinItsBounds(t *testing.T) {
	p := NewLogPane(10, 1<<20)
	p.Resize(20, 3)
	for i := range 100 {
		p.Append(logged("a", i*7, 7))
	}
	if first, _ := p.First(); p.Len() != 10 || first.Text != "a 690" {
		t.Errorf("%d lines from %q", p.Len(), first.Text)
	}
	if n := p.Prepend(logged("a", 0, 5)); n != 0 {
		t.Errorf("a full pane took %d older lines", n)
	}
	p = NewLogPane(1000, 4000)
	p.Append([]LogLine{{Text: "first"}, {Text: strings.Repeat("x", 10_000)}})
	if p.Len() != 1 {
		t.Errorf("%d lines; only the newest stays when it is too long", p.Len())
	}
	p.Clear()
	if n := p.Prepend(logged("a", 0, 200)); n == 0 || n >= 200 || p.buf.bytes > 4000 {
		t.Errorf("took %d older lines, %d bytes", n, p.buf.bytes)
	}
	if got := p.Lines()[p.Len()-1].Text; got != "a 199" {
		t.Errorf("the newest of the older lines is %q", got)
	}
}

func TestLogFollowsAndPauses(t *testing.T) {
	p := newLog(40, 5)
	p.Append(logged("a", 0, 20))
	last := func() string { r := rowsOf(p.View()); return r[4] }
	if !strings.HasSuffix(last(), "a 19") {
		t.Errorf("last row %q", last())
	}
	p.Move(-3)
	p.Append(logged("a", 20, 4))
	if !strings.HasSuffix(last(), "a 16") || p.Following() || p.fresh != 4 || !strings.Contains(p.Status(), "▼ 4 new") {
		t.Errorf("paused: last row %q, following %v, %d new, status %q", last(), p.Following(), p.fresh, p.Status())
	}
	p.Prepend(logged("a", -50, 50))
	p.Append([]LogLine{{At: noon, Source: "b", Text: "late"}})
	if !strings.HasSuffix(last(), "a 16") {
		t.Errorf("lines before it moved the screen: last row %q", last())
	}
	p.Move(100)
	if !strings.HasSuffix(last(), "a 23") || !p.Following() || p.fresh != 0 {
		t.Errorf("at the end: last row %q, following %v", last(), p.Following())
	}
	p.Jump(false)
	if r := rowsOf(p.View()); !strings.HasSuffix(r[0], "a -50") {
		t.Errorf("first row %q", r[0])
	}
	p.Seek(noon.Add(10 * time.Second))
	if top, _ := p.Top(); top.Text != "a 10" {
		t.Errorf("sought %q", top.Text)
	}
	p.SetFollow(true)
	if !strings.HasSuffix(last(), "a 23") {
		t.Errorf("following again: last row %q", last())
	}
	short := newLog(40, 5)
	short.Append(logged("a", 0, 2))
	short.Move(-1)
	if !short.Following() {
		t.Error("scrolling up paused although all lines are on screen")
	}
}

func TestLogPausedScreenSurvivesEviction(t *testing.T) {
	p := NewLogPane(10, 1<<20)
	p.Resize(40, 3)
	p.Append(logged("a", 0, 10))
	p.Jump(false)
	p.Append(logged("a", 10, 4))
	if r := rowsOf(p.View()); !strings.HasSuffix(r[0], "a 4") {
		t.Errorf("rows %q; the oldest line left is a 4", r)
	}
}

func TestLogSearch(t *testing.T) {
	p := newLog(40, 5)
	p.Append(logged("a", 0, 50))
	p.Search("7")
	if p.Matches() != "5/5" || !p.Following() { // it is on screen already
		t.Errorf("matches %s, following %v", p.Matches(), p.Following())
	}
	for _, c := range []struct {
		by   int
		want string
	}{{-1, "4/5"}, {-1, "3/5"}, {1, "4/5"}, {1, "5/5"}, {1, "1/5"}, {-1, "5/5"}} {
		p.Next(c.by)
		if p.Matches() != c.want {
			t.Errorf("next %d: %s, want %s", c.by, p.Matches(), c.want)
		}
		n := 7 + 10*(int(c.want[0])-'1')
		if !slices.ContainsFunc(rowsOf(p.View()), func(r string) bool { return strings.HasPrefix(r, "▌") && strings.HasSuffix(r, fmt.Sprint("a ", n)) }) {
			t.Errorf("%s: line %d is not shown as found:\n%s", c.want, n, kittest.Plain(p.View()))
		}
	}
	p.Append(logged("a", 50, 10))
	if p.Matches() != "5/6" {
		t.Errorf("after a new match: %s", p.Matches())
	}
	if p.Only("a 1"); p.Matches() != "-/1" || !strings.HasSuffix(p.Status(), "only a 1  /7 -/1") {
		t.Errorf("the match is hidden: %s, %s", p.Matches(), p.Status())
	}
	if p.Only("nowhere"); p.Matches() != "none" {
		t.Errorf("all matches are hidden: %s", p.Matches())
	}
	p.Empty = "no line passes"
	if r := rowsOf(p.View()); !strings.Contains(r[0], p.Empty) {
		t.Errorf("rows %q", r)
	}
	p.Only("")
	p.Search("7")
	p.Search("nowhere")
	p.Prepend(logged("b", -20, 20))
	p.Jump(false)
	for range 4 {
		if v := p.View(); strings.Contains(v, "▌") {
			t.Errorf("a line is marked as found and none is:\n%s", kittest.Plain(v))
		}
		p.Page(1)
	}
	if p.Next(1); p.Matches() != "none" {
		t.Errorf("matches %s", p.Matches())
	}
	p.Search("")
	if p.Matches() != "" {
		t.Errorf("matches %s after the search", p.Matches())
	}
}

func TestLogOnlyAndStreams(t *testing.T) {
	p := newLog(40, 5)
	lines := logged("a", 0, 20)
	for i := range lines {
		lines[i].Err = i%2 == 1
	}
	p.Append(lines)
	p.Append([]LogLine{{At: sec(20), Source: "a", Text: "restarted", Note: true}})
	for _, c := range []struct {
		only    string
		streams Streams
		want    int
	}{{"", StreamsBoth, 21}, {"a 1", StreamsBoth, 11}, {"!a 1", StreamsBoth, 10}, {"", StreamsErr, 11}, {"a 1", StreamsOut, 5}, {"nothing", StreamsBoth, 0}} {
		p.Only(c.only)
		p.SetStreams(c.streams)
		if p.Shown() != c.want || len(p.Lines()) != c.want {
			t.Errorf("%q of stream %d: %d lines shown, want %d", c.only, c.streams, p.Shown(), c.want)
		}
		kittest.Check(t, p.View(), 40, 5)
	}
	p.Only("5")
	p.Append(logged("a", 21, 10))
	if got := texts(p.Lines()); got != "a 5,a 15,a 25" {
		t.Errorf("filtered lines %s", got)
	}
}

// Whatever is done to a pane in whatever order: its frame is exact, and its lists
// are what a simple reading of all lines gives.
func TestLogAgainstSimpleModel(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	words := []string{"error", "GET /v1", "東京", "完了", "😀", "x", strings.Repeat("long ", 30), "e\u0301"}
	p := NewLogPane(60, 1<<20)
	p.Resize(40, 5)
	clock := map[string]int{}
	do := []func(){
		func() {
			var batch []LogLine
			for range rnd.IntN(8) {
				s := string(rune('a' + rnd.IntN(3)))
				clock[s] += rnd.IntN(3)
				batch = append(batch, LogLine{At: sec(float64(clock[s])), Source: s, Err: rnd.IntN(2) == 0,
					Text: words[rnd.IntN(len(words))] + " " + words[rnd.IntN(len(words))]})
			}
			p.Append(batch)
		},
		func() { p.Resize(rnd.IntN(70)+1, rnd.IntN(9)+1) },
		func() { p.Move(rnd.IntN(9) - 4) },
		func() { p.Page(rnd.IntN(3) - 1) },
		func() { p.Jump(rnd.IntN(2) == 0) },
		func() { p.Only([]string{"", "error", "!x", "東"}[rnd.IntN(4)]) },
		func() { p.Search([]string{"", "x", "完了|GET"}[rnd.IntN(3)]) },
		func() { p.Next(rnd.IntN(3) - 1) },
		func() { p.SetWrap(rnd.IntN(2) == 0); p.Scroll(rnd.IntN(4)) },
		func() { p.SetStreams(Streams(rnd.IntN(3))); p.SetTimes(Times(rnd.IntN(4))) },
		func() {
			if first, ok := p.First(); ok {
				p.Prepend([]LogLine{{At: first.At.Add(-time.Second), Source: first.Source, Text: "older x"}})
			}
		},
	}
	for step := range 4000 {
		do[rnd.IntN(len(do))]()
		for _, fault := range kittest.Faults(p.View(), p.w, p.h) {
			t.Fatalf("step %d: %s", step, fault)
		}
		var shown, hits []int
		for n := p.buf.base; n < p.buf.end(); n++ {
			e := p.buf.get(n)
			if p.buf.only == nil || p.buf.only(e) {
				shown = append(shown, n)
				if p.buf.find != nil && p.buf.find(e) {
					hits = append(hits, n)
				}
			}
			if n > p.buf.base && p.buf.get(n-1).order > e.order {
				t.Fatalf("step %d: line %d is out of order", step, n)
			}
		}
		if got := p.buf.hits.all[p.buf.hits.head:]; !slices.Equal(got, hits) {
			t.Fatalf("step %d: hits %v, want %v", step, got, hits)
		}
		if p.buf.count() != len(shown) {
			t.Fatalf("step %d: %d shown, want %d", step, p.buf.count(), len(shown))
		}
		for i, n := range shown {
			if p.buf.nth(i) != n {
				t.Fatalf("step %d: shown %d is %d, want %d", step, i, p.buf.nth(i), n)
			}
		}
	}
}

func TestLevels(t *testing.T) {
	theme := NewTheme(true, false)
	for text, want := range map[string]string{
		"2026-11-23 ERROR no route": "ERROR", "[WARN] slow": "WARN", `{"level":"error","msg":"x"}`: "error",
		"level=warn msg": "warn", "panic: nil map": "panic", "[error] 12#0": "error",
		"0 error pages": "", "TERRORS": "", "no errors": "", "errors=0": "", "東京ERROR": "",
	} {
		got := ""
		if s := levels(theme, text); len(s) == 1 {
			got = text[s[0].from:s[0].to]
		}
		if got != want {
			t.Errorf("%q: level %q, want %q", text, got, want)
		}
	}
}

func TestTextPane(t *testing.T) {
	p := NewTextPane()
	p.Resize(20, 4)
	p.View()
	p.Move(1) // empty
	var lines []string
	for i := range 30 {
		lines = append(lines, fmt.Sprintf("\x1b[1mline %d\x1b[m of 東京 and some more", i))
	}
	p.SetLines(lines)
	for _, c := range []struct {
		name  string
		do    func()
		first string
		pos   string
	}{
		{"start", func() {}, "line 0 of 東京 and ›", "top"},
		{"down", func() { p.Move(2) }, "line 2 of 東京 and ›", "6%"},
		{"page", func() { p.Page(1) }, "line 5 of 東京 and ›", "16%"},
		{"sideways", func() { p.Scroll(1) }, "f 東京 and some more", "16%"},
		{"back", func() { p.Scroll(-9) }, "line 5 of 東京 and ›", "16%"},
		{"last", func() { p.Jump(true) }, "line 26 of 東京 and›", "end"},
		{"wrap", func() { p.SetWrap(true) }, "line 26 of 東京 and", "86%"},
		{"wrap down", func() { p.Move(1) }, "some more", "86%"},
		{"on screen", func() { p.Search("MORE") }, "some more", "86%"},
		{"found", func() { p.Search("line 11") }, "some more", "33%"},
		{"first", func() { p.Jump(false) }, "line 0 of 東京 and s", "top"},
	} {
		c.do()
		frame := p.View()
		kittest.Check(t, frame, 20, 4)
		if got := strings.TrimSpace(rowsOf(frame)[0]); got != c.first || p.Position() != c.pos {
			t.Errorf("%s: first row %q at %s, want %q at %s", c.name, got, p.Position(), c.first, c.pos)
		}
	}
	p.SetWrap(false)
	p.Search("2")
	if p.Matches() != "1/12" {
		t.Errorf("matches %s", p.Matches())
	}
	p.Next(-1)
	if p.Matches() != "12/12" || !strings.Contains(p.Visible(), "line 29 of 東京 and some more\n") {
		t.Errorf("last match %s in %q", p.Matches(), p.Visible())
	}
	p.SetLines(lines[:3])
	if p.Matches() != "1/1" || strings.Count(p.Text(), "\n") != 3 || strings.Contains(p.Text(), "\x1b") {
		t.Errorf("after fewer lines: %s, %q", p.Matches(), p.Text())
	}
	for w := 1; w < 40; w++ {
		for h := 1; h < 6; h++ {
			p.SetWrap(w%2 == 0)
			p.Resize(w, h)
			kittest.Check(t, p.View(), w, h)
		}
	}
}

func TestSearchFindsTheRowInALongLine(t *testing.T) {
	for _, filler := range []string{"x", "東"} {
		text := strings.Repeat(filler, 5000) + "needle" + strings.Repeat(filler, 5000)
		for _, wrap := range []bool{true, false} {
			p := newLog(40, 5)
			p.Append([]LogLine{{Text: text}})
			p.SetWrap(wrap)
			p.Search("needle")
			if !strings.Contains(strings.Join(rowsOf(p.View()), ""), "needle") {
				t.Errorf("wrap %v: the match is not on screen:\n%s", wrap, kittest.Plain(p.View()))
			}
		}
	}
}

// Visible is the text on screen without styles: whole lines, not only the part
// that fits.
func (p *TextPane) Visible() string {
	if len(p.lines) == 0 {
		return ""
	}
	p.settle()
	end := p.top.down(max(0, p.h-1), len(p.lines), p.rows)
	return unstyled(p.lines[p.top.line : end.line+1])
}
