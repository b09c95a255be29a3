package power

import (
	"fmt"
	"time"

	"ringside/actions"
	"ringside/backends/bmc"
)

// acts is the table, in the order of menus.
var acts = []act{
	{
		verb: "on", title: "Turn hosts on", does: "turn on", surge: true,
		help: "Turn hosts on, in waves; done is what the BMC shows as on.",
		args: []actions.Arg{timeoutArg}, parse: parseTimeout, limit: limit,
		there: inState("is on already", bmc.On),
		done:  is(bmc.On), do: turnOn, undo: softOff, undone: is(bmc.Off),
		next: onNext,
	},
	{
		verb: "off", title: "Shut hosts down", does: "shut down",
		help: "Ask the operating systems of hosts to shut down and turn off. What is still on after the timeout stays on: forcing it is a plan of its own.",
		args: []actions.Arg{timeoutArg}, parse: parseTimeout, limit: limit,
		there: inState("is off already", bmc.Off),
		done:  is(bmc.Off), do: softOff, undo: turnOn, undone: is(bmc.On),
		next: offNext,
	},
	{
		verb: "force", title: "Cut the power of hosts", does: "cut the power of",
		help: "Cut the power of hosts without a shutdown.",
		args: []actions.Arg{timeoutArg}, parse: parseTimeout, limit: limit,
		there: inState("is off already", bmc.Off), notes: loses,
		done: is(bmc.Off), do: send(bmc.ForceOff), undo: turnOn, undone: is(bmc.On),
	},
	{
		verb: "cycle", title: "Power-cycle hosts", does: "power-cycle", surge: true,
		help: "Cut the power of hosts and give it back a moment later, in waves.",
		args: []actions.Arg{timeoutArg}, parse: parseTimeout, limit: limit,
		cannot: inState("is off: turn it on instead", bmc.Off, bmc.TurningOff), notes: loses,
		done: cycled, do: send(bmc.Cycle), once: true, final: "a power cycle cannot be taken back",
		next: cycleNext("cycle", "power-cycled"),
	},
	{
		verb: "reset", title: "Reset hosts", does: "reset",
		help: "Reset hosts without a shutdown, as by the button; their power stays on.",
		args: []actions.Arg{timeoutArg}, parse: parseTimeout, limit: limit,
		cannot: inState("is off: turn it on instead", bmc.Off, bmc.TurningOff), notes: loses,
		done: resetDone, do: send(bmc.Reset), once: true, final: "a reset cannot be taken back",
		next: cycleNext("reset", "reset"),
	},
	boot,
	identify,
}

// limit is how long the state may take to be observed.
func limit(p params) time.Duration { return p.Timeout }

// inState says text of a host in one of the states.
func inState(text string, states ...bmc.Power) func(bmc.Power) string {
	return func(p bmc.Power) string {
		for _, s := range states {
			if p == s {
				return text
			}
		}
		return ""
	}
}

// loses warns of what goes with the power of a running system.
func loses(s seen, _ params) []actions.Finding {
	if s.Power == bmc.Off {
		return nil
	}
	return []actions.Finding{{Guard: "data", Level: actions.Warn,
		Text: "is not shut down first: what its system has not written to disk is lost, and no way back brings that again"}}
}

// still lists the targets of failed steps of which the last look saw one of the
// states. A step that is being undone looks for the opposite.
func still(run actions.RunRecord, undoing bool, states ...bmc.Power) actions.Next {
	var n actions.Next
	for _, s := range run.Steps {
		for _, p := range states {
			if s.Status == actions.Failed && s.Undoing == undoing && s.Saw == string(saw(p)) {
				n.Targets = append(n.Targets, s.Target)
			}
		}
	}
	return n
}

// offNext offers to force what did not shut down in its time.
func offNext(run actions.RunRecord) (actions.Next, bool) {
	n := still(run, false, bmc.On, bmc.TurningOff)
	n.Action, n.Why = "power.force", hosts(n)+" still on: cut the power?"
	return n, true
}

// onNext does so for a rollback, which shuts down what was turned on.
func onNext(run actions.RunRecord) (actions.Next, bool) {
	n := still(run, true, bmc.On, bmc.TurningOff)
	n.Action, n.Why = "power.force", hosts(n)+" still on: cut the power?"
	return n, true
}

// cycleNext offers to turn on what stayed off, or else to do again what nobody
// saw the end of: that is never done by itself.
func cycleNext(verb, past string) func(actions.RunRecord) (actions.Next, bool) {
	return func(run actions.RunRecord) (actions.Next, bool) {
		n := still(run, false, bmc.Off, bmc.TurningOff)
		n.Action, n.Why = "power.on", hosts(n)+" off since: turn on?"
		if len(n.Targets) > 0 {
			return n, true
		}
		for _, s := range run.Steps {
			if s.Status == actions.Failed && s.Acted {
				n.Targets = append(n.Targets, s.Target)
			}
		}
		n.Action, n.Why = "power."+verb, fmt.Sprintf("nobody saw whether %s: look, and do it again?", were(n, past))
		return n, true
	}
}

func hosts(n actions.Next) string {
	if len(n.Targets) == 1 {
		return n.Targets[0].Name + " is"
	}
	return fmt.Sprintf("%d hosts are", len(n.Targets))
}

func were(n actions.Next, past string) string {
	if len(n.Targets) == 1 {
		return n.Targets[0].Name + " was " + past
	}
	return fmt.Sprintf("%d hosts were %s", len(n.Targets), past)
}
