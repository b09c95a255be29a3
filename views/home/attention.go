package home

import (
	"strings"

	"ringside/backends/impact"
	"ringside/views/kit"
	"ringside/views/screen"
)

// attentionPane is what needs a human, of all systems.
var attentionPane = system{
	name: "Attention", why: true, good: 3,
	columns: []kit.Column{{Min: 1, Want: 1}, {Min: 14, Want: 26}, {Min: 20, Want: 30, Flex: true}, {Min: 4, Want: 4, Right: true}},
	read: func(s screen.Snapshot) content {
		c := content{rows: attention(s)}
		if n := len(s.Problems); n > 0 {
			c.notes = says(count(n, "problem"))
		}
		return c
	},
}

// attention lists the problems: subject, what is wrong, since when.
func attention(s screen.Snapshot) []row {
	out := make([]row, len(s.Problems))
	for i, p := range s.Problems {
		r := row{key: p.ID, target: p.Subject, open: place(p.Subject), sign: warn,
			cells: []string{p.Subject.String(), p.Text, screen.Since(p.Since, s.Now)},
			why:   strings.Join(strings.Fields(p.Why), " ")}
		if p.Severity == impact.Critical {
			r.sign = bad
		}
		if p.Do != "" {
			r.why += "; " + p.Do
		}
		out[i] = r
	}
	return out
}
