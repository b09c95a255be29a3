package kit

import (
	"math"
	"strings"
)

// Sparkline draws the last width samples scaled to top; top 0 takes the largest.
// NaN, a sample that is not known, is a space.
func (t *Theme) Sparkline(samples []float64, width int, top float64) string {
	if width <= 0 {
		return ""
	}
	if len(samples) > width {
		samples = samples[len(samples)-width:]
	}
	if top <= 0 {
		for _, s := range samples {
			if s > top && !math.IsInf(s, 1) { // false for NaN
				top = s
			}
		}
	}
	var b strings.Builder
	b.WriteString(spaces(width - len(samples)))
	steps := t.Glyph.Spark
	for _, s := range samples {
		switch {
		case math.IsNaN(s):
			b.WriteByte(' ')
		case top <= 0:
			b.WriteString(steps[0])
		default:
			share := min(max(s/top, 0), 1)
			b.WriteString(steps[min(int(share*float64(len(steps))), len(steps)-1)])
		}
	}
	return b.String()
}

// Bar draws a share of 0 to 1 over width columns; NaN draws question marks.
func (t *Theme) Bar(share float64, width int) string {
	if width <= 0 {
		return ""
	}
	if math.IsNaN(share) {
		return strings.Repeat(t.Glyph.Unknown, width)
	}
	n := int(math.Round(min(max(share, 0), 1) * float64(width)))
	return strings.Repeat(t.Glyph.Full, n) + strings.Repeat(t.Glyph.Empty, width-n)
}
