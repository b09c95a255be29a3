package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"ringside/backends/swift/ring"
)

// ringRow is one ring. Times and sizes are in the unit that their name says; what
// only the builder knows is null without one.
type ringRow struct {
	ringName
	Partitions     int      `json:"partitions"`
	Replicas       float64  `json:"replicas"`
	Regions        int      `json:"regions"`
	Zones          int      `json:"zones"`
	Hosts          int      `json:"hosts"`
	Devices        int      `json:"devices"`
	Balance        float64  `json:"balance_percent"`
	Dispersion     float64  `json:"dispersion_percent"`
	Version        int      `json:"version"`
	NextPartPower  *int     `json:"next_part_power"`
	Format         int      `json:"format"`
	MD5            string   `json:"md5"`
	Bytes          int      `json:"file_bytes"`
	File           string   `json:"file"`
	BuilderVersion *int     `json:"builder_version"`
	Obsolete       *bool    `json:"obsolete"`         // the builder would write another ring
	Pending        *int     `json:"pending_devices"`  // that the builder has changed since
	Wait           *int     `json:"wait_seconds"`     // until min_part_hours are over
	Movable        *int     `json:"movable"`          // partitions that may move now
	Overload       *float64 `json:"overload_percent"` // of the builder
}

func (a *app) swiftRings() *cobra.Command {
	c := &cobra.Command{Use: "rings", Short: "List the rings: size, balance, dispersion, version, and what their builders have not written yet", Args: cobra.NoArgs}
	files := &ringFiles{}
	files.flags(c)
	c.RunE = a.run(func(context.Context, []string) error {
		d, broken := files.load(a)
		if d == nil {
			return broken
		}
		var rows []ringRow
		for _, n := range d.Rings {
			r, err := a.ringRow(n)
			if err != nil {
				broken = errors.Join(broken, err)
			}
			rows = append(rows, r)
		}
		if err := emit(a, rows, ringRowColumns()); err != nil {
			return err
		}
		if broken != nil {
			return exit(ExitFailed, "%w", broken)
		}
		return nil
	})
	return c
}

func (a *app) ringRow(n ring.Named) (ringRow, error) {
	f := n.File()
	r := ringRow{
		ringName: nameOf(n), Partitions: n.Partitions(), Replicas: n.Replicas(), Hosts: len(n.Hosts()), Devices: len(n.Devices()),
		Balance: n.Balance(), Dispersion: n.Dispersion(), Version: n.Version(), Format: f.Format, MD5: f.MD5, Bytes: f.Size, File: f.Name,
	}
	regions, zones := map[int]bool{}, map[[2]int]bool{}
	for _, d := range n.Devices() {
		regions[d.Region], zones[[2]int{d.Region, d.Zone}] = true, true
	}
	r.Regions, r.Zones = len(regions), len(zones)
	if p := n.NextPartPower(); p > 0 {
		r.NextPartPower = &p
	}
	b, err := ring.LoadBuilder(filepath.Join(filepath.Dir(f.Name), n.Name+".builder"))
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = nil // builders are kept on one machine, rings on all
		}
		return r, err
	}
	h := b.Hints(n.Ring, time.Now())
	pending := len(h.Pending)
	r.BuilderVersion, r.Obsolete, r.Pending, r.Movable = &b.Version, &h.Obsolete, &pending, &h.Movable
	r.Wait, r.Overload = new(int(h.Wait/time.Second)), new(h.Overload*100)
	return r, nil
}

func ringRowColumns() []column[ringRow] {
	percent := func(of func(ringRow) float64) func(ringRow) cell {
		return text(func(r ringRow) string { return fmt.Sprintf("%.2f", of(r)) })
	}
	return append(ringColumns(func(r ringRow) ringName { return r.ringName }),
		counted("PARTS", func(r ringRow) int { return r.Partitions }, nil),
		column[ringRow]{title: "REPLICAS", right: true, cell: text(func(r ringRow) string { return fmt.Sprintf("%.4g", r.Replicas) })},
		column[ringRow]{title: "ZONES", right: true, drop: 4, cell: text(func(r ringRow) string { return fmt.Sprint(r.Zones) })},
		counted("HOSTS", func(r ringRow) int { return r.Hosts }, nil),
		counted("DEVICES", func(r ringRow) int { return r.Devices }, nil),
		column[ringRow]{title: "BALANCE", right: true, cell: percent(func(r ringRow) float64 { return r.Balance })},
		column[ringRow]{title: "DISPERSION", right: true, cell: percent(func(r ringRow) float64 { return r.Dispersion })},
		counted("VERSION", func(r ringRow) int { return r.Version }, nil),
		column[ringRow]{title: "BUILDER", drop: 3, cell: func(r ringRow) cell { return builderCell(r) }},
		column[ringRow]{title: "MD5", drop: 5, cell: text(func(r ringRow) string { return r.MD5 })},
	)
}

// builderCell says in a few words how the ring stands to its builder.
func builderCell(r ringRow) cell {
	wait := ""
	if r.Wait != nil && *r.Wait > 0 {
		wait = fmt.Sprintf(", wait %s", time.Duration(*r.Wait)*time.Second)
	}
	switch {
	case r.BuilderVersion == nil:
		return cell{}
	case !*r.Obsolete:
		return cell{text: "same" + wait}
	case *r.Pending > 0:
		return cell{fmt.Sprintf("v%d, %d devices not written%s", *r.BuilderVersion, *r.Pending, wait), warn}
	}
	return cell{fmt.Sprintf("v%d, not written%s", *r.BuilderVersion, wait), warn}
}
