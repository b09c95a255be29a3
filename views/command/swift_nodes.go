package command

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ringside/backends/swift"
	"ringside/views/kit"
)

// nodeRow is one storage node. What it did not tell is null.
type nodeRow struct {
	Cluster      string   `json:"cluster"`
	Node         string   `json:"node"` // address in the rings
	Host         string   `json:"host"` // in the fleet
	Region       int      `json:"region"`
	Zone         int      `json:"zone"`
	State        string   `json:"state"` // up, down, unknown
	Why          string   `json:"why"`
	Age          *float64 `json:"age_seconds"`
	Devices      int      `json:"devices"`
	DevicesUp    int      `json:"devices_up"`
	Used         *float64 `json:"used_percent"` // of its disks that are known
	Replicated   *float64 `json:"object_replication_age_seconds"`
	StaleRings   []string `json:"stale_rings"`
	ConfDiffers  bool     `json:"conf_differs"`
	Quarantined  *int64   `json:"quarantined"`
	AsyncPending *int64   `json:"async_pending"`
	AsyncAge     *float64 `json:"async_age_seconds"`
	Drift        *float64 `json:"clock_drift_seconds"`
	Load         *float64 `json:"load_1m"`
	Version      *string  `json:"version"`
}

func seconds(d time.Duration) *float64 { s := d.Seconds(); return &s }

func nodeRows(o *swift.Overview) []nodeRow {
	var out []nodeRow
	for _, n := range o.Nodes {
		r := nodeRow{Cluster: o.Cluster.Name, Node: n.Name, Host: n.Host, Region: n.Region, Zone: n.Zone, State: string(n.State), Why: n.Why,
			Devices: len(n.Devices), StaleRings: n.StaleRings, ConfDiffers: n.ConfDiffers}
		var size, used int64
		for _, d := range n.Devices {
			if d.State == swift.DeviceOK {
				r.DevicesUp++
			}
			if d.Usage != nil {
				size, used = size+d.Usage.Size, used+d.Usage.Used
			}
		}
		if size > 0 {
			part := 100 * float64(used) / float64(size)
			r.Used = &part
		}
		if n.DriftKnown {
			r.Drift = seconds(n.Drift)
		}
		if f := n.Facts; f != nil {
			r.Age = seconds(o.Now.Sub(n.At))
			if f.Replication.Object.Known() && !f.Replication.Object.Value.Last.IsZero() {
				r.Replicated = seconds(o.Now.Sub(f.Replication.Object.Value.Last))
			}
			if f.Quarantined.Known() {
				total := f.Quarantined.Value.Total()
				r.Quarantined = &total
			}
			if f.Async.Known() {
				r.AsyncPending = &f.Async.Value.Pending
				if !f.Async.Value.Counted.IsZero() {
					r.AsyncAge = seconds(o.Now.Sub(f.Async.Value.Counted))
				}
			}
			if f.Load.Known() {
				r.Load = &f.Load.Value.One
			}
			if f.Version.Known() {
				r.Version = &f.Version.Value
			}
		}
		out = append(out, r)
	}
	return out
}

// orUnknown is a value as text, "?" when nobody knows it.
func orUnknown[T any](v *T, show func(T) string) string {
	if v == nil {
		return "?"
	}
	return show(*v)
}

func agoText(s float64) string { return kit.Age(time.Duration(s * float64(time.Second))) }

func number64(n int64) string { return fmt.Sprint(n) }

var upStyles = map[string]kit.Style{"up": good, "ok": good, "down": bad, "unknown": warn}

