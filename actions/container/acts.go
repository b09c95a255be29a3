package container

import (
	"context"
	"fmt"
	"time"

	"ringside/actions"
	"ringside/backends/docker"
	"ringside/backends/fleet"
)

var timeoutArg = actions.Arg{Name: "timeout", Check: checkTimeout,
	Help: "how long it may take to end by itself before it is killed, such as 30s; empty: as the container or the engine has it"}

// acts is every act that is one request per container.
var acts = []act{
	{
		verb: "start", title: "Start containers", help: "Start containers that do not run.",
		there:  inState("runs already", docker.Running),
		cannot: not(map[docker.State]string{docker.Paused: "is paused: unpause it", docker.Restarting: "is restarting already", docker.Removing: "is being removed", docker.Dead: "is dead: remove it"}),
		done:   func(c *docker.Container, _ seen, _ params) bool { return c != nil && c.State == docker.Running },
		do:     func(ctx context.Context, c call) error { return c.told(ctx, c.Engine.Start(ctx, c.ID)) },
		undo:   func(ctx context.Context, c call) error { return c.Stop(ctx, c.ID, nil) },
	},
	{
		verb: "stop", title: "Stop containers", help: "Stop containers: their stop signal, then SIGKILL after the timeout.",
		args: []actions.Arg{timeoutArg}, parse: parseTimeout, limit: stopLimit,
		there: inState("is stopped already", docker.Exited, docker.Created, docker.Dead), cannot: not(removing),
		notes: comesBack,
		done:  func(c *docker.Container, _ seen, _ params) bool { return !lives(c) },
		do:    func(ctx context.Context, c call) error { return c.Stop(ctx, c.ID, c.Timeout) },
		undo:  func(ctx context.Context, c call) error { return c.Engine.Start(ctx, c.ID) },
	},
	{
		verb: "restart", title: "Restart containers", help: "Stop containers and start them again.",
		args: []actions.Arg{timeoutArg}, parse: parseTimeout, limit: stopLimit,
		there: never, cannot: not(removing),
		done: func(c *docker.Container, s seen, _ params) bool {
			return c != nil && c.State == docker.Running && c.Started.After(s.Started)
		},
		do:    func(ctx context.Context, c call) error { return c.told(ctx, c.Restart(ctx, c.ID, c.Timeout)) },
		final: "a restart cannot be taken back",
	},
	{
		verb: "kill", title: "Kill containers", help: "Send a signal to the first process of containers: SIGKILL, or the one given.",
		args:  []actions.Arg{{Name: "signal", Default: "KILL", Check: checkSignal, Help: "name or number of the signal, such as HUP"}},
		parse: func(a actions.Args, p *params) error { p.Signal = signalName(a["signal"]); return nil },
		text:  func(p params) string { return " with SIG" + p.Signal },
		there: inState("does not run", docker.Exited, docker.Created, docker.Dead), cannot: not(map[docker.State]string{docker.Removing: "is being removed", docker.Restarting: "is restarting: stop it instead"}),
		blind: func(p params) bool { return !deadly[p.Signal] },
		done: func(c *docker.Container, s seen, _ params) bool {
			return !lives(c) || c.Started.After(s.Started) || c.Finished.After(s.Finished)
		},
		do:    func(ctx context.Context, c call) error { return c.Kill(ctx, c.ID, "SIG"+c.Signal) },
		final: "a signal cannot be taken back; a container that it ended can be started",
	},
	{
		verb: "pause", title: "Pause containers", help: "Freeze all processes of containers.",
		there:  inState("is paused already", docker.Paused),
		cannot: not(stopped),
		done:   func(c *docker.Container, _ seen, _ params) bool { return c != nil && c.State == docker.Paused },
		do:     func(ctx context.Context, c call) error { return c.Pause(ctx, c.ID) },
		undo:   func(ctx context.Context, c call) error { return c.Unpause(ctx, c.ID) },
	},
	{
		verb: "unpause", title: "Unpause containers", help: "Let frozen containers go on.",
		there:  inState("is not paused", docker.Running, docker.Exited, docker.Created, docker.Restarting, docker.Dead),
		cannot: not(removing),
		done:   func(c *docker.Container, _ seen, _ params) bool { return c != nil && c.State == docker.Running },
		do:     func(ctx context.Context, c call) error { return c.Unpause(ctx, c.ID) },
		undo:   func(ctx context.Context, c call) error { return c.Pause(ctx, c.ID) },
	},
	{
		verb: "remove", title: "Remove containers", help: "Remove containers and what was written in them.",
		args: []actions.Arg{
			{Name: "force", Flag: true, Default: "false", Check: checkBool, Help: "kill those that run"},
			{Name: "volumes", Flag: true, Default: "false", Check: checkBool, Help: "remove their anonymous volumes as well"},
		},
		parse: func(a actions.Args, p *params) error {
			p.Force, p.Volumes = a["force"] == "true", a["volumes"] == "true"
			return nil
		},
		there: inState("is being removed already", docker.Removing),
		cannot: func(c *docker.Container, p params) string {
			if lives(c) && !p.Force {
				return fmt.Sprintf("is %s: stop it first, or use force", c.State)
			}
			return ""
		},
		notes: loses,
		done:  func(c *docker.Container, _ seen, _ params) bool { return c == nil },
		do:    func(ctx context.Context, c call) error { return c.Remove(ctx, c.ID, c.Force, c.Volumes) },
		final: "what was written in a removed container is lost",
	},
	{
		verb: "rename", title: "Rename a container", help: "Give a container another name.", one: true,
		args: []actions.Arg{{Name: "name", Required: true, Check: checkName, Help: "the new name",
			Suggest: func(_ *actions.Env, t []fleet.Target) string { return t[0].Name }}},
		parse: func(a actions.Args, p *params) error { p.Name = a["name"]; return nil },
		text:  func(p params) string { return " to " + p.Name },
		there: never, cannot: not(removing),
		same: func(c *docker.Container, p params) string {
			if c.Name == p.Name {
				return "has that name already"
			}
			return ""
		},
		done: func(c *docker.Container, _ seen, p params) bool { return c != nil && c.Name == p.Name },
		do:   func(ctx context.Context, c call) error { return c.Rename(ctx, c.ID, c.params.Name) },
		undo: func(ctx context.Context, c call) error { return c.Rename(ctx, c.ID, c.seen.Name) },
	},
	limits,
}

