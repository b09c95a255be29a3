package command

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"ringside/backends/swift/ring"
)

// locateRow is one device that has, or would take, what was looked up.
type locateRow struct {
	Path            string `json:"path"` // that was looked up; "" for a partition
	Ring            string `json:"ring"`
	Policy          string `json:"policy"`
	Partition       int    `json:"partition"`
	Hash            string `json:"hash"` // "" for a partition
	Role            string `json:"role"` // primary, handoff
	Index           int    `json:"index"`
	DeviceID        int    `json:"device_id"`
	Region          int    `json:"region"`
	Zone            int    `json:"zone"`
	IP              string `json:"ip"`
	Port            int    `json:"port"`
	ReplicationIP   string `json:"replication_ip"`
	ReplicationPort int    `json:"replication_port"`
	Device          string `json:"device"`
	Off             bool   `json:"off"`       // by --down
	Disk            string `json:"disk_path"` // on that node; "" for a partition
}

// wanted is one thing to look up in one ring.
type wanted struct {
	path string
	ring ring.Named
	part int
	sum  *[16]byte
}

// locating are the flags of locate.
type locating struct {
	ringFiles
	ring                string
	partition, handoffs int
	root                string
}

func (a *app) swiftLocate() *cobra.Command {
	c := &cobra.Command{
		Use: "locate [PATH...]", Short: "Where an account, a container, an object or a partition is: primaries, handoffs, paths on disk",
		Long: `Where things are. PATH is ACCOUNT, ACCOUNT/CONTAINER or ACCOUNT/CONTAINER/OBJECT, or
a path on a storage node's disk as it is in Swift's logs. The ring files do not say
which policy a container has: an object is shown in every object ring, or in that
of --ring. The hash of a path needs the secrets of swift.conf; they are not shown.`,
		Example: `  ringside swift locate AUTH_test/photos/cat.jpg --ring gold
  ringside swift locate --partition 1234 --ring object
  ringside swift locate /srv/node/sdb/objects-1/1234/5f2/0d1c...5f2`,
	}
	l := &locating{}
	l.flags(c)
	l.downFlag(c)
	c.Flags().StringVar(&l.ring, "ring", "", "only in this `RING`: account, container, object, object-N, or a policy's name")
	c.Flags().IntVar(&l.partition, "partition", -1, "partition `N` instead of a path")
	c.Flags().IntVar(&l.handoffs, "handoffs", -1, "show so many handoffs, `N` (default: as many as there are replicas)")
	c.Flags().StringVar(&l.root, "devices", "/srv/node", "`DIR` under which storage nodes mount their devices")
	for _, name := range []string{"partition", "handoffs"} {
		c.Flags().Lookup(name).DefValue = "0" // so that the help shows no -1
	}
	for _, name := range []string{"ring", "partition", "handoffs"} {
		_ = c.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
	c.RunE = a.run(func(_ context.Context, args []string) error {
		if (len(args) > 0) == (l.partition >= 0) {
			return usage("name a path, or a partition with --partition N")
		}
		d, err := l.load(a)
		if err != nil {
			return err
		}
		_, layers, err := l.layers(d)
		if err != nil {
			return err
		}
		list, err := l.wanted(d, args)
		if err != nil {
			return err
		}
		var rows []locateRow
		for _, w := range list {
			at := slices.IndexFunc(d.Rings, func(n ring.Named) bool { return n.Name == w.ring.Name })
			rows = append(rows, l.rows(w, layers[at].Off)...)
		}
		return emit(a, rows, locateColumns(len(list) > 1))
	})
	return c
}

// wanted finds the rings in which things are looked up.
func (l *locating) wanted(d *ring.Dir, args []string) ([]wanted, error) {
	if l.ring != "" && !slices.ContainsFunc(d.Rings, l.isRing) {
		var names []string
		for _, n := range d.Rings {
			names = append(names, n.Title())
		}
		return nil, usage("--ring %q: it must be one of %s", l.ring, few(names))
	}
	var out []wanted
	if l.partition >= 0 {
		for _, n := range d.Rings {
			if l.isRing(n) && l.partition < n.Partitions() {
				out = append(out, wanted{ring: n, part: l.partition})
			}
		}
		if out == nil {
			return nil, usage("--partition %d: the ring has partitions up to %d", l.partition, mostPartitions(d, l.isRing)-1)
		}
	}
	for _, arg := range args {
		found, err := l.one(d, arg)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

func mostPartitions(d *ring.Dir, want func(ring.Named) bool) (most int) {
	for _, n := range d.Rings {
		if want(n) {
			most = max(most, n.Partitions())
		}
	}
	return most
}

// isRing reports whether a ring is the one of --ring; without one all are.
func (l *locating) isRing(n ring.Named) bool {
	return l.ring == "" || n.Name == l.ring || n.Kind == ring.Object && (n.Policy.Name == l.ring || slices.Contains(n.Policy.Aliases, l.ring))
}

// one finds one path in its rings.
func (l *locating) one(d *ring.Dir, arg string) ([]wanted, error) {
	if p, is := ring.ParseDiskPath(arg); is {
		at := slices.IndexFunc(d.Rings, func(n ring.Named) bool { return n.Name == p.Ring })
		if at < 0 {
			return nil, usage("%q: there is no ring %s in %s", arg, p.Ring, d.Path)
		}
		n := d.Rings[at]
		if part := n.PartitionOf(p.Sum); part != p.Part {
			return nil, usage("%q: the hash is of partition %d in this ring, the path says %d; is it from another cluster, or was the partition power changed?", arg, part, p.Part)
		}
		return []wanted{{arg, n, p.Part, &p.Sum}}, nil
	}
	account, container, object, err := ring.SplitPath(arg)
	if err != nil {
		return nil, usage("%w", err)
	}
	if d.Conf == nil {
		return nil, usage("%s has no swift.conf, whose secrets are a part of every path's hash; give it with --conf FILE", d.Path)
	}
	sum, err := d.Conf.Hash.Sum(account, container, object)
	if err != nil {
		return nil, usage("%s: %w", d.Conf.File, err)
	}
	kind := ring.Account
	switch {
	case object != "":
		kind = ring.Object
	case container != "":
		kind = ring.Container
	}
	var out []wanted
	for _, n := range d.Rings {
		if n.Kind == kind && (kind != ring.Object || l.isRing(n)) {
			out = append(out, wanted{arg, n, n.PartitionOf(sum), &sum})
		}
	}
	if out == nil {
		return nil, usage("%q is for %s rings, of which there is none here", arg, kind)
	}
	return out, nil
}

// rows are the nodes of one thing: primaries, then handoffs.
func (l *locating) rows(w wanted, off ring.Off) []locateRow {
	var out []locateRow
	add := func(role string, index int, d *ring.Device) {
		r := locateRow{
			Path: w.path, Ring: w.ring.Name, Policy: w.ring.Policy.Name, Partition: w.part, Role: role, Index: index, DeviceID: d.ID, Region: d.Region, Zone: d.Zone,
			IP: d.IP, Port: d.Port, ReplicationIP: d.ReplicationIP, ReplicationPort: d.ReplicationPort, Device: d.Name, Off: off.Has(d.ID),
		}
		if w.sum != nil {
			r.Hash, r.Disk = hex.EncodeToString(w.sum[:]), w.ring.DiskPath(l.root, d, *w.sum)
		}
		out = append(out, r)
	}
	for i, d := range w.ring.Primaries(w.part) {
		add("primary", i, d)
	}
	most, n := l.handoffs, 0
	if most < 0 {
		most = len(out)
	}
	for d := range w.ring.Handoffs(w.part) {
		if n == most {
			break
		}
		add("handoff", n, d)
		n++
	}
	return out
}

func locateColumns(several bool) []column[locateRow] {
	out := []column[locateRow]{
		{title: "RING", cell: text(func(r locateRow) string { return r.Ring })},
		counted("PARTITION", func(r locateRow) int { return r.Partition }, nil),
		{title: "ROLE", cell: func(r locateRow) cell {
			role := fmt.Sprintf("%s %d", r.Role, r.Index)
			if r.Off {
				return cell{role + " (off)", bad}
			}
			return cell{text: role}
		}},
		{title: "ADDRESS", cell: text(func(r locateRow) string { return r.IP + ":" + strconv.Itoa(r.Port) })},
		{title: "DEVICE", cell: text(func(r locateRow) string { return r.Device })},
		{title: "ZONE", drop: 1, cell: text(func(r locateRow) string { return fmt.Sprintf("r%dz%d", r.Region, r.Zone) })},
		{title: "DISK PATH", flex: true, drop: 2, cell: text(func(r locateRow) string { return r.Disk })},
	}
	if several {
		out = append([]column[locateRow]{{title: "PATH", flex: true, cell: text(func(r locateRow) string { return r.Path })}}, out...)
	}
	return out
}
