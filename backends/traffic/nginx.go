package traffic

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"

	"ringside/backends/fleet"
	"ringside/backends/fleet/retry"
)

const (
	reloadLimit = 20 * time.Second // until a reload is in force
	binaryLimit = 20 * time.Second // of nginx -t and of a reload command
)

// nginx is switched by the server lines of an include file, `nginx -t` and a
// reload. The reload is asynchronous and silent, so what is in force is seen from
// outside: by a response header that tells the upstream, or by the age of the
// worker processes.
type nginx struct {
	fleet.Nginx
	tells func(ctx context.Context, header string) (string, error)
}

func (n *nginx) look(ctx context.Context) (*View, error) {
	text, err := readFile(n.Include)
	if err != nil {
		return nil, err
	}
	servers, err := upstreamServers(string(text), n.Upstream)
	if err != nil {
		return nil, &reason{why: n.Include + ": " + err.Error()}
	}
	v := &View{Keeps: true, KeptName: joined(servers), Kept: colourOf(servers, n.Servers), Blue: nothing(joined(n.Blue)), Green: nothing(joined(n.Green)),
		Notes: []string{"every switch reloads nginx: idle keep-alive connections are closed"}}
	for c, side := range map[fleet.Colour]*Side{fleet.Blue: &v.Blue, fleet.Green: &v.Green} {
		for _, a := range n.Servers(c) {
			side.Servers = append(side.Servers, Server{Name: a, Address: a, State: Unchecked})
		}
	}
	m := readMaster(n.PID)
	v.Leaving = m.leaving
	n.inForce(ctx, v, m)
	return v, nil
}

// inForce finds out what the running workers do.
func (n *nginx) inForce(ctx context.Context, v *View, m master) {
	if n.Tells != "" {
		told, err := n.tells(ctx, n.Tells)
		if err != nil {
			v.Why = err.Error()
			return
		}
		for _, c := range fleet.Colours {
			for _, a := range n.Servers(c) {
				if told == string(c) || len(named(told, a)) > 0 {
					v.Live, v.LiveName = c, joined(n.Servers(c))
					return
				}
			}
		}
		v.LiveName = told
		v.Why = fmt.Sprintf("the header %s says %q, which is neither colour", n.Tells, told)
		return
	}
	changed, err := modified(n.Include)
	switch {
	case err != nil:
		v.Why = err.Error()
	case m.err != nil:
		v.Why = fmt.Sprintf("whether the file is in force cannot be seen: %v; name a response header with tells", m.err)
	case m.newest.Before(changed.Add(-startJitter)):
		// The file is newer than every worker, so they do what it said before.
		v.Live = v.Kept.Other()
		v.LiveName = joined(n.Servers(v.Live))
		v.Notes = append(v.Notes, "the include file is newer than nginx's workers: it is not in force")
	default:
		v.Live, v.LiveName = v.Kept, v.KeptName
	}
	if v.Live == "" && v.Why == "" {
		v.Why = "the upstream has " + v.KeptName + ", which are neither colour"
	}
}

