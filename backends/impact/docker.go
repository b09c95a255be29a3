package impact

import (
	"fmt"
	"time"

	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/watch"
)

// StaleAfter is the age from which on facts are old although no attempt to read
// them failed: a healthy source reports several times within it.
const StaleAfter = 30 * time.Second

// Stale says whether what is known of a source is out of date at now: the last
// attempt failed, or nothing came for too long.
func Stale(e watch.Entry, now time.Time) bool {
	age, ok := e.Age(now)
	return e.Err != nil || ok && age > StaleAfter
}

// ContainerTarget names a container as actions and screens do.
func ContainerTarget(c *docker.Container) fleet.Target {
	return fleet.Target{Kind: fleet.KindContainer, Scope: c.Engine, ID: c.ID, Name: c.Name, Site: c.Site, Environment: c.Environment}
}

// EngineTarget names an engine.
func EngineTarget(e fleet.Engine) fleet.Target {
	return fleet.Target{Kind: fleet.KindEngine, Name: e.Name, Site: e.Site, Environment: e.Environment}
}

// Docker finds what is wrong with the engines and their containers, worst first.
func Docker(f *fleet.Fleet, s *watch.State, now time.Time) []Problem {
	var out []Problem
	for _, e := range f.Engines {
		entry, ok := s.Entry("docker/" + e.Name)
		if !ok {
			continue // not read yet: there is nothing to say
		}
		facts, _ := entry.Facts.(*docker.Facts)
		out = engine(out, e, entry, facts, now)
		if facts == nil {
			continue
		}
		for _, c := range facts.Containers {
			if p, bad := container(c, now); bad {
				out = append(out, p)
			}
		}
	}
	Sort(out)
	return out
}

func engine(out []Problem, e fleet.Engine, entry watch.Entry, facts *docker.Facts, now time.Time) []Problem {
	about := func(what string) Problem {
		return Problem{ID: "docker/" + what + "/" + e.Name, System: "docker", Subject: EngineTarget(e)}
	}
	age, ok := entry.Age(now)
	switch {
	case entry.Err != nil:
		p := about("unreachable")
		p.Severity, p.Text, p.Why, p.Since = Critical, "no answer", entry.Err.Error(), entry.Since
		p.Do = "ringside goes on trying; \"ringside check\" tests every part of the way"
		if facts != nil {
			p.Text = fmt.Sprintf("no answer; its %d containers are stale", len(facts.Containers))
		}
		out = append(out, p)
	case ok && age > StaleAfter:
		p := about("stale")
		p.Severity, p.Text, p.Since = Warning, "nothing heard from the engine", entry.At
		p.Why = "the last reading is older than " + StaleAfter.String() + ", and no attempt failed"
		p.Do = "r reads again now"
		out = append(out, p)
	}
	if facts != nil && facts.Insecure != "" {
		p := about("insecure")
		p.Severity, p.Text, p.Why = Warning, "connection is not verified", facts.Insecure
		p.Do = "give the engine tls: {ca, cert, key}, or reach it by ssh"
		out = append(out, p)
	}
	return out
}

// Times and counts that make a container's past worth telling.
const (
	loopRestarts = 3                // restarts from which on we speak of a loop
	loopUp       = time.Minute      // up for less than this is still part of the loop
	loopWindow   = 10 * time.Minute // and up for less than this is worth a look
	endedWindow  = 24 * time.Hour   // how long an unexpected end is news
)

// rule is one thing that can be wrong with a container. The first that holds is
// told; they are in the order of what matters most.
type rule struct {
	name     string
	severity Severity
	holds    func(*docker.Container, time.Time) bool
	text     func(*docker.Container) string
	why, do  string
	since    func(*docker.Container) time.Time
}

