package command

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"ringside/actions"
	"ringside/backends/fleet"
	"ringside/backends/fleet/safe"
	"ringside/views/kit"
)

// job is a plan on its way.
type job struct {
	plan  *actions.Plan
	asked []fleet.Target // what the command line meant; the plan may leave some out
	run   string         // ID of the run that is resumed or rolled back, "" for a new one
	undo  bool
}

func (j job) title() string {
	switch {
	case j.undo:
		return "roll back run " + j.run + ": " + j.plan.Title
	case j.run != "":
		return "resume run " + j.run + ": " + j.plan.Title
	}
	return j.plan.Title
}

// carryOut shows, asks, runs, follows and reports one plan.
func (a *app) carryOut(ctx context.Context, env *actions.Env, j job) error {
	if a.flags.dryRun {
		rows := planRows(j.plan, j.undo)
		if a.flags.output == "table" {
			rows = foldWaves(j.plan, rows)
		}
		if err := emit(a, rows, planColumns); err != nil {
			return err
		}
		if j.plan.Blocked() && a.flags.override == "" {
			return said(ExitBlocked)
		}
		return said(ExitPlanned)
	}
	ok, err := a.approve(ctx, j)
	if err != nil {
		return err
	}
	news := make(chan struct{}, 1)
	runner := actions.NewRunner(env, a.registry, actions.Options{ReadOnly: a.flags.readOnly, Changed: func() {
		select {
		case news <- struct{}{}:
		default:
		}
	}})
	id, err := start(ctx, runner, j, ok)
	if errors.Is(err, actions.ErrNothingToDo) {
		a.complain("%v", err)
		return a.results(skipped(j.asked))
	}
	if err != nil {
		return err
	}
	a.log.Info("run", "id", id, "kind", j.plan.Kind, "title", j.title(), "targets", len(j.plan.Targets))
	rec, err := a.follow(ctx, runner, id, news)
	a.log.Info("run ended", "id", id, "status", rec.Status, "error", rec.Error)
	out := a.results(resultRows(j, rec))
	a.suggest(rec)
	if err != nil {
		return err
	}
	return out
}

// suggest tells what the end of a run asks for: never done by itself.
func (a *app) suggest(rec actions.RunRecord) {
	n, ok := a.registry.Next(rec)
	if !ok {
		return
	}
	group, verb, _ := strings.Cut(n.Action, ".")
	var names []string
	for _, t := range n.Targets {
		names = append(names, t.String())
	}
	a.complain("%s\n  ringside %s %s '%s'", n.Why, group, verb, fleet.Fold(names))
}

func start(ctx context.Context, r *actions.Runner, j job, ok actions.Approval) (string, error) {
	switch {
	case j.undo:
		return r.Rollback(ctx, j.run, ok)
	case j.run != "":
		return r.Resume(ctx, j.run, ok)
	}
	return r.Start(ctx, j.plan, ok)
}

// safePoint bounds the way to a safe point after a signal: the longest step that
// has no limit of its own, and some time to record it.
const safePoint = actions.DefaultStepTimeout + 5*time.Second

// follow tells of every step that ends until the run does. A signal cancels the
// run or brings it to a safe point, both recorded.
func (a *app) follow(ctx context.Context, r *actions.Runner, id string, news <-chan struct{}) (actions.RunRecord, error) {
	told := map[int]bool{}
	var rested time.Time
	tell := func() {
		for _, rec := range r.Live() {
			if rec.ID != id {
				continue
			}
			a.progress(rec, told)
			if rec.Resting.After(rested) {
				rested = rec.Resting
				fmt.Fprintf(a.Err, "%s the next wave starts at %s\n", a.glyphs().Paused, rested.Local().Format(time.TimeOnly))
			}
		}
	}
	ended := make(chan struct{})
	safe.Go("wait for the run", func() { _, _ = r.Wait(context.Background(), id); close(ended) })
	var cause error
	stop := ctx.Done()
	for {
		select {
		case <-news:
			tell()
			continue
		case <-stop:
			stop, cause = nil, context.Cause(ctx)
			a.halt(r, id, cause)
			continue
		case <-ended:
		}
		tell()
		rec, err := r.Wait(context.Background(), id)
		return rec, errors.Join(err, verdict(rec, cause))
	}
}

