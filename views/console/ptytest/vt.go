// Package ptytest drives a terminal program in a pseudo-terminal: it presses
// keys, keeps a model of the screen and meters bytes and time. Tests and
// benchmarks of the real binary use it; nothing else does.
package ptytest

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// vt is as much of a terminal (ECMA-48, xterm) as it takes to know what text is
// on the screen and to answer the queries a program sends at its start. It keeps
// no colours. A wide character takes its cell and an empty one.
type vt struct {
	w, h     int
	cells    [][]string // "" is the right half of a wide character
	x, y     int
	savedX   int
	savedY   int
	top, bot int // scroll region, inclusive
	wrapNext bool
	last     string
	pending  []byte // a sequence that has not ended yet
	replies  []byte
	alt      bool
	osc      []string // every OSC, DCS, APC, PM and SOS string received
	acks     int      // primary device attributes asked for
}

func newVT(w, h int) *vt {
	return &vt{w: w, h: h, bot: h - 1, cells: blank(w, h)}
}

func blank(w, h int) [][]string {
	c := make([][]string, h)
	for i := range c {
		c[i] = blankLine(w)
	}
	return c
}

func blankLine(w int) []string {
	l := make([]string, w)
	for i := range l {
		l[i] = " "
	}
	return l
}

func (t *vt) resize(w, h int) {
	t.w, t.h, t.top, t.bot = w, h, 0, h-1
	t.x, t.y = min(t.x, w-1), min(t.y, h-1)
	t.cells = blank(w, h)
}

func (t *vt) text() string {
	var b strings.Builder
	for _, l := range t.cells {
		b.WriteString(strings.TrimRight(strings.Join(l, ""), " "))
		b.WriteByte('\n')
	}
	return b.String()
}

func (t *vt) write(p []byte) {
	t.pending = append(t.pending, p...)
	b := t.pending
	for len(b) > 0 {
		n := t.step(b)
		if n == 0 {
			break
		}
		b = b[n:]
	}
	t.pending = append(t.pending[:0], b...)
}

// step consumes one control or character and returns its length, 0 when it has
// not arrived whole.
func (t *vt) step(b []byte) int {
	switch c := b[0]; {
	case c == 0x1b:
		return t.escape(b)
	case c == '\r':
		t.x, t.wrapNext = 0, false
	case c == '\n', c == 0x0b, c == 0x0c:
		t.index()
	case c == '\b':
		t.x, t.wrapNext = max(0, t.x-1), false
	case c == '\t':
		t.x = min(t.w-1, (t.x/8+1)*8)
	case c < 0x20 || c == 0x7f:
	default:
		if !utf8.FullRune(b) {
			return 0
		}
		_, n := utf8.DecodeRune(b)
		t.put(string(b[:n]))
		return n
	}
	return 1
}

func (t *vt) put(s string) {
	w := ansi.StringWidth(s)
	if w == 0 { // joins what stands before
		if t.x > 0 {
			i := t.x - 1
			if t.wrapNext {
				i = t.x
			}
			if t.cells[t.y][i] == "" && i > 0 {
				i--
			}
			t.cells[t.y][i] += s
		}
		return
	}
	if t.wrapNext {
		t.x = 0
		t.index()
	}
	t.cells[t.y][t.x] = s
	t.last = s
	if w == 2 && t.x+1 < t.w {
		t.cells[t.y][t.x+1] = ""
	}
	if t.x+w >= t.w {
		t.x, t.wrapNext = t.w-1, true
	} else {
		t.x += w
	}
}

func (t *vt) index() {
	t.wrapNext = false
	if t.y == t.bot {
		t.scroll(t.top, 1)
	} else if t.y < t.h-1 {
		t.y++
	}
}

// scroll moves the lines from..bot up by n, down when n is negative.
func (t *vt) scroll(from, n int) {
	for ; n > 0; n-- {
		copy(t.cells[from:t.bot+1], t.cells[from+1:t.bot+1])
		t.cells[t.bot] = blankLine(t.w)
	}
	for ; n < 0; n++ {
		copy(t.cells[from+1:t.bot+1], t.cells[from:t.bot])
		t.cells[from] = blankLine(t.w)
	}
}

func (t *vt) escape(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '[':
		for i := 2; i < len(b); i++ {
			if b[i] >= 0x40 && b[i] <= 0x7e {
				t.csi(string(b[2:i]), b[i])
				return i + 1
			}
		}
		return 0
	case ']', 'P', '_', '^', 'X':
		for i := 2; i < len(b); i++ {
			if b[i] == 0x07 {
				t.control(b[1], string(b[2:i]))
				return i + 1
			}
			if b[i] == 0x1b {
				if i+1 >= len(b) {
					return 0
				}
				t.control(b[1], string(b[2:i]))
				return i + 2
			}
		}
		return 0
	case '(', ')', '*', '+', '#', ' ', '%':
		if len(b) < 3 {
			return 0
		}
		return 3
	case '7':
		t.savedX, t.savedY = t.x, t.y
	case '8':
		t.x, t.y = t.savedX, t.savedY
	case 'M':
		if t.y == t.top {
			t.scroll(t.top, -1)
		} else {
			t.y = max(0, t.y-1)
		}
	case 'D':
		t.index()
	case 'E':
		t.x = 0
		t.index()
	}
	return 2
}

