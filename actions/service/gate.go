package service

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"ringside/actions"
	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/traffic"
)

// pace of looks and previews of a gate.
const (
	gatePace    = 200 * time.Millisecond
	previewPace = 50 * time.Millisecond
)

// Gate is what a colour must do before it may get users: be up in every proxy, and
// answer previews through each of them, so many times in a row.
type Gate struct {
	World   World
	Service fleet.Service
	Colour  fleet.Colour
	Digest  string
	Times   int
}

// Step makes the gate a step. It is a look only.
func (g Gate) Step(stage int) actions.Step {
	return Check(actions.Step{Target: g.Service.Target(), Stage: stage, Timeout: g.Service.Gate.Within + 10*time.Second,
		Name: fmt.Sprintf("gate of %s: %d good previews in a row", g.Colour, g.Times)}, g.pass)
}

func (g Gate) pass(ctx context.Context, p actions.Progress) error {
	ctx, cancel := context.WithTimeout(ctx, g.Service.Gate.Within)
	defer cancel()
	proxies := g.World.Proxies(g.Service.Name)
	if len(proxies) == 0 {
		return errors.New("the service has no proxy in the configuration any more")
	}
	asks := 0
	for _, x := range proxies {
		if x.Asks() {
			asks++
		}
	}
	good := int64(0)
	for _, x := range proxies {
		if err := g.ready(ctx, x); err != nil {
			return err
		}
		if !x.Asks() {
			p.Log("%s: up in the proxy; it has no url, so no preview was made", x.Spec().Name)
			continue
		}
		slowest, err := g.previews(ctx, x, func() { good++; p.Amount(good, int64(asks*g.Times), "previews") })
		if err != nil {
			return err
		}
		p.Log("%s: %d good previews, the slowest %v", x.Spec().Name, g.Times, slowest.Round(time.Millisecond))
	}
	if c := g.Service.Gate.Command; len(c) > 0 {
		return g.command(ctx, p, c)
	}
	return nil
}

// ready waits until a proxy finds the colour up.
func (g Gate) ready(ctx context.Context, x *traffic.Proxy) error {
	why := "it was not looked at"
	for {
		v, err := x.Look(ctx)
		if err == nil {
			ok, reason := v.Side(g.Colour).Ready()
			if ok {
				return nil
			}
			why = reason
		} else if ctx.Err() == nil {
			why = err.Error()
		}
		if !pause(ctx, gatePace) {
			return fmt.Errorf("%s does not pass the gate: %s after %v: %s", g.Colour, x.Spec().Name, g.Service.Gate.Within, why)
		}
	}
}

// previews asks until so many answers in a row were good; one that is not begins the
// count anew.
func (g Gate) previews(ctx context.Context, x *traffic.Proxy, good func()) (slowest time.Duration, err error) {
	row, bad, last := 0, 0, ""
	for row < g.Times {
		a, err := x.Preview(ctx, g.Colour, g.Service.Gate.Path)
		if ctx.Err() != nil {
			return 0, g.notPassed(x, row, bad, last)
		}
		if why := judgeAnswer(g.Service.Gate, a, err); why != "" {
			row, slowest, last = 0, 0, why
			bad++
		} else {
			row++
			slowest = max(slowest, a.Took)
			good()
		}
		if row < g.Times && !pause(ctx, previewPace) {
			return 0, g.notPassed(x, row, bad, last)
		}
	}
	return slowest, nil
}

func (g Gate) notPassed(x *traffic.Proxy, row, bad int, last string) error {
	text := fmt.Sprintf("%s does not pass the gate: %d of %d good previews in a row through %s within %v", g.Colour, row, g.Times, x.Spec().Name, g.Service.Gate.Within)
	if bad > 0 {
		text += fmt.Sprintf("; %d were bad, the last: %s", bad, last)
	}
	return errors.New(text)
}