// halt cancels a run, or lets its running steps come to their end.
func (a *app) halt(r *actions.Runner, id string, cause error) {
	if errors.Is(cause, errCancelled) {
		a.complain("cancelling run %s; ctrl-c again leaves at once", id)
		r.Cancel(id)
		return
	}
	a.complain("interrupted: run %s starts no new step and comes to a safe point", id)
	safe.Go("interrupt the run", func() {
		ctx, cancel := context.WithTimeout(context.Background(), safePoint)
		defer cancel()
		if err := r.Interrupt(ctx); err != nil {
			a.complain("%v", err)
		}
	})
}

// verdict is the end of a run as an exit code, with what to do next.
func verdict(rec actions.RunRecord, cause error) error {
	switch {
	case rec.Status == actions.Interrupted:
		return exit(ExitCancelled, "run %s was interrupted; ringside runs resume %[1]s goes on, ringside runs rollback %[1]s takes back what it did", rec.ID)
	case rec.Status == actions.Cancelled:
		return exit(ExitCancelled, "run %s was cancelled; what was done stays done: ringside runs rollback %[1]s takes it back", rec.ID)
	case cause != nil && rec.Status.Final():
		return nil // it came to its end before the signal did anything
	case rec.Status == actions.Failed:
		return exit(ExitFailed, "run %s failed: %s", rec.ID, rec.Error)
	}
	return nil
}

// progress tells of the steps that ended since the last time.
func (a *app) progress(rec actions.RunRecord, told map[int]bool) {
	g := a.glyphs()
	signs := map[actions.Status]string{actions.Succeeded: g.Good, actions.Skipped: g.Off, actions.Failed: g.Bad,
		actions.Cancelled: g.Off, actions.RolledBack: g.Good}
	for _, s := range rec.Steps {
		sign, over := signs[s.Status]
		if !over || told[s.Index] || s.Ended.IsZero() {
			continue
		}
		told[s.Index] = true
		line := fmt.Sprintf("%s %-9s %s", sign, s.Status, s.Name)
		if d := s.Ended.Sub(s.Started); !s.Started.IsZero() {
			line += fmt.Sprintf("  %.1fs", d.Seconds())
		}
		if s.Error != "" {
			line += ": " + s.Error
		}
		fmt.Fprintln(a.Err, line)
		if len(rec.Steps) > actions.ManyTargets && s.Status != actions.Failed {
			continue // ringside runs show has it
		}
		for _, o := range s.Output {
			fmt.Fprintln(a.Err, "    "+o)
		}
	}
}

// resultRow is what became of one target.
type resultRow struct {
	Target string `json:"target"`
	Engine string `json:"engine"`
	Name   string `json:"name"`
	Kind   string `json:"kind"`
	Status string `json:"status"` // done, skipped, failed, cancelled, pending, rolled back, left out
	Error  string `json:"error"`
	Run    string `json:"run"`
}

// leftOut is the status of a target that the plan did not take.
const leftOut = "left out"

var resultColumns = []column[resultRow]{
	{title: "TARGET", cell: text(func(r resultRow) string { return r.Target })},
	{title: "STATUS", cell: func(r resultRow) cell { return cell{r.Status, resultStyle(r.Status)} }},
	{title: "RUN", cell: text(func(r resultRow) string { return r.Run })},
	{title: "ERROR", flex: true, cell: text(func(r resultRow) string { return r.Error })},
}

