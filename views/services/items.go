package services

import (
	"strings"
	"time"

	"ringside/actions"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	"ringside/views/screen"
	"ringside/views/screen/releases"
)

// item is one service of the list.
type item struct {
	Row
	svc   *impact.Service
	place int                // in the fleet
	text  string             // lower case: where a word of a filter is looked for
	going *actions.RunRecord // the run that works on it, or that was left half way; nil: none
	gate  releases.Gate      // of what is in the colour that is not live
}

func (it *item) target() fleet.Target { return it.svc.Target() }

// Key implements lists.Thing.
func (it *item) Key() string { return it.target().Key() }

// underWay says that a process works on the service now.
func (it *item) underWay() bool { return it.going != nil && it.going.Alive }

// read is when the oldest proxy of the service was read; zero when one never was.
func (it *item) read() (oldest time.Time) {
	for i, p := range it.svc.Proxies {
		if p.At.IsZero() {
			return time.Time{}
		}
		if i == 0 || p.At.Before(oldest) {
			oldest = p.At
		}
	}
	return oldest
}

// itemsOf lists the services of a picture, in the order of the fleet.
func itemsOf(s screen.Snapshot) []*item {
	rows := Rows(s.Services, s.Holds, s.Now)
	runs := releases.Going(s.Runs)
	gates := releases.Gates(s.Runs)
	items := make([]*item, len(rows))
	for i := range rows {
		svc := &s.Services[i]
		it := &item{svc: svc, Row: rows[i], place: i}
		it.going = runs[it.Key()]
		if svc.Live != "" {
			r, _ := svc.Colour(svc.Live.Other()).Release()
			it.gate = gates[r.Run]
		}
		it.text = strings.ToLower(strings.Join(append([]string{svc.Name, svc.Environment, rows[i].Live, rows[i].Version, rows[i].Health, rows[i].Other,
			rows[i].OtherState, rows[i].OtherVersion, rows[i].By, rows[i].Error}, append(rows[i].Engines, rows[i].Proxies...)...), "\x00"))
		items[i] = it
	}
	return items
}

// attention ranks services, what is worst first.
func attention(it *item) int {
	switch {
	case it.unread():
		return 6
	case it.Live == "":
		return 0
	case it.Health == "unhealthy" || it.Health == "stopped" || it.Health == "missing":
		return 1
	case !it.Settled:
		return 2
	case it.going != nil && !it.underWay():
		return 3
	case it.Error != "":
		return 4
	case it.Errors != nil && *it.Errors > 0:
		return 5
	case it.underWay():
		return 7
	}
	return 8
}
