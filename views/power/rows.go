// Package power is the screen of the hosts' power: a map of all of them, the list
// and one host in detail with its sensors and its event log. Rows is the same list
// as data, for the command line.
package power

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"ringside/backends/bmc"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	"ringside/backends/watch"
	"ringside/views/screen/hosts"
)

// Row is one host as data: flat, with stable names. What is not known is null or
// "unknown", never off.
type Row struct {
	Host        string   `json:"host"`
	Site        string   `json:"site"`
	Rack        string   `json:"rack"`
	Environment string   `json:"environment"`
	Tags        []string `json:"tags"`

	Power       string  `json:"power"`      // on, off, turning_on, turning_off, unknown
	LastPower   *string `json:"last_power"` // what was read last, while Power is unknown
	Requested   string  `json:"requested"`  // what a run under way asks for: on, soft, off, cycle, reset
	RequestedBy string  `json:"requested_by"`

	Health     string   `json:"health"` // ok, warning, critical, "" when the BMC does not say
	Faults     []string `json:"faults"`
	Driver     string   `json:"driver"`     // ipmi, redfish, "" before the first answer
	Unverified string   `json:"unverified"` // why the connection is not verified, "" when it is

	Was       string     `json:"was"`        // the power before Changed
	Changed   *time.Time `json:"changed"`    // null when no change was seen
	ChangedBy *string    `json:"changed_by"` // who asked for it; "" when nobody did, null without a change

	Age     *float64 `json:"age_seconds"` // of what was read last, null when nothing ever was
	Trouble string   `json:"trouble"`     // silent, wrong password, sessions full…: "" when it can be read
	Error   string   `json:"error"`
}

// Rows lists every host that has a BMC, in the order of the fleet.
func Rows(state *watch.State, f *fleet.Fleet, asked []impact.Asked, now time.Time) []Row {
	list, by := hosts.Read(f, state, now), byHost(asked)
	out := make([]Row, len(list))
	for i := range list {
		out[i] = rowOf(&list[i], by[list[i].Spec.Name], now)
	}
	return out
}

func rowOf(h *hosts.Host, asked []impact.Asked, now time.Time) Row {
	r := Row{Host: h.Spec.Name, Site: h.Spec.Site, Rack: h.Spec.Rack, Environment: h.Spec.Environment,
		Tags: append([]string{}, h.Spec.Tags...), Faults: []string{}, Power: string(bmc.Unknown)}
	if f := h.Facts; f != nil {
		last := string(f.Power)
		if h.Status.Readable() {
			r.Power = last
		} else {
			r.LastPower = &last
		}
		r.Health, r.Driver, r.Unverified, r.Was = string(f.Health), f.Driver, f.Insecure, string(f.Was)
		r.Faults = append(r.Faults, f.Faults...)
		if c, ok := changeOf(f, asked); ok {
			r.Changed, r.ChangedBy = &f.Changed, &c.by
		}
		age := max(0, now.Sub(h.Entry.At)).Seconds()
		r.Age = &age
	}
	if a, ok := underWay(asked); ok {
		r.Requested, r.RequestedBy = string(a.Verb), a.By
	}
	if !h.Status.Readable() {
		r.Trouble = h.Status.Word
	}
	if h.Entry.Err != nil {
		r.Error = fleet.Clean(h.Entry.Err.Error())
	}
	return r
}

// JSON is the row as one line.
func (r Row) JSON() string {
	b, err := json.Marshal(r)
	if err != nil {
		return err.Error() // not reached: a row holds nothing that JSON cannot say
	}
	return string(b)
}

// byHost sorts what was asked for by host, the newest first.
func byHost(asked []impact.Asked) map[string][]impact.Asked {
	out := map[string][]impact.Asked{}
	for _, a := range asked {
		out[a.Host] = append(out[a.Host], a)
	}
	for _, list := range out {
		slices.SortStableFunc(list, func(a, b impact.Asked) int {
			return cmp.Or(b.At.Compare(a.At), strings.Compare(b.Run, a.Run))
		})
	}
	return out
}

// underWay is the change that is asked for now.
func underWay(asked []impact.Asked) (impact.Asked, bool) {
	i := slices.IndexFunc(asked, func(a impact.Asked) bool { return a.Until.IsZero() })
	if i < 0 {
		return impact.Asked{}, false
	}
	return asked[i], true
}

// change is the last change of power that was seen, or that was asked for and did
// not come.
type change struct {
	to     string // "off"; what was asked for when it failed
	at     time.Time
	by     string // "" when nobody asked
	run    string
	failed bool
}

// changeOf tells the last change that was seen and who is behind it.
func changeOf(f *bmc.Facts, asked []impact.Asked) (change, bool) {
	if f.Changed.IsZero() {
		return change{}, false
	}
	a, _ := impact.Behind(f, asked)
	return change{to: known(f.Power), at: f.Changed, by: a.By, run: a.Run}, true
}

// known is a power in words.
func known(p bmc.Power) string { return strings.ReplaceAll(string(p), "_", " ") }

// latest is the last change, or the failure that came after it.
func latest(f *bmc.Facts, asked []impact.Asked) (change, bool) {
	var c change
	ok := false
	if f != nil {
		c, ok = changeOf(f, asked)
	}
	if len(asked) > 0 && asked[0].Failed && asked[0].Until.After(c.at) {
		a := asked[0]
		return change{to: verbs[a.Verb], at: a.Until, by: a.By, run: a.Run, failed: true}, true
	}
	return c, ok
}
