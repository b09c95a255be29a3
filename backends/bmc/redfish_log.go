package bmc

import (
	"cmp"
	"context"
	"encoding/json"
	"path"
	"slices"
	"strings"
	"time"

	"ringside/backends/fleet"
)

// maxLogPages bounds how much of a log is read: some give it oldest first, 50
// entries a page.
const maxLogPages = 40

// hardwareLogs are the names of logs that hold what the hardware reports, the
// better one first: Dell, Lenovo, Cisco and AMI; Fujitsu; HPE; Supermicro; OpenBMC;
// Lenovo.
var hardwareLogs = []string{"sel", "systemeventlog", "iml", "log1", "eventlog", "standardlog", "platformlog", "event", "log"}

type logEntry struct {
	ID       string `json:"Id"`
	Created  string `json:"Created"`
	Severity string `json:"Severity"`
	Message  string `json:"Message"`
	Sensor   string `json:"SensorType"`
}

func (e logEntry) event() Event {
	at, _ := time.Parse(time.RFC3339, e.Created)
	if at.Year() < 2000 { // a clock that was never set
		at = time.Time{}
	}
	return Event{ID: fleet.Clean(e.ID), At: at, Sensor: fleet.Clean(e.Sensor), Text: fleet.Clean(e.Message), Severity: healthOf(e.Severity)}
}

func (d *redfish) events(ctx context.Context, most int) ([]Event, error) {
	log, err := d.log(ctx)
	if err != nil {
		return nil, err
	}
	var service struct {
		Entries link `json:"Entries"`
	}
	if _, err := d.get(ctx, log, &service); err != nil {
		return nil, err
	}
	if service.Entries.ID == "" {
		return nil, errNoLog
	}
	out, links, err := d.entries(ctx, service.Entries.ID, most)
	if err != nil {
		return nil, err
	}
	if links, err = d.newest(ctx, links, most); err != nil {
		return nil, err
	}
	for _, l := range links {
		var e logEntry
		if _, err := d.get(ctx, l, &e); err != nil {
			return nil, err
		}
		out = append(out, e.event())
	}
	newestFirst(out)
	return out[:min(len(out), most)], nil
}

var errNoLog = &reason{trouble: Unsupported, why: "this BMC keeps no event log"}

// log finds the log of the hardware among those of the system and its managers.
func (d *redfish) log(ctx context.Context) (string, error) {
	s, err := d.system(ctx)
	if err != nil {
		return "", err
	}
	root, err := d.rootOf(ctx)
	if err != nil {
		return "", err
	}
	services := []link{s.LogServices}
	managers, err := d.members(ctx, s.Links.ManagedBy, root.Managers)
	if err != nil {
		return "", err
	}
	for _, p := range managers {
		var m struct {
			LogServices link `json:"LogServices"`
		}
		if _, err := d.get(ctx, p, &m); err != nil {
			return "", err
		}
		services = append(services, m.LogServices)
	}
	best, rank := "", len(hardwareLogs)
	for _, s := range services {
		logs, err := d.members(ctx, nil, s)
		if err != nil {
			return "", err
		}
		for _, l := range logs {
			if r := slices.Index(hardwareLogs, strings.ToLower(path.Base(l))); r >= 0 && r < rank {
				best, rank = l, r
			}
		}
	}
	if best == "" {
		return "", errNoLog
	}
	return best, nil
}

// entries reads the pages of a log: whole entries, and links to others. A log that
// begins with the newest is not read further than needed.
func (d *redfish) entries(ctx context.Context, next string, most int) (out []Event, links []string, err error) {
	for page := 0; next != "" && page < maxLogPages; page++ {
		var c collection
		if _, err := d.get(ctx, next, &c); err != nil {
			return nil, nil, err
		}
		for _, m := range c.Members {
			var e logEntry
			var l link
			if json.Unmarshal(m, &e) == nil && e.ID != "" {
				out = append(out, e.event())
			} else if json.Unmarshal(m, &l) == nil && l.ID != "" {
				links = append(links, l.ID)
			}
		}
		if n := len(out); n >= most && n > 1 && out[0].At.After(out[n-1].At) {
			break
		}
		next = c.Next
	}
	return out, links, nil
}

// newest returns at most so many of a log's links, from the end where the newer ones
// are.
func (d *redfish) newest(ctx context.Context, links []string, most int) ([]string, error) {
	n := len(links)
	if n <= most {
		return links, nil
	}
	var first, last logEntry
	if _, err := d.get(ctx, links[0], &first); err != nil {
		return nil, err
	}
	if _, err := d.get(ctx, links[n-1], &last); err != nil {
		return nil, err
	}
	if first.event().At.After(last.event().At) {
		return links[:most], nil
	}
	return links[n-most:], nil
}

// newestFirst sorts by time, and by ID within one second: entries with larger
// numbers are newer.
func newestFirst(events []Event) {
	slices.SortStableFunc(events, func(a, b Event) int {
		return cmp.Or(b.At.Compare(a.At), len(b.ID)-len(a.ID), strings.Compare(b.ID, a.ID))
	})
}
