package containers

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"ringside/backends/docker"
	"ringside/views/kit"
)

// tab is one page of the detail.
type tab struct {
	title     string
	live      bool // drawn anew with every tick
	processes bool // the processes are read while it is open
	lines     func(*detail) []string
}

var (
	tabs      []tab
	tabTitles []string
)

func init() { // set here, since the functions lead back to the table
	tabs = []tab{
		{"Overview", true, false, (*detail).overview},
		{"Env", false, false, (*detail).environment},
		{"Mounts", false, false, (*detail).mounts},
		{"Network", false, false, (*detail).network},
		{"Limits", true, false, (*detail).limits},
		{"Processes", true, true, (*detail).processList},
		{"Stats", true, false, (*detail).statistics},
		{"Inspect", false, false, (*detail).raw},
	}
	for _, t := range tabs {
		tabTitles = append(tabTitles, t.title)
	}
}

// sheet is a page of facts; its secrets are masked as the detail says.
type sheet struct {
	kit.Sheet
	d *detail
}

func (d *detail) sheet() *sheet { return &sheet{kit.Sheet{Theme: d.s.look.Theme}, d} }

// waiting is what a tab says before there are facts.
func (d *detail) waiting() []string {
	if d.err != nil {
		return []string{d.s.look.Theme.Warn.Paint(why(d.err))}
	}
	return []string{d.s.look.Theme.Dim.Paint("reading")}
}

func (d *detail) moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04:05") + "  " + kit.Age(d.s.now().Sub(t)) + " ago"
}

func (d *detail) overview() []string {
	c, theme := d.item.c, d.s.look.Theme
	s := d.sheet()
	state := signOf(theme, c)
	s.Paint("state", state.glyph+" "+state.word, state.style)
	if !c.Known { // the engine's own words, which age; better than nothing
		s.Add("", c.Status)
	}
	if c.Health != "" {
		s.Paint("health", string(c.Health), healthStyle(theme, c.Health))
	}
	s.Add("image", fullImage(c))
	s.Add("digest", c.Digest)
	s.Add("ID", c.ID)
	s.Add("engine", d.where())
	if c.Project != "" || c.Service != "" {
		s.Add("compose", projectService(c))
	}
	s.Add("created", d.moment(c.Created))
	if c.Known {
		s.Add("started", d.moment(c.Started))
		if !alive(c.State) {
			s.Add("ended", d.moment(c.Finished))
			if ended(c.State) || c.State == docker.Restarting {
				s.Add("exit code", d.exitCode())
			}
		}
		s.Add("restarts", strconv.Itoa(c.Restarts)+theme.Dim.Paint("  policy "+c.Policy))
	}
	f := d.facts
	if f == nil {
		return append(s.Lines, append([]string{""}, d.waiting()...)...)
	}
	s.Add("entrypoint", d.mask(words(f.Entrypoint)))
	s.Add("command", d.mask(words(f.Cmd)))
	s.Add("user, dir", strings.TrimSuffix(strings.TrimPrefix(f.User+"  "+f.WorkDir, "  "), "  "))
	s.Add("log driver", f.LogDriver)
	if len(f.HealthTest) > 0 {
		s.Head("Health check  " + d.mask(words(f.HealthTest)))
		for i := len(f.HealthLog) - 1; i >= 0; i-- {
			s.probe(f.HealthLog[i])
		}
		if len(f.HealthLog) == 0 {
			s.Dim("it has not run yet")
		}
	}
	s.labels(c)
	return s.Lines
}

func (d *detail) where() string {
	c := d.item.c
	out := d.item.src.spec.Name
	for _, w := range []string{c.Site, c.Environment} {
		if w != "" {
			out += " " + d.s.look.Theme.Glyph.Bullet + " " + w
		}
	}
	return out
}

func (d *detail) exitCode() string {
	c := d.item.c
	out := strconv.Itoa(c.ExitCode)
	if c.OOM {
		out += "  killed by the kernel for want of memory"
	}
	return out
}

// probe is one run of the health check with its output, one line each.
func (s *sheet) probe(p docker.HealthProbe) {
	theme := s.Theme
	glyph := theme.Good.Paint(theme.Glyph.Good)
	if p.ExitCode != 0 {
		glyph = theme.Bad.Paint(theme.Glyph.Bad)
	}
	took := ""
	if !p.End.IsZero() {
		took = p.End.Sub(p.Start).Round(time.Millisecond).String()
	}
	first, rest, _ := strings.Cut(strings.TrimSpace(s.d.mask(p.Output)), "\n")
	s.Text(fmt.Sprintf("%s %s  exit %d  %s  %s", glyph, p.Start.Local().Format("15:04:05"), p.ExitCode, took, first))
	if rest = strings.TrimSpace(rest); rest != "" {
		for line := range strings.SplitSeq(rest, "\n") {
			s.Dim("           " + line)
		}
	}
}

func (s *sheet) labels(c *docker.Container) {
	if len(c.Labels) == 0 {
		return
	}
	s.Head("Labels")
	for _, k := range sorted(c.Labels) {
		value := s.d.mask(c.Labels[k])
		if !s.d.reveal && docker.NamedSecret(k, c.Labels[k]) {
			value = s.Theme.Warn.Paint(s.d.masked())
		}
		s.Text(s.Theme.Dim.Paint(k+"=") + value)
	}
}