var rules = []rule{
	{"dead", Critical,
		func(c *docker.Container, _ time.Time) bool { return c.State == docker.Dead },
		func(*docker.Container) string { return "dead: the engine could not remove it" },
		"state dead", "remove it; if that fails, the engine's log says what holds its files", finished},
	{"loop", Critical,
		func(c *docker.Container, now time.Time) bool {
			return c.Restarts >= loopRestarts && (c.State == docker.Restarting || upFor(c, now, loopUp))
		},
		func(c *docker.Container) string {
			if c.State == docker.Running {
				return fmt.Sprintf("crash loop: %d restarts, up now", c.Restarts)
			}
			return fmt.Sprintf("crash loop: %d restarts, exit %s", c.Restarts, exit(c))
		},
		"it ends soon after every start", "l shows why it ends; X stops the loop", unknown},
	{"unhealthy", Critical,
		func(c *docker.Container, _ time.Time) bool {
			return c.State == docker.Running && c.Health == docker.Unhealthy
		},
		func(*docker.Container) string { return "unhealthy" },
		"its own health check fails", "enter shows what the check said; l the log; T restarts it", unknown},
	{"oom", Critical,
		func(c *docker.Container, now time.Time) bool {
			return c.OOM && c.State != docker.Running && recent(c.Finished, now)
		},
		func(c *docker.Container) string { return "killed for want of memory" + limit(c) },
		"the kernel ended it (OOM)", "raise its memory limit, then start it", finished},
	{"restarting", Warning,
		func(c *docker.Container, _ time.Time) bool { return c.State == docker.Restarting },
		func(c *docker.Container) string { return "restarting after exit " + exit(c) },
		"state restarting", "l shows why it ended", finished},
	{"restarts", Warning,
		func(c *docker.Container, now time.Time) bool {
			return c.Restarts >= loopRestarts && upFor(c, now, loopWindow)
		},
		func(c *docker.Container) string {
			return fmt.Sprintf("restarted %d times", c.Restarts)
		},
		"up again, but not for long yet", "l shows why it ended", started},
	{"oom", Warning,
		func(c *docker.Container, now time.Time) bool {
			return c.OOM && c.State == docker.Running && recent(c.Started, now)
		},
		func(c *docker.Container) string { return "was killed for want of memory" + limit(c) + "; up again" },
		"the kernel ended its last run (OOM)", "raise its memory limit", started},
	{"exited", Warning, ended,
		func(c *docker.Container) string { return "ended with exit " + exit(c) },
		"its restart policy says that it should run", "l shows why it ended; U starts it", finished},
}

func container(c *docker.Container, now time.Time) (Problem, bool) {
	if c.State == docker.Running && c.Health != docker.Unhealthy && c.Restarts == 0 && !c.OOM {
		return Problem{}, false // nearly all of them, and no rule needs to look
	}
	for _, r := range rules {
		if r.holds(c, now) {
			return Problem{ID: "docker/" + r.name + "/" + c.ID, Severity: r.severity, System: "docker",
				Subject: ContainerTarget(c), Text: r.text(c), Why: r.why, Do: r.do, Since: r.since(c)}, true
		}
	}
	return Problem{}, false
}

// ended: it is meant to run and stopped by itself. An end by a signal is how
// "docker stop" ends a container, which leaves the policy as it is.
func ended(c *docker.Container, now time.Time) bool {
	stopped := c.ExitCode == 130 || c.ExitCode == 137 || c.ExitCode == 143
	return c.State == docker.Exited && c.Known && c.ExitCode != 0 && !stopped && c.Policy != "no" && c.Policy != "" && recent(c.Finished, now)
}

// upFor: it runs, and for less than limit.
func upFor(c *docker.Container, now time.Time, limit time.Duration) bool {
	return c.State == docker.Running && !c.Started.IsZero() && now.Sub(c.Started) < limit
}

func recent(t, now time.Time) bool            { return !t.IsZero() && now.Sub(t) < endedWindow }
func finished(c *docker.Container) time.Time  { return c.Finished }
func started(c *docker.Container) time.Time   { return c.Started }
func unknown(*docker.Container) (t time.Time) { return t }

func exit(c *docker.Container) string {
	if !c.Known {
		return "not known"
	}
	return fmt.Sprint(c.ExitCode)
}

func limit(c *docker.Container) string {
	if c.MemLimit <= 0 {
		return ""
	}
	return fmt.Sprintf(" (limit %d MiB)", c.MemLimit>>20)
}
