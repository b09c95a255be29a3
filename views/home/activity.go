package home

import (
	"fmt"

	"ringside/actions"
	"ringside/views/kit"
	"ringside/views/screen"
)

// activityPane is what was done lately.
var activityPane = system{
	name: "Activity", good: 4, spare: true, fills: true,
	columns: []kit.Column{{Min: 1, Want: 1}, {Min: 16, Want: 24, Flex: true}, {Min: 6, Want: 10, Priority: 2}, {Min: 10, Want: 11}, {Min: 4, Want: 4, Right: true}},
	read: func(s screen.Snapshot) content {
		return content{rows: activity(s), empty: "nothing was done yet"}
	},
}

// activity lists the newest runs: what, who, how it went, when.
func activity(s screen.Snapshot) []row {
	out := make([]row, 0, len(s.Runs))
	for _, r := range s.Runs {
		status, look := string(r.Status), runSigns[r.Status]
		switch {
		case r.Unfinished():
			status, look = "unfinished", warn
		case r.Alive && !r.Status.Final():
			done := 0
			for _, st := range r.Steps {
				if st.Status.Final() || st.Status == actions.Skipped {
					done++
				}
			}
			status, look = fmt.Sprintf("%d of %d", done, len(r.Steps)), busy
		}
		out = append(out, row{key: "run/" + r.ID, open: screen.Go{Screen: "runs", Subject: r.ID, Open: "detail"}, sign: look,
			cells: []string{r.Title, r.Actor.User, status, screen.Since(r.Created, s.Now)}, why: r.Error})
	}
	return out
}

var runSigns = map[actions.Status]sign{
	actions.Succeeded: good, actions.Failed: bad, actions.Cancelled: off, actions.Interrupted: warn,
	actions.RolledBack: off, actions.Running: busy, actions.Pending: busy,
}
