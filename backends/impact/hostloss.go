package impact

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/watch"
)

// Loss is what goes down, or may, when hosts do.
type Loss struct {
	Guard   string // which system says so: "containers"
	Level   string // as findings have them: note, warn, or block
	Subject string // the host, or the cluster, service or engine on it
	Text    string
}

// losses ask one system each. A system that joins adds its function here, and every
// plan that takes hosts away, and every screen that tells what one would, has it.
var losses = []func(f *fleet.Fleet, s *watch.State, hosts map[string]bool, now time.Time) []Loss{
	containersOn,
	partitionsOn,
	servicesOn,
}

// HostLoss says what the loss of these hosts, all at once, would mean elsewhere.
func HostLoss(f *fleet.Fleet, s *watch.State, hosts []string, now time.Time) (out []Loss) {
	if f == nil {
		return nil
	}
	set := make(map[string]bool, len(hosts))
	for _, h := range hosts {
		set[h] = true
	}
	for _, ask := range losses {
		out = append(out, ask(f, s, set, now)...)
	}
	return out
}

// containersOn tells of the engines that run on the hosts.
func containersOn(f *fleet.Fleet, s *watch.State, hosts map[string]bool, now time.Time) (out []Loss) {
	for _, e := range f.Engines {
		if e.Host == "" || !hosts[e.Host] {
			continue
		}
		entry, _ := s.Entry("docker/" + e.Name)
		facts, _ := entry.Facts.(*docker.Facts)
		l := Loss{Guard: "containers", Level: "warn", Subject: e.Host}
		var names []string
		if facts != nil {
			for _, c := range facts.Containers {
				if c.State == docker.Running || c.State == docker.Paused || c.State == docker.Restarting {
					names = append(names, c.Name)
				}
			}
		}
		slices.Sort(names)
		switch {
		case facts == nil:
			l.Text = fmt.Sprintf("engine %s runs there and does not answer: whether containers go down with the host is not known", e.Name)
		case len(names) > 0 && Stale(entry, now):
			l.Text = fmt.Sprintf("%s of engine %s ran there when it was last heard of, and it does not answer now: %s", many(len(names), "container", "containers"), e.Name, some(names))
		case len(names) > 0:
			l.Text = fmt.Sprintf("%s: %s", running(len(names), e.Name), some(names))
		case Stale(entry, now):
			l.Text = fmt.Sprintf("engine %s runs there and does not answer; it had no running container when it was last heard of", e.Name)
		default:
			continue
		}
		out = append(out, l)
	}
	return out
}

func running(n int, engine string) string {
	if n == 1 {
		return "1 container of engine " + engine + " runs there"
	}
	return fmt.Sprintf("%d containers of engine %s run there", n, engine)
}

func many(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// some names the first three.
func some(names []string) string {
	const most = 3
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}
