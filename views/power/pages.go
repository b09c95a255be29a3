package power

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"ringside/backends/bmc"
	"ringside/views/kit"
	"ringside/views/screen"
)

// page is one tab of the detail.
type page struct {
	title string
	parts []part // that it shows; they are read while it is seen
	lines func(d *detail, w int) []string
}

var (
	pages  []page
	titles []string
)

func init() { // set here, since the functions lead back to the table
	pages = []page{
		{"Overview", []part{infoPart, bootPart}, (*detail).overview},
		{"Sensors", []part{sensorsPart}, (*detail).sensorList},
		{"Events", []part{eventsPart}, (*detail).eventList},
		{"On it", nil, (*detail).around},
	}
	for _, p := range pages {
		titles = append(titles, p.title)
	}
}

// waiting says why a part is not there: "" when it is.
func (d *detail) waiting(p part, what string) (text string, style kit.Style) {
	t, r := d.s.look.Theme, d.reads[p]
	switch refused := d.item.Entry.Err; {
	case !r.at.IsZero():
		return "", ""
	case trouble(r.err) == bmc.Unsupported:
		return "this BMC does not offer " + what, t.Dim
	case r.err != nil:
		return why(r.err), t.Warn
	case !r.busy && untouched[trouble(refused)]:
		return "not asked for: " + string(trouble(refused)) + "; r asks all the same", t.Dim
	}
	return "reading", t.Dim
}

func (d *detail) overview(w int) []string {
	it, t, now := d.item, d.s.look.Theme, d.s.snap.Now
	s := kit.Sheet{Theme: t}
	sign := it.Status.Kind.Look(t)
	s.Paint("power", sign.Glyph+" "+it.powerNow(t.Glyph.Arrow, now), sign.Style)
	if it.asking {
		s.Add("asked by", it.asked.By+t.Dim.Paint("  run "+it.asked.Run))
	}
	if it.changed {
		d.lastChange(&s)
	}
	switch f := it.Facts; {
	case f == nil:
		s.Paint("read", "never", t.Dim)
	default:
		if !it.Status.Readable() {
			s.Paint("last known", known(f.Power), t.Dim)
		}
		s.Add("read", screen.Since(it.Entry.At, now)+" ago"+t.Dim.Paint("  in "+max(time.Millisecond, it.Entry.Took.Round(time.Millisecond)).String()))
		health := healthWord(it)
		if health == "none" {
			health = ""
		}
		s.Paint("health", health, healthStyle(t, it.Status.Health))
		for _, fault := range f.Faults {
			s.Paint("", fault, t.Warn)
		}
		if f.Identify {
			s.Paint("identify", "light on", t.Busy)
		}
	}
	if it.Entry.Err != nil {
		s.Paint("trouble", why(it.Entry.Err), t.Warn)
	}
	s.Head("BMC")
	d.connection(&s)
	d.bootLine(&s)
	d.infoLines(&s)
	s.Head("Place")
	s.Add("site, rack", strings.TrimSpace(it.Spec.Site+" "+it.Spec.Rack))
	s.Add("environment", it.Spec.Environment)
	s.Add("tags", strings.Join(it.Spec.Tags, " "))
	if it.Spec.SSH != nil {
		s.Add("ssh", it.Spec.SSH.Address)
	}
	return s.Lines
}

func (d *detail) lastChange(s *kit.Sheet) {
	c, style := d.item.last, s.Theme.Text
	text := c.to + " " + screen.Since(c.at, d.s.snap.Now) + " ago, "
	switch {
	case c.failed:
		text, style = c.to+" failed "+screen.Since(c.at, d.s.snap.Now)+" ago, asked by "+c.by, s.Theme.Bad
	case c.by == "":
		text, style = text+"nobody asked", s.Theme.Warn
	default:
		text += "asked by " + c.by
	}
	s.Paint("last change", text, style)
	if c.run != "" {
		s.Dim(strings.Repeat(" ", 14) + "run " + c.run)
	}
}

func (d *detail) connection(s *kit.Sheet) {
	b, f := d.item.Spec.BMC, d.item.Facts
	address := b.Address
	if b.Port > 0 {
		address += ":" + strconv.Itoa(b.Port)
	}
	s.Add("address", address)
	switch {
	case f == nil:
		s.Add("driver", b.Driver)
	case f.Suite > 0:
		s.Add("driver", fmt.Sprintf("%s, cipher suite %d", f.Driver, f.Suite))
	default:
		s.Add("driver", f.Driver)
	}
	if f != nil && f.Insecure != "" {
		s.Paint("", s.Theme.Glyph.Warn+" not verified: "+f.Insecure, s.Theme.Warn)
	}
}

// bootLine is the boot override. What a BMC does not tell is said to be unknown.
func (d *detail) bootLine(s *kit.Sheet) {
	if text, style := d.waiting(bootPart, "a boot override"); text != "" {
		s.Paint("boot", text, style)
		return
	}
	s.Add("boot", bootWords(d.boot))
}

var devices = map[bmc.Device]string{bmc.NoDevice: "as the BIOS says, no override", bmc.PXE: "PXE", bmc.Disk: "disk", bmc.CDROM: "CD", bmc.BIOS: "BIOS setup"}

func bootWords(b bmc.Boot) string {
	text, ok := devices[b.Device]
	if !ok {
		text = string(b.Device)
	}
	if b.Device == bmc.NoDevice {
		return text
	}
	switch {
	case b.PersistentKnown && b.Persistent:
		text += ", every boot"
	case b.PersistentKnown:
		text += ", next boot only"
	default:
		text += ", for how long is not told"
	}
	switch {
	case b.EFIKnown && b.EFI:
		text += ", UEFI"
	case b.EFIKnown:
		text += ", legacy"
	}
	return text
}

