package fleet

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/clipperhouse/displaywidth"
)

// maxProblems is how many problems of one file are told, the first ones; so many
// are collected, and the rest are counted.
const (
	maxProblems  = 20
	maxCollected = 1000
)

// ConfigError is everything that is wrong with a configuration file.
type ConfigError struct {
	Problems []Problem
	More     int // further problems that are not listed
}

// Problem is one thing wrong with the file. All texts are clean, and a secret
// that was written into the file is not in them.
type Problem struct {
	File    string
	Where   Position
	Message string
	Line    string // the line at Where; "" when the problem has no line
	Hint    string // what to do, "" when the message says it all

	caret int // display columns before Where in Line
}

// Error tells all problems, with the lines they are in.
func (e *ConfigError) Error() string {
	var b strings.Builder
	for i, p := range e.Problems {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(p.String())
	}
	if e.More > 0 {
		fmt.Fprintf(&b, "\nand %d more", e.More)
	}
	return b.String()
}

// String tells one problem: "FILE:LINE:COLUMN: MESSAGE", then the line, a caret
// under the column and the hint.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Where.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Where.Line, p.Where.Column)
	}
	fmt.Fprintf(&b, ": %s", p.Message)
	if p.Line != "" {
		n := fmt.Sprintf("%5d", p.Where.Line)
		fmt.Fprintf(&b, "\n%s | %s\n%s | %s^", n, p.Line, strings.Repeat(" ", len(n)), strings.Repeat(" ", p.caret))
	}
	if p.Hint != "" {
		fmt.Fprintf(&b, "\n      = %s", p.Hint)
	}
	return b.String()
}

// problems collects what is wrong with one file.
type problems struct {
	file   string
	src    string
	list   []Problem
	more   int
	hidden map[int]int // line to the column from which it may hold a secret
}

func (ps *problems) add(at Position, hint, format string, args ...any) {
	if len(ps.list) == maxCollected {
		ps.more++
		return
	}
	ps.list = append(ps.list, Problem{File: Clean(ps.file), Where: at, Hint: Clean(hint),
		Message: Clean(fmt.Sprintf(format, args...))})
}

// hide keeps a value out of every line that is shown: from at to the end of its
// line, and so many lines after it.
func (ps *problems) hide(at Position, more int) {
	if ps.hidden == nil {
		ps.hidden = map[int]int{}
	}
	for i := range more + 1 {
		if c, ok := ps.hidden[at.Line+i]; !ok || at.Column < c {
			ps.hidden[at.Line+i] = at.Column
		}
		at.Column = 1
	}
}

// err returns the problems with their lines, nil when there are none.
func (ps *problems) err() error {
	if len(ps.list) == 0 {
		return nil
	}
	slices.SortStableFunc(ps.list, func(a, b Problem) int {
		return cmp.Or(a.Where.Line-b.Where.Line, a.Where.Column-b.Where.Column)
	})
	if n := len(ps.list) - maxProblems; n > 0 {
		ps.list, ps.more = ps.list[:maxProblems], ps.more+n
	}
	lines := strings.Split(newlines.Replace(ps.src), "\n")
	for i := range ps.list {
		p := &ps.list[i]
		if p.Where.Line < 1 || p.Where.Line > len(lines) {
			continue
		}
		p.Line, p.caret = ps.show(lines, p.Where)
	}
	return &ConfigError{ps.list, ps.more}
}

var newlines = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// secretKey finds a key that holds a secret and the plain value after it, for
// files too broken to know more about.
var secretKey = regexp.MustCompile(`(?i)(?:pas+w|pass|pwd|secret|token)[a-z_]*["']?\s*:\s*`)

// shown is how many characters of a line are printed on each side of the caret.
const shown = 60

// show returns a line ready to print and the display columns before the caret.
func (ps *problems) show(lines []string, at Position) (string, int) {
	line := []rune(lines[at.Line-1])
	if from := ps.hiddenFrom(lines, at.Line-1); from < len(line) {
		line = append(line[:from:from], []rune("********")...)
	}
	col := min(max(at.Column-1, 0), len(line))
	before, after := string(line[:col]), string(line[col:])
	if col > shown {
		before = "…" + string(line[col-shown:col])
	}
	if len(line)-col > shown {
		after = string(line[col:col+shown]) + "…"
	}
	before = Clean(before)
	return before + Clean(after), displaywidth.String(before)
}

// hiddenFrom returns the index of the first character of a line that must not be shown.
func (ps *problems) hiddenFrom(lines []string, i int) int {
	from := len(lines[i]) // in bytes, so never less than the number of characters
	if c, ok := ps.hidden[i+1]; ok {
		from = c - 1
	}
	for _, m := range secretKey.FindAllStringIndex(lines[i], -1) {
		if rest := lines[i][m[1]:]; rest != "" && rest[0] != '{' {
			from = min(from, len([]rune(lines[i][:m[1]])))
		}
	}
	if i > 0 {
		above := strings.TrimRight(lines[i-1], " \t|>+-0123456789")
		if m := secretKey.FindStringIndex(above); m != nil && m[1] == len(above) && !strings.Contains(lines[i], ":") {
			from = 0
		}
	}
	return from
}
