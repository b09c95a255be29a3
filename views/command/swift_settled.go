package command

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ringside/backends/impact"
	"ringside/backends/swift"
	"ringside/views/kit"
)

// settledRow is one ring after its last push.
type settledRow struct {
	Cluster string `json:"cluster"`
	ringName
	Safe      string     `json:"safe_to_continue"` // yes, no, unknown
	Because   []string   `json:"because"`
	Unchecked string     `json:"unchecked"` // what was not looked at
	Pushed    *time.Time `json:"pushed"`    // null: nobody knows
	Nodes     int        `json:"nodes"`     // that have devices in the ring
	Done      int        `json:"nodes_done"`
	Version   int        `json:"version"`
}

func settledRows(o *swift.Overview) (out []settledRow) {
	for _, p := range impact.Pushes(o) {
		r := settledRow{Cluster: o.Cluster.Name, ringName: nameOf(p.Policy.Ring), Safe: string(p.Safe), Because: p.Because, Unchecked: p.Left,
			Nodes: p.Nodes, Done: p.Done, Version: p.Policy.Ring.Version()}
		if !p.Pushed.IsZero() {
			r.Pushed = &p.Pushed
		}
		out = append(out, r)
	}
	return out
}

func settledColumns(*app) []column[settledRow] {
	styles := map[string]kit.Style{"yes": good, "no": warn, "unknown": warn}
	return []column[settledRow]{
		{title: "CLUSTER", drop: 2, cell: text(func(r settledRow) string { return r.Cluster })},
		{title: "RING", cell: text(func(r settledRow) string { return r.Ring })},
		{title: "POLICY", drop: 3, cell: text(func(r settledRow) string { return r.Policy })},
		{title: "NEXT PUSH", cell: func(r settledRow) cell {
			return cell{map[string]string{"yes": "may follow", "no": "must wait", "unknown": "unknown"}[r.Safe], styles[r.Safe]}
		}},
		{title: "PUSHED", right: true, drop: 1, cell: text(func(r settledRow) string {
			return orUnknown(r.Pushed, func(at time.Time) string { return kit.Age(time.Since(at)) })
		})},
		{title: "WHY", flex: true, cell: text(func(r settledRow) string {
			if r.Because == nil {
				return r.Unchecked
			}
			return strings.Join(r.Because, "; ")
		})},
	}
}

// settledCodes are what a script sees, the worst ring's.
var settledCodes = map[impact.Answer]int{impact.Yes: ExitDone, impact.No: ExitBlocked, impact.Uncertain: ExitFailed}

func (a *app) swiftSettled() *cobra.Command {
	c := &cobra.Command{Use: "settled [CLUSTER]", Short: "After a ring push: may the next one follow?",
		Long: `Say of every ring whether the cluster has settled after its last push: every node and
proxy has the same ring as this machine, every node has finished a replication pass
that began after it was written, and the builder's min_part_hours are over where the
builder is beside the rings. A node or proxy that does not tell makes the answer
unknown. The exit code is that of the worst ring: 0 it may follow, 4 it must wait,
3 nobody knows.`,
		Args: cobra.MaximumNArgs(1), ValidArgsFunction: a.completeClusters}
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		list, err := a.overviews(ctx, args)
		if err != nil {
			return err
		}
		var rows []settledRow
		worst := ExitDone
		for _, o := range list {
			rows = append(rows, settledRows(o)...)
			worst = max(worst, settledCodes[impact.Settled(impact.Pushes(o))])
		}
		if err := emit(a, rows, settledColumns(a)); err != nil {
			return err
		}
		if worst != ExitDone {
			return said(worst)
		}
		return nil
	})
	return c
}