func nodeColumns(*app) []column[nodeRow] {
	return []column[nodeRow]{
		{title: "NODE", cell: text(func(r nodeRow) string {
			if r.Host != "" {
				return r.Host
			}
			return r.Node
		})},
		{title: "ADDRESS", drop: 4, cell: text(func(r nodeRow) string { return r.Node })},
		{title: "ZONE", drop: 5, cell: text(func(r nodeRow) string { return fmt.Sprintf("r%dz%d", r.Region, r.Zone) })},
		{title: "STATE", cell: func(r nodeRow) cell { return cell{r.State, upStyles[r.State]} }},
		{title: "DISKS", right: true, cell: func(r nodeRow) cell {
			c := cell{text: fmt.Sprintf("%d/%d", r.DevicesUp, r.Devices)}
			if r.DevicesUp < r.Devices {
				c.style = warn
			}
			return c
		}},
		{title: "USED", right: true, cell: text(func(r nodeRow) string {
			return orUnknown(r.Used, func(p float64) string { return fmt.Sprintf("%.0f%%", p) })
		})},
		{title: "REPLICATED", right: true, cell: text(func(r nodeRow) string { return orUnknown(r.Replicated, agoText) })},
		{title: "ASYNC", right: true, drop: 2, cell: text(func(r nodeRow) string { return orUnknown(r.AsyncPending, number64) })},
		{title: "QUARANTINED", right: true, drop: 1, cell: text(func(r nodeRow) string { return orUnknown(r.Quarantined, number64) })},
		{title: "VERSION", drop: 3, cell: text(func(r nodeRow) string { return orUnknown(r.Version, func(s string) string { return s }) })},
		{title: "REMARK", flex: true, cell: func(r nodeRow) cell {
			var out []string
			if r.Why != "" {
				out = append(out, r.Why)
			}
			if len(r.StaleRings) > 0 {
				out = append(out, "other rings: "+few(r.StaleRings))
			}
			if r.ConfDiffers {
				out = append(out, "other swift.conf")
			}
			return cell{strings.Join(out, "; "), warn}
		}},
	}
}

func (a *app) swiftNodes() *cobra.Command {
	return ofCluster(a, "nodes", "Ask every storage node of clusters once", `One line per storage node that the rings name, whether it answers or not. What a node
does not tell is "?", in JSON null.`, nodeRows, nodeColumns)
}

// deviceRow is one disk of the rings.
type deviceRow struct {
	Cluster  string   `json:"cluster"`
	Device   string   `json:"device"` // "sw017/sdb1"
	Node     string   `json:"node"`
	Host     string   `json:"host"`
	Region   int      `json:"region"`
	Zone     int      `json:"zone"`
	State    string   `json:"state"` // ok, unmounted, faulty, absent, silent, unknown
	Why      string   `json:"why"`
	Weight   float64  `json:"weight"`
	Replicas int      `json:"replicas"` // of all rings
	Draining bool     `json:"draining"`
	Leftover bool     `json:"leftover"` // weight 0 and still holds something
	Size     *int64   `json:"size_bytes"`
	Used     *int64   `json:"used_bytes"`
	Percent  *float64 `json:"used_percent"`
	Expected int64    `json:"expected_bytes"` // by its weight; 0 when that cannot be said
	UsedAge  *float64 `json:"used_age_seconds"`
}

func deviceRows(o *swift.Overview) []deviceRow {
	var out []deviceRow
	for _, d := range o.Devices {
		r := deviceRow{Cluster: o.Cluster.Name, Device: d.Label(), Node: d.Node.Name, Host: d.Node.Host, Region: d.Node.Region, Zone: d.Node.Zone,
			State: string(d.State), Why: d.Why, Weight: d.Weight, Replicas: d.Parts, Draining: d.Draining, Leftover: d.Leftover(), Expected: d.Expected}
		if part, known := d.Fullness(); known {
			part *= 100
			r.Percent, r.Size, r.Used, r.UsedAge = &part, &d.Usage.Size, &d.Usage.Used, seconds(o.Now.Sub(d.UsedAt))
		}
		out = append(out, r)
	}
	return out
}

