package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"

	"ringside/backends/swift/ring"
)

// diffRow is what a new ring moves.
type diffRow struct {
	ringName
	OldVersion    int      `json:"old_version"`
	NewVersion    int      `json:"new_version"`
	Partitions    int      `json:"partitions"`
	Replicas      int      `json:"replicas"` // of all partitions together
	Moved         int      `json:"moved"`    // replicas that get a new device
	MovedPercent  float64  `json:"moved_percent"`
	Several       int      `json:"partitions_moving_several"` // replicas at once
	MostOfOne     int      `json:"most_of_one_partition"`
	BelowQuorum   int      `json:"partitions_below_quorum"` // until the data has moved
	Added         int      `json:"devices_added"`
	Removed       int      `json:"devices_removed"`
	Reweighted    int      `json:"devices_reweighted"`
	Readdressed   int      `json:"devices_readdressed"`
	OldBalance    float64  `json:"old_balance_percent"`
	NewBalance    float64  `json:"new_balance_percent"`
	OldDispersion float64  `json:"old_dispersion_percent"`
	NewDispersion float64  `json:"new_dispersion_percent"`
	Bytes         *float64 `json:"bytes"` // about so many move; with --used
}

// placeRow is what comes to and goes from one host or device.
type placeRow struct {
	Ring      string   `json:"ring"`
	Host      string   `json:"host"`
	Device    string   `json:"device"`    // "" for a host
	DeviceID  *int     `json:"device_id"` // null for a host
	Change    string   `json:"change"`    // added, removed, reweighted, readdressed; "" for none, and for a host
	OldWeight *float64 `json:"old_weight"`
	NewWeight *float64 `json:"new_weight"`
	OldParts  int      `json:"old_replicas"`
	NewParts  int      `json:"new_replicas"`
	In        int      `json:"in"`
	Out       int      `json:"out"`
}

// diffing are the flags of diff.
type diffing struct {
	conf, by, used, failOn string
}

var (
	diffBy     = []string{"ring", "host", "device"}
	diffFailOn = []string{"several", "below-quorum"}
)

func (a *app) swiftDiff() *cobra.Command {
	c := &cobra.Command{
		Use: "diff OLD NEW", Short: "What a new ring moves, before it is pushed: replicas per host and device, partitions that move several at once",
		Long: `What moves when the ring OLD is replaced by NEW: two ring files, or two directories
of which the rings of the same name are compared. swift.conf tells which policies
are erasure coded: there the position of a device counts, as it says which fragment
the device holds.`,
		Example: `  ringside swift diff /etc/swift/object.ring.gz ./object.ring.gz --fail-on several
  ringside swift diff /etc/swift ./new --by host`,
		Args: cobra.ExactArgs(2),
	}
	d := &diffing{}
	f := c.Flags()
	f.StringVar(&d.conf, "conf", "", "swift.conf `FILE` with the storage policies (default: the one beside NEW, or beside OLD)")
	f.StringVar(&d.by, "by", "ring", "one line per `WHAT`: ring, host or device")
	f.StringVar(&d.used, "used", "", "`BYTES` of this ring that a device has on average (800GB), to estimate what moves")
	f.StringVar(&d.failOn, "fail-on", "", "exit with 4 when a partition moves `HOW`: several (replicas at once), or below-quorum (fewer stay than a write wants)")
	_ = c.RegisterFlagCompletionFunc("by", cobra.FixedCompletions(diffBy, cobra.ShellCompDirectiveNoFileComp))
	_ = c.RegisterFlagCompletionFunc("fail-on", cobra.FixedCompletions(diffFailOn, cobra.ShellCompDirectiveNoFileComp))
	_ = c.RegisterFlagCompletionFunc("used", cobra.NoFileCompletions)
	c.RunE = a.run(func(_ context.Context, args []string) error {
		if err := errors.Join(oneOf("--by", d.by, diffBy), oneOf("--fail-on", d.failOn, diffFailOn)); err != nil {
			return err
		}
		used, err := d.bytes()
		if err != nil {
			return err
		}
		pairs, err := d.pairs(args[0], args[1])
		if err != nil {
			return err
		}
		var rows []diffRow
		var places []placeRow
		for _, p := range pairs {
			diff, err := ring.Compare(p.old, p.new.Ring, p.new.Quorum())
			if err != nil {
				return usage("%s: %w", p.new.Name, err)
			}
			rows = append(rows, diffRowOf(p, diff, used))
			places = append(places, placeRows(p.new.Name, diff, d.by)...)
			if p.new.Assumed {
				a.complain("%s: no swift.conf tells its policy: it is taken for a replicated one", p.new.Name)
			}
		}
		if d.by == "ring" {
			err = emit(a, rows, diffColumns(used > 0))
		} else {
			err = emit(a, places, placeColumns(d.by))
		}
		if err == nil && d.passed(rows) {
			err = said(ExitBlocked)
		}
		return err
	})
	return c
}

