package actions

import (
	"fmt"
	"strconv"
)

// ManyTargets is the number of targets from which on the count must be typed.
const ManyTargets = 10

// confirmation derives how a plan is confirmed from what it would touch.
// An environment nobody named is treated with the care of a verification one.
func confirmation(p *Plan) Confirm {
	word := strconv.Itoa(len(p.Targets))
	if len(p.Targets) == 1 {
		word = p.Targets[0].Name
	}
	warns := 0
	for _, f := range p.Findings {
		if f.Level == Warn {
			warns++
		}
	}
	production, all := false, "development"
	for _, t := range p.Targets {
		production = production || t.Environment == "production"
		if t.Environment != "development" {
			all = t.Environment
		}
	}
	switch {
	case production && p.Harmless && warns == 0 && len(p.Targets) <= ManyTargets:
		return Confirm{Yes, "", "production"}
	case production:
		return Confirm{TypeOut, word, "production"}
	case len(p.Targets) > ManyTargets:
		return Confirm{TypeOut, word, fmt.Sprintf("%d targets", len(p.Targets))}
	case warns > 0:
		return Confirm{TypeOut, word, warnings(warns)}
	case all == "development":
		return Confirm{Enter, "", "development"}
	case all == "":
		return Confirm{Yes, "", "environment not known"}
	}
	return Confirm{Yes, "", all}
}

func warnings(n int) string {
	if n == 1 {
		return "1 warning"
	}
	return fmt.Sprintf("%d warnings", n)
}
