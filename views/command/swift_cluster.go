package command

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"ringside/backends/fleet"
	"ringside/backends/fleet/safe"
	"ringside/backends/impact"
	"ringside/backends/swift"
	"ringside/backends/watch"
	"ringside/views/kit"
)

// sweepLimit bounds the reading of one cluster: its rings may come over ssh.
const sweepLimit = 20 * time.Second

// readClusters sweeps clusters side by side into a store. What does not answer is
// in the readings.
func (a *app) readClusters(ctx context.Context, clusters []*swift.Cluster, store *watch.Store) {
	var wg sync.WaitGroup
	for _, c := range clusters {
		wg.Add(1)
		safe.Go("sweep "+c.Name(), func() {
			defer wg.Done()
			ctx, cancel := a.limited(ctx, sweepLimit)
			defer cancel()
			began := time.Now()
			err := c.Sweep(ctx, store.Put)
			a.log.Info("sweep", "cluster", c.Spec().Name, "took", time.Since(began), "error", err)
		})
	}
	wg.Wait()
}

// clusters returns the one that is named, or all.
func (a *app) pickClusters(name string) ([]*swift.Cluster, error) {
	f, err := a.load()
	switch {
	case err != nil:
		return nil, err
	case len(f.Clusters) == 0:
		return nil, usage("the fleet has no Swift cluster: name one under clusters: in ringside.yaml; ring files alone are read by ringside swift rings --rings DIR")
	case name == "":
		return a.clusters.All(), nil
	}
	c, ok := a.clusters.Cluster(name)
	if !ok {
		var names []string
		for _, c := range f.Clusters {
			names = append(names, c.Name)
		}
		return nil, usage("there is no cluster %q; the fleet has %s", name, few(names))
	}
	return []*swift.Cluster{c}, nil
}

// overviews reads clusters once.
func (a *app) overviews(ctx context.Context, args []string) ([]*swift.Overview, error) {
	name := ""
	if len(args) > 0 {
		name = args[0]
	}
	picked, err := a.pickClusters(name)
	if err != nil {
		return nil, err
	}
	store := watch.NewStore()
	a.readClusters(ctx, picked, store)
	state, now := store.State(), time.Now()
	var out []*swift.Overview
	for _, c := range picked {
		o := impact.Cluster(a.fleet, c.Spec(), state, now, nil)
		if o.RingsErr != nil {
			a.complain("%v", o.RingsErr)
		}
		out = append(out, o)
	}
	return out, ctx.Err()
}

// ofCluster is a command that reads clusters and prints rows of each. The exit code
// is 3 when a node or proxy does not answer.
func ofCluster[T any](a *app, use, short, long string, rows func(*swift.Overview) []T, columns func(*app) []column[T]) *cobra.Command {
	c := &cobra.Command{Use: use + " [CLUSTER]", Short: short, Long: long, Args: cobra.MaximumNArgs(1), ValidArgsFunction: a.completeClusters}
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		list, err := a.overviews(ctx, args)
		if err != nil {
			return err
		}
		var all []T
		for _, o := range list {
			all = append(all, rows(o)...)
		}
		if err := emit(a, all, columns(a)); err != nil {
			return err
		}
		return partly(list)
	})
	return c
}

// partly is 3 when something did not answer.
func partly(list []*swift.Overview) error {
	for _, o := range list {
		if n, p := o.NodeCount(), o.ProxyCount(); o.RingsErr != nil || n.Up < n.Total || p.Up < p.Total {
			return said(ExitFailed)
		}
	}
	return nil
}

