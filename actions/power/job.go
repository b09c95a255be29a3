package power

import (
	"context"
	"errors"
	"time"

	"ringside/actions"
	"ringside/backends/bmc"
	"ringside/backends/fleet/retry"
)

// job is one host's step while it runs: what the parts of an act work with. A
// step runs in one lane, so nothing here is shared.
type job struct {
	Controller
	seen   seen
	params params

	pr   actions.Progress // nil before it was begun
	sent time.Time        // when the request was accepted; zero before
	last bmc.Power        // what the last look saw
	dark bool             // it was seen without power since
	lit  bool             // what was asked of the light
}

// begin runs Do or Undo. An error that says that nothing was changed is passed on
// as such.
func (j *job) begin(ctx context.Context, pr actions.Progress, f func(context.Context, *job) error) error {
	j.pr = pr
	err := f(ctx, j)
	var e *bmc.Error
	if errors.As(err, &e) && untouched[e.Trouble] {
		return actions.NothingDone(err)
	}
	return err
}

// untouched are the troubles after which the host is certain to be as before: the
// request never reached the BMC, or is one that the BMC does not know.
var untouched = map[bmc.Trouble]bool{
	bmc.Refused: true, bmc.WrongPassword: true, bmc.SessionsFull: true, bmc.BadTLS: true,
	bmc.Unsupported: true, bmc.NoSecret: true,
}

// errUnknown is a look that learned nothing: unknown is never taken for off.
var errUnknown = errors.New("the BMC does not tell the power state")

// power looks at the power and tells what changed while the step runs.
func (j *job) power(ctx context.Context) (bmc.Power, error) {
	f, err := j.Status(ctx)
	switch {
	case err != nil:
		return bmc.Unknown, err
	case f.Power == bmc.Unknown || f.Power == "":
		return bmc.Unknown, errUnknown
	}
	if j.pr != nil && f.Power != j.last {
		j.pr.Log("observed: %s", saw(f.Power))
	}
	j.last = f.Power
	return f.Power, nil
}

// saw is a power state in words, as findings, errors and records have it.
func saw(p bmc.Power) actions.Observed {
	if w, ok := words[p]; ok {
		return w
	}
	return "unknown"
}

var words = map[bmc.Power]actions.Observed{bmc.On: "on", bmc.Off: "off", bmc.TurningOn: "turning on", bmc.TurningOff: "turning off"}

// until waits while the host is on its way: a BMC drops what it is asked then.
func (j *job) until(ctx context.Context, not bmc.Power) (bmc.Power, error) {
	pause := retry.Backoff{Min: pace / 10, Max: pace}
	for {
		p, err := j.power(ctx)
		if err != nil || p != not {
			return p, err
		}
		if !pause.Wait(ctx) {
			return p, ctx.Err()
		}
	}
}

// send asks once.
func (j *job) send(ctx context.Context, v bmc.Verb) error {
	if err := j.Switch(ctx, v); err != nil {
		return err
	}
	j.sent = time.Now()
	j.pr.Log("asked: %s", asked[v])
	return nil
}

var asked = map[bmc.Verb]string{bmc.TurnOn: "turn on", bmc.SoftOff: "shut down and turn off (ACPI)", bmc.ForceOff: "cut the power",
	bmc.Cycle: "power off and on again", bmc.Reset: "reset"}

// is makes a look for one power state.
func is(want bmc.Power) func(context.Context, *job) (bool, error) {
	return func(ctx context.Context, j *job) (bool, error) {
		p, err := j.power(ctx)
		if err != nil {
			return false, err
		}
		return p == want, saw(p)
	}
}

// turn makes a request that is made once a change the other way is over, and not at
// all when the host is there meanwhile, or on its way.
func turn(v bmc.Verb, to, way, back bmc.Power) func(context.Context, *job) error {
	return func(ctx context.Context, j *job) error {
		p, err := j.until(ctx, back)
		if err != nil {
			return err
		}
		if p == to || p == way {
			j.pr.Log("it is %s already: not asked again", saw(p))
			return nil
		}
		return j.send(ctx, v)
	}
}

// Ways to turn.
var (
	turnOn  = turn(bmc.TurnOn, bmc.On, bmc.TurningOn, bmc.TurningOff)
	softOff = turn(bmc.SoftOff, bmc.Off, bmc.TurningOff, bmc.TurningOn)
)

// send makes a request of a verb whatever the host is doing.
func send(v bmc.Verb) func(context.Context, *job) error {
	return func(ctx context.Context, j *job) error { return j.send(ctx, v) }
}

// settle is how long a cycle may take until the host is seen without power. One
// that is on all that time had it between two looks.
var settle = 10 * time.Second

// cycled: asked for, seen without power, and on again.
func cycled(ctx context.Context, j *job) (bool, error) {
	p, err := j.power(ctx)
	if err != nil {
		return false, err
	}
	switch {
	case j.sent.IsZero():
		return false, saw(p)
	case p != bmc.On:
		j.dark = true
		return false, saw(p)
	case !j.dark && time.Since(j.sent) < settle:
		return false, saw(p)
	case !j.dark:
		j.pr.Log("on; the moment without power was not seen")
	}
	return true, saw(p)
}

// resetDone: asked for, and on. A reset has no state of its own to be seen.
func resetDone(ctx context.Context, j *job) (bool, error) {
	p, err := j.power(ctx)
	if err != nil {
		return false, err
	}
	return !j.sent.IsZero() && p == bmc.On, saw(p)
}