// upstreamServers reads the addresses of the server lines of an upstream block.
func upstreamServers(text, name string) ([]string, error) {
	begin, end, err := upstreamBlock(text, name)
	if err != nil {
		return nil, err
	}
	var out []string
	for d := range strings.SplitSeq(uncommented(text[begin:end]), ";") {
		if f := strings.Fields(d); len(f) > 1 && f[0] == "server" {
			out = append(out, f[1])
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("upstream %s has no server", name)
	}
	return out, nil
}

// upstreamBlock finds the inside of "upstream NAME { … }".
func upstreamBlock(text, name string) (begin, end int, err error) {
	plain := uncommented(text)
	for at := 0; ; {
		i := strings.Index(plain[at:], "upstream")
		if i < 0 {
			return 0, 0, fmt.Errorf("it has no block upstream %s", name)
		}
		at += i + len("upstream")
		head, _, ok := strings.Cut(plain[at:], "{")
		if !ok || strings.TrimSpace(head) != name {
			continue
		}
		begin = at + len(head) + 1
		body, _, ok := strings.Cut(plain[begin:], "}")
		if !ok {
			return 0, 0, fmt.Errorf("the block of upstream %s does not end", name)
		}
		return begin, begin + len(body), nil
	}
}

// uncommented blanks comments out; every place in the text stays where it is.
func uncommented(text string) string {
	b := []byte(text)
	comment := false
	for i, c := range b {
		switch {
		case c == '\n':
			comment = false
		case c == '#' || comment:
			comment = true
			b[i] = ' '
		}
	}
	return string(b)
}

func (n *nginx) swap(ctx context.Context, was *View, to fleet.Colour) error {
	before, err := readFile(n.Include)
	if err != nil {
		return err
	}
	if err := n.write(string(before), to); err != nil {
		return err
	}
	back := func(err error) error {
		if e := replaceFile(n.Include, before); e != nil {
			return &reason{why: fmt.Sprintf("%v; and the include file could not be put back: %v", err, e), err: err, hint: "put it back by hand, or a later reload switches"}
		}
		return err
	}
	if err := n.test(ctx); err != nil {
		return back(err)
	}
	workers := readMaster(n.PID).workers
	if err := n.reload(ctx); err != nil {
		return back(err)
	}
	return n.wait(ctx, to, workers)
}

// steady is how many probes in a row must find the new colour where processes
// cannot be looked at: an old worker takes connections until it was told to leave.
const steady = 5

// wait waits until a reload is in force everywhere: old are the workers from before.
func (n *nginx) wait(ctx context.Context, to fleet.Colour, old []int) error {
	limited, cancel := context.WithTimeout(ctx, reloadLimit)
	defer cancel()
	pause := retry.Backoff{Min: 10 * time.Millisecond, Max: 100 * time.Millisecond}
	for good := 0; ; {
		now, err := n.look(limited)
		if err != nil || now.Live != to {
			good = 0
		} else if good++; good >= steady {
			return nil
		}
		m := readMaster(n.PID)
		if m.err == nil && slices.ContainsFunc(m.workers, func(pid int) bool { return slices.Contains(old, pid) }) {
			good = 0
		} else if m.err == nil && good > 0 {
			return nil
		}
		if !pause.Wait(limited) {
			break
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &reason{why: fmt.Sprintf("nginx was told to reload, and %s is not in force after %v", to, reloadLimit), hint: "look at nginx's error log"}
}

// write makes the include file name a colour.
func (n *nginx) write(text string, to fleet.Colour) error {
	begin, end, err := upstreamBlock(text, n.Upstream)
	if err != nil {
		return &reason{why: n.Include + ": " + err.Error()}
	}
	have, err := upstreamServers(text, n.Upstream)
	if err != nil {
		return &reason{why: n.Include + ": " + err.Error()}
	}
	if sameSet(have, n.Servers(to)) {
		return nil
	}
	block, err := exchange(text[begin:end], n.Servers(to.Other()), n.Servers(to))
	if err != nil {
		return &reason{why: n.Include + ": " + err.Error()}
	}
	return replaceFile(n.Include, []byte(text[:begin]+block+text[end:]))
}

// test has nginx check its configuration.
func (n *nginx) test(ctx context.Context) error {
	program, err := exec.LookPath("nginx")
	if err != nil {
		program = "/usr/sbin/nginx" // not in the path of every user
	}
	args := []string{program, "-t", "-q"}
	if n.Config != "" {
		args = append(args, "-c", n.Config)
	}
	return execute(ctx, args, "nginx does not accept the new configuration, nothing was switched")
}

func (n *nginx) reload(ctx context.Context) error {
	if len(n.Reload) > 0 {
		return execute(ctx, n.Reload, "the reload command failed")
	}
	return hangUp(n.PID)
}

// settle makes the file say what is in force; no reload is needed.
func (n *nginx) settle(_ context.Context, was *View) error {
	text, err := readFile(n.Include)
	if err != nil {
		return err
	}
	return n.write(string(text), was.Live)
}

// execute runs a program and says what it complained about.
func execute(ctx context.Context, args []string, what string) error {
	ctx, cancel := context.WithTimeout(ctx, binaryLimit)
	defer cancel()
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = time.Second // a grandchild may keep the pipes open
	err := cmd.Run()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, exec.ErrNotFound):
		return &reason{why: args[0] + " is not installed here", err: err}
	}
	said := strings.TrimSpace(fleet.Clean(string(out.Bytes()[:min(out.Len(), 2000)])))
	if said == "" {
		said = err.Error()
	}
	return &reason{why: what + ": " + said, err: err}
}
