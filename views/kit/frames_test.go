package kit

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"ringside/views/kit/kittest"
)

// story is a log as it comes from three containers at once.
func story(theme *Theme) []LogLine {
	colour := map[string]Style{"api": theme.Link, "web-blue": theme.Good, "決済サービス": theme.Unknown}
	var out []LogLine
	for i, l := range []LogLine{
		{Source: "api", Text: "listening on :8080"},
		{Source: "web-blue", Text: `{"level":"warn","msg":"slow upstream","took":"1.8s","path":"/v1/orders"}`},
		{Source: "決済サービス", Text: "注文 10023 を受け付けました ✓ 完了"},
		{Source: "api", Text: "ERROR cannot reach db:5432: connection refused", Err: true},
		{Source: "api", Text: "panic: runtime error: invalid memory address or nil pointer dereference", Err: true},
		{Source: "api", Text: "goroutine 1 [running]: main.(*server).handle(0xc000124000, {0x7f3a2c, 0x14}) /src/api/server.go:112 +0x1d4", Err: true},
		{Source: "api", Text: "restarted, exit code 2", Note: true},
		{Source: "web-blue", Text: "GET /v1/orders 502 1802ms"},
		{Source: "決済サービス", Text: strings.Repeat("在庫を確認しています。", 6)},
		{Source: "api", Text: "listening on :8080"},
		{Source: "web-blue", Text: "GET /v1/orders 200 12ms 😀"},
	} {
		l.At, l.SourceStyle = noon.Add(time.Duration(i)*time.Second), colour[l.Source]
		out = append(out, l)
	}
	return out
}

func TestPaneFrames(t *testing.T) {
	defer func(l *time.Location) { time.Local = l }(time.Local)
	time.Local = time.UTC
	themes := map[string]*Theme{"dark": NewTheme(true, false), "light": NewTheme(false, false), "ascii": NewTheme(true, true)}
	for look, theme := range themes {
		for _, size := range [][2]int{{80, 24}, {140, 40}} {
			w, h := size[0], size[1]
			log := NewLogPane(1000, 1<<20)
			log.Resize(w, h)
			log.Restyle(theme)
			log.Append(story(theme))
			log.SetTimes(TimesClock)
			log.Search("listening")
			log.Now = noon.Add(time.Minute)

			text := NewTextPane()
			text.Resize(w, h)
			text.Restyle(theme)
			for i := range 60 {
				text.lines = append(text.lines, theme.Dim.Paint(fmt.Sprintf("%-12s", fmt.Sprint("key", i)))+" "+strings.Repeat("値 value ", i%20))
			}
			text.SetLines(text.lines)
			text.Search("key12")

			for name, frame := range map[string]string{"log": log.View(), "text": text.View()} {
				kittest.Check(t, frame, w, h)
				kittest.Golden(t, fmt.Sprintf("%s-%dx%d-%s", name, w, h, look), frame)
			}
		}
	}
}

func TestSparklineAndBar(t *testing.T) {
	u, a := NewTheme(true, false), NewTheme(true, true)
	nan := math.NaN()
	for _, c := range []struct{ name, got, want string }{
		{"rising", u.Sparkline([]float64{0, 1, 2, 3, 4, 5, 6, 7, 8}, 9, 8), "▁▂▃▄▅▆▇██"},
		{"newest", u.Sparkline([]float64{8, 8, 0}, 2, 8), "█▁"},
		{"padded", u.Sparkline([]float64{4}, 3, 8), "  ▅"},
		{"own top", u.Sparkline([]float64{1, 2}, 2, 0), "▅█"},
		{"unknown", u.Sparkline([]float64{1, nan, 1}, 3, 1), "█ █"},
		{"all zero", u.Sparkline([]float64{0, 0}, 2, 0), "▁▁"},
		{"beyond", u.Sparkline([]float64{-5, 99, math.Inf(1), math.Inf(-1)}, 4, 8), "▁██▁"},
		{"infinite top", u.Sparkline([]float64{1, math.Inf(1)}, 2, 0), "██"},
		{"ascii", a.Sparkline([]float64{0, 4, 8}, 3, 8), "_+@"},
		{"no room", u.Sparkline([]float64{1}, 0, 1), ""},
		{"half", u.Bar(0.5, 4), "██░░"},
		{"over", u.Bar(7, 4), "████"},
		{"under", u.Bar(-1, 4), "░░░░"},
		{"not known", u.Bar(nan, 4), "????"},
		{"ascii bar", a.Bar(0.25, 4), "#..."},
		{"no bar", u.Bar(1, 0), ""},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.name, c.got, c.want)
		}
	}
}

func TestBoxesAtEverySize(t *testing.T) {
	theme := NewTheme(true, false)
	for w := 1; w < 40; w++ {
		for h := 1; h < 6; h++ {
			box := theme.Box("東京 containers", "41 up", "a\n日本語の長い行がここにあります\nc\nd\ne", w, h, true)
			kittest.Check(t, box, w, h)
		}
		kittest.Check(t, theme.Rule("東京", "note", w, false), w, 1)
	}
}

