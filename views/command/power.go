package command

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ringside/actions"
	plans "ringside/actions/power"
	"ringside/backends/fleet"
	"ringside/views/kit"
	view "ringside/views/power"
)

// power is the command `power` with what looks and what acts.
func (a *app) power() *cobra.Command {
	c := group("power", "Power of hosts by their BMCs: look, switch", "p")
	c.AddGroup(&cobra.Group{ID: "look", Title: "Look:"}, &cobra.Group{ID: "act", Title: "Act:"})
	c.AddCommand(grouped("look", a.powerStatus(), a.sensors(), a.events(), a.info())...)
	c.AddCommand(a.acts(fleet.KindHost)...)
	return c
}

func (a *app) powerStatus() *cobra.Command {
	c := &cobra.Command{Use: "status [HOST...]", Short: "Read the power of hosts",
		Long: `Read the power of hosts, all of them where none is chosen. Hosts that are alike are
one line, as sw[001-238]; --each has a line for every host. The exit code is 3 when a
BMC does not answer.`}
	choice := &hostChoice{}
	choice.flags(a, c)
	each := c.Flags().Bool("each", false, "one line for every host")
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		choice.all = choice.all || len(args) == 0 && !choice.restricts()
		picked, err := choice.choose(a, args)
		if err != nil {
			return err
		}
		rows, failed, err := a.powerRows(ctx, picked)
		if err != nil {
			return err
		}
		switch {
		case a.flags.output != "table" || *each:
			err = emit(a, rows, a.hostColumns())
		default:
			err = emit(a, a.foldHosts(rows), a.foldedColumns())
		}
		if err == nil && failed > 0 {
			return said(ExitFailed)
		}
		return err
	})
	return c
}

// choose is check and pick.
func (c *hostChoice) choose(a *app, args []string) ([]fleet.Host, error) {
	if err := c.check(args); err != nil {
		return nil, err
	}
	return c.pick(a, args)
}

// powerRows reads hosts and tells of them as the screen does.
func (a *app) powerRows(ctx context.Context, picked []fleet.Host) (rows []view.Row, failed int, err error) {
	state := a.sweep(ctx, picked)
	rows = view.Rows(state, &fleet.Fleet{Hosts: picked}, plans.Asks(a.lately(ctx)), time.Now())
	for _, r := range rows {
		if r.Error != "" {
			failed++
		}
	}
	return rows, failed, ctx.Err()
}

// lately are the newest runs. Who looks only does not need them.
func (a *app) lately(ctx context.Context) []actions.RunRecord {
	ctx, cancel := a.limited(ctx, time.Second)
	defer cancel()
	list, err := a.open().Runs(ctx, actions.RunQuery{Limit: 100})
	if err != nil {
		a.log.Warn("the ledger cannot be read", "error", err)
	}
	return list
}

// onHold are the hosts of the fleet that are on hold, with the reason.
func (a *app) onHold(ctx context.Context, f *fleet.Fleet) map[string]string {
	ctx, cancel := a.limited(ctx, time.Second)
	defer cancel()
	list, err := a.open().Holds(ctx)
	if err != nil {
		a.log.Warn("the ledger cannot be read", "error", err)
	}
	return actions.Quiet(f, list, time.Now())
}

// bunch is hosts of which the same is to be said, or more of them on another line.
type bunch struct {
	hosts []string // all of them; nil on the other lines
	names string   // folded
	view.Row
}

// foldHosts puts hosts that are alike on one line, in the order of the first; on a
// terminal on as many as their names need.
func (a *app) foldHosts(rows []view.Row) []bunch {
	var found []bunch
	at := map[string]int{}
	for _, r := range rows {
		key := fmt.Sprint(r.Power, r.Health, r.Faults, r.Trouble, r.Requested, r.Unverified)
		i, known := at[key]
		if !known {
			i = len(found)
			at[key] = i
			found = append(found, bunch{Row: r})
		}
		found[i].hosts = append(found[i].hosts, r.Host)
	}
	var out []bunch
	for _, x := range found {
		for i, names := range foldWithin(x.hosts, a.width()/2) {
			if i > 0 {
				x = bunch{}
			}
			x.names = names
			out = append(out, x)
		}
	}
	return out
}