func (d *detail) mounts() []string {
	if d.facts == nil {
		return d.waiting()
	}
	theme := d.s.look.Theme
	s := d.sheet()
	for _, m := range d.facts.MountList {
		mode := "read and write"
		if m.ReadOnly {
			mode = "read only"
		}
		source := m.Source
		if m.Name != "" {
			source = m.Name + "  " + theme.Dim.Paint(m.Source)
		}
		s.Text(theme.Strong.Paint(m.Target))
		s.Text("  " + m.Type + "  " + mode + "  " + source)
	}
	if len(s.Lines) == 0 {
		s.Dim("no mounts")
	}
	return s.Lines
}

func (d *detail) network() []string {
	if d.facts == nil {
		return d.waiting()
	}
	s := d.sheet()
	s.Add("hostname", d.facts.Hostname)
	s.Add("ports", portList(d.item.c.Ports))
	for _, n := range d.facts.NetworkList {
		s.Head(n.Name)
		s.Add("address", n.IP)
		s.Add("gateway", n.Gateway)
		s.Add("MAC", n.MAC)
		s.Add("aliases", strings.Join(n.Aliases, ", "))
	}
	if len(d.facts.NetworkList) == 0 {
		s.Head("No networks")
	}
	return s.Lines
}

func (d *detail) processList() []string {
	theme := d.s.look.Theme
	switch {
	case d.item.c.State != docker.Running:
		return []string{theme.Dim.Paint("there are no processes to list: the container is " + string(d.item.c.State))}
	case d.top == nil && d.topErr != nil:
		return []string{theme.Warn.Paint(why(d.topErr) + "; trying again")}
	case d.top == nil:
		return []string{theme.Dim.Paint("reading")}
	}
	age := fmt.Sprintf("%d processes, read %s ago", len(d.top.Rows), kit.Age(d.s.now().Sub(d.topAt)))
	if d.topErr != nil {
		age += ", trying again: " + why(d.topErr)
	}
	last := len(d.top.Titles) - 1
	widths := make([]int, len(d.top.Titles))
	for _, row := range append([][]string{d.top.Titles}, d.top.Rows...) {
		for i := range min(len(row), last) {
			widths[i] = max(widths[i], min(24, kit.Width(row[i])))
		}
	}
	format := func(row []string) string {
		var b strings.Builder
		for i, cell := range row {
			if i < last {
				b.WriteString(kit.Fit(cell, widths[i], false, theme.Glyph.Ellipsis) + " ")
			} else {
				b.WriteString(d.mask(cell))
			}
		}
		return b.String()
	}
	out := []string{theme.Dim.Paint(age), theme.Dim.Paint(format(d.top.Titles))}
	for _, row := range d.top.Rows {
		out = append(out, format(row))
	}
	return out
}

// words joins a command's words so that their borders can be seen.
func words(list []string) string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = quote(w)
	}
	return strings.Join(out, " ")
}

func (d *detail) limits() []string {
	if d.facts == nil {
		return d.waiting()
	}
	l, st := d.facts.Limits, d.item.src.stat(d.item.c.ID)
	if !alive(d.item.c.State) {
		st = nil
	}
	s := d.sheet()
	cpu, memory, pids := math.NaN(), math.NaN(), math.NaN()
	if st != nil {
		cpu, memory, pids = st.CPU/100, float64(st.Memory), float64(st.PIDs)
	}
	s.usage("CPU", cpu, float64(l.NanoCPUs)/1e9, func(f float64) string { return strconv.FormatFloat(f, 'f', 2, 64) + " cores" })
	s.usage("memory", memory, float64(l.Memory), func(f float64) string { return size(int64(f)) })
	s.usage("processes", pids, float64(l.PIDs), func(f float64) string { return strconv.Itoa(int(f)) })
	s.Head("Further limits")
	s.Add("CPU shares", number(l.CPUShares))
	s.Add("CPU set", l.CPUSet)
	s.Add("reservation", bytesOrNone(l.MemoryReservation))
	swap := bytesOrNone(l.MemorySwap)
	if l.MemorySwap < 0 {
		swap = "unlimited"
	}
	s.Add("memory+swap", swap)
	s.Add("cgroup", d.cgroup())
	return s.Lines
}

func (d *detail) cgroup() string {
	if f := d.item.src.facts; f != nil && f.CgroupVersion != "" {
		return "version " + f.CgroupVersion
	}
	return ""
}

// usage is one line of use against a limit; limit 0 is none, NaN is not known.
func (s *sheet) usage(name string, used, limit float64, format func(float64) string) {
	theme := s.Theme
	have := theme.Glyph.Unknown
	if !math.IsNaN(used) {
		have = format(used)
	}
	if limit <= 0 {
		s.Paint(name, have+" used, no limit", theme.Text)
		return
	}
	style, share := theme.Text, used/limit
	text := theme.Bar(share, 20) + "  " + have + " of " + format(limit)
	if !math.IsNaN(share) {
		text += fmt.Sprintf("  %d%%", int(share*100))
	}
	if share >= 0.9 {
		style = theme.Warn
	}
	s.Paint(name, text, style)
}

func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func bytesOrNone(n int64) string {
	if n <= 0 {
		return ""
	}
	return size(n)
}

// raw is the engine's JSON.
func (d *detail) raw() []string {
	if d.facts == nil {
		return d.waiting()
	}
	text := string(d.facts.Raw)
	if !d.reveal {
		text = maskJSON(text, d.facts.Env, d.item.c.Labels, d.masked())
	}
	return strings.Split(text, "\n")
}

// quoted is a text as JSON has it between its quotes.
func quoted(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(s) != nil {
		return s
	}
	out := strings.TrimSuffix(b.String(), "\n")
	return out[1 : len(out)-1]
}
