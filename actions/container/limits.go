package container

import (
	"context"
	"errors"
	"strings"

	"ringside/actions"
	"ringside/backends/docker"
)

// limits changes the CPU and memory limits of containers while they run.
var limits = act{
	verb: "limits", title: "Change limits", help: "Change the CPU and memory limits of containers; they go on running.",
	args: []actions.Arg{
		{Name: "cpus", Check: checked(ParseCPUs), Help: "cores, such as 1.5; 0: no limit; empty: as it is"},
		{Name: "memory", Check: checked(ParseMemory), Help: "such as 512m or 2GiB; 0: no limit; empty: as it is"},
	},
	parse: func(a actions.Args, p *params) (err error) {
		if p.NanoCPUs, err = given(a["cpus"], ParseCPUs); err != nil {
			return err
		}
		if p.Memory, err = given(a["memory"], ParseMemory); err != nil {
			return err
		}
		if p.NanoCPUs == nil && p.Memory == nil {
			return errors.New("give cpus, memory, or both")
		}
		return nil
	},
	text: func(p params) string {
		var parts []string
		if p.NanoCPUs != nil {
			parts = append(parts, "cpus "+FormatCPUs(*p.NanoCPUs))
		}
		if p.Memory != nil {
			parts = append(parts, "memory "+FormatMemory(*p.Memory))
		}
		return " to " + strings.Join(parts, ", ")
	},
	there: never, cannot: not(removing),
	same: func(c *docker.Container, p params) string {
		if limitIs(c.NanoCPUs, p.NanoCPUs, c.NanoCPUs, 0) && limitIs(c.MemLimit, p.Memory, c.MemLimit, 0) {
			return "has these limits already"
		}
		return ""
	},
	done: func(c *docker.Container, s seen, p params) bool {
		return c != nil && limitIs(c.NanoCPUs, p.NanoCPUs, s.NanoCPUs, s.AllCPUs) && limitIs(c.MemLimit, p.Memory, s.MemLimit, s.AllMemory)
	},
	do: func(ctx context.Context, c call) error {
		return c.update(ctx, docker.LimitChange{NanoCPUs: c.params.NanoCPUs, Memory: c.Memory})
	},
	undo: func(ctx context.Context, c call) error {
		var back docker.LimitChange
		if c.params.NanoCPUs != nil {
			back.NanoCPUs = &c.seen.NanoCPUs
		}
		if c.Memory != nil {
			back.Memory = &c.MemLimit
		}
		return c.update(ctx, back)
	},
}

func (c call) update(ctx context.Context, change docker.LimitChange) error {
	warnings, err := c.Update(ctx, c.ID, change)
	for _, w := range warnings {
		c.Log("the engine warns: %s", w)
	}
	return err
}

// limitIs compares a limit with the wanted one. An engine cannot take a limit away,
// so all that its host has counts as none; where that is not known, anything above
// what was there.
func limitIs(now int64, want *int64, was, all int64) bool {
	switch {
	case want == nil || now == *want:
		return true
	case *want != 0:
		return false
	case all > 0:
		return now >= all
	}
	return now > was
}
