package command

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	plans "ringside/actions/power"
	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/fleet/safe"
	"ringside/backends/impact"
	"ringside/backends/swift"
	"ringside/backends/watch"
	"ringside/views/screen"
	"ringside/views/screen/hosts"
)

// engineRow is one engine as data.
type engineRow struct {
	Kind        string  `json:"kind"` // engine
	Engine      string  `json:"engine"`
	Site        string  `json:"site"`
	Environment string  `json:"environment"`
	Reachable   bool    `json:"reachable"`
	Version     string  `json:"version"`
	API         string  `json:"api"`
	Containers  int     `json:"containers"`
	Running     int     `json:"running"`
	Unhealthy   int     `json:"unhealthy"`
	Stopped     int     `json:"stopped"`
	Critical    int     `json:"critical"` // problems
	Warnings    int     `json:"warnings"`
	CPUs        int     `json:"cpus"`
	Memory      int64   `json:"memory_bytes"`
	Answer      float64 `json:"answer_seconds"` // how long reading took
	Insecure    string  `json:"insecure"`       // why the connection is not verified
	Error       string  `json:"error"`
}

// siteRow is the power of a site's hosts as data. The kinds of power add up to the
// hosts.
type siteRow struct {
	Kind       string `json:"kind"` // power
	Site       string `json:"site"`
	Hosts      int    `json:"hosts"` // that have a BMC
	On         int    `json:"on"`
	Off        int    `json:"off"`
	Turning    int    `json:"turning"`    // on or off
	Unknown    int    `json:"unknown"`    // the BMC answers and does not say
	Silent     int    `json:"silent"`     // no answer
	Unreadable int    `json:"unreadable"` // wrong password, sessions full, TLS, and the like
	Faulty     int    `json:"faulty"`     // of all, those whose BMC tells a fault
	Critical   int    `json:"critical"`   // problems
	Warnings   int    `json:"warnings"`
}

// overview is everything that status tells.
type overview struct {
	engines  []engineRow
	sites    []siteRow
	rings    []swiftRow
	services []serviceRow
	problems []impact.Problem
	partial  error
}

func (a *app) status() *cobra.Command {
	return &cobra.Command{Use: "status", Short: "One line per engine, per site's hosts, per ring and per service, and what needs a human", Args: cobra.NoArgs,
		Long: `One line per engine, one per site for the power of its hosts, one per ring of Swift
clusters, one per service, and then what needs a human. With --output json or yaml the problems are
numbers only. The exit code is 3 when an engine, a BMC, a storage node or a proxy does
not answer; other problems do not change it.`,
		RunE: a.run(func(ctx context.Context, _ []string) error {
			o, err := a.readStatus(ctx, true)
			if err != nil {
				return err
			}
			if a.flags.output != "table" {
				var rows []any
				for _, r := range o.engines {
					rows = append(rows, r)
				}
				for _, r := range o.sites {
					rows = append(rows, r)
				}
				for _, r := range o.rings {
					rows = append(rows, r)
				}
				for _, r := range o.services {
					rows = append(rows, r)
				}
				if err := emit[any](a, rows, nil); err != nil {
					return err
				}
				return o.partial
			}
			if err := a.printStatus(o); err != nil {
				return err
			}
			return o.partial
		})}
}

// printStatus prints the tables that have rows.
func (a *app) printStatus(o overview) error {
	var tables []func() error
	if len(o.engines) > 0 {
		tables = append(tables, func() error { return emit(a, o.engines, engineColumns) })
	}
	if len(o.sites) > 0 {
		tables = append(tables, func() error { return emit(a, o.sites, siteColumns) })
	}
	if len(o.rings) > 0 {
		tables = append(tables, func() error { return emit(a, o.rings, swiftColumns(a)) })
	}
	if len(o.services) > 0 {
		tables = append(tables, func() error { return emit(a, rowsOf(o.services), a.serviceColumns()) })
	}
	if len(o.problems) > 0 {
		tables = append(tables, func() error { return emit(a, o.problems, a.problemColumns()) })
	}
	for i, print := range tables {
		if i > 0 {
			a.printf("\n")
		}
		if err := print(); err != nil {
			return err
		}
	}
	return nil
}

