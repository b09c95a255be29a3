package command

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"

	"github.com/charmbracelet/x/term"
	"github.com/goccy/go-yaml"

	"ringside/views/kit"
)

// formats are the values of --output.
var formats = []string{"table", "json", "yaml"}

// column is one column of a table over items of type T.
type column[T any] struct {
	title string
	right bool
	flex  bool // shortened in its middle when the terminal is too narrow
	drop  int  // left out when that is not enough, the highest first; 0: never
	cell  func(T) cell
}

// cell is one field: clean text of one line, and its style on a terminal.
type cell struct {
	text  string
	style kit.Style
}

func text[T any](f func(T) string) func(T) cell {
	return func(x T) cell { return cell{text: f(x)} }
}

// Styles that fit dark and light terminals alike: the palette of the user.
const (
	good kit.Style = "32"
	warn kit.Style = "33"
	bad  kit.Style = "31"
	dim  kit.Style = "2"
	bold kit.Style = "1"
)

// emit prints a list in the format that was asked for.
func emit[T any](a *app, list []T, columns []column[T]) error {
	switch a.flags.output {
	case "json":
		b, err := listJSON(list)
		if err != nil {
			return err
		}
		_, err = a.Out.Write(b)
		return err
	case "yaml":
		b, err := listJSON(list)
		if err == nil {
			b, err = yaml.JSONToYAML(b)
		}
		if err != nil {
			return err
		}
		_, err = a.Out.Write(b)
		return err
	}
	cells := make([][]cell, len(list))
	for i, x := range list {
		for _, c := range columns {
			cells[i] = append(cells[i], c.cell(x))
		}
	}
	heads := make([]head, len(columns))
	for i, c := range columns {
		heads[i] = head{c.title, c.right, c.flex, c.drop}
	}
	_, err := a.Out.Write([]byte(a.table(heads, cells)))
	return err
}

// listJSON writes a list of flat objects, one a line.
func listJSON[T any](list []T) ([]byte, error) {
	if len(list) == 0 {
		return []byte("[]\n"), nil
	}
	var b bytes.Buffer
	before := "["
	for _, x := range list {
		b.WriteString(before)
		before = ",\n "
		one, err := plainJSON(x)
		if err != nil {
			return nil, err
		}
		b.Write(one)
	}
	b.WriteString("]\n")
	return b.Bytes(), nil
}

// plainJSON is one value without the escapes that are for HTML.
func plainJSON(x any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(x)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

type head struct {
	title       string
	right, flex bool
	drop        int
}

// gap is between columns.
const gap = 2

// table lays out by display width. Nothing is cut and nothing is coloured unless
// it is for a terminal.
func (a *app) table(heads []head, rows [][]cell) string {
	widths := fit(heads, rows, a.width())
	paint := a.colours()
	var b strings.Builder
	line := func(cells []cell) {
		var l strings.Builder
		for i, c := range cells {
			if widths[i] < 0 {
				continue
			}
			if l.Len() > 0 {
				l.WriteString(strings.Repeat(" ", gap))
			}
			text := kit.Fit(kit.Middle(c.text, widths[i], a.glyphs().Ellipsis), widths[i], heads[i].right, "")
			if paint {
				text = c.style.Paint(text)
			}
			l.WriteString(text)
		}
		b.WriteString(strings.TrimRight(l.String(), " ") + "\n")
	}
	titles := make([]cell, len(heads))
	for i, h := range heads {
		titles[i] = cell{h.title, dim}
	}
	line(titles)
	for _, r := range rows {
		line(r)
	}
	return b.String()
}

// least is how far a flexible column may shrink.
const least = 16

// fit gives every column its width, -1 for one that is left out. A room of 0 is
// unlimited.
func fit(heads []head, rows [][]cell, room int) []int {
	widths := make([]int, len(heads))
	over := -room - gap
	for i, h := range heads {
		widths[i] = kit.Width(h.title)
		for _, r := range rows {
			widths[i] = max(widths[i], kit.Width(r[i].text))
		}
		over += widths[i] + gap
	}
	if room == 0 {
		return widths
	}
	spare := 0
	for i, h := range heads {
		if h.flex {
			spare += max(0, widths[i]-least)
		}
	}
	for drop := 9; drop > 0 && over > spare; drop-- {
		for i, h := range heads {
			if h.drop != drop {
				continue
			}
			if h.flex {
				spare -= max(0, widths[i]-least)
			}
			over -= widths[i] + gap
			widths[i] = -1
		}
	}
	for i := len(heads) - 1; i >= 0 && over > 0; i-- {
		if cut := min(over, widths[i]-least); heads[i].flex && cut > 0 {
			widths[i] -= cut
			over -= cut
		}
	}
	return widths
}

// width is that of the terminal, 0 when the output is none.
func (a *app) width() int {
	f, ok := a.Out.(*os.File)
	if !ok || !a.terminal(a.Out) {
		return 0
	}
	w, _, err := term.GetSize(f.Fd())
	if err != nil {
		return 0
	}
	return w
}

func (a *app) colours() bool {
	return a.terminal(a.Out) && !a.flags.noColor && a.Getenv("NO_COLOR") == "" && a.Getenv("TERM") != "dumb"
}

// glyphs are the signs of a state; ASCII with --ascii.
func (a *app) glyphs() kit.Glyphs {
	if a.flags.ascii {
		return kit.ASCII
	}
	return kit.Unicode
}
