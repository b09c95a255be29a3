package command

import (
	"strings"
	"testing"
	"time"

	"ringside/backends/fleet"
	"ringside/backends/lab"
)

// newServices is a bench with one service on a production engine.
func newServices(t *testing.T) *bench {
	t.Helper()
	l, err := lab.Start(lab.Options{Seed: 1, Releases: map[string]lab.Release{"team/web:2": {}, "team/web:ill": {Ill: true}},
		Engines: []lab.EngineOptions{{Name: "prod", Site: "tokyo", Environment: "production", PullTakes: 24 * time.Millisecond, Containers: []lab.ContainerSpec{
			{Name: "web-blue", Image: "team/web:1", Labels: map[string]string{fleet.LabelService: "web", fleet.LabelColour: "blue", fleet.LabelImage: "team/web:1"}}}}},
		Services: []lab.ServiceOptions{{Name: "web", Engines: []string{"prod"}, Image: "team/web", Health: 30 * time.Millisecond,
			Gate: fleet.Gate{Times: 2, Within: 8 * time.Second}, Verify: 200 * time.Millisecond, Drain: 100 * time.Millisecond}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	dir := t.TempDir()
	return &bench{lab: l, env: map[string]string{"XDG_STATE_HOME": dir, "HOME": dir}}
}

// A pipeline deploys, swaps, rolls back and retires by exit codes alone.
func TestReleases(t *testing.T) {
	b := newServices(t)
	one := func(args ...string) map[string]any {
		t.Helper()
		rows := decode(t, b.run(t, append(args, "-o", "json")...).out)
		if len(rows) == 0 {
			t.Fatal("no rows")
		}
		return rows[0]
	}
	for _, c := range []struct {
		args string
		code int
		want string // in the error output
	}{
		{"services list", ExitDone, ""},
		{"services show nope", ExitUsage, `there is no service "nope"; the fleet has web`},
		{"deploy web", ExitUsage, "deploy needs --image"},
		{"deploy", ExitUsage, "deploy needs --image"},
		{"deploy web team/web:2@x", ExitUsage, "a digest is sha256:"},
		{"deploy web team/other:2", ExitUsage, "service web is deployed from team/web, not from team/other"},
		{"swap", ExitUsage, "which service? ringside services list shows them"},
		{"swap web --yes --reason x", ExitDone, "blue is live and there is nothing in green"}, // nothing to do
		{"deploy web 2", ExitUsage, "must be confirmed (production)"},
		{"deploy web 2 --yes", ExitUsage, "needs --reason WHY with --yes"},
		{"deploy web 2 --dry-run", ExitPlanned, ""},
		{"deploy web missing --yes --reason x", ExitFailed, "no engine can get team/web:missing"},
		{"deploy web ill --yes --reason x", ExitFailed, "it is unhealthy"},
		{"deploy web 2 --yes --reason release", ExitDone, "gate of green: 2 good previews in a row"},
		{"swap web --read-only", ExitBlocked, "read-only"},
		{"containers stop web-blue --yes --reason x", ExitBlocked, "blue 1 is live and goes away with nothing to take its place"},
		{"swap web --yes --reason release", ExitDone, "watch green for 200ms"},
		{"rollback web --yes --reason broken", ExitDone, "switch haproxy to blue"},
		{"retire web --yes --reason done", ExitDone, "remove prod/web-green-"},
		{"retire web --yes --reason done", ExitDone, "there is nothing else of web"},
		{"services settle web --yes --reason x", ExitDone, "every proxy of web keeps what it has live"},
		{"deploy web 2 --swap --yes --reason release", ExitDone, "keep blue for 30m0s"},
		{"services history web", ExitDone, ""},
	} {
		r := b.run(t, strings.Fields(c.args)...)
		if r.code != c.code || !strings.Contains(r.err, c.want) {
			t.Errorf("%s: code %d, want %d with %q\n%s%s", c.args, r.code, c.code, c.want, r.out, r.err)
		}
	}
	row := one("services", "list")
	if row["live"] != "green" || row["version"] != "2" || row["other_state"] != "held" || row["settled"] != true || row["health"] != "healthy" || row["held_until"] == nil {
		t.Errorf("%+v", row)
	}
	event := one("services", "history", "--limit", "1")
	if event["what"] != "deploy and swap" || event["from"] != "blue" || event["to"] != "green" || event["version"] != "2" || event["was"] != "1" || event["reason"] != "release" || event["status"] != "done" {
		t.Errorf("%+v", event)
	}
	for title, args := range map[string][]string{"services list": {"services", "list"}, "services show": {"services", "show", "web"}, "services history": {"services", "history"}} {
		documented(t, title, decode(t, b.run(t, append(args, "-o", "json")...).out))
	}
	last := decode(t, b.run(t, "status", "-o", "json").out)
	if got := last[len(last)-1]; got["kind"] != "service" || got["service"] != "web" || got["live"] != "green" || got["requests_per_second"] == nil {
		t.Errorf("status: %+v", got)
	}
	r := b.run(t, "services", "show", "web")
	for _, want := range []string{"● green live", "○ blue", "web-blue", "haproxy", "be_web_green"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("no %q in\n%s", want, r.out)
		}
	}
	if r := b.run(t, "check"); r.code != ExitDone || !strings.Contains(r.out, "green is live, 1 proxy") {
		t.Errorf("check: %+v", r)
	}
	b.lab.Proxies("web")[0].Stop()
	if r := b.run(t, "services", "list"); r.code != ExitFailed || !strings.Contains(r.out, "? not known") || !strings.Contains(r.err, "haproxy does not answer") {
		t.Errorf("with a dead proxy: %+v", r)
	}
	if r := b.run(t, "status"); r.code != ExitFailed || !strings.Contains(r.out, "proxy haproxy does not answer") || !strings.Contains(r.out, "? not known") {
		t.Errorf("status with a dead proxy: %+v", r)
	}
	if r := b.run(t, "check"); r.code != ExitFailed || !strings.Contains(r.out, "web/haproxy cannot be read") {
		t.Errorf("check with a dead proxy: %+v", r)
	}
}

// --wait waits for whoever works on the service.
func TestWaits(t *testing.T) {
	b := newServices(t)
	b.lab.Engine("prod").Slow(400 * time.Millisecond) // the first one takes its time
	first := make(chan result, 1)
	go func() { first <- b.run(t, "deploy", "web", "2", "--yes", "--reason", "x") }()
	for end := time.Now().Add(60 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if r := b.run(t, "runs", "list", "-o", "json"); strings.Contains(r.out, `"status":"running"`) {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the first deploy does not begin")
		}
	}
	if r := b.run(t, "deploy", "web", "2", "--yes", "--reason", "x"); r.code != ExitBlocked {
		t.Errorf("without --wait: %+v", r)
	}
	var out, errOut stream
	a := b.app(nil, nil, "", "deploy", "web", "2", "--yes", "--reason", "x", "--wait", "60s")
	a.Out, a.Err = &out, &errOut
	second := make(chan int, 1)
	go func() { second <- execute(t, a) }()
	for end := time.Now().Add(60 * time.Second); !strings.Contains(errOut.String(), "waiting for web: "); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it does not wait: %s", errOut.String())
		}
	}
	b.lab.Engine("prod").Slow(0)
	if code := <-second; code != ExitDone {
		t.Errorf("with --wait: exit %d %s%s", code, out.String(), errOut.String())
	}
	if r := <-first; r.code != ExitDone {
		t.Errorf("the first: %+v", r)
	}
}

// A fleet without services says how to get one.
func TestNoServices(t *testing.T) {
	b := newBench(t)
	if r := b.run(t, "services", "list"); r.code != ExitUsage || !strings.Contains(r.err, "the configuration names no service") {
		t.Errorf("%+v", r)
	}
}
