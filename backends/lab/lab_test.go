package lab

import (
	"context"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/events"
	"github.com/moby/moby/client"
)

// rig is one engine of a lab and the real client that talks to it.
type rig struct {
	*testing.T
	*Engine
	ctx context.Context
	cl  *client.Client
}

func newRig(t *testing.T, o EngineOptions, specs ...ContainerSpec) *rig {
	t.Helper()
	if o.Name == "" {
		o.Name = "e"
	}
	o.Containers = specs
	return newRigOf(t, Options{Engines: []EngineOptions{o}})
}

func newRigOf(t *testing.T, o Options) *rig {
	t.Helper()
	l, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	e := l.Engine(l.Engines()[0])
	return &rig{t, e, ctx, dial(t, e)}
}

func dial(t testing.TB, e *Engine) *client.Client {
	t.Helper()
	cl, err := client.New(client.WithHost(e.Address()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cl.Close() })
	return cl
}

func (r *rig) list(o client.ContainerListOptions) []container.Summary {
	r.Helper()
	res, err := r.cl.ContainerList(r.ctx, o)
	if err != nil {
		r.Fatal(err)
	}
	return res.Items
}

func (r *rig) inspect(name string) container.InspectResponse {
	r.Helper()
	res, err := r.cl.ContainerInspect(r.ctx, name, client.ContainerInspectOptions{})
	if err != nil {
		r.Fatal(err)
	}
	return res.Container
}

// until waits for a condition.
func (r *rig) until(what string, ok func() bool) {
	r.Helper()
	for !ok() {
		if r.ctx.Err() != nil {
			r.Fatalf("never happened: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// listen collects the actions of events until it is asked for them.
func (r *rig) listen(f client.Filters) func(n int) []events.Message {
	r.Helper()
	res := r.cl.Events(r.ctx, client.EventsListOptions{Filters: f})
	r.until("the event stream", func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return len(r.events.listeners) > 0
	})
	return func(n int) []events.Message {
		r.Helper()
		var out []events.Message
		for len(out) < n {
			select {
			case m := <-res.Messages:
				out = append(out, m)
			case err := <-res.Err:
				r.Fatalf("events ended after %v: %v", out, err)
			}
		}
		return out
	}
}

func actions(ms []events.Message) string {
	var out []string
	for _, m := range ms {
		out = append(out, string(m.Action))
	}
	return strings.Join(out, " ")
}

func (r *rig) wantErr(err error, is func(error) bool, text string) {
	r.Helper()
	if err == nil || !is(err) || !strings.Contains(err.Error(), text) {
		r.Errorf("error is %v, want one with %q of the right kind", err, text)
	}
}

func TestDemo(t *testing.T) {
	l, err := Start(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f := l.Fleet()
	if len(f.Engines) != 5 || len(f.Sites) != 2 || f.Sites[0].Note != "東京" {
		t.Errorf("fleet is %+v", f)
	}
	if c := l.Engine("tokyo-1").must("shop-api-1"); c.health != unhealthy {
		t.Errorf("nothing asks for attention: the API is %s", c.health)
	}
	total, states := 0, map[container.ContainerState]int{}
	for _, e := range f.Engines {
		if e.Origin != "demo" || e.Environment == "" {
			t.Errorf("engine %+v", e)
		}
		res, err := dial(t, l.Engine(e.Name)).ContainerList(t.Context(), client.ContainerListOptions{All: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range res.Items {
			total++
			states[c.State]++
			if !validName.MatchString(c.Names[0]) {
				t.Errorf("no Docker name: %q", c.Names[0])
			}
		}
	}
	if total != 41 || states["running"] < 28 || states["paused"] != 1 || states["exited"] < 6 || states["created"] != 1 {
		t.Errorf("%d containers, %v", total, states)
	}
}

// TestNothingStays starts and closes labs with streams open and faults on.
func TestNothingStays(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 5 {
		l, err := Start(Options{Speed: 100})
		if err != nil {
			t.Fatal(err)
		}
		e := l.Engine("tokyo-1")
		cl, err := client.New(client.WithHost(e.Address()))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		res := cl.Events(ctx, client.EventsListOptions{})
		logs, err := cl.ContainerLogs(ctx, "shop-api-1", client.ContainerLogsOptions{ShowStdout: true, Follow: true, Tail: "1"})
		if err != nil {
			t.Fatal(err)
		}
		x, err := cl.ExecCreate(ctx, "shop-api-1", client.ExecCreateOptions{TTY: true, AttachStdin: true, AttachStdout: true, Cmd: []string{"sh"}})
		if err != nil {
			t.Fatal(err)
		}
		shell, err := cl.ExecAttach(ctx, x.ID, client.ExecAttachOptions{TTY: true})
		if err != nil {
			t.Fatal(err)
		}
		e.Hang(true)
		e.Flood("shop-web-blue-1", true)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		cancel()
		logs.Close()
		shell.Close()
		for range res.Err { // closed when its goroutine ends
		}
		cl.Close()
	}
	deadline := time.Now().Add(60 * time.Second)
	for runtime.NumGoroutine() > before && time.Now().Before(deadline) {
		time.Sleep(5 * time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > before {
		buf := make([]byte, 1<<16)
		t.Fatalf("%d goroutines, %d before:\n%s", n, before, buf[:runtime.Stack(buf, true)])
	}
}

func dialEngine(ctx context.Context, e *Engine) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, e.network, e.address)
}