// judgeAnswer says what is wrong with an answer, "" when it is good.
func judgeAnswer(g fleet.Gate, a traffic.Answer, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case a.Status != g.Status:
		return fmt.Sprintf("GET %s answered %d, not %d", g.Path, a.Status, g.Status)
	case g.Latency > 0 && a.Took > g.Latency:
		return fmt.Sprintf("GET %s took %v, more than %v", g.Path, a.Took.Round(time.Millisecond), g.Latency)
	}
	return ""
}

// command runs the operator's own check.
func (g Gate) command(ctx context.Context, p actions.Progress, argv []string) error {
	var addresses []string
	for _, e := range g.Service.Engines {
		addresses = append(addresses, g.Service.Ports.On(e).Address(g.Colour))
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = time.Second
	cmd.Env = append(os.Environ(), "RINGSIDE_SERVICE="+g.Service.Name, "RINGSIDE_COLOUR="+string(g.Colour), "RINGSIDE_DIGEST="+g.Digest,
		"RINGSIDE_ADDRESSES="+strings.Join(addresses, " "))
	err := cmd.Run()
	said := strings.TrimSpace(fleet.CleanLines(string(out.Bytes()[max(0, out.Len()-2000):])))
	if said != "" {
		p.Log("%s", said)
	}
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("not done within %v", g.Service.Gate.Within)
	}
	if err != nil {
		return fmt.Errorf("the gate's command %s: %w", argv[0], err)
	}
	return nil
}

// Healthy waits until a container is up and well. One that ended is told at once, one
// that is unhealthy may still get well: both with what its health check said and its
// last words.
func Healthy(ctx context.Context, e *docker.Engine, name string, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	why, more := "it was not looked at", false
	var up time.Time
	for {
		c, err := e.Get(ctx, name)
		switch {
		case docker.IsNotFound(err):
			return fmt.Errorf("%s is gone", name)
		case err != nil && ctx.Err() != nil: // the time was over; what was seen before is the reason
		case err != nil:
			why = err.Error()
		case c.State == docker.Exited || c.State == docker.Dead || c.State == docker.Restarting || c.Restarts > 0:
			return fmt.Errorf("%s ended with exit code %d%s", name, c.ExitCode, lastWords(ctx, e, name))
		case c.State != docker.Running:
			why = fmt.Sprintf("%s is %s", name, c.State)
		case c.Health == docker.Healthy:
			return nil
		case c.Health == docker.Unhealthy:
			why, more = "it is unhealthy", true
		case c.Health == docker.Starting:
			why, more = "its health check has not passed yet", true
		default: // without a health check, staying up for a while must do
			if up.IsZero() {
				up = time.Now()
			}
			if time.Since(up) >= steadyFor {
				return nil
			}
			why = "it is up for less than " + steadyFor.String()
		}
		if !pause(ctx, gatePace) {
			if more {
				why += probeSaid(ctx, e, name) + lastWords(ctx, e, name)
			}
			return fmt.Errorf("%s is not healthy after %v: %s", name, within, why)
		}
	}
}

// steadyFor is how long a container without a health check must run.
const steadyFor = time.Second

// lastWords are the last lines of a container's log.
func lastWords(ctx context.Context, e *docker.Engine, name string) string {
	const lines = 4
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	var said []string
	err := e.Logs(ctx, name, docker.LogOptions{Tail: lines, Stdout: true, Stderr: true}, func(l docker.LogLine) { said = append(said, l.Text) })
	if err != nil || len(said) == 0 {
		return ""
	}
	return "; its last words: " + strings.Join(said, " | ")
}

// probeSaid is what the last health check said.
func probeSaid(ctx context.Context, e *docker.Engine, name string) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	d, err := e.Inspect(ctx, name)
	if err != nil || len(d.HealthLog) == 0 {
		return ""
	}
	last := d.HealthLog[len(d.HealthLog)-1]
	if out := strings.TrimSpace(fleet.Clean(last.Output)); out != "" {
		return fmt.Sprintf(": its check says %q", out)
	}
	return fmt.Sprintf(": its check ends with %d", last.ExitCode)
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