func (d *diffing) passed(rows []diffRow) bool {
	return slices.ContainsFunc(rows, func(r diffRow) bool {
		return d.failOn == "several" && r.Several > 0 || d.failOn == "below-quorum" && r.BelowQuorum > 0
	})
}

func (d *diffing) bytes() (int64, error) {
	if d.used == "" {
		return 0, nil
	}
	n, err := units.FromHumanSize(d.used)
	if err != nil || n <= 0 {
		return 0, usage("--used %q: it must be a size such as 800GB", d.used)
	}
	return n, nil
}

// ringPair is two rings to compare; the new one has the name and the policy.
type ringPair struct {
	old *ring.Ring
	new ring.Named
}

// pairs reads what is compared.
func (d *diffing) pairs(old, new string) ([]ringPair, error) {
	infoOld, errOld := os.Stat(old)
	infoNew, errNew := os.Stat(new)
	if err := errors.Join(errOld, errNew); err != nil {
		return nil, usage("%w", err)
	}
	if infoOld.IsDir() != infoNew.IsDir() {
		return nil, usage("%s and %s must be two ring files, or two directories of rings", old, new)
	}
	if infoOld.IsDir() {
		return d.dirs(old, new)
	}
	return d.files(old, new)
}

func (d *diffing) dirs(old, new string) ([]ringPair, error) {
	conf := d.conf
	if conf == "" && !exists(filepath.Join(new, "swift.conf")) && exists(filepath.Join(old, "swift.conf")) {
		conf = filepath.Join(old, "swift.conf")
	}
	before, errOld := ring.LoadDir(old, conf)
	after, errNew := ring.LoadDir(new, conf)
	if err := errors.Join(errOld, errNew); err != nil {
		return nil, usage("%w", err)
	}
	var out []ringPair
	for _, n := range after.Rings {
		if at := slices.IndexFunc(before.Rings, func(o ring.Named) bool { return o.Name == n.Name }); at >= 0 {
			out = append(out, ringPair{before.Rings[at].Ring, n})
		}
	}
	if out == nil {
		return nil, usage("%s and %s have no ring of the same name", old, new)
	}
	return out, nil
}

// backup is the name of a ring, also of a copy of the builder's backups directory.
var backup = regexp.MustCompile(`^(?:[0-9]+\.)?(account|container|object(?:-[1-9][0-9]*)?)\.ring\.gz$`)

func (d *diffing) files(old, new string) ([]ringPair, error) {
	before, errOld := ring.Load(old)
	after, errNew := ring.Load(new)
	if err := errors.Join(errOld, errNew); err != nil {
		return nil, usage("%w", err)
	}
	name := filepath.Base(new)
	if m := backup.FindStringSubmatch(name); m != nil {
		name = m[1]
	}
	conf, err := d.confOf(old, new)
	if err != nil {
		return nil, usage("%w", err)
	}
	named, err := ring.Name(after, name, conf)
	if err != nil {
		return nil, usage("%w", err)
	}
	return []ringPair{{before, named}}, nil
}