func (a *app) completeClusters(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	a.quiet()
	f, err := a.load()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []cobra.Completion
	for _, c := range f.Clusters {
		out = append(out, c.Name)
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// swiftRow is one ring of a cluster and how it is.
type swiftRow struct {
	Kind    string `json:"kind"` // ring
	Cluster string `json:"cluster"`
	Site    string `json:"site"`
	ringName
	Partitions        int     `json:"partitions"`
	Replicas          float64 `json:"replicas"`
	Devices           int     `json:"devices"`
	DevicesOff        int     `json:"devices_off"`
	DevicesUnknown    int     `json:"devices_unknown"`
	Degraded          int     `json:"degraded"`
	BelowQuorum       int     `json:"below_quorum"`
	Unreadable        int     `json:"unreadable"`
	DegradedAtMost    int     `json:"degraded_at_most"`
	BelowQuorumAtMost int     `json:"below_quorum_at_most"`
	UnreadableAtMost  int     `json:"unreadable_at_most"`
	Nodes             int     `json:"nodes"` // of the whole cluster, as those below
	NodesUp           int     `json:"nodes_up"`
	NodesUnknown      int     `json:"nodes_unknown"`
	Size              int64   `json:"size_bytes"`
	Used              int64   `json:"used_bytes"`
	Critical          int     `json:"critical"` // problems
	Warnings          int     `json:"warnings"`
	Error             string  `json:"error"`
}

func swiftRows(o *swift.Overview) []swiftRow {
	base := swiftRow{Kind: "ring", Cluster: o.Cluster.Name, Site: o.Cluster.Site, Size: o.Capacity.Size, Used: o.Capacity.Used}
	n := o.NodeCount()
	base.Nodes, base.NodesUp, base.NodesUnknown = n.Total, n.Up, n.Unknown
	for _, p := range impact.Swift(o, nil) {
		if p.Severity == impact.Critical {
			base.Critical++
		} else {
			base.Warnings++
		}
	}
	if o.RingsErr != nil {
		base.Error = fleet.Clean(o.RingsErr.Error())
	}
	if len(o.Policies) == 0 {
		return []swiftRow{base}
	}
	var out []swiftRow
	for _, p := range o.Policies {
		r, least, most := base, p.Figures.AtLeast, p.Figures.AtMost
		r.ringName = nameOf(p.Ring)
		r.Partitions, r.Replicas = p.Ring.Partitions(), p.Ring.Replicas()
		r.Devices, r.DevicesOff, r.DevicesUnknown = p.Devices.Total, p.Devices.Down, p.Devices.Unknown
		r.Degraded, r.BelowQuorum, r.Unreadable = least.Degraded, least.BelowQuorum, least.Unreadable
		r.DegradedAtMost, r.BelowQuorumAtMost, r.UnreadableAtMost = most.Degraded, most.BelowQuorum, most.Unreadable
		out = append(out, r)
	}
	return out
}

// span is a figure that is known within limits.
func span(title string, style kit.Style, of func(swiftRow) (least, most int)) column[swiftRow] {
	return column[swiftRow]{title: title, right: true, cell: func(r swiftRow) cell {
		least, most := of(r)
		c := cell{text: fmt.Sprint(least)}
		if most > least {
			c.text = fmt.Sprintf("%d to %d", least, most)
		}
		if most > 0 {
			c.style = style
		}
		return c
	}}
}

func swiftColumns(*app) []column[swiftRow] {
	return []column[swiftRow]{
		{title: "CLUSTER", cell: text(func(r swiftRow) string { return r.Cluster })},
		{title: "RING", cell: text(func(r swiftRow) string { return r.Ring })},
		{title: "POLICY", drop: 2, cell: text(func(r swiftRow) string { return r.Policy })},
		{title: "SCHEME", drop: 3, cell: text(func(r swiftRow) string { return r.Scheme })},
		counted("PARTS", func(r swiftRow) int { return r.Partitions }, nil),
		{title: "DEVICES OFF", right: true, drop: 1, cell: text(func(r swiftRow) string {
			s := fmt.Sprintf("%d/%d", r.DevicesOff, r.Devices)
			if r.DevicesUnknown > 0 {
				s += fmt.Sprintf(" +%d?", r.DevicesUnknown)
			}
			return s
		})},
		span("DEGRADED", warn, func(r swiftRow) (int, int) { return r.Degraded, r.DegradedAtMost }),
		span("BELOW QUORUM", bad, func(r swiftRow) (int, int) { return r.BelowQuorum, r.BelowQuorumAtMost }),
		span("UNREADABLE", bad, func(r swiftRow) (int, int) { return r.Unreadable, r.UnreadableAtMost }),
		{title: "NODES UP", right: true, cell: func(r swiftRow) cell {
			c := cell{text: fmt.Sprintf("%d/%d", r.NodesUp, r.Nodes)}
			if r.NodesUp < r.Nodes {
				c.style = warn
			}
			return c
		}},
	}
}

func (a *app) swiftStatus() *cobra.Command {
	c := &cobra.Command{Use: "status [CLUSTER]", Short: "Read clusters: every ring's partitions, and what needs a human",
		Long: `Ask every node and proxy of the clusters once, and tell of each ring how many of its
partitions are degraded, below primary quorum or unreadable; then what needs a human.
Nodes that do not answer count as off; what is not known makes a range. With --output
json or yaml the problems are numbers only. The exit code is 3 when a node or proxy
does not answer.`,
		Args: cobra.MaximumNArgs(1), ValidArgsFunction: a.completeClusters}
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		list, err := a.overviews(ctx, args)
		if err != nil {
			return err
		}
		var rows []swiftRow
		var problems []impact.Problem
		for _, o := range list {
			rows = append(rows, swiftRows(o)...)
			problems = append(problems, impact.Swift(o, a.onHold(ctx, a.fleet))...)
		}
		if err := emit(a, rows, swiftColumns(a)); err != nil {
			return err
		}
		if a.flags.output == "table" && len(problems) > 0 {
			impact.Sort(problems)
			a.printf("\n")
			if err := emit(a, problems, a.problemColumns()); err != nil {
				return err
			}
		}
		return partly(list)
	})
	return c
}