// foldWithin folds names into patterns of at most so many columns, each of which
// stands for itself; a room of 0 is unlimited.
func foldWithin(names []string, room int) []string {
	all := fleet.Fold(names)
	if room == 0 || len(all) <= room || len(names) == 1 {
		return []string{all}
	}
	sorted, err := fleet.Expand(all)
	if err != nil {
		return []string{all}
	}
	var out []string
	from, last := 0, ""
	for to := 1; to <= len(sorted); to++ {
		text := fleet.Fold(sorted[from:to])
		if len(text) > room && to > from+1 {
			out = append(out, last)
			from = to - 1
			text = fleet.Fold(sorted[from:to])
		}
		last = text
	}
	return append(out, last)
}

var powerStyles = map[string]kit.Style{"on": good, "off": dim, "turning_on": warn, "turning_off": warn, "unknown": warn}

func (a *app) powerGlyph(power string) string {
	g := a.glyphs()
	signs := map[string]string{"on": g.Lit, "off": g.Unlit, "turning_on": g.Busy, "turning_off": g.Busy}
	if s := signs[power]; s != "" {
		return s
	}
	return g.Unknown
}

func (a *app) powerCell(r view.Row) cell {
	if r.Power == "" {
		return cell{}
	}
	return cell{a.powerGlyph(r.Power) + " " + strings.ReplaceAll(r.Power, "_", " "), powerStyles[r.Power]}
}

func healthCell(r view.Row) cell {
	return cell{r.Health, map[string]kit.Style{"ok": good, "warning": warn, "critical": bad}[r.Health]}
}

// remark is what else is to be said of a host.
func remark(r view.Row, one bool) string {
	var out []string
	add := func(text string) {
		if text != "" {
			out = append(out, text)
		}
	}
	switch {
	case one && r.Error != "":
		add(r.Error)
	case r.Error != "":
		add(r.Trouble)
	}
	if r.Requested != "" {
		add("asked for " + r.Requested + " by " + r.RequestedBy)
	}
	add(strings.Join(r.Faults, ", "))
	if r.Unverified != "" {
		add("not verified: " + r.Unverified)
	}
	return strings.Join(out, "; ")
}

func (a *app) foldedColumns() []column[bunch] {
	return []column[bunch]{
		{title: "HOSTS", cell: text(func(x bunch) string { return x.names })},
		{title: "COUNT", right: true, drop: 2, cell: text(func(x bunch) string {
			if x.hosts == nil {
				return ""
			}
			return fmt.Sprint(len(x.hosts))
		})},
		{title: "POWER", cell: func(x bunch) cell { return a.powerCell(x.Row) }},
		{title: "HEALTH", drop: 1, cell: func(x bunch) cell { return healthCell(x.Row) }},
		{title: "REMARK", flex: true, cell: text(func(x bunch) string { return remark(x.Row, len(x.hosts) == 1) })},
	}
}

func (a *app) hostColumns() []column[view.Row] {
	return []column[view.Row]{
		{title: "HOST", cell: text(func(r view.Row) string { return r.Host })},
		{title: "POWER", cell: a.powerCell},
		{title: "HEALTH", cell: healthCell},
		{title: "SITE", drop: 2, cell: text(func(r view.Row) string { return r.Site })},
		{title: "RACK", drop: 3, cell: text(func(r view.Row) string { return r.Rack })},
		{title: "DRIVER", drop: 4, cell: text(func(r view.Row) string { return r.Driver })},
		{title: "REMARK", flex: true, cell: text(func(r view.Row) string { return remark(r, true) })},
	}
}
