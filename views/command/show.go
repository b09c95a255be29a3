package command

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ringside/backends/docker"
	"ringside/views/containers"
)

// detailRow is one container with everything that is known of it. Lists are lists
// of texts; numbers are in the unit that their name says, 0 for no limit.
type detailRow struct {
	containers.Row
	Command      string   `json:"command"`
	Entrypoint   []string `json:"entrypoint"`
	Cmd          []string `json:"cmd"`
	WorkDir      string   `json:"work_dir"`
	User         string   `json:"user"`
	Hostname     string   `json:"hostname"`
	Env          []string `json:"env"`      // NAME=VALUE; secrets masked without --reveal
	Mounts       []string `json:"mounts"`   // "bind /srv/web:/data (ro)"
	Networks     []string `json:"networks"` // "shop_default 172.18.0.4"
	Labels       []string `json:"labels"`   // NAME=VALUE
	NanoCPUs     int64    `json:"nano_cpus"`
	CPUShares    int64    `json:"cpu_shares"`
	CPUSet       string   `json:"cpu_set"`
	Memory       int64    `json:"memory_limit"` // bytes, as the cgroup has it
	MemorySwap   int64    `json:"memory_swap_limit"`
	PIDs         int64    `json:"pids_limit"`
	LogDriver    string   `json:"log_driver"`
	HealthTest   []string `json:"health_test"`
	HealthOutput string   `json:"health_output"` // of the last probe
}

func (a *app) show() *cobra.Command {
	c := &cobra.Command{Use: "show CONTAINER...", Short: "Show everything about containers", ValidArgsFunction: a.completeContainers(true)}
	p := &picking{}
	p.flags(a, c, true)
	reveal := c.Flags().Bool("reveal", false, "show secrets of the environment")
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		if err := p.check(args, true); err != nil {
			return err
		}
		w, picked, err := a.lookAndPick(ctx, p, args)
		if err != nil {
			return err
		}
		failed := w.failed
		var out []detailRow
		for _, r := range containerRows(w, picked) {
			d, err := a.inspect(ctx, r)
			if err != nil {
				failed++
				a.complain("%v", err)
				continue
			}
			out = append(out, detail(r, d, *reveal))
		}
		if a.flags.output != "table" {
			err = emit[detailRow](a, out, nil)
		} else {
			for i, r := range out {
				if i > 0 {
					a.printf("\n")
				}
				a.printDetail(r)
			}
		}
		if err == nil && failed > 0 {
			return said(ExitFailed)
		}
		return err
	})
	return c
}

func (a *app) inspect(ctx context.Context, r containers.Row) (*docker.Detail, error) {
	e, _ := a.set.Engine(r.Engine)
	ctx, cancel := a.limited(ctx, readLimit)
	defer cancel()
	return e.Inspect(ctx, r.ID)
}

// mask stands for a secret.
const mask = "********"

func detail(r containers.Row, d *docker.Detail, reveal bool) detailRow {
	out := detailRow{
		Row: r, Command: d.Command, Entrypoint: list(d.Entrypoint), Cmd: list(d.Cmd), WorkDir: d.WorkDir, User: d.User, Hostname: d.Hostname,
		Env: []string{}, Mounts: []string{}, Networks: []string{}, Labels: []string{},
		NanoCPUs: d.Limits.NanoCPUs, CPUShares: d.Limits.CPUShares, CPUSet: d.Limits.CPUSet, Memory: d.Limits.Memory,
		MemorySwap: d.Limits.MemorySwap, PIDs: d.Limits.PIDs, LogDriver: d.LogDriver, HealthTest: list(d.HealthTest),
	}
	for _, v := range d.Env {
		if v.Secret && !reveal {
			v.Value = mask
		}
		out.Env = append(out.Env, v.Name+"="+v.Value)
	}
	for _, m := range d.MountList {
		source := m.Source
		if m.Name != "" {
			source = m.Name
		}
		line := fmt.Sprintf("%s %s:%s", m.Type, source, m.Target)
		if m.ReadOnly {
			line += " (ro)"
		}
		out.Mounts = append(out.Mounts, line)
	}
	for _, n := range d.NetworkList {
		out.Networks = append(out.Networks, strings.TrimSpace(n.Name+" "+n.IP))
	}
	for k, v := range d.Labels {
		out.Labels = append(out.Labels, k+"="+v)
	}
	slices.Sort(out.Labels)
	if n := len(d.HealthLog); n > 0 {
		out.HealthOutput = strings.TrimRight(d.HealthLog[n-1].Output, "\n")
	}
	return out
}

// list makes an empty list of none, which JSON tells apart.
func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// printDetail prints one container for people: what is not there is left out.
func (a *app) printDetail(r detailRow) {
	paint := func(s string) string {
		if a.colours() {
			return bold.Paint(s)
		}
		return s
	}
	a.printf("%s\n", paint(r.Engine+"/"+r.Name))
	say := func(name string, values ...string) {
		for i, v := range values {
			if i > 0 {
				name = ""
			}
			if v != "" {
				a.printf("  %-10s %s\n", name, strings.ReplaceAll(v, "\n", "\n             "))
			}
		}
	}
	number := func(n int64, unit string, div int64) string {
		if n <= 0 {
			return ""
		}
		return fmt.Sprintf("%g%s", float64(n)/float64(div), unit)
	}
	state := r.State
	if r.ExitCode != nil {
		state += fmt.Sprintf(", exit code %d", *r.ExitCode)
	}
	if r.Health != "" {
		state += ", " + r.Health
	}
	say("id", r.ID)
	say("state", a.stateGlyph(r.Row)+" "+state)
	say("image", strings.TrimSuffix(r.Image+":"+r.Tag, ":"), r.Digest)
	say("project", strings.Trim(r.Project+"/"+r.Service, "/"))
	say("created", when(r.Created))
	say("started", when(r.Started))
	say("finished", when(r.Finished))
	if r.Restarts != nil && r.Policy != nil {
		say("restarts", fmt.Sprintf("%d, policy %s", *r.Restarts, *r.Policy))
	}
	say("command", strings.Join(append(slices.Clone(r.Entrypoint), r.Cmd...), " "))
	say("work dir", r.WorkDir)
	say("user", r.User)
	say("hostname", r.Hostname)
	say("ports", r.Ports)
	say("networks", r.Networks...)
	say("mounts", r.Mounts...)
	say("cpu limit", number(r.NanoCPUs, " cores", 1e9), r.CPUSet)
	say("memory", number(r.Memory, " MiB", 1<<20))
	say("pids", number(r.PIDs, "", 1))
	say("log driver", r.LogDriver)
	say("health", strings.Join(r.HealthTest, " "), r.HealthOutput)
	say("env", r.Env...)
	say("labels", r.Labels...)
}

func when(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04:05 MST")
}
