package container

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ringside/actions"
	"ringside/backends/docker"
	"ringside/backends/impact"
	"ringside/backends/watch"
)

// Guards returns the checks that concern containers.
func Guards() []actions.Guard {
	return []actions.Guard{{Name: "dependents", Check: dependents}, {Name: "services", Check: colours}}
}

// colours tells whose users lose their service with the targets.
func colours(_ context.Context, env *actions.Env, p *actions.Plan) (out []actions.Finding) {
	effect, ok := takesAway[p.Kind]
	if !ok || env.Fleet == nil || len(env.Fleet.Services) == 0 {
		return nil
	}
	planned := map[string]bool{}
	for _, t := range p.Targets {
		planned[t.ID] = true
	}
	for _, l := range impact.LiveLoss(impact.Services(env.Fleet, env.State()), planned, effect) {
		f := actions.Finding{Guard: l.Guard, Subject: l.Subject, Text: l.Text}
		_ = f.Level.UnmarshalText([]byte(l.Level)) // one that is not known counts as a warning
		if p.Kind == "container.restart" && f.Level == actions.Block {
			f.Level = actions.Warn // it comes back by itself
		}
		out = append(out, f)
	}
	return out
}

// takesAway says, by kind of plan, what becomes of a container that others need.
var takesAway = map[string]string{
	"container.stop":    "goes away",
	"container.kill":    "goes away",
	"container.remove":  "goes away",
	"container.pause":   "stops answering",
	"container.restart": "is away for a moment",
}

// dependents names the services of the same Compose project that say they need a
// target, still run, and are not part of the plan.
func dependents(_ context.Context, env *actions.Env, p *actions.Plan) (out []actions.Finding) {
	effect, ok := takesAway[p.Kind]
	if !ok {
		return nil
	}
	planned := map[string]bool{}
	for _, t := range p.Targets {
		planned[t.ID] = true
	}
	for _, facts := range watch.Latest[*docker.Facts](env.State()) {
		told := map[string]bool{}
		for _, c := range facts.Containers {
			if !planned[c.ID] || c.Project == "" || c.Service == "" || told[c.Project+"/"+c.Service] {
				continue
			}
			told[c.Project+"/"+c.Service] = true
			users, others := around(facts, c, planned)
			if len(users) == 0 {
				continue
			}
			f := actions.Finding{Guard: "dependents", Level: actions.Warn, Subject: facts.Engine + "/" + c.Name}
			who := fmt.Sprintf("%s is needed by %s in project %s", c.Service, strings.Join(users, ", "), c.Project)
			if f.Text = fmt.Sprintf("%s, still running, and %s: act there as well, or expect errors", who, effect); others > 0 {
				f.Level, f.Text = actions.Note, fmt.Sprintf("%s; still running after this: %d", who, others)
			}
			out = append(out, f)
		}
	}
	return out
}

// around finds the running services of c's project that depend on its service, and
// counts the running containers of the same service; those in the plan do not count.
func around(facts *docker.Facts, c *docker.Container, planned map[string]bool) (users []string, others int) {
	for _, o := range facts.Containers {
		switch {
		case planned[o.ID] || o.Project != c.Project || o.State != docker.Running:
		case o.Service == c.Service:
			others++
		case slices.Contains(needs(o.Labels["com.docker.compose.depends_on"]), c.Service) && !slices.Contains(users, o.Service):
			users = append(users, o.Service)
		}
	}
	slices.Sort(users)
	return users, others
}

// needs reads Compose's label: "db:service_started:false,cache:service_healthy:true".
func needs(label string) (services []string) {
	for part := range strings.SplitSeq(label, ",") {
		if name, _, _ := strings.Cut(strings.TrimSpace(part), ":"); name != "" {
			services = append(services, name)
		}
	}
	return services
}
