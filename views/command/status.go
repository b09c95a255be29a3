package command

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	"ringside/views/screen"
)

// engineRow is one engine as data.
type engineRow struct {
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

func (a *app) status() *cobra.Command {
	return &cobra.Command{Use: "status", Short: "One line per engine, and what needs a human", Args: cobra.NoArgs,
		Long: `One line per engine, and then what needs a human. With
--output json or yaml only the engines are listed, with the numbers of their
problems. The exit code is 3 when an engine does not answer; problems of containers
do not change it.`,
		RunE: a.run(func(ctx context.Context, _ []string) error {
			w, rows, problems, err := a.readStatus(ctx)
			if err != nil {
				return err
			}
			if err := emit(a, rows, engineColumns); err != nil {
				return err
			}
			if a.flags.output == "table" && len(problems) > 0 {
				a.printf("\n")
				if err := emit(a, problems, a.problemColumns()); err != nil {
					return err
				}
			}
			return w.partial()
		})}
}

// engines is the command `engines`.
func (a *app) engines() *cobra.Command {
	c := group("engines", "Docker Engines: list, act", "engine")
	c.AddGroup(&cobra.Group{ID: "look", Title: "Look:"}, &cobra.Group{ID: "act", Title: "Act:"})
	c.AddCommand(&cobra.Command{Use: "list", Aliases: []string{"ls"}, GroupID: "look", Short: "List engines", Args: cobra.NoArgs,
		RunE: a.run(func(ctx context.Context, _ []string) error {
			w, rows, _, err := a.readStatus(ctx)
			if err != nil {
				return err
			}
			if err := emit(a, rows, engineColumns); err != nil {
				return err
			}
			return w.partial()
		})})
	c.AddCommand(a.acts(fleet.KindEngine)...)
	return c
}

func (a *app) readStatus(ctx context.Context) (*world, []engineRow, []impact.Problem, error) {
	w, err := a.look(ctx, nil)
	if err != nil {
		return nil, nil, nil, err
	}
	problems := impact.Docker(w.fleet, w.state, time.Now())
	rows := make([]engineRow, len(w.engines))
	for i, e := range w.engines {
		rows[i] = w.engineRow(e, problems)
	}
	return w, rows, problems, nil
}

func (w *world) engineRow(e fleet.Engine, problems []impact.Problem) engineRow {
	entry, _ := w.state.Entry("docker/" + e.Name)
	r := engineRow{Engine: e.Name, Site: e.Site, Environment: e.Environment, Answer: entry.Took.Seconds()}
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
