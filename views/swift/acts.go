package swift

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"ringside/backends/fleet"
	"ringside/backends/impact"
	"ringside/backends/swift"
	"ringside/keymap"
	"ringside/views/kit"
	"ringside/views/screen"
)

// acts are the keys that plan an act; their names are those of the actions, and all
// of them are acts on hosts.
var acts = map[keymap.ID]bool{keymap.ActOn: true, keymap.ActOff: true, keymap.ActForce: true, keymap.ActCycle: true,
	keymap.ActReset: true, keymap.ActIdentify: true}

// act plans an act on the hosts of what is selected. Nodes that no host of the fleet
// has the address of are told instead of being left out in silence.
func (s *Screen) act(id keymap.ID) tea.Cmd {
	nodes := s.selected()
	if len(nodes) == 0 {
		return toast(true, "acts are for hosts: choose a node")
	}
	if lost := hostless(nodes); len(lost) > 0 {
		return toast(true, few(lost, 3)+": no host of the fleet has this address; give the host its ips: in ringside.yaml")
	}
	targets := s.hosts(nodes)
	if id == keymap.Acts {
		return screen.Send(screen.Menu{Targets: targets})
	}
	return screen.Send(screen.Act{Action: string(id), Targets: targets})
}

// hostless names the nodes that are no hosts of the fleet.
func hostless(nodes []*swift.NodeView) (out []string) {
	for _, n := range nodes {
		if n.Host == "" {
			out = append(out, n.Name)
		}
	}
	return out
}

// hosts are the targets of the nodes' hosts, each once; nil when one of the nodes is
// no host of the fleet, since acts on some of what was chosen are not what was meant.
func (s *Screen) hosts(nodes []*swift.NodeView) (out []fleet.Target) {
	seen := map[string]bool{}
	for _, n := range nodes {
		i := slices.IndexFunc(s.snap.Fleet.Hosts, func(h fleet.Host) bool { return h.Name == n.Host })
		if i < 0 {
			return nil
		}
		if !seen[n.Host] {
			seen[n.Host] = true
			out = append(out, impact.HostTarget(s.snap.Fleet.Hosts[i]))
		}
	}
	return out
}

// orderPicked is the answer of the sort menu.
type orderPicked struct{ id string }

func sortMenu(l lister) tea.Cmd {
	return screen.Send(screen.Overlay{Dialog: l.SortMenu(), Answer: func(result any) tea.Msg {
		if it, ok := result.(kit.Item); ok {
			return orderPicked{it.ID}
		}
		return nil
	}})
}

// copied is the answer of a copy menu.
type copied struct{ what, text string }

// copyMenu offers what can be copied of the nodes or disks, one line each.
func (s *Screen) copyMenu() tea.Cmd {
	texts := map[string][]string{}
	var names []string
	add := func(name, text string) {
		if text == "" {
			return
		}
		if texts[name] == nil {
			names = append(names, name)
		}
		texts[name] = append(texts[name], text)
	}
	if s.tab == nodesPage {
		for _, n := range s.nodes.Items() {
			add("name", n.label)
			add("address", n.Name)
			add("why", strings.TrimSpace(n.Why+" "+n.suspect))
		}
	} else {
		for _, d := range s.disks.Items() {
			add("name", d.label)
			add("in the rings", d.ID())
			add("why", d.suspect)
		}
	}
	if len(names) == 0 {
		return toast(true, "there is nothing here")
	}
	keys := map[string]string{"name": "n", "address": "a", "in the rings": "r", "why": "w"}
	var menu []kit.Item
	for _, name := range names {
		note := fmt.Sprintf("%d lines", len(texts[name]))
		if len(texts[name]) == 1 {
			note = kit.Middle(texts[name][0], 34, s.look.Theme.Glyph.Ellipsis)
		}
		menu = append(menu, kit.Item{ID: name, Key: keys[name], Title: name, Note: note})
	}
	return screen.Send(screen.Overlay{Dialog: kit.NewMenu("Copy", menu, kit.MenuOptions{}), Answer: func(result any) tea.Msg {
		if it, ok := result.(kit.Item); ok {
			return copied{it.ID, strings.Join(texts[it.ID], "\n")}
		}
		return nil
	}})
}

// clusterPicked is the answer of the menu of clusters.
type clusterPicked struct{ name string }

func (s *Screen) clusterMenu() tea.Cmd {
	if len(s.snap.Clusters) < 2 {
		return toast(true, "there is no other cluster")
	}
	items := make([]kit.Item, len(s.snap.Clusters))
	for i, o := range s.snap.Clusters {
		n := o.NodeCount()
		items[i] = kit.Item{ID: o.Cluster.Name, Title: o.Cluster.Name, Note: fmt.Sprintf("%d of %d nodes up", n.Up, n.Total)}
	}
	menu := kit.NewMenu("Cluster", items, kit.MenuOptions{Filter: true, Selected: s.o.Cluster.Name})
	return screen.Send(screen.Overlay{Dialog: menu, Answer: func(result any) tea.Msg {
		if it, ok := result.(kit.Item); ok {
			return clusterPicked{it.ID}
		}
		return nil
	}})
}

// pick shows another cluster.
func (s *Screen) pick(name string) tea.Cmd {
	for i, o := range s.snap.Clusters {
		if o.Cluster.Name == name && i != s.at {
			s.unmark()
			s.at, s.o, s.found, s.detail = i, o, nil, nil
			s.load()
			return tea.Batch(s.rethink(), s.figures.work(o))
		}
	}
	return nil
}
