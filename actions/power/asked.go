package power

import (
	"ringside/actions"
	"ringside/backends/bmc"
	"ringside/backends/impact"
)

// wants says what each kind of run asks of a host, and what its rollback does.
var wants = map[string]struct {
	verb bmc.Verb
	want bmc.Power
	back bmc.Verb
}{
	"power.on":    {bmc.TurnOn, bmc.On, bmc.SoftOff},
	"power.off":   {bmc.SoftOff, bmc.Off, bmc.TurnOn},
	"power.force": {bmc.ForceOff, bmc.Off, bmc.TurnOn},
	"power.cycle": {bmc.Cycle, bmc.On, ""},
	"power.reset": {bmc.Reset, bmc.On, ""},
}

// Asks lists the changes of power that runs asked for, in the order of the runs:
// what is under way, and what was done. A step whose process is gone has no known
// end; it counts as failed at the moment when it began.
func Asks(runs []actions.RunRecord) []impact.Asked {
	var out []impact.Asked
	for _, r := range runs {
		w, ok := wants[r.Kind]
		if !ok {
			continue
		}
		for _, s := range r.Steps {
			if !s.Acted {
				continue
			}
			a := impact.Asked{Host: s.Target.Name, Want: w.want, Verb: w.verb, By: r.Actor.User, Run: r.ID, At: s.Started, Until: s.Ended,
				Failed: s.Status == actions.Failed}
			if s.Undoing {
				a.Verb = w.back
				a.Want = map[bmc.Power]bmc.Power{bmc.On: bmc.Off, bmc.Off: bmc.On}[w.want]
			}
			if s.Status == actions.Running && !r.Alive {
				a.Until, a.Failed = s.Started, true
			}
			out = append(out, a)
		}
	}
	return out
}