func (d *detail) infoLines(s *kit.Sheet) {
	if text, style := d.waiting(infoPart, "facts about itself"); text != "" {
		s.Paint("hardware", text, style)
		return
	}
	i := d.info
	s.Add("hardware", strings.TrimSpace(i.Vendor+" "+i.Model))
	s.Add("serial", i.Serial)
	for _, x := range [][2]string{{"asset tag", i.AssetTag}, {"firmware", i.Firmware}, {"BIOS", i.BIOS}, {"protocol", i.Protocol}, {"sessions", i.Sessions}, {"GUID", i.GUID}} {
		if x[1] != "" {
			s.Add(x[0], x[1])
		}
	}
}

// kinds are the kinds of sensors in the order of the page.
var kinds = []struct{ kind, title string }{
	{"temperature", "Temperatures"}, {"fan", "Fans"}, {"power", "Power"}, {"voltage", "Voltages"}, {"current", "Currents"}, {"other", "Others"},
}

// Widths of the page of sensors.
const (
	sensorName  = 22
	sensorValue = 10
	sensorState = 10
)

func (d *detail) sensorList(w int) []string {
	t := d.s.look.Theme
	if text, style := d.waiting(sensorsPart, "sensors"); text != "" {
		return []string{style.Paint(text)}
	}
	if len(d.sensors) == 0 {
		return []string{t.Dim.Paint("the BMC offers sensors, and has none")}
	}
	s := kit.Sheet{Theme: t}
	for _, k := range kinds {
		first := true
		for _, x := range d.sensors {
			if x.Kind != k.kind && (k.kind != "other" || knownKind(x.Kind)) {
				continue
			}
			if first {
				s.Head(k.title)
				first = false
			}
			s.Text(d.sensor(x, w))
		}
	}
	return s.Lines
}

func knownKind(kind string) bool {
	for _, k := range kinds {
		if k.kind == kind {
			return true
		}
	}
	return false
}

// sensor is one line: name, value, state, and how it went since the detail was
// opened.
func (d *detail) sensor(x bmc.Sensor, w int) string {
	t := d.s.look.Theme
	name := kit.Fit(x.Name, sensorName, false, t.Glyph.Ellipsis) + " "
	if x.Unit == "" && !x.Absent { // a state in words
		return name + x.State
	}
	value := t.Dim.Paint(kit.Fit("no reading", sensorValue, true, ""))
	if !x.Absent {
		value = kit.Fit(number(x), sensorValue, true, t.Glyph.Ellipsis)
	}
	state, style := x.State, t.Dim
	switch bmc.Health(x.State) {
	case bmc.OK:
		style = t.Good
	case bmc.Warning:
		state, style = t.Glyph.Warn+" warning", t.Warn
	case bmc.Critical:
		state, style = t.Glyph.Bad+" critical", t.Bad
	}
	line := name + value + "  " + style.Paint(kit.Fit(state, sensorState, false, t.Glyph.Ellipsis))
	if room := w - kit.Width(line) - 1; room >= 8 {
		line += " " + t.Focus.Paint(trace(t, d.history[x.Name], min(room, 60)))
	}
	return line
}

// trace draws the last samples between their least and their largest. What moves
// by less than a twentieth is drawn flat: noise is not to look like news.
func trace(t *kit.Theme, samples []float64, w int) string {
	samples = samples[max(0, len(samples)-w):]
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range samples {
		if !math.IsNaN(v) {
			low, high = min(low, v), max(high, v)
		}
	}
	flat := high-low < math.Abs(high)/20
	scaled := make([]float64, len(samples))
	for i, v := range samples {
		scaled[i] = (v - low) / max(high-low, 1e-9)
		if flat && !math.IsNaN(v) {
			scaled[i] = 0.5
		}
	}
	return t.Sparkline(scaled, len(scaled), 1)
}

// number is a value with its unit: 42 C, 3.31 V, 9600 RPM.
func number(x bmc.Sensor) string {
	if math.Abs(x.Value) >= 100 {
		return strconv.FormatFloat(x.Value, 'f', 0, 64) + " " + x.Unit
	}
	text := strconv.FormatFloat(x.Value, 'f', 2, 64)
	return strings.TrimRight(strings.TrimRight(text, "0"), ".") + " " + x.Unit
}

func (d *detail) eventList(w int) []string {
	t := d.s.look.Theme
	if text, style := d.waiting(eventsPart, "an event log"); text != "" {
		return []string{style.Paint(text)}
	}
	if len(d.events) == 0 {
		return []string{t.Dim.Paint("the event log is empty")}
	}
	out := make([]string, 0, len(d.events)+1)
	for _, e := range d.events {
		out = append(out, event(t, e))
	}
	if len(d.events) >= eventsMost {
		out = append(out, t.Dim.Paint(fmt.Sprintf("the newest %d are shown", eventsMost)))
	}
	return out
}

func event(t *kit.Theme, e bmc.Event) string {
	glyph, style := " ", t.Text
	switch e.Severity {
	case bmc.Warning:
		glyph, style = t.Glyph.Warn, t.Warn
	case bmc.Critical:
		glyph, style = t.Glyph.Bad, t.Bad
	}
	when := "clock not set"
	if !e.At.IsZero() {
		when = e.At.Local().Format("2006-01-02 15:04:05")
	}
	text := e.Text
	if e.Sensor != "" {
		text = e.Sensor + ": " + text
	}
	return t.Dim.Paint(kit.Fit(when, 19, false, "")) + " " + style.Paint(glyph+" "+text)
}
