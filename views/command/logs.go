package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"ringside/backends/docker"
	"ringside/backends/fleet/safe"
)

// logOptions are the flags of `containers logs`.
type logOptions struct {
	follow, timestamps bool
	tail               int
	since, until       string
}

// logRow is one line of a log; with --output json each is an object on a line of
// its own, so that a log that is followed can be read while it grows.
type logRow struct {
	At        time.Time `json:"at"`
	Engine    string    `json:"engine"`
	Container string    `json:"container"`
	Stream    string    `json:"stream"` // stdout, stderr
	Text      string    `json:"text"`
	CutBytes  int       `json:"cut_bytes"` // of a line too long to keep, 0 for none
}

func (a *app) logs() *cobra.Command {
	c := &cobra.Command{Use: "logs CONTAINER...", Short: "Print logs, of several containers in time order",
		Long: `Print logs. Lines go to the stream they came from. Of several containers the
lines are merged in time order, each with the name of its container. With
--output json every line is an object on a line of its own.`, ValidArgsFunction: a.completeContainers(true)}
	p, o := &picking{}, &logOptions{}
	p.flags(a, c, true)
	f := c.Flags()
	f.BoolVarP(&o.follow, "follow", "f", false, "go on with new lines")
	f.IntVarP(&o.tail, "tail", "n", -1, "only the last `LINES` of each container (default: all)")
	f.StringVar(&o.since, "since", "", "only from then on: 10m, 2h, 2026-11-23, 2026-11-23T14:05:00+09:00")
	f.StringVar(&o.until, "until", "", "only up to then")
	f.BoolVarP(&o.timestamps, "timestamps", "t", false, "print the time of every line")
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		if err := p.check(args, true); err != nil {
			return err
		}
		if a.flags.output == "yaml" {
			return usage("logs are printed as text or as JSON lines")
		}
		from, err := o.window(time.Now())
		if err != nil {
			return err
		}
		w, picked, err := a.lookAndPick(ctx, p, args)
		if err != nil {
			return err
		}
		if len(picked) == 0 {
			return usage("no container matches")
		}
		err = a.printLogs(ctx, picked, from, o)
		if ctx.Err() != nil && o.follow { // ctrl-c is how one stops following
			return said(ExitCancelled)
		}
		if err == nil {
			return w.partial()
		}
		return err
	})
	return c
}

// window makes the part of the log that is asked for.
func (o *logOptions) window(now time.Time) (docker.LogOptions, error) {
	out := docker.LogOptions{Tail: max(0, o.tail)}
	for flag, to := range map[string]*time.Time{"since": &out.Since, "until": &out.Until} {
		value := map[string]string{"since": o.since, "until": o.until}[flag]
		t, err := moment(value, now)
		if err != nil {
			return out, usage("--%s: %w", flag, err)
		}
		*to = t
	}
	if o.tail == 0 {
		out.Since = now
	}
	return out, nil
}

// layouts of a moment, in local time where none is said.
var layouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02"}

// moment reads a time, or a duration before now; "" is the zero time.
func moment(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(s); err == nil {
		return now.Add(-d), nil
	}
	for _, l := range layouts {
		if t, err := time.ParseInLocation(l, s, now.Location()); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time; write 10m, 2h, 2026-11-23 or 2026-11-23T14:05:00", s)
}

// tail is one container's log on its way to the output.
type tail struct {
	c     *docker.Container
	name  string
	lines chan docker.LogLine
	err   error // read after lines is closed
	last  time.Time
}

// printLogs prints what there is, merged in time order, and then, when following,
// what comes.
func (a *app) printLogs(ctx context.Context, picked []*docker.Container, o docker.LogOptions, flags *logOptions) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	names := titles(picked)
	var tails []*tail
	for i, c := range picked {
		tails = append(tails, &tail{c: c, name: names[i], last: o.Since})
	}
	show := func(t *tail, l docker.LogLine) error { return a.logLine(t, l, len(tails) > 1, flags.timestamps) }
	if len(tails) == 1 {
		o.Follow = flags.follow
		t := tails[0]
		a.readLog(ctx, t, o)
		for l := range t.lines {
			if err := show(t, l); err != nil {
				return err
			}
		}
		return t.err
	}
	for _, t := range tails {
		a.readLog(ctx, t, o)
	}
	err := merge(tails, show)
	if err != nil || !flags.follow {
		return err
	}
	for _, t := range tails {
		from := t.last
		if !from.IsZero() {
			from = from.Add(time.Nanosecond) // since is inclusive
		}
		a.readLog(ctx, t, docker.LogOptions{Since: from, Until: o.Until, Follow: true})
	}
	return a.live(ctx, tails, show)
}