// told says how the container does once the request went through; its health is
// the container's own affair and comes later.
func (c call) told(ctx context.Context, err error) error {
	if err != nil {
		return err
	}
	if now, err := c.Get(ctx, c.ID); err == nil {
		c.Log("%s", describe(now))
	}
	return nil
}

// stopLimit gives a stop its own timeout and time for the engine to answer.
func stopLimit(p params) time.Duration {
	if p.Timeout == nil {
		return 2 * time.Minute
	}
	return *p.Timeout + 30*time.Second
}

var (
	removing = map[docker.State]string{docker.Removing: "is being removed"}
	stopped  = map[docker.State]string{docker.Exited: "does not run", docker.Created: "never ran", docker.Restarting: "is restarting", docker.Dead: "is dead", docker.Removing: "is being removed"}
)

func never(*docker.Container) string { return "" }

// inState says text of a container that is in one of the states.
func inState(text string, states ...docker.State) func(*docker.Container) string {
	return func(c *docker.Container) string {
		for _, s := range states {
			if c.State == s {
				return text
			}
		}
		return ""
	}
}

// not says why an act is refused by state.
func not(why map[docker.State]string) func(*docker.Container, params) string {
	return func(c *docker.Container, _ params) string { return why[c.State] }
}

// lives reports whether a container has processes.
func lives(c *docker.Container) bool {
	return c != nil && (c.State == docker.Running || c.State == docker.Paused || c.State == docker.Restarting)
}

func comesBack(c *docker.Container, _ params) []actions.Finding {
	if c.Policy != "always" {
		return nil
	}
	return []actions.Finding{{Guard: "restart policy", Level: actions.Note,
		Text: `its restart policy is "always": the engine starts it again when the engine itself restarts ("unless-stopped" does not)`}}
}

func loses(c *docker.Container, p params) (out []actions.Finding) {
	if lives(c) {
		out = append(out, actions.Finding{Guard: "remove", Level: actions.Warn, Text: fmt.Sprintf("is %s and is killed first", c.State)})
	}
	if p.Volumes && c.Mounts > 0 {
		out = append(out, actions.Finding{Guard: "remove", Level: actions.Warn, Text: "its anonymous volumes and their data go with it"})
	}
	return out
}
