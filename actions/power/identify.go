package power

import (
	"context"
	"time"

	"ringside/actions"
)

// identify is the light on the front. Not every BMC tells whether it is on: there,
// what it accepted counts as done, and off is asked for whatever it shows.
var identify = act{
	verb: "identify", title: "Identify light", does: "light up", blind: true,
	help:  "Switch the identify light of hosts on, or off with off, so that they are found in the rack.",
	args:  []actions.Arg{{Name: "off", Flag: true, Default: "false", Check: checkBool, Help: "switch it off"}},
	parse: func(a actions.Args, p *params) error { p.Dark = a["off"] == "true"; return nil },
	text: func(p params) string {
		if p.Dark {
			return " no more"
		}
		return ""
	},
	same: func(s seen, p params) string {
		if s.Light && !p.Dark {
			return "is lit already"
		}
		return ""
	},
	done: func(ctx context.Context, j *job) (bool, error) {
		f, err := j.Status(ctx)
		if err != nil {
			return false, err
		}
		if f.Identify {
			return !j.params.Dark, actions.Observed("lit")
		}
		return j.lit != j.params.Dark && !j.sent.IsZero(), actions.Observed("not shown as lit")
	},
	do:    func(ctx context.Context, j *job) error { return j.light(ctx, !j.params.Dark) },
	undo:  func(ctx context.Context, j *job) error { return j.light(ctx, false) },
	keep:  func(p params) bool { return p.Dark },
	final: "a light that is off does not tell for whom it was on",
}

// light switches the light.
func (j *job) light(ctx context.Context, on bool) error {
	if err := j.Identify(ctx, on); err != nil {
		return err
	}
	j.sent, j.lit = time.Now(), on
	j.pr.Log("asked: %s", map[bool]string{true: "light on", false: "light off"}[on])
	return nil
}