// readLog starts to read a container's log into its channel.
func (a *app) readLog(ctx context.Context, t *tail, o docker.LogOptions) {
	lines := make(chan docker.LogLine, 256)
	t.lines = lines
	e, _ := a.set.Engine(t.c.Engine)
	safe.Go("log of "+t.name, func() {
		defer close(lines)
		t.err = e.Logs(ctx, t.c.ID, o, func(l docker.LogLine) {
			select {
			case lines <- l:
			case <-ctx.Done():
			}
		})
	})
}

// merge prints logs that end, the earliest line first.
func merge(tails []*tail, show func(*tail, docker.LogLine) error) error {
	heads := make([]*docker.LogLine, len(tails))
	next := func(i int) {
		heads[i] = nil
		if l, ok := <-tails[i].lines; ok {
			heads[i] = &l
		}
	}
	for i := range tails {
		next(i)
	}
	for {
		first := -1
		for i, h := range heads {
			if h != nil && (first < 0 || h.At.Before(heads[first].At)) {
				first = i
			}
		}
		if first < 0 {
			break
		}
		t := tails[first]
		t.last = heads[first].At
		if err := show(t, *heads[first]); err != nil {
			return err
		}
		next(first)
	}
	return ended(tails)
}

// together is how long lines of several followed logs are gathered, so that those
// of one moment come out in order.
const together = 50 * time.Millisecond

// live prints logs that grow until ctx is done or all of them have ended. The end of
// one is told at once: the others may go on for days.
func (a *app) live(ctx context.Context, tails []*tail, show func(*tail, docker.LogLine) error) error {
	type item struct {
		t   *tail
		l   docker.LogLine
		end bool  // of the log
		err error // why it broke off
	}
	all := make(chan item, 256)
	var wg sync.WaitGroup
	for _, t := range tails {
		wg.Add(1)
		safe.Go("follow "+t.name, func() {
			defer wg.Done()
			put := func(x item) {
				select {
				case all <- x:
				case <-ctx.Done():
				}
			}
			for l := range t.lines {
				put(item{t: t, l: l})
			}
			put(item{t: t, l: docker.LogLine{At: time.Now()}, end: true, err: t.err})
		})
	}
	broken := false
	safe.Go("end of the logs", func() { wg.Wait(); close(all) })
	for first := range all {
		batch := []item{first}
		timer := time.NewTimer(together)
	gather:
		for {
			select {
			case x, ok := <-all:
				if !ok {
					break gather
				}
				batch = append(batch, x)
			case <-timer.C:
				break gather
			}
		}
		timer.Stop()
		slices.SortStableFunc(batch, func(a, b item) int { return a.l.At.Compare(b.l.At) })
		for _, x := range batch {
			switch {
			case x.err != nil:
				broken = true
				a.complain("the log of %s broke off: %v", x.t.name, x.err)
			case x.end && ctx.Err() == nil:
				a.complain("the log of %s has ended", x.t.name)
			case !x.end:
				if err := show(x.t, x.l); err != nil {
					return err
				}
			}
		}
	}
	if broken {
		return said(ExitFailed)
	}
	return nil
}

// ended joins what went wrong with each log.
func ended(tails []*tail) error {
	var errs []error
	for _, t := range tails {
		errs = append(errs, t.err)
	}
	return errors.Join(errs...)
}

// logLine prints one line to the stream it came from.
func (a *app) logLine(t *tail, l docker.LogLine, several, timestamps bool) error {
	out, stream := io.Writer(a.Out), "stdout"
	if l.Stream == docker.Stderr {
		out, stream = a.Err, "stderr"
	}
	if a.flags.output == "json" {
		b, err := plainJSON(logRow{l.At, t.c.Engine, t.c.Name, stream, l.Text, l.Cut})
		if err == nil {
			_, err = a.Out.Write(append(b, '\n'))
		}
		return err
	}
	var b strings.Builder
	if several {
		b.WriteString(t.name + " | ")
	}
	if timestamps {
		b.WriteString(l.At.Format(time.RFC3339Nano) + " ")
	}
	b.WriteString(l.Text)
	if l.Cut > 0 {
		fmt.Fprintf(&b, " ... %d bytes more", l.Cut)
	}
	_, err := io.WriteString(out, b.String()+"\n")
	return err
}