func deviceColumns(*app) []column[deviceRow] {
	return []column[deviceRow]{
		{title: "DEVICE", cell: text(func(r deviceRow) string { return r.Device })},
		{title: "ZONE", drop: 2, cell: text(func(r deviceRow) string { return fmt.Sprintf("r%dz%d", r.Region, r.Zone) })},
		{title: "STATE", cell: func(r deviceRow) cell {
			if s, known := upStyles[r.State]; known {
				return cell{r.State, s}
			}
			return cell{r.State, bad}
		}},
		{title: "USED", right: true, cell: text(func(r deviceRow) string {
			return orUnknown(r.Percent, func(p float64) string { return fmt.Sprintf("%.1f%%", p) })
		})},
		{title: "WEIGHT", right: true, cell: text(func(r deviceRow) string { return fmt.Sprintf("%g", r.Weight) })},
		counted("REPLICAS", func(r deviceRow) int { return r.Replicas }, nil),
		{title: "REMARK", flex: true, cell: func(r deviceRow) cell {
			switch {
			case r.Why != "":
				return cell{r.Why, warn}
			case r.Leftover:
				return cell{"weight 0 and not empty yet", warn}
			case r.Draining:
				return cell{"being drained", dim}
			}
			return cell{}
		}},
	}
}

func (a *app) swiftDevices() *cobra.Command {
	return ofCluster(a, "devices", "Ask for every disk of clusters once", `One line per device of the rings, joined with what its node says: a device that the
rings have and the node does not is "absent", which recon never mentions.`, deviceRows, deviceColumns)
}

// fileRow is one version of a file that must be the same everywhere.
type fileRow struct {
	Cluster string   `json:"cluster"`
	File    string   `json:"file"`    // account, container, object-1, swift.conf
	MD5     string   `json:"md5"`     // "" of those that have none, cannot read it, or did not tell
	State   string   `json:"state"`   // majority, other, missing, unreadable, unknown
	Version int      `json:"version"` // of the ring; 0 when that file is not known
	Behind  int      `json:"behind"`  // versions, when both are known
	Ours    bool     `json:"ours"`    // our copy is this one
	Count   int      `json:"count"`
	Members []string `json:"members"` // nodes by address, "proxy ADDRESS"
}

func fileRows(o *swift.Overview) []fileRow {
	var out []fileRow
	for i := range o.Files {
		f := &o.Files[i]
		major := f.Majority()
		for g := range f.Groups {
			group := &f.Groups[g]
			r := fileRow{Cluster: o.Cluster.Name, File: f.Name, MD5: group.MD5, State: "other", Version: group.Version, Behind: group.Behind,
				Ours: group.MD5 == f.Ours, Count: len(group.Members), Members: group.Members}
			if group == major {
				r.State = "majority"
			}
			out = append(out, r)
		}
		for _, x := range []struct {
			state   string
			members []string
		}{{"missing", f.Missing}, {"unreadable", f.Unreadable}, {"unknown", f.Unknown}} {
			if len(x.members) > 0 {
				out = append(out, fileRow{Cluster: o.Cluster.Name, File: f.Name, State: x.state, Count: len(x.members), Members: x.members})
			}
		}
	}
	return out
}

func fileColumns(*app) []column[fileRow] {
	styles := map[string]kit.Style{"majority": good, "other": warn, "missing": bad, "unreadable": bad, "unknown": warn}
	return []column[fileRow]{
		{title: "FILE", cell: text(func(r fileRow) string { return r.File })},
		{title: "STATE", cell: func(r fileRow) cell { return cell{r.State, styles[r.State]} }},
		counted("ON", func(r fileRow) int { return r.Count }, nil),
		{title: "VERSION", right: true, cell: text(func(r fileRow) string {
			switch {
			case r.Version == 0:
				return ""
			case r.Behind > 0:
				return fmt.Sprintf("%d, %d behind", r.Version, r.Behind)
			}
			return fmt.Sprint(r.Version)
		})},
		{title: "OURS", drop: 1, cell: text(func(r fileRow) string { return map[bool]string{true: "ours"}[r.Ours] })},
		{title: "MD5", drop: 2, cell: text(func(r fileRow) string { return r.MD5 })},
		{title: "WHO", flex: true, cell: text(func(r fileRow) string {
			if r.State == "majority" {
				return ""
			}
			return few(r.Members)
		})},
	}
}

func (a *app) swiftFiles() *cobra.Command {
	return ofCluster(a, "md5", "Compare ring files and swift.conf of all nodes and proxies", `One line per version of every file that must be the same everywhere, with who has it.
A node that needs a ring and has none is "missing": swift-recon calls that a match.`, fileRows, fileColumns)
}