// resultRows joins the steps of each target, the worst status first, and the
// targets that were asked for and are in no step.
func resultRows(j job, rec actions.RunRecord) []resultRow {
	var out []resultRow
	at := map[string]int{}
	for _, s := range rec.Steps {
		key := s.Target.Key()
		i, known := at[key]
		if !known {
			i = len(out)
			at[key] = i
			out = append(out, resultRow{Target: s.Target.String(), Engine: s.Target.Engine(), Name: s.Target.Name, Kind: s.Target.Kind, Status: string(s.Status), Run: rec.ID})
		}
		if rank(s.Status) > rank(actions.Status(out[i].Status)) {
			out[i].Status = string(s.Status)
		}
		if s.Error != "" {
			out[i].Error = strings.TrimPrefix(out[i].Error+"; "+s.Error, "; ")
		}
	}
	for _, f := range rec.Findings {
		meant := subjects(f.Subject)
		for _, t := range j.asked {
			if !meant[t.String()] || planned(j.plan, t) {
				continue
			}
			status := leftOut
			if f.Level == actions.Note {
				status = string(actions.Skipped)
			}
			out = append(out, resultRow{Target: t.String(), Engine: t.Engine(), Name: t.Name, Kind: t.Kind, Status: status, Error: f.Text, Run: rec.ID})
		}
	}
	return out
}

// subjects are the targets that a finding is about: one, or several folded.
func subjects(subject string) map[string]bool {
	out := map[string]bool{subject: true}
	names, err := fleet.Expand(subject)
	if err == nil {
		for _, n := range names {
			out[n] = true
		}
	}
	return out
}

// skipped are the rows of targets for which nothing was to do.
func skipped(targets []fleet.Target) []resultRow {
	var out []resultRow
	for _, t := range targets {
		out = append(out, resultRow{Target: t.String(), Engine: t.Engine(), Name: t.Name, Kind: t.Kind, Status: string(actions.Skipped)})
	}
	return out
}

// planned reports whether a plan has steps for a target; a pull works on images,
// of which every one stands for the containers that have it.
func planned(p *actions.Plan, t fleet.Target) bool {
	for _, x := range p.Targets {
		if x.Key() == t.Key() || x.Kind != t.Kind {
			return true
		}
	}
	return false
}

// rank orders statuses by how much they matter for a target.
func rank(s actions.Status) int {
	order := []actions.Status{actions.Skipped, actions.Succeeded, actions.RolledBack, actions.Pending, actions.Running, actions.Cancelled, actions.Failed}
	for i, x := range order {
		if x == s {
			return i
		}
	}
	return len(order)
}

// results prints what became of the targets; one that was left out is a failure.
func (a *app) results(rows []resultRow) error {
	if len(rows) == 0 && a.flags.output == "table" {
		return nil
	}
	shown := rows
	if a.flags.output == "table" {
		shown = foldResults(rows)
	}
	if err := emit(a, shown, resultColumns); err != nil {
		return err
	}
	for _, r := range rows {
		if r.Status == leftOut {
			return said(ExitFailed)
		}
	}
	return nil
}

// foldResults puts hosts that ended alike on one line. An error begins with the
// step's name, which is the host's own.
func foldResults(rows []resultRow) []resultRow {
	var out []resultRow
	at := map[resultRow]int{}
	names := map[int][]string{}
	for _, r := range rows {
		if r.Kind != fleet.KindHost {
			out = append(out, r)
			continue
		}
		key := r
		key.Target, key.Name = "", ""
		if step, rest, ok := strings.Cut(r.Error, ": "); ok && strings.Contains(step, r.Name) {
			key.Error = rest
		}
		i, known := at[key]
		if !known {
			i = len(out)
			at[key] = i
			out = append(out, key)
		}
		names[i] = append(names[i], r.Name)
	}
	for i, list := range names {
		out[i].Target = fleet.Fold(list)
	}
	return out
}

func resultStyle(status string) kit.Style {
	switch actions.Status(status) {
	case actions.Succeeded, actions.RolledBack:
		return good
	case actions.Failed, leftOut:
		return bad
	case actions.Cancelled, actions.Interrupted:
		return warn
	}
	return dim
}
