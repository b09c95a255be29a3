package swift

import (
	"context"
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"

	"ringside/backends/fleet"
	"ringside/backends/swift"
	"ringside/backends/swift/ring"
	"ringside/views/kit"
	"ringside/views/screen"
)

// check is the object that is written, read back and deleted when somebody asks for
// it.
type check struct {
	busy   bool
	policy string
	at     time.Time // zero: it was not asked for
	result *swift.HealthCheck
	err    error
}

// checkLimit bounds a check; a proxy tries several nodes with time-outs of its own.
const checkLimit = 60 * time.Second

// checkPicked is the answer of the menu, checked that of the check.
type (
	checkPicked struct{ policy string }
	checked     struct {
		cluster, policy string
		at              time.Time
		result          *swift.HealthCheck
		err             error
	}
)

// checkMenu asks for the policy, and says what is about to be written.
func (s *Screen) checkMenu() tea.Cmd {
	switch {
	case s.o == nil:
		return nil
	case s.ReadOnly:
		return toast(true, "read-only: no object is written")
	case s.check.busy:
		return toast(true, "a check is under way")
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
	menu := kit.NewMenu("Write 4 KiB into container ringside-health, read it back, delete it", items, kit.MenuOptions{})
	return screen.Send(screen.Overlay{Dialog: menu, Answer: func(result any) tea.Msg {
		if it, ok := result.(kit.Item); ok {
			return checkPicked{it.ID}
		}
		return nil
	}})
}

func (s *Screen) startCheck(policy string) tea.Cmd {
	if s.o == nil || s.check.busy {
		return nil
	}
	name := s.o.Cluster.Name
	c, ok := s.checker(name)
	if !ok {
		return nil
	}
	s.check = check{busy: true, policy: policy}
	s.fill()
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), checkLimit)
		defer cancel()
		m := checked{cluster: name, policy: policy}
		m.result, m.err = c.CheckObject(ctx, policy)
		m.at = time.Now()
		return m
	}
}

// takeCheck shows what came of it, unless another cluster is looked at by now.
func (s *Screen) takeCheck(m checked) tea.Cmd {
	if s.o == nil || s.o.Cluster.Name != m.cluster {
		return nil
	}
	s.check = check{policy: m.policy, at: m.at, result: m.result, err: m.err}
	s.fill()
	if m.err != nil {
		return toast(true, "object check: "+fleet.Clean(m.err.Error()))
	}
	return toast(m.result.Left != "", fmt.Sprintf("object check: written in %s, read back in %s", milliseconds(m.result.Put), milliseconds(m.result.Get)))
}

// line is the check in words.
func (c *check) line(now time.Time) (text string, look sign) {
	switch {
	case c.busy:
		return "writing, reading back and deleting an object", busy
	case c.at.IsZero():
		return "", good
	case c.err != nil:
		return fmt.Sprintf("%s ago: %s", screen.Since(c.at, now), fleet.Clean(c.err.Error())), bad
	}
	r := c.result
	text = fmt.Sprintf("%s ago, policy %s: written in %s, read back in %s", screen.Since(c.at, now), c.policy, milliseconds(r.Put), milliseconds(r.Get))
	if r.Left != "" {
		return text + "; not deleted: " + r.Left, warn
	}
	return text + ", deleted", good
}

func milliseconds(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.0f s", d.Seconds())
}
