package kit

import (
	"sort"
	"strings"
)

// span is a styled piece of a text, in bytes.
type span struct {
	from, to int
	style    Style
}

// paint writes text[from:to] in the base style, with the styles of the spans and,
// over them, that of the marks. Both lists are in order and do not overlap.
func paint(b *strings.Builder, text string, from, to int, base Style, spans, marks []span, mark Style) {
	spans, marks = after(spans, from), after(marks, from)
	for from < to {
		style, end := base, to
		if len(spans) > 0 {
			if s := spans[0]; s.from > from {
				end = min(end, s.from)
			} else {
				style, end = base.And(s.style), min(end, s.to)
			}
		}
		if len(marks) > 0 {
			if m := marks[0]; m.from > from {
				end = min(end, m.from)
			} else {
				style, end = style.And(mark), min(end, m.to)
			}
		}
		b.WriteString(style.Paint(text[from:end]))
		from = end
		if len(spans) > 0 && spans[0].to <= from {
			spans = spans[1:]
		}
		if len(marks) > 0 && marks[0].to <= from {
			marks = marks[1:]
		}
	}
}

// after drops the spans that end at or before a byte.
func after(spans []span, from int) []span {
	return spans[sort.Search(len(spans), func(i int) bool { return spans[i].to > from }):]
}

// unstyle takes our own styles out of a line and returns them as spans.
func unstyle(line string) (string, []span) {
	if strings.IndexByte(line, 0x1b) < 0 {
		return line, nil
	}
	var b strings.Builder
	var spans []span
	var style Style
	start := 0
	end := func() {
		if style != "" && b.Len() > start {
			spans = append(spans, span{start, b.Len(), style})
		}
		start = b.Len()
	}
	for i := 0; i < len(line); {
		if line[i] != 0x1b {
			n := strings.IndexByte(line[i:], 0x1b)
			if n < 0 {
				n = len(line) - i
			}
			b.WriteString(line[i : i+n])
			i += n
			continue
		}
		n := sequence(line[i:])
		if seq := line[i : i+n]; strings.HasPrefix(seq, "\x1b[") && seq[n-1] == 'm' {
			end()
			switch params := Style(seq[2 : n-1]); params {
			case "", "0":
				style = ""
			default:
				style = style.And(params)
			}
		}
		i += n
	}
	end()
	return b.String(), spans
}