// engines is the command `engines`.
func (a *app) engines() *cobra.Command {
	c := group("engines", "Docker Engines: list, act", "engine")
	c.AddGroup(&cobra.Group{ID: "look", Title: "Look:"}, &cobra.Group{ID: "act", Title: "Act:"})
	c.AddCommand(&cobra.Command{Use: "list", Aliases: []string{"ls"}, GroupID: "look", Short: "List engines", Args: cobra.NoArgs,
		RunE: a.run(func(ctx context.Context, _ []string) error {
			o, err := a.readStatus(ctx, false)
			if err != nil {
				return err
			}
			if err := emit(a, o.engines, engineColumns); err != nil {
				return err
			}
			return o.partial
		})})
	c.AddCommand(a.acts(fleet.KindEngine)...)
	return c
}

// readStatus reads the engines, and with all the BMCs and the Swift clusters
// beside them.
func (a *app) readStatus(ctx context.Context, all bool) (o overview, err error) {
	f, err := a.load()
	if err != nil {
		return o, err
	}
	var list []fleet.Host
	for _, h := range f.Hosts {
		if all && h.BMC != nil {
			list = append(list, h)
		}
	}
	swept := make(chan *watch.State, 1)
	safe.Go("sweep", func() { swept <- a.sweep(ctx, list) })
	clusters := make(chan []*swift.Overview, 1)
	safe.Go("sweep of the clusters", func() {
		var read []*swift.Overview
		if all && len(f.Clusters) > 0 {
			read, _ = a.overviews(ctx, nil) // an end of ctx is told below
		}
		clusters <- read
	})
	served := make(chan lookedAt, 1)
	safe.Go("look at the services", func() {
		var read lookedAt
		if all && len(f.Services) > 0 {
			read.services, read.holds, _ = a.readServices(ctx, nil, true) // it fails for names alone, and none is given
		}
		served <- read
	})
	var w *world
	if len(f.Engines) > 0 || len(list)+len(f.Clusters) == 0 {
		w, err = a.look(ctx, nil)
	}
	state := <-swept
	if err != nil {
		return o, err
	}
	joined, services := <-clusters, <-served
	now := time.Now()
	o.partial = partly(joined)
	if w != nil {
		o.problems = impact.Docker(f, w.state, now)
		for _, e := range w.engines {
			o.engines = append(o.engines, w.engineRow(e, o.problems))
		}
		if err := w.partial(); err != nil {
			o.partial = err
		}
	}
	a.addServices(&o, services, now)
	for _, c := range joined {
		o.rings = append(o.rings, swiftRows(c)...)
		o.problems = append(o.problems, impact.Swift(c, a.onHold(ctx, f))...)
	}
	if len(list) > 0 {
		a.addPower(ctx, &o, list, state, now)
	}
	impact.Sort(o.problems)
	return o, ctx.Err()
}

// addPower tells of the hosts that were swept.
func (a *app) addPower(ctx context.Context, o *overview, list []fleet.Host, state *watch.State, now time.Time) {
	f := a.fleet
	found := impact.Power(f, state, plans.Asks(a.lately(ctx)), a.onHold(ctx, f), now)
	o.sites = siteRows(hosts.Read(f, state, now), found)
	for _, r := range o.sites {
		if r.Silent+r.Unreadable > 0 {
			o.partial = said(ExitFailed)
		}
	}
	o.problems = append(o.problems, found...)
}

// siteRows counts hosts and their problems by site, in the order of the fleet.
func siteRows(list []hosts.Host, problems []impact.Problem) []siteRow {
	var out []siteRow
	at := map[string]int{}
	tallies := map[int]*hosts.Tally{}
	for _, h := range list {
		i, known := at[h.Spec.Site]
		if !known {
			i = len(out)
			at[h.Spec.Site] = i
			out = append(out, siteRow{Kind: "power", Site: h.Spec.Site})
			tallies[i] = &hosts.Tally{}
		}
		out[i].Hosts++
		tallies[i].Add(h.Status)
	}
	for i, t := range tallies {
		r, k := &out[i], t.Kinds
		r.On, r.Off, r.Turning, r.Unknown = k[hosts.On], k[hosts.Off], k[hosts.Turning], k[hosts.Unknown]
		r.Silent, r.Unreadable, r.Faulty = k[hosts.Silent], k[hosts.Unreadable]+k[hosts.Unread], t.Warning+t.Critical
		for _, p := range problems {
			if p.Subject.Site != r.Site {
				continue
			}
			if p.Severity == impact.Critical {
				r.Critical++
			} else {
				r.Warnings++
			}
		}
	}
	return out
}

