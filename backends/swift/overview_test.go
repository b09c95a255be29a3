package swift

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ringside/backends/fleet"
)

// Whoever most members agree with is right; of equal groups the one that has what we
// have, then the newest.
func TestAgreement(t *testing.T) {
	versions := map[string]int{"old": 9, "new": 11}
	for _, c := range []struct {
		name string
		ours string
		told map[string]string // "-" has none, "" cannot read it, absent: silent
		want string
	}{
		{"all the same", "new", map[string]string{"a": "new", "b": "new", "c": "new"}, "new v11 behind 0: a b c"},
		{"one stale", "new", map[string]string{"a": "new", "b": "old", "c": "new"}, "new v11 behind 0: a c, old v9 behind 2: b"},
		{"our copy is stale", "old", map[string]string{"a": "new", "b": "new", "c": "new"}, "new v11 behind 0: a b c; ours differs"},
		{"one is ahead", "old", map[string]string{"a": "old", "b": "new", "c": "old"}, "old v9 behind 0: a c, new v11 behind -2: b"},
		{"half and half, with ours", "old", map[string]string{"a": "new", "b": "old"}, "old v9 behind 0: b, new v11 behind -2: a"},
		{"half and half, neither ours", "", map[string]string{"a": "new", "b": "old"}, "new v11 behind 0: a, old v9 behind 2: b"},
		{"a stranger", "new", map[string]string{"a": "new", "b": "xyz", "c": "new"}, "new v11 behind 0: a c, xyz v0 behind 0: b"},
		{"missing, unreadable, silent", "new", map[string]string{"a": "new", "b": "-", "c": ""}, "new v11 behind 0: a; missing b; unreadable c; unknown d"},
	} {
		a := Agreement{Name: "object", Ours: c.ours}
		by := map[string][]string{}
		members := []string{"a", "b", "c", "d"}[:max(len(c.told), 2)]
		if strings.Contains(c.want, "unknown") {
			members = append(members, "d")
		}
		for _, m := range members {
			md5, told := c.told[m]
			a.take(by, m, true, sum{md5, told, md5 != "-"})
		}
		a.group(by, versions)
		var groups []string
		for _, g := range a.Groups {
			groups = append(groups, fmt.Sprintf("%s v%d behind %d: %s", g.MD5, g.Version, g.Behind, strings.Join(g.Members, " ")))
		}
		got := strings.Join(groups, ", ")
		for _, more := range []struct {
			what string
			list []string
		}{{"missing", a.Missing}, {"unreadable", a.Unreadable}, {"unknown", a.Unknown}} {
			if len(more.list) > 0 {
				got += "; " + more.what + " " + strings.Join(more.list, " ")
			}
		}
		if a.OursDiffers() {
			got += "; ours differs"
		}
		if got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

// What an entry of the store says of whoever reported it.
func TestJudge(t *testing.T) {
	fail := func(trouble Trouble) error { return &Error{Trouble: trouble, Why: "because"} }
	for _, c := range []struct {
		e     Entry
		known bool
		want  State
	}{
		{Entry{}, false, Unknown},
		{Entry{Facts: &Node{}, At: t0}, true, Up},
		{Entry{Facts: &Node{}, At: t0.Add(-StaleAfter - time.Second)}, true, Unknown},
		{Entry{Facts: &Node{}, At: t0, Err: fail(Silent)}, true, Down},
		{Entry{Err: fail(Refused)}, true, Down},
		{Entry{Err: errors.New("reset")}, true, Down},
		{Entry{Err: fail(Unreachable)}, true, Unknown}, // our own network
		{Entry{Err: fail(Rejected)}, true, Unknown},    // something answers there
		{Entry{Err: fail(Garbled)}, true, Unknown},
	} {
		if got, why := judge(c.e, c.known, t0); got != c.want || (got != Up) != (why != "") {
			t.Errorf("%+v: %s %q, want %s", c.e, got, why, c.want)
		}
	}
}

// Nodes of one clock: ours is judged by theirs when there are three, and not before.
func TestClocks(t *testing.T) {
	node := func(name string, skew time.Duration) *NodeView {
		return &NodeView{Name: name, State: Up, Facts: &Node{Clock: Seen[Clock]{At: t0, Value: Clock{Skew: skew, Round: 4 * time.Millisecond}}}}
	}
	o := &Overview{Nodes: []*NodeView{node("a", 40*time.Second), node("b", 40*time.Second), node("c", 41*time.Second)}}
	o.clocks()
	if o.Clock.Ours != -40*time.Second || o.Clock.Worst.Name != "c" || o.Nodes[2].Drift != time.Second || o.Nodes[0].Drift != 0 || o.Clock.Within != 2*time.Millisecond {
		t.Errorf("%+v", o.Clock)
	}
	o = &Overview{Nodes: []*NodeView{node("a", 40*time.Second), node("b", 0)}}
	o.clocks()
	if o.Clock.Ours != 0 || o.Nodes[0].Drift != 40*time.Second {
		t.Errorf("%+v", o.Clock)
	}
}

// A node that accuses most of the cluster is itself the suspect, as recorded from a
// node whose own disk was not mounted.
func TestAccuser(t *testing.T) {
	failing := func(file string) PerKind[Replication] {
		r, ok, err := parseReplication(sample(t, file, "replication/object"), Object, 0)
		if err != nil || !ok {
			t.Fatal(err)
		}
		return PerKind[Replication]{Object: Seen[Replication]{Value: r, At: t0}}
	}
	o := &Overview{}
	for i, file := range []string{"faults/own-disk-unmounted-replication", "faults/object-server-dead", "faults/host-dead", "healthy"} {
		address := fmt.Sprintf("127.77.0.%d", i+1)
		o.Nodes = append(o.Nodes, &NodeView{Name: address, State: Up, Facts: &Node{Replication: failing(file)}, place: &place{node: address, address: address}})
	}
	o.victims()
	if !o.Nodes[0].Accuser || o.Nodes[1].Accuser {
		t.Error("the wrong node is the suspect")
	}
	if len(o.Victims) != 2 {
		t.Fatalf("%+v", o.Victims)
	}
	if v := o.Victims[0]; v.Node != o.Nodes[3] || v.Device != "d1" || v.Reporters != 2 || v.Failures != 40 {
		t.Errorf("%+v", v)
	}
}

// A cluster without its rings has no nodes, and says why.
func TestJoinWithoutRings(t *testing.T) {
	f := &fleet.Fleet{Clusters: []fleet.Cluster{{Name: "a", Proxies: []string{"http://p:8080"}}}}
	o := Join(Input{Fleet: f, Cluster: f.Clusters[0], Now: t0, Read: func(source string) (Entry, bool) {
		return Entry{Err: errors.New("no such directory"), Since: t0}, source == RingsSource("a")
	}})
	if o.Rings != nil || o.RingsErr == nil || len(o.Nodes) != 0 || !slices.Equal([]State{o.Proxies[0].State}, []State{Unknown}) || o.Proxies[0].Address != "p:8080" {
		t.Errorf("%+v", o)
	}
}

func TestStates(t *testing.T) {
	for s, want := range map[DeviceState]State{DeviceOK: Up, Unmounted: Down, Faulty: Down, Absent: Down, DeviceOff: Down, NotKnown: Unknown} {
		if s.up() != want {
			t.Errorf("%s: %s", s, s.up())
		}
	}
	node := &NodeView{Name: "a", State: Up, Facts: &Node{Servers: []Server{
		{Port: 6200, Up: Seen[string]{Err: &Error{Trouble: Refused}}}, {Port: 6201, Up: Seen[string]{At: t0}}, {Port: 6202, Up: Seen[string]{Err: &Error{Trouble: Garbled}}}}}}
	d := &DeviceView{Node: node, State: DeviceOK}
	for port, want := range map[int]State{6200: Down, 6201: Up, 6202: Unknown} {
		if got := d.StateIn(Member{Port: port}); got != want {
			t.Errorf("%d: %s", port, got)
		}
	}
}