// The two themes must name every style that carries a meaning.
func TestThemesAreComplete(t *testing.T) {
	for _, dark := range []bool{true, false} {
		th := NewTheme(dark, false)
		for name, s := range map[string]Style{"Dim": th.Dim, "Strong": th.Strong, "Title": th.Title, "Border": th.Border, "Focus": th.Focus,
			"Good": th.Good, "Warn": th.Warn, "Bad": th.Bad, "Busy": th.Busy, "Off": th.Off, "Unknown": th.Unknown, "Key": th.Key, "Link": th.Link,
			"Match": th.Match, "Selected": th.Selected, "Marked": th.Marked, "Chrome": th.Chrome, "Tab": th.Tab, "TabActive": th.TabActive} {
			if s == "" {
				t.Errorf("dark %v: %s has no style", dark, name)
			}
		}
	}
}

// Signs must be one column wide and tell states apart without colour.
func TestGlyphs(t *testing.T) {
	for name, g := range map[string]Glyphs{"unicode": Unicode, "ascii": ASCII} {
		states := map[string]bool{}
		for _, s := range []string{g.Good, g.Warn, g.Bad, g.Busy, g.Off, g.Paused, g.Unknown, g.Stale} {
			if states[s] || Width(s) != 1 {
				t.Errorf("%s: sign %q is taken or not one column wide", name, s)
			}
			states[s] = true
		}
		for _, s := range append([]string{g.Cursor, g.Mark, g.Up, g.Down, g.Fold, g.Open, g.More, g.Bullet, g.Full, g.Empty, g.H, g.V, g.TL, g.Ellipsis}, g.Spark...) {
			if Width(s) != 1 || name == "ascii" && !plain(s) {
				t.Errorf("%s: glyph %q", name, s)
			}
		}
	}
}

func BenchmarkLogAppend(b *testing.B) {
	for _, kept := range []int{1_000, 100_000, 1_000_000} {
		for _, late := range []bool{false, true} {
			b.Run(fmt.Sprintf("kept=%d/merged=%v", kept, late), func(b *testing.B) {
				p := NewLogPane(kept, 1<<30)
				p.Resize(80, 24)
				p.Append(logged("a", 0, kept))
				line := []LogLine{{Source: "a", Text: "2026-11-23 12:00:00 GET /v1/orders 200 12ms"}}
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					line[0].At = noon.Add(time.Duration(kept+i) * time.Second)
					if late && i%2 == 1 { // a second source, ten lines behind
						line[0].Source, line[0].At = "b", line[0].At.Add(-10*time.Second)
					} else {
						line[0].Source = "a"
					}
					p.Append(line)
				}
			})
		}
	}
}

func BenchmarkLogView(b *testing.B) {
	wide := strings.Repeat("在庫を確認しています。", 2000) // 66 kB
	for _, c := range []struct {
		name string
		kept int
		last string
	}{{"kept=1000", 1000, ""}, {"kept=1000000", 1_000_000, ""}, {"line=64kB", 1000, strings.Repeat("x", 64<<10)}, {"line=66kB-wide", 1000, wide}} {
		for _, wrap := range []bool{true, false} {
			b.Run(fmt.Sprintf("%s/wrap=%v", c.name, wrap), func(b *testing.B) {
				p := NewLogPane(c.kept, 1<<30)
				p.Resize(80, 24)
				p.Append(logged("a", 0, c.kept))
				if c.last != "" {
					p.Append([]LogLine{{Source: "a", At: noon.Add(1e6 * time.Second), Text: c.last}})
				}
				p.SetWrap(wrap)
				p.SetTimes(TimesClock)
				p.Search("9")
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					p.Move(2*(i&1) - 1)
					p.View()
				}
			})
		}
	}
}

// A search or a filter reads every line once.
func BenchmarkLogSearch(b *testing.B) {
	for _, query := range []string{"orders", "502|500"} {
		b.Run(fmt.Sprintf("lines=100000/query=%s", query), func(b *testing.B) {
			p := NewLogPane(100_000, 1<<30)
			p.Resize(80, 24)
			lines := logged("a", 0, 100_000)
			for i := range lines {
				lines[i].Text = "2026-11-23T12:00:00.123456Z info GET /v1/items/" + lines[i].Text + " 200 12ms user-agent Mozilla/5.0"
			}
			p.Append(lines)
			for b.Loop() {
				p.Search(query)
			}
		})
	}
}

func BenchmarkSparkline(b *testing.B) {
	t := NewTheme(true, false)
	samples := make([]float64, 60)
	for i := range samples {
		samples[i] = float64(i * 7 % 13)
	}
	b.ReportAllocs()
	for b.Loop() {
		t.Sparkline(samples, 40, 0)
	}
}