// confOf reads the swift.conf that goes with two ring files; nil when there is none.
func (d *diffing) confOf(old, new string) (*ring.Conf, error) {
	if d.conf != "" {
		return ring.LoadConf(d.conf)
	}
	for _, file := range []string{new, old} {
		if path := filepath.Join(filepath.Dir(file), "swift.conf"); exists(path) {
			return ring.LoadConf(path)
		}
	}
	return nil, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func diffRowOf(p ringPair, d *ring.Diff, used int64) diffRow {
	r := diffRow{
		ringName: nameOf(p.new), OldVersion: d.OldVersion, NewVersion: d.NewVersion, Partitions: d.Partitions, Replicas: d.Slots,
		Moved: d.Moved, MovedPercent: 100 * float64(d.Moved) / float64(d.Slots), Several: d.SeveralMoving(), MostOfOne: max(0, len(d.Moving)-1),
		BelowQuorum: d.BelowQuorum, OldBalance: p.old.Balance(), NewBalance: p.new.Balance(), OldDispersion: p.old.Dispersion(), NewDispersion: p.new.Dispersion(),
	}
	for _, x := range d.Devices {
		switch x.Change {
		case ring.Added:
			r.Added++
		case ring.Removed:
			r.Removed++
		case ring.Reweighted:
			r.Reweighted++
		case ring.Readdressed:
			r.Readdressed++
		}
	}
	if used > 0 {
		n, _ := d.MoveBytes(func(*ring.Device) (ring.Disk, bool) { return ring.Disk{Used: used}, true })
		r.Bytes = new(float64(n))
	}
	return r
}

// placeRows are the hosts, or the devices with a change, that moved the most first.
func placeRows(name string, d *ring.Diff, by string) []placeRow {
	var out []placeRow
	switch by {
	case "host":
		for _, h := range d.Hosts {
			if h.In+h.Out > 0 {
				out = append(out, placeRow{Ring: name, Host: h.IP, OldParts: h.OldParts, NewParts: h.NewParts, In: h.In, Out: h.Out})
			}
		}
	case "device":
		for _, x := range d.Devices {
			if x.In+x.Out == 0 && x.Change == ring.Kept {
				continue
			}
			dev := x.Device()
			r := placeRow{Ring: name, Host: dev.IP, Device: dev.Name, DeviceID: &dev.ID, OldParts: x.OldParts, NewParts: x.NewParts, In: x.In, Out: x.Out}
			if x.Change != ring.Kept {
				r.Change = string(x.Change)
			}
			if x.Old != nil {
				r.OldWeight = &x.Old.Weight
			}
			if x.New != nil {
				r.NewWeight = &x.New.Weight
			}
			out = append(out, r)
		}
	}
	slices.SortStableFunc(out, func(a, b placeRow) int { return cmp.Compare(b.In+b.Out, a.In+a.Out) })
	return out
}

func diffColumns(bytes bool) []column[diffRow] {
	out := append(ringColumns(func(r diffRow) ringName { return r.ringName }),
		column[diffRow]{title: "VERSION", cell: text(func(r diffRow) string { return fmt.Sprintf("%d to %d", r.OldVersion, r.NewVersion) })},
		column[diffRow]{title: "MOVED", right: true, cell: text(func(r diffRow) string { return fmt.Sprintf("%d (%.2f%%)", r.Moved, r.MovedPercent) })},
		counted("SEVERAL AT ONCE", func(r diffRow) int { return r.Several }, func(r diffRow) bool { return r.Several > 0 }),
		counted("BELOW QUORUM", func(r diffRow) int { return r.BelowQuorum }, func(r diffRow) bool { return r.BelowQuorum > 0 }),
		column[diffRow]{title: "DEVICES", cell: text(func(r diffRow) string {
			return fmt.Sprintf("+%d -%d, %d weights", r.Added, r.Removed, r.Reweighted)
		})},
		column[diffRow]{title: "BALANCE", right: true, drop: 3, cell: text(func(r diffRow) string { return fmt.Sprintf("%.2f to %.2f", r.OldBalance, r.NewBalance) })},
		column[diffRow]{title: "DISPERSION", right: true, drop: 4, cell: text(func(r diffRow) string { return fmt.Sprintf("%.2f to %.2f", r.OldDispersion, r.NewDispersion) })},
	)
	if bytes {
		out = append(out, column[diffRow]{title: "ABOUT", right: true, cell: text(func(r diffRow) string { return units.HumanSize(*r.Bytes) })})
	}
	return out
}

func placeColumns(by string) []column[placeRow] {
	out := []column[placeRow]{
		{title: "RING", cell: text(func(r placeRow) string { return r.Ring })},
		{title: "HOST", cell: text(func(r placeRow) string { return r.Host })},
	}
	if by == "device" {
		weight := func(w *float64) string {
			if w == nil {
				return "-"
			}
			return fmt.Sprintf("%g", *w)
		}
		out = append(out,
			column[placeRow]{title: "DEVICE", cell: text(func(r placeRow) string { return r.Device })},
			column[placeRow]{title: "CHANGE", cell: text(func(r placeRow) string { return r.Change })},
			column[placeRow]{title: "WEIGHT", right: true, cell: text(func(r placeRow) string {
				if weight(r.OldWeight) == weight(r.NewWeight) {
					return weight(r.NewWeight)
				}
				return weight(r.OldWeight) + " to " + weight(r.NewWeight)
			})})
	}
	return append(out,
		column[placeRow]{title: "REPLICAS", right: true, cell: text(func(r placeRow) string { return fmt.Sprintf("%d to %d", r.OldParts, r.NewParts) })},
		counted("IN", func(r placeRow) int { return r.In }, nil),
		counted("OUT", func(r placeRow) int { return r.Out }, nil))
}
