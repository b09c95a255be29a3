package command

import (
	"context"
	"sync"
	"time"

	"ringside/backends/bmc"
	"ringside/backends/fleet"
	"ringside/backends/fleet/safe"
	"ringside/backends/watch"
)

// sweepParallel is how many BMCs are read at once. Those that are silent do not
// count.
const sweepParallel = 64

// walkLimit bounds the reading of sensors and event logs: hundreds of commands on
// a slow machine.
const walkLimit = time.Minute

// sweep reads the power of hosts.
func (a *app) sweep(ctx context.Context, picked []fleet.Host) *watch.State {
	names := make([]string, len(picked))
	for i, h := range picked {
		names[i] = h.Name
	}
	// The limit is that of one BMC; the last ones wait for their turn first.
	ctx, cancel := a.limited(ctx, readLimit)
	defer cancel()
	store := watch.NewStore()
	began := time.Now()
	a.bmcs.Sweep(ctx, names, sweepParallel, func(host string, f *bmc.Facts, err error) {
		r := fleet.Reading{Source: "bmc/" + host, At: time.Now(), Err: err}
		if err == nil {
			r.Facts = f
		}
		a.log.Debug("read", "host", host, "error", err)
		store.Put(r)
	})
	a.log.Info("sweep", "hosts", len(names), "took", time.Since(began))
	return store.State()
}

// readHosts reads something of the chosen hosts, side by side, and prints it in
// their order. A BMC that does not answer is told and costs no other anything.
func readHosts[T any](ctx context.Context, a *app, choice *hostChoice, args []string, limit time.Duration,
	read func(context.Context, *bmc.Controller) ([]T, error), columns []column[T]) error {
	picked, err := choice.choose(a, args)
	if err != nil {
		return err
	}
	rows, errs := make([][]T, len(picked)), make([]error, len(picked))
	turn := make(chan struct{}, sweepParallel)
	var wg sync.WaitGroup
	for i, h := range picked {
		wg.Add(1)
		turn <- struct{}{}
		safe.Go("read "+h.Name, func() {
			defer wg.Done()
			defer func() { <-turn }()
			ctx, cancel := a.limited(ctx, limit)
			defer cancel()
			c, _ := a.bmcs.Controller(h.Name)
			rows[i], errs[i] = read(ctx, c)
		})
	}
	wg.Wait()
	var all []T
	failed := 0
	for i := range picked {
		all = append(all, rows[i]...)
		if errs[i] != nil {
			failed++
			a.complain("%v", errs[i])
		}
	}
	if err := emit(a, all, columns); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if failed > 0 {
		return said(ExitFailed)
	}
	return nil
}
