package command

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"ringside/backends/fleet"
	"ringside/backends/impact"
	"ringside/backends/swift"
)

// Exit codes of monitoring plugins (Nagios Plugin Development Guidelines, 2.2).
const (
	pluginOK = iota
	pluginWarning
	pluginCritical
	pluginUnknown
)

var pluginWords = [...]string{"OK", "WARNING", "CRITICAL", "UNKNOWN"}

// checkedRow is one cluster as a monitoring system takes it.
type checkedRow struct {
	Cluster  string   `json:"cluster"`
	Status   string   `json:"status"` // OK, WARNING, CRITICAL, UNKNOWN
	Text     string   `json:"text"`
	Problems []string `json:"problems"`
	Perfdata string   `json:"perfdata"`
}

func (a *app) swiftCheck() *cobra.Command {
	c := &cobra.Command{Use: "check [CLUSTER]", Short: "For monitoring: one line per cluster, with the exit codes of plugins",
		Long: `Read clusters once and print a line per cluster as monitoring plugins do: the status,
what is wrong, and figures behind a bar. The exit code is that of plugins, of the worst
cluster: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN (its rings cannot be read, or nobody
answers). A wrong command line or configuration is 3 as well.`,
		Args: cobra.MaximumNArgs(1), ValidArgsFunction: a.completeClusters}
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		list, err := a.overviews(ctx, args)
		if err != nil {
			return exit(pluginUnknown, "%w", err)
		}
		var rows []checkedRow
		worst := pluginOK
		for _, o := range list {
			r, code := checked(o, impact.Swift(o, a.onHold(ctx, a.fleet)))
			rows = append(rows, r)
			worst = max(worst, code)
		}
		if a.flags.output != "table" {
			if err := emit(a, rows, nil); err != nil {
				return err
			}
		} else {
			for _, r := range rows {
				a.printf("SWIFT %s - %s: %s | %s\n", r.Status, r.Cluster, r.Text, r.Perfdata)
				for _, p := range r.Problems {
					a.printf("%s\n", p)
				}
			}
		}
		return said(worst)
	})
	return c
}

func checked(o *swift.Overview, problems []impact.Problem) (checkedRow, int) {
	n, d := o.NodeCount(), o.DeviceCount()
	r := checkedRow{Cluster: o.Cluster.Name, Text: fmt.Sprintf("%d of %d nodes, %d of %d devices up", n.Up, n.Total, d.Up, d.Total),
		Perfdata: fmt.Sprintf("nodes_up=%d;;;0;%d devices_up=%d;;;0;%d", n.Up, n.Total, d.Up, d.Total)}
	code := pluginOK
	for _, p := range problems {
		if p.Severity == impact.Critical {
			code = pluginCritical
		}
		code = max(code, pluginWarning)
		r.Problems = append(r.Problems, fmt.Sprintf("%s: %s: %s (%s)", p.Severity, p.Subject, p.Text, p.Why))
	}
	if len(problems) > 0 {
		r.Text = problems[0].Text + "; " + r.Text
		if at := problems[0].Subject; at.Kind != fleet.KindCluster {
			r.Text = at.Name + ": " + r.Text
		}
	}
	for _, p := range o.Policies {
		c := p.Figures.AtMost
		r.Perfdata += fmt.Sprintf(" %[1]s_degraded=%[2]d;;;0 %[1]s_below_quorum=%[3]d;;;0 %[1]s_unreadable=%[4]d;;;0", p.Ring.Name, c.Degraded, c.BelowQuorum, c.Unreadable)
	}
	if o.Rings == nil || o.NobodyAnswers {
		code = pluginUnknown
	}
	r.Status = pluginWords[code]
	return r, code
}
