package command

import (
	"bytes"
	"context"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// demoCommand runs any command line, or the console, on the embedded fleet.
func (a *app) demoCommand() *cobra.Command {
	return &cobra.Command{Use: "demo [COMMAND...]", Short: "Try everything on an embedded fleet: nothing installed, no network",
		Long: `Start an embedded fleet of two sites that serves the Docker API, IPMI and
Redfish, and open the console on it, or run a command on it: ringside demo
containers list.

Its runs are kept in a temporary directory that is removed at the end.`,
		DisableFlagParsing: true, // flags belong to the command that follows
		RunE:               func(c *cobra.Command, args []string) error { return a.runDemo(c, args) },
		ValidArgsFunction:  a.completeDemo,
		Example:            "  ringside demo\n  ringside demo status --output json\n  ringside demo containers logs -f api",
	}
}

func (a *app) runDemo(c *cobra.Command, args []string) error {
	for _, arg := range args {
		if arg == "--" {
			break
		}
		if arg == "demo" {
			return usage("a demo in a demo: leave one away")
		}
		if !strings.HasPrefix(arg, "-") {
			break
		}
		if arg == "-h" || arg == "--help" {
			return c.Help()
		}
	}
	inner, err := a.inDemo(args)
	if err != nil {
		return err
	}
	err = inner.root().ExecuteContext(c.Context())
	if e := inner.close(); err == nil {
		err = e
	}
	return err
}

// inDemo is a command line of its own on the embedded fleet.
func (a *app) inDemo(args []string) (*app, error) {
	if a.StartDemo == nil {
		return nil, usage("this ringside was built without a demo")
	}
	dir, err := os.MkdirTemp("", "ringside-demo-")
	if err != nil {
		return nil, withCode(err)
	}
	d, err := a.StartDemo()
	if err != nil {
		os.RemoveAll(dir)
		return nil, withCode(err)
	}
	o := a.Options
	o.Args = args
	inner := newApp(o)
	inner.terminal, inner.log, inner.demo, inner.demoDir = a.terminal, a.log, d, dir
	inner.closers = append(inner.closers, func() error { return os.RemoveAll(dir) }, d.Close)
	return inner, nil
}

// completeDemo asks the command line that follows for its completions.
func (a *app) completeDemo(c *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var out bytes.Buffer
	inner, err := a.inDemo(append(append([]string{cobra.ShellCompRequestCmd}, args...), toComplete))
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	inner.Out, inner.Err = &out, io.Discard
	err = inner.root().ExecuteContext(context.WithoutCancel(c.Context()))
	inner.close()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	directive, bad := strconv.Atoi(strings.TrimPrefix(lines[len(lines)-1], ":"))
	if err != nil || bad != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return lines[:len(lines)-1], cobra.ShellCompDirective(directive)
}

// quiet keeps a completion from writing where the user types.
func (a *app) quiet() { a.Err = io.Discard }
