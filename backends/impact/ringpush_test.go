package impact

import (
	"errors"
	"strings"
	"testing"
	"time"

	"ringside/backends/swift"
	"ringside/backends/swift/ring"
)

// pushed is a cluster of four nodes and a proxy in which the last push of its two
// rings has come through: one replicated, one erasure-coded.
func pushed(t *testing.T) *swift.Overview {
	t.Helper()
	erasure, err := ring.ErasureCoded(4, 2, 1)
	if err != nil {
		t.Fatal(err)
	}
	o := &swift.Overview{Now: noon}
	for _, n := range []ring.Named{{Name: "object", Kind: ring.Object}, {Name: "object-1", Kind: ring.Object, Policy: ring.Policy{Name: "archive", Quorum: erasure}}} {
		o.Policies = append(o.Policies, &swift.PolicyView{Ring: n, Changed: noon.Add(-2 * time.Hour),
			Builder: &ring.Builder{MinPartHours: 1, LastMoves: noon.Add(-2 * time.Hour)}})
		o.Files = append(o.Files, swift.Agreement{Name: n.Name, Ours: "a", Groups: []swift.Group{{MD5: "a", Members: []string{"n1", "n2", "n3", "n4", "proxy p"}}}})
	}
	seen := func(f *swift.Node, last time.Time) {
		f.Replication.Object = swift.Seen[swift.Replication]{Value: swift.Replication{Last: last, Took: 30 * time.Minute}, At: noon}
		f.Reconstruction = swift.Seen[swift.Reconstruction]{Value: swift.Reconstruction{Last: last, Took: 30 * time.Minute}, At: noon}
	}
	for _, name := range []string{"n1", "n2", "n3", "n4"} {
		n := &swift.NodeView{Name: name, State: swift.Up, Facts: &swift.Node{}}
		seen(n.Facts, noon.Add(-time.Hour))
		n.Devices = []*swift.DeviceView{{Node: n, Name: "d1", In: []swift.Member{{Ring: "object"}, {Ring: "object-1"}}}}
		o.Nodes = append(o.Nodes, n)
	}
	p := &swift.ProxyView{Address: "p", State: swift.Up, Facts: &swift.Proxy{}}
	p.Facts.RingMD5 = swift.Seen[map[string]string]{Value: map[string]string{}, At: noon}
	o.Proxies = []*swift.ProxyView{p}
	return o
}

func TestPushes(t *testing.T) {
	type overview = *swift.Overview
	for name, c := range map[string]struct {
		change func(overview)
		safe   string // of the replicated ring and of the other
		says   string // of the first
	}{
		"all has come through": {func(overview) {}, "yes yes", ""},
		"a node has another ring": {func(o overview) {
			o.Files[0].Groups = []swift.Group{{MD5: "a", Members: []string{"n1", "n2", "n3", "proxy p"}}, {MD5: "old", Members: []string{"n4"}}}
		}, "no yes", "1 has another ring: n4"},
		"most have another than we": {func(o overview) { o.Files[0].Ours = "b" }, "no yes", "5 have another ring than ours: n1, n2, n3 and 2 more"},
		"a node has none":           {func(o overview) { o.Files[0].Missing = []string{"n2"} }, "no yes", "1 has no ring that can be read: n2"},
		"a node cannot read it":     {func(o overview) { o.Files[0].Unreadable = []string{"n2"} }, "no yes", "1 has no ring that can be read: n2"},
		"a node does not tell":      {func(o overview) { o.Files[0].Unknown = []string{"n2"} }, "unknown yes", "1 does not tell its ring: n2"},
		"a proxy is down":           {func(o overview) { o.Proxies[0].State = swift.Down }, "unknown unknown", "proxy p"},
		"a proxy never answered":    {func(o overview) { o.Proxies[0].Facts = nil }, "unknown unknown", "proxy p"},
		"a proxy without recon":     {func(o overview) { o.Proxies[0].Facts = &swift.Proxy{} }, "unknown unknown", "proxy p"},
		"replicated before": {func(o overview) {
			o.Nodes[1].Facts.Replication.Object.Value.Last = noon.Add(-3 * time.Hour)
		}, "no yes", "1 has not replicated since: n2"},
		"reconstructed before": {func(o overview) { o.Nodes[1].Facts.Reconstruction.Value.Last = noon.Add(-3 * time.Hour) }, "yes no", ""},
		"the pass was under way": {func(o overview) {
			o.Nodes[1].Facts.Replication.Object.Value.Took = time.Hour + time.Second
		}, "no yes", "1 has not replicated since: n2"},
		"a node that never answered": {func(o overview) { o.Nodes[1].Facts = nil }, "unknown unknown", "1 does not tell its last pass: n2"},
		"a daemon that never ran":    {func(o overview) { o.Nodes[1].Facts.Replication.Object.Null = true }, "unknown yes", "n2"},
		"a node without its devices": {func(o overview) { o.Nodes[1].Devices, o.Nodes[1].Facts = nil, nil }, "yes yes", ""},
		"no is more than unknown": {func(o overview) {
			o.Files[0].Unknown = []string{"n2"}
			o.Nodes[0].Facts.Replication.Object.Value.Last = noon.Add(-3 * time.Hour)
		}, "no yes", "1 has not replicated since: n1; 1 does not tell its ring"},
		"nobody knows when": {func(o overview) { o.Policies[0].Changed = time.Time{} }, "unknown yes", "nobody knows when the ring was written"},
		"the hours are not over": {func(o overview) { o.Policies[0].Builder.LastMoves = noon.Add(-10 * time.Minute) }, "no yes",
			"min_part_hours (1 h) are over in 50 min"},
		"without a builder":  {func(o overview) { o.Policies[0].Builder = nil }, "yes yes", ""},
		"our rings are gone": {func(o overview) { o.RingsErr = errors.New("x") }, "unknown unknown", "our copy of the rings cannot be read any more"},
	} {
		t.Run(name, func(t *testing.T) {
			o := pushed(t)
			c.change(o)
			list := Pushes(o)
			if got := string(list[0].Safe) + " " + string(list[1].Safe); got != c.safe {
				t.Errorf("%s, want %s: %q %q", got, c.safe, list[0].Because, list[1].Because)
			}
			if said := strings.Join(list[0].Because, "; "); !strings.Contains(said, c.says) {
				t.Errorf("%q does not say %q", said, c.says)
			}
			for _, p := range list {
				if (p.Safe == Yes) != (len(p.Because) == 0) {
					t.Errorf("%s because %q", p.Safe, p.Because)
				}
				if (p.Left != "") != (p.Policy.Builder == nil) {
					t.Errorf("not looked at: %q", p.Left)
				}
			}
		})
	}
}

func TestSettled(t *testing.T) {
	for list, want := range map[string]Answer{"": Uncertain, "yes": Yes, "yes yes": Yes, "yes unknown": Uncertain, "unknown no": No, "no unknown": No, "no yes": No} {
		var pushes []Push
		for _, a := range strings.Fields(list) {
			pushes = append(pushes, Push{Safe: Answer(a)})
		}
		if got := Settled(pushes); got != want {
			t.Errorf("%q: %s, want %s", list, got, want)
		}
	}
}
