package containers

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"ringside/views/kit"
)

// statistics draws the last samples as large as the pane.
func (d *detail) statistics() []string {
	theme := d.s.look.Theme
	st := d.item.src.stat(d.item.c.ID)
	switch {
	case !alive(d.item.c.State):
		return []string{theme.Dim.Paint("there is nothing to measure: the container is " + string(d.item.c.State))}
	case st == nil && d.item.src.entry.Err != nil:
		return []string{theme.Warn.Paint("the engine does not answer: " + why(d.item.src.entry.Err))}
	case st == nil:
		return []string{theme.Dim.Paint("waiting for the first sample")}
	}
	s := d.sheet()
	width := max(10, d.w-2)
	tall := max(2, min(8, (d.h-3-7)/2))
	cpu, top := theme.Glyph.Unknown, 0.0
	if !math.IsNaN(st.CPU) {
		cpu = percent(st.CPU) + "% of a core"
	}
	if n := d.item.c.NanoCPUs; d.item.c.Known && n > 0 {
		top = float64(n) / 1e7
		cpu += ", limit " + percent(top) + "%"
	}
	s.Head("CPU  " + cpu)
	s.Lines = append(s.Lines, chart(theme, st.CPUHistory, width, tall, top)...)
	memory, limit := size(st.Memory), 0.0
	if n := d.item.c.MemLimit; d.item.c.Known && n > 0 {
		limit = float64(n)
		memory += fmt.Sprintf(" of %s, %d%%", size(n), st.Memory*100/n)
	}
	s.Head("Memory  " + memory)
	s.Lines = append(s.Lines, chart(theme, st.MemHistory, width, tall, limit)...)
	s.Text("")
	s.Add("network", "in "+d.rate(st.NetRx)+"  out "+d.rate(st.NetTx))
	s.Add("disk", "read "+d.rate(st.DiskRd)+"  write "+d.rate(st.DiskWr))
	s.Add("processes", strconv.Itoa(st.PIDs)+theme.Dim.Paint("  sampled "+kit.Age(d.s.now().Sub(st.At))+" ago"))
	return s.Lines
}

func (d *detail) rate(perSecond float64) string {
	if math.IsNaN(perSecond) {
		return d.s.look.Theme.Glyph.Unknown
	}
	return size(int64(perSecond)) + "/s"
}

// chart draws samples as columns over several lines. Top 0 takes the largest.
func chart(t *kit.Theme, samples []float64, width, height int, top float64) []string {
	if len(samples) > width {
		samples = samples[len(samples)-width:]
	}
	for _, v := range samples {
		if v > top && !math.IsNaN(v) {
			top = v
		}
	}
	lines := make([]string, height)
	for y := range height {
		var b strings.Builder
		b.WriteString(strings.Repeat(" ", width-len(samples))) // the newest is at the right edge
		for _, v := range samples {
			b.WriteString(step(t, v, top, height, height-1-y))
		}
		lines[y] = t.Focus.Paint(b.String())
	}
	return lines
}

// step is the part of a column that is on one line, counted from below.
func step(t *kit.Theme, v, top float64, height, y int) string {
	if math.IsNaN(v) || top <= 0 && y > 0 {
		return " "
	}
	steps := len(t.Glyph.Spark)
	filled := 0
	if top > 0 {
		filled = int(math.Round(v / top * float64(height*steps)))
	}
	filled = max(filled, 1) - y*steps // a sample of zero is seen too
	if filled <= 0 {
		return " "
	}
	return t.Glyph.Spark[min(filled, steps)-1]
}
