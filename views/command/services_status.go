package command

import (
	"time"

	"ringside/actions"
	"ringside/backends/impact"
	view "ringside/views/services"
)

// serviceRow is a service as status tells it: as services list does, and what it is.
type serviceRow struct {
	Kind string `json:"kind"` // service
	view.Row
}

// lookedAt is the services of a fleet as they were read.
type lookedAt struct {
	services []impact.Service
	holds    []actions.Hold
}

func rowsOf(list []serviceRow) (out []view.Row) {
	for _, r := range list {
		out = append(out, r.Row)
	}
	return out
}

// addServices tells of the services that were looked at.
func (a *app) addServices(o *overview, l lookedAt, now time.Time) {
	for _, r := range view.Rows(l.services, l.holds, now) {
		o.services = append(o.services, serviceRow{"service", r})
		if r.Error != "" {
			o.partial = said(ExitFailed)
		}
	}
	o.problems = append(o.problems, impact.ServiceProblems(l.services)...)
}
