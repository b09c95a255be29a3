package command

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ringside/backends/swift/ring"
)

// safeRow is one host, and what it would break if it went off now: partitions of
// all rings together that are not in that state already.
type safeRow struct {
	Host        string   `json:"host"`
	Region      int      `json:"region"`
	Zone        int      `json:"zone"`
	Devices     int      `json:"devices"` // different ones in all rings
	Off         bool     `json:"off"`     // all of them are off already
	Degraded    int      `json:"degraded"`
	BelowQuorum int      `json:"below_quorum"`
	Unreadable  int      `json:"unreadable"`
	Safe        bool     `json:"safe"`   // it may go off by itself
	InSet       bool     `json:"in_set"` // of the set that may go off together
	AtMost      int      `json:"set_at_most"`
	Rings       []string `json:"rings"`
}

func (a *app) swiftSafe() *cobra.Command {
	c := &cobra.Command{
		Use: "safe", Short: "Which hosts can go off now: one by one, and together", Args: cobra.NoArgs,
		Long: `Which hosts can go off, besides those that are: a host is safe when no partition of
any ring newly goes below its primary quorum. The last line tells the largest set
found that may go off together. That set is right for certain, ring by ring and
partition by partition; whether a larger one exists is told with it.`,
		Example: "  ringside swift safe --down 10.0.0.17",
	}
	files := &ringFiles{}
	files.flags(c)
	files.downFlag(c)
	files.unknownFlag(c, "it is taken as off")
	byPort := c.Flags().Bool("by-port", false, "tell hosts apart by address and port, where all share one address")
	c.RunE = a.run(func(context.Context, []string) error {
		d, err := files.load(a)
		if err != nil {
			return err
		}
		_, layers, err := files.layers(d)
		if err != nil {
			return err
		}
		key := ring.ByIP
		if *byPort {
			key = ring.ByAddress
		}
		set := ring.SafeHosts(layers, key)
		rows := safeRows(d, layers, key, set)
		if err := emit(a, rows, safeColumns()); err != nil {
			return err
		}
		if a.flags.output == "table" {
			a.printf("\n%s\n", setText(set))
		}
		return nil
	})
	return c
}

// setText tells the largest set in words.
func setText(s ring.Safe) string {
	switch {
	case len(s.Hosts) == 0:
		return "No host may go off."
	case s.Largest():
		return fmt.Sprintf("May go off together, and no more can: %d: %s", len(s.Hosts), strings.Join(s.Hosts, " "))
	}
	return fmt.Sprintf("May go off together: %d (more than %d is impossible): %s", len(s.Hosts), s.AtMost, strings.Join(s.Hosts, " "))
}

func safeRows(d *ring.Dir, layers []ring.Layer, key ring.HostKey, set ring.Safe) []safeRow {
	at := map[string]int{}
	disks := map[[2]string]bool{} // one disk may be in several rings
	var rows []safeRow
	for i, n := range d.Rings {
		hosts := n.HostsBy(key)
		for j, c := range n.Next(hosts, layers[i].Off, n.Quorum()) {
			h := hosts[j]
			k, known := at[h.Name]
			if !known {
				k = len(rows)
				at[h.Name] = k
				rows = append(rows, safeRow{Host: h.Name, Region: h.Region, Zone: h.Zone, Off: true, InSet: slices.Contains(set.Hosts, h.Name), AtMost: set.AtMost})
			}
			r := &rows[k]
			for _, id := range h.Devices {
				if disk := [2]string{h.Name, n.Device(id).Name}; !disks[disk] {
					disks[disk] = true
					r.Devices++
				}
			}
			r.Degraded += c.Degraded
			r.BelowQuorum += c.BelowQuorum
			r.Unreadable += c.Unreadable
			r.Rings = append(r.Rings, n.Name)
			r.Off = r.Off && !slices.ContainsFunc(h.Devices, func(id int) bool { return !layers[i].Off.Has(id) })
		}
	}
	for i := range rows {
		rows[i].Safe = !rows[i].Off && rows[i].BelowQuorum == 0 && rows[i].Unreadable == 0
	}
	return rows
}

func safeColumns() []column[safeRow] {
	return []column[safeRow]{
		{title: "HOST", cell: text(func(r safeRow) string { return r.Host })},
		{title: "ZONE", cell: text(func(r safeRow) string { return fmt.Sprintf("r%dz%d", r.Region, r.Zone) })},
		counted("DEVICES", func(r safeRow) int { return r.Devices }, nil),
		{title: "SAFE", cell: func(r safeRow) cell {
			switch {
			case r.Off:
				return cell{"off already", dim}
			case r.Safe:
				return cell{"yes", good}
			}
			return cell{"no", bad}
		}},
		{title: "TOGETHER", cell: text(func(r safeRow) string {
			if r.InSet {
				return "yes"
			}
			return ""
		})},
		counted("DEGRADES", func(r safeRow) int { return r.Degraded }, nil),
		counted("BELOW QUORUM", func(r safeRow) int { return r.BelowQuorum }, func(r safeRow) bool { return r.BelowQuorum > 0 }),
		counted("UNREADABLE", func(r safeRow) int { return r.Unreadable }, func(r safeRow) bool { return r.Unreadable > 0 }),
	}
}
