package command

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"ringside/backends/swift/ring"
	"ringside/views/kit"
)

// whatIfRow is what is left of one ring. With --unknown the figures are the least
// that holds, and the ones at most are the most.
type whatIfRow struct {
	ringName
	Partitions        int `json:"partitions"`
	DevicesOff        int `json:"devices_off"`
	ReplicasOff       int `json:"replicas_off"`
	Degraded          int `json:"degraded"`
	BelowQuorum       int `json:"below_quorum"`
	Unreadable        int `json:"unreadable"`
	DegradedAtMost    int `json:"degraded_at_most"`
	BelowQuorumAtMost int `json:"below_quorum_at_most"`
	UnreadableAtMost  int `json:"unreadable_at_most"`
}

// failOn are the limits that a script can set, from the mildest on.
var failOn = []string{"degraded", "below-quorum", "unreadable"}

func (a *app) swiftWhatIf() *cobra.Command {
	c := &cobra.Command{
		Use: "what-if", Short: "What a set of hosts, devices, zones or regions that is off leaves of every ring's partitions", Args: cobra.NoArgs,
		Long: `What is left of the partitions of every ring when parts of the cluster are off.

  degraded      at least one of the partition's primaries is off
  below quorum  fewer primaries are on than a write wants: writes rely on handoffs;
                with an erasure code they may be refused
  unreadable    no replica, or too few different fragments, are on`,
		Example: `  ringside swift what-if --down 10.0.0.17,10.0.0.18:sdb
  ringside swift what-if --down zone=2 --unknown 10.0.0.40 --fail-on below-quorum`,
	}
	files := &ringFiles{}
	files.flags(c)
	files.downFlag(c)
	files.unknownFlag(c, "figures become a range, at least and at most")
	limit := c.Flags().String("fail-on", "", "exit with 4 when a partition may be `STATE`: degraded, below-quorum or unreadable")
	worst := c.Flags().Int("worst", 0, "list the `N` partitions of each ring that have the least left, instead of the rings")
	_ = c.RegisterFlagCompletionFunc("fail-on", cobra.FixedCompletions(failOn, cobra.ShellCompDirectiveNoFileComp))
	_ = c.RegisterFlagCompletionFunc("worst", cobra.NoFileCompletions)
	c.RunE = a.run(func(context.Context, []string) error {
		if err := oneOf("--fail-on", *limit, failOn); err != nil {
			return err
		}
		if *worst < 0 {
			return usage("--worst %d: it must be a number of partitions", *worst)
		}
		d, err := files.load(a)
		if err != nil {
			return err
		}
		least, most, err := files.layers(d)
		if err != nil {
			return err
		}
		rows := whatIfRows(d, least, most)
		if *worst > 0 {
			err = emit(a, worstRows(d, most, *worst), worstColumns())
		} else {
			err = emit(a, rows, whatIfColumns())
		}
		if err == nil && passed(rows, *limit) {
			err = said(ExitBlocked)
		}
		return err
	})
	return c
}

// oneOf refuses a word that is not in the list; "" is none.
func oneOf(flag, word string, list []string) error {
	if word == "" {
		return nil
	}
	for _, w := range list {
		if w == word {
			return nil
		}
	}
	return usage("%s %q: it must be one of %s", flag, word, few(list))
}

func whatIfRows(d *ring.Dir, least, most []ring.Layer) []whatIfRow {
	var rows []whatIfRow
	for i, n := range d.Rings {
		c, m := n.WhatIf(least[i].Off, n.Quorum()), n.WhatIf(most[i].Off, n.Quorum())
		rows = append(rows, whatIfRow{
			ringName: nameOf(n), Partitions: c.Partitions, DevicesOff: least[i].Off.Len(), ReplicasOff: c.ReplicasOff,
			Degraded: c.Degraded, BelowQuorum: c.BelowQuorum, Unreadable: c.Unreadable,
			DegradedAtMost: m.Degraded, BelowQuorumAtMost: m.BelowQuorum, UnreadableAtMost: m.Unreadable,
		})
	}
	return rows
}

// passed reports whether any ring may pass the limit. The states nest, so that
// what is worse counts as well.
func passed(rows []whatIfRow, limit string) bool {
	for _, r := range rows {
		if n := map[string]int{"degraded": r.DegradedAtMost, "below-quorum": r.BelowQuorumAtMost, "unreadable": r.UnreadableAtMost}[limit]; n > 0 {
			return true
		}
	}
	return false
}

func whatIfColumns() []column[whatIfRow] {
	figure := func(title string, style kit.Style, of func(whatIfRow) (least, most int)) column[whatIfRow] {
		return column[whatIfRow]{title: title, right: true, cell: func(r whatIfRow) cell {
			least, most := of(r)
			c := cell{text: fmt.Sprint(least)}
			if most > least {
				c.text = fmt.Sprintf("%d to %d", least, most)
			}
			if most > 0 {
				c.style = style
				c.text += fmt.Sprintf(" (%.3g%%)", 100*float64(most)/float64(r.Partitions))
			}
			return c
		}}
	}
	return append(ringColumns(func(r whatIfRow) ringName { return r.ringName }),
		counted("PARTS", func(r whatIfRow) int { return r.Partitions }, nil),
		counted("DEVICES OFF", func(r whatIfRow) int { return r.DevicesOff }, nil),
		figure("DEGRADED", warn, func(r whatIfRow) (int, int) { return r.Degraded, r.DegradedAtMost }),
		figure("BELOW QUORUM", bad, func(r whatIfRow) (int, int) { return r.BelowQuorum, r.BelowQuorumAtMost }),
		figure("UNREADABLE", bad, func(r whatIfRow) (int, int) { return r.Unreadable, r.UnreadableAtMost }),
	)
}

// worstRow is one partition with little left.
type worstRow struct {
	Ring      string   `json:"ring"`
	Partition int      `json:"partition"`
	State     string   `json:"state"` // unreadable, below quorum, degraded
	Primaries int      `json:"primaries"`
	On        int      `json:"on"`
	Fragments int      `json:"fragments_on"` // different ones; as on without an erasure code
	Off       []string `json:"off"`          // primaries that are off
}

func worstRows(d *ring.Dir, layers []ring.Layer, limit int) []worstRow {
	var out []worstRow
	for i, n := range d.Rings {
		for _, s := range n.Worst(layers[i].Off, n.Quorum(), limit) {
			row := worstRow{Ring: n.Name, Partition: s.Part, State: "degraded", Primaries: s.Primaries, On: s.On, Fragments: s.Fragments}
			switch {
			case s.Unreadable():
				row.State = "unreadable"
			case s.BelowQuorum():
				row.State = "below quorum"
			}
			for _, dev := range n.Primaries(s.Part) {
				if layers[i].Off.Has(dev.ID) {
					row.Off = append(row.Off, dev.String())
				}
			}
			out = append(out, row)
		}
	}
	return out
}

func worstColumns() []column[worstRow] {
	return []column[worstRow]{
		{title: "RING", cell: text(func(r worstRow) string { return r.Ring })},
		counted("PARTITION", func(r worstRow) int { return r.Partition }, nil),
		{title: "STATE", cell: func(r worstRow) cell {
			return cell{r.State, map[string]kit.Style{"degraded": warn, "below quorum": bad, "unreadable": bad}[r.State]}
		}},
		{title: "ON", right: true, cell: text(func(r worstRow) string { return fmt.Sprintf("%d/%d", r.On, r.Primaries) })},
		{title: "OFF", flex: true, cell: text(func(r worstRow) string { return few(r.Off) })},
	}
}
