package swift

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"ringside/actions"
	plans "ringside/actions/swift"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	"ringside/backends/swift/ring"
	"ringside/views/kit"
	"ringside/views/screen"
)

// policyPicked is the answer of the menu of policies.
type policyPicked struct{ policy string }

// probeMenu asks for the policy of the object that is to be written.
func (s *Screen) probeMenu() tea.Cmd {
	if s.o == nil {
		return nil
	}
	var items []kit.Item
	for _, p := range s.o.Policies {
		if p.Ring.Kind != ring.Object {
			continue
		}
		it := kit.Item{ID: p.Ring.Policy.Name, Title: p.Ring.Title(), Note: p.Ring.Quorum().String()}
		if p.Ring.Policy.Default {
			it.Note += ", the default"
		}
		if p.Ring.Policy.Deprecated {
			it.Why = "it is deprecated and takes no new containers"
		}
		items = append(items, it)
	}
	if len(items) == 0 {
		items = []kit.Item{{Title: "the default policy"}}
	}
	menu := kit.NewMenu("Write a test object with the policy", items, kit.MenuOptions{})
	return screen.Send(screen.Overlay{Dialog: menu, Answer: func(result any) tea.Msg {
		if it, ok := result.(kit.Item); ok {
			return policyPicked{it.ID}
		}
		return nil
	}})
}

// probe plans the writing of an object.
func (s *Screen) probe(policy string) tea.Cmd {
	if s.o == nil {
		return nil
	}
	return screen.Send(screen.Act{Action: plans.Probe, Targets: []fleet.Target{impact.ClusterTarget(s.o.Cluster)}, Args: actions.Args{"policy": policy}})
}

// lastProbe says what the newest test object of the cluster came to; "" when none was
// written lately.
func (s *Screen) lastProbe() (text string, look sign) {
	key := impact.ClusterTarget(s.o.Cluster).Key()
	i := slices.IndexFunc(s.snap.Runs, func(r actions.RunRecord) bool {
		return r.Kind == plans.Probe && slices.ContainsFunc(r.Targets, func(t fleet.Target) bool { return t.Key() == key })
	})
	if i < 0 {
		return "", good
	}
	r := s.snap.Runs[i]
	switch {
	case r.Unfinished():
		return "left half way: resume it or roll it back on Runs", warn
	case !r.Status.Final():
		return "writing, reading back and deleting an object", busy
	}
	look = good
	if r.Status != actions.Succeeded {
		look = bad
	}
	return screen.Since(r.Ended, s.snap.Now) + " ago, " + fleet.Clean(plans.Result(r)), look
}
