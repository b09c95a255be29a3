package command

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

// swiftContainerRow is one container of the login's account in a Swift cluster.
type swiftContainerRow struct {
	Cluster string `json:"cluster"`
	Name    string `json:"container"`
	Objects int64  `json:"objects"`
	Bytes   int64  `json:"bytes"`
}

// mostContainers is how many containers one answer of the API has at most.
const mostContainers = 10_000

func (a *app) swiftContainers() *cobra.Command {
	c := &cobra.Command{Use: "containers CLUSTER", Short: "List the containers of the account with their objects and bytes",
		Long: `List the containers of the account that the cluster's auth: logs in to, in Swift's
order. The figures are those that Swift keeps of each container; it updates them
behind the writes.`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: a.completeClusters}
	after := c.Flags().String("after", "", "only those behind this `NAME`")
	limit := c.Flags().Int("limit", mostContainers, fmt.Sprintf("at most `N` of them, up to %d", mostContainers))
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		if *limit < 1 || *limit > mostContainers {
			return usage("--limit %d: not a number from 1 to %d", *limit, mostContainers)
		}
		picked, err := a.pickClusters(args[0])
		if err != nil {
			return err
		}
		ctx, cancel := a.limited(ctx, sweepLimit)
		defer cancel()
		list, err := picked[0].Containers(ctx, *after, *limit)
		if err != nil {
			return exit(ExitFailed, "%w", err)
		}
		rows := make([]swiftContainerRow, len(list))
		for i, x := range list {
			rows[i] = swiftContainerRow{args[0], x.Name, x.Objects, x.Bytes}
		}
		if len(rows) == *limit {
			a.complain("there may be more: go on with --after %s", rows[len(rows)-1].Name)
		}
		return emit(a, rows, []column[swiftContainerRow]{
			{title: "CONTAINER", cell: text(func(r swiftContainerRow) string { return r.Name })},
			counted("OBJECTS", func(r swiftContainerRow) int { return int(r.Objects) }, nil),
			{title: "SIZE", right: true, cell: text(func(r swiftContainerRow) string { return size(r.Bytes) })},
		})
	})
	return c
}