func (t *vt) control(kind byte, s string) {
	t.osc = append(t.osc, string(kind)+s)
	code, arg, _ := strings.Cut(s, ";")
	switch {
	case kind == ']' && code == "11" && arg == "?":
		t.reply("\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\")
	case kind == ']' && code == "10" && arg == "?":
		t.reply("\x1b]10;rgb:d0d0/d0d0/d0d0\x1b\\")
	case kind == 'P' && strings.HasPrefix(s, "+q"):
		t.reply("\x1bP0+r\x1b\\")
	}
}

func (t *vt) reply(s string) { t.replies = append(t.replies, s...) }

func (t *vt) csi(params string, final byte) {
	private := byte(0)
	if params != "" && strings.IndexByte("?>=<", params[0]) >= 0 {
		private, params = params[0], params[1:]
	}
	inter := ""
	for params != "" && params[len(params)-1] < 0x30 {
		inter, params = params[len(params)-1:]+inter, params[:len(params)-1]
	}
	var ps []int
	for f := range strings.SplitSeq(params, ";") {
		f, _, _ = strings.Cut(f, ":")
		n, _ := strconv.Atoi(f)
		ps = append(ps, n)
	}
	if private != 0 || inter != "" {
		t.private(private, inter, final, ps)
		return
	}
	p := func(i, d int) int {
		if i < len(ps) && ps[i] != 0 {
			return ps[i]
		}
		return d
	}
	if final != 'm' && final != 'b' {
		t.wrapNext = false
	}
	switch final {
	case 'A':
		t.y = max(0, t.y-p(0, 1))
	case 'B', 'e':
		t.y = min(t.h-1, t.y+p(0, 1))
	case 'C', 'a':
		t.x = min(t.w-1, t.x+p(0, 1))
	case 'D':
		t.x = max(0, t.x-p(0, 1))
	case 'E':
		t.y, t.x = min(t.h-1, t.y+p(0, 1)), 0
	case 'F':
		t.y, t.x = max(0, t.y-p(0, 1)), 0
	case 'G', '`':
		t.x = min(t.w, p(0, 1)) - 1
	case 'd':
		t.y = min(t.h, p(0, 1)) - 1
	case 'H', 'f':
		t.y, t.x = min(t.h, p(0, 1))-1, min(t.w, p(1, 1))-1
	case 'I':
		for range p(0, 1) {
			t.x = min(t.w-1, (t.x/8+1)*8)
		}
	case 'Z':
		for range p(0, 1) {
			t.x = max(0, (t.x-1)/8*8)
		}
	case 'J':
		t.erase(p(0, 0))
	case 'K':
		from, to := t.x, t.w
		if p(0, 0) == 1 {
			from, to = 0, t.x+1
		} else if p(0, 0) == 2 {
			from = 0
		}
		t.fill(t.y, from, to)
	case 'X':
		t.fill(t.y, t.x, t.x+p(0, 1))
	case 'P':
		n := min(p(0, 1), t.w-t.x)
		copy(t.cells[t.y][t.x:], t.cells[t.y][t.x+n:])
		t.fill(t.y, t.w-n, t.w)
	case '@':
		n := min(p(0, 1), t.w-t.x)
		copy(t.cells[t.y][t.x+n:], t.cells[t.y][t.x:t.w-n])
		t.fill(t.y, t.x, t.x+n)
	case 'L':
		t.scroll(t.y, -min(p(0, 1), t.h))
	case 'M':
		t.scroll(t.y, min(p(0, 1), t.h))
	case 'S':
		t.scroll(t.top, min(p(0, 1), t.h))
	case 'T':
		t.scroll(t.top, -min(p(0, 1), t.h))
	case 'r':
		t.top, t.bot = p(0, 1)-1, min(t.h, p(1, t.h))-1
		t.x, t.y = 0, 0
	case 'b':
		for range p(0, 1) {
			t.put(t.last)
		}
	case 's':
		t.savedX, t.savedY = t.x, t.y
	case 'u':
		t.x, t.y = t.savedX, t.savedY
	case 'c':
		t.acks++
		t.reply("\x1b[?62;22c")
	case 'n':
		if p(0, 0) == 6 {
			t.reply("\x1b[" + strconv.Itoa(t.y+1) + ";" + strconv.Itoa(t.x+1) + "R")
		} else {
			t.reply("\x1b[0n")
		}
	}
}

func (t *vt) erase(mode int) {
	switch mode {
	case 0:
		t.fill(t.y, t.x, t.w)
		for y := t.y + 1; y < t.h; y++ {
			t.fill(y, 0, t.w)
		}
	case 1:
		for y := range t.y {
			t.fill(y, 0, t.w)
		}
		t.fill(t.y, 0, t.x+1)
	default:
		t.cells = blank(t.w, t.h)
	}
}

func (t *vt) private(kind byte, inter string, final byte, ps []int) {
	switch {
	case kind == '?' && inter == "$" && final == 'p':
		t.reply("\x1b[?" + strconv.Itoa(ps[0]) + ";2$y")
	case kind == '?' && (final == 'h' || final == 'l'):
		for _, m := range ps {
			if m == 1049 || m == 47 || m == 1047 {
				t.alt = final == 'h'
				t.cells = blank(t.w, t.h)
			}
		}
	case kind == '?' && final == 'u':
		t.reply("\x1b[?1u")
	case kind == '>' && final == 'q':
		t.reply("\x1bP>|ptytest 1\x1b\\")
	case kind == '>' && final == 'c':
		t.reply("\x1b[>1;10;0c")
	}
}

func (t *vt) fill(y, from, to int) {
	for x := from; x < to && x < t.w; x++ {
		t.cells[y][x] = " "
	}
}