func (w *world) engineRow(e fleet.Engine, problems []impact.Problem) engineRow {
	entry, _ := w.state.Entry("docker/" + e.Name)
	r := engineRow{Kind: "engine", Engine: e.Name, Site: e.Site, Environment: e.Environment, Answer: entry.Took.Seconds()}
	if entry.Err != nil {
		r.Error = fleet.Clean(entry.Err.Error())
	}
	for _, p := range problems {
		if p.Subject.Scope != e.Name && !(p.Subject.Kind == fleet.KindEngine && p.Subject.Name == e.Name) {
			continue
		}
		if p.Severity == impact.Critical {
			r.Critical++
		} else {
			r.Warnings++
		}
	}
	f := w.facts(e)
	if f == nil {
		return r
	}
	r.Reachable, r.Version, r.API, r.CPUs, r.Memory, r.Insecure = true, f.Version, f.API, f.CPUs, f.Memory, f.Insecure
	r.Containers = len(f.Containers)
	for _, c := range f.Containers {
		switch {
		case c.State == docker.Running:
			r.Running++
		case c.State == docker.Exited || c.State == docker.Created || c.State == docker.Dead:
			r.Stopped++
		}
		if c.State == docker.Running && c.Health == docker.Unhealthy {
			r.Unhealthy++
		}
	}
	return r
}

func number[T any](f func(T) int) func(T) cell {
	return func(x T) cell { return cell{text: fmt.Sprint(f(x))} }
}

var engineColumns = []column[engineRow]{
	{title: "ENGINE", cell: text(func(r engineRow) string { return r.Engine })},
	{title: "SITE", drop: 1, cell: text(func(r engineRow) string { return r.Site })},
	{title: "ENVIRONMENT", cell: text(func(r engineRow) string { return r.Environment })},
	{title: "STATUS", cell: func(r engineRow) cell {
		switch {
		case !r.Reachable:
			return cell{"no answer", bad}
		case r.Critical > 0:
			return cell{fmt.Sprintf("%d critical", r.Critical), bad}
		case r.Warnings > 0:
			return cell{fmt.Sprintf("%d warnings", r.Warnings), warn}
		}
		return cell{"well", good}
	}},
	{title: "UP", right: true, cell: number(func(r engineRow) int { return r.Running })},
	{title: "UNHEALTHY", right: true, cell: number(func(r engineRow) int { return r.Unhealthy })},
	{title: "STOPPED", right: true, cell: number(func(r engineRow) int { return r.Stopped })},
	{title: "VERSION", drop: 2, cell: text(func(r engineRow) string { return r.Version })},
	{title: "ANSWER", drop: 3, right: true, cell: text(func(r engineRow) string { return fmt.Sprintf("%.0fms", r.Answer*1000) })},
}

var siteColumns = []column[siteRow]{
	{title: "SITE", cell: text(func(r siteRow) string { return cmp.Or(r.Site, "no site") })},
	{title: "STATUS", cell: func(r siteRow) cell {
		switch {
		case r.Critical > 0:
			return cell{fmt.Sprintf("%d critical", r.Critical), bad}
		case r.Warnings > 0:
			return cell{fmt.Sprintf("%d warnings", r.Warnings), warn}
		}
		return cell{"well", good}
	}},
	{title: "HOSTS", right: true, cell: number(func(r siteRow) int { return r.Hosts })},
	{title: "ON", right: true, cell: number(func(r siteRow) int { return r.On })},
	{title: "OFF", right: true, cell: number(func(r siteRow) int { return r.Off })},
	{title: "TURNING", drop: 2, right: true, cell: number(func(r siteRow) int { return r.Turning })},
	{title: "UNKNOWN", drop: 1, right: true, cell: number(func(r siteRow) int { return r.Unknown })},
	{title: "SILENT", right: true, cell: number(func(r siteRow) int { return r.Silent })},
	{title: "UNREADABLE", right: true, cell: number(func(r siteRow) int { return r.Unreadable })},
	{title: "FAULTY", right: true, cell: number(func(r siteRow) int { return r.Faulty })},
}

func (a *app) problemColumns() []column[impact.Problem] {
	now, g := time.Now(), a.glyphs()
	return []column[impact.Problem]{
		{title: "PROBLEM", cell: func(p impact.Problem) cell {
			if p.Severity == impact.Critical {
				return cell{g.Bad + " critical", bad}
			}
			return cell{g.Warn + " warning", warn}
		}},
		{title: "SUBJECT", cell: text(func(p impact.Problem) string { return p.Subject.String() })},
		{title: "WHAT", flex: true, cell: text(func(p impact.Problem) string { return p.Text })},
		{title: "SINCE", right: true, cell: func(p impact.Problem) cell { return cell{screen.Since(p.Since, now), dim} }},
	}
}
