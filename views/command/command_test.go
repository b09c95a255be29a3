package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"ringside/backends/fleet"
	"ringside/backends/lab"
)

// bench is a lab and a state directory that several command lines share.
type bench struct {
	lab    *lab.Lab
	env    map[string]string
	change func(*fleet.Fleet) // of what the lab says; nil for nothing
}

func engine(name, env string, containers ...lab.ContainerSpec) lab.EngineOptions {
	return lab.EngineOptions{Name: name, Site: "tokyo", Environment: env, Containers: containers}
}

func spec(name string) lab.ContainerSpec {
	return lab.ContainerSpec{Name: name, Image: "team/" + name + ":1.10", Up: time.Hour, Age: 2 * time.Hour,
		Logs: "go", LogRate: 5, Env: []string{"API_TOKEN=tok_live_1", "MODE=fast"}}
}

func newBench(t *testing.T) *bench {
	t.Helper()
	var many []lab.ContainerSpec
	for i := range 12 {
		s := spec(fmt.Sprintf("n%02d", i))
		s.Takes = 2 * time.Second // two command lines, or a signal, come before that is over
		many = append(many, s)
	}
	l, err := lab.Start(lab.Options{Seed: 1, Engines: []lab.EngineOptions{
		engine("dev", "development", spec("web"), spec("db")),
		engine("test", "verification", spec("web"), spec("ショップ🛒")),
		engine("prod", "production", spec("api")),
		engine("many", "development", append(many,
			lab.ContainerSpec{Name: "shop-db-1", Project: "shop", Service: "db"},
			lab.ContainerSpec{Name: "shop-app-1", Project: "shop", Service: "app", Labels: map[string]string{"com.docker.compose.depends_on": "db:service_started:false"}})...),
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	dir := t.TempDir()
	return &bench{lab: l, env: map[string]string{"XDG_STATE_HOME": dir, "HOME": dir}}
}

// result is what a command line did.
type result struct {
	code     int
	out, err string
}

// app prepares a command line on the lab; the ledger is the bench's.
func (b *bench) app(out, errOut *bytes.Buffer, in string, args ...string) *app {
	a := newApp(Options{Args: args, In: strings.NewReader(in), Out: out, Err: errOut, Version: "test",
		Getenv: func(name string) string { return b.env[name] }, Signals: make(chan os.Signal)})
	f := b.lab.Fleet()
	if b.change != nil {
		b.change(f)
	}
	a.demo = &Demo{Fleet: f}
	a.demoDir = filepath.Join(b.env["XDG_STATE_HOME"], "ringside")
	return a
}

func (b *bench) run(t *testing.T, args ...string) result {
	t.Helper()
	return b.typed(t, "", args...)
}

// typed runs a command line with a human at the terminal who types in, or with
// no terminal when in is empty.
func (b *bench) typed(t *testing.T, in string, args ...string) result {
	t.Helper()
	var out, errOut bytes.Buffer
	a := b.app(&out, &errOut, in, args...)
	a.terminal = func(stream any) bool { return in != "" && stream != a.Out }
	return result{execute(t, a), out.String(), errOut.String()}
}

func execute(t *testing.T, a *app) int {
	err := a.root().ExecuteContext(t.Context())
	if e := a.close(); err == nil {
		err = e
	}
	return a.report(err)
}

// state is what an engine has of a container, read by another command line.
func (b *bench) state(t *testing.T, name string) string {
	t.Helper()
	r := b.run(t, "containers", "list", name, "-o", "json")
	rows := decode(t, r.out)
	if len(rows) != 1 {
		t.Fatalf("%s: %+v", name, r)
	}
	return rows[0]["state"].(string)
}

func decode(t *testing.T, text string) []map[string]any {
	t.Helper()
	var rows []map[string]any
	if err := json.Unmarshal([]byte(text), &rows); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return rows
}

func TestExitCodes(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		args string
		code int
		says string // on the error output
	}{
		{"containers list", ExitDone, ""},
		{"status", ExitDone, ""},
		{"check", ExitDone, ""},
		{"version", ExitDone, ""},
		{"help exit-codes", ExitDone, ""},
		{"containers stop dev/web --dry-run", ExitPlanned, ""},
		{"engines pull dev --ref team/web:2 --dry-run", ExitPlanned, ""},
		{"nonsense", ExitUsage, "unknown command"},
		{"containers stpo", ExitUsage, `did you mean "stop"`},
		{"--nonsense", ExitUsage, "unknown flag"},
		{"containers list -o xml", ExitUsage, "table, json, yaml"},
		{"containers list --filter colour:red", ExitUsage, "no field \"colour\""},
		{"containers list --engine mars", ExitUsage, "dev, test, prod, many"},
		{"containers stop", ExitUsage, "which containers"},
		{"containers stop web --all", ExitUsage, "not both"},
		{"containers stop web --yes", ExitUsage, "dev/web, test/web"},
		{"containers stop nobody --yes", ExitUsage, "no container \"nobody\""},
		{"containers stop we --yes", ExitUsage, "did you mean dev/web"},
		{"containers stop --filter name:nobody --yes", ExitUsage, "no container matches"},
		{"containers stop db --timeout soon --yes", ExitUsage, "--timeout"},
		{"containers limits db --yes", ExitUsage, "give cpus, memory, or both"},
		{"containers rename db --yes", ExitUsage, "--name"},
		{"containers rename db web x --yes", ExitUsage, "one container"},
		{"containers stop db", ExitUsage, "--yes"},
		{"containers stop api --yes", ExitUsage, "--reason"},
		{"containers stop api", ExitUsage, "--yes --reason"},
		{"containers start db --yes", ExitDone, "nothing to do"},
		{"containers stop db --yes --read-only", ExitBlocked, "read-only"},
		{"hold add db --reason x --read-only", ExitBlocked, "read-only"},
		{"hold add db", ExitUsage, "--reason"},
		{"hold release db", ExitUsage, "no hold"},
		{"runs show nothing", ExitUsage, "nothing"},
		{"logs", ExitUsage, "unknown command"},
		{"containers logs db --since noon", ExitUsage, "is no time"},
	} {
		r := b.run(t, strings.Fields(c.args)...)
		if r.code != c.code || !strings.Contains(r.err, c.says) || c.says == "" && r.err != "" {
			t.Errorf("%s: exit %d, want %d; it says %q, want %q", c.args, r.code, c.code, r.err, c.says)
		}
	}
	for _, name := range []string{"dev/web", "db", "api"} {
		if s := b.state(t, name); s != "running" {
			t.Errorf("%s is %s: something was changed", name, s)
		}
	}
}

func TestStop(t *testing.T) {
	b := newBench(t)
	r := b.run(t, "containers", "stop", "db", "test/ショップ🛒", "--yes", "--reason", "two environments", "-o", "json")
	rows := decode(t, r.out)
	if r.code != ExitDone || len(rows) != 2 || rows[1]["target"] != "test/ショップ🛒" || rows[0]["status"] != "done" || b.state(t, "db") != "exited" {
		t.Errorf("%+v", r)
	}
	id := rows[0]["run"].(string)
	if r = b.run(t, "runs", "list"); !strings.Contains(r.out, id) || !strings.Contains(r.out, "● done") {
		t.Errorf("the run is not listed: %s", r.out)
	}
	if r = b.run(t, "runs", "show", id); !strings.Contains(r.out, "stop dev/db") || strings.Contains(r.out, "\x1b") {
		t.Errorf("show: %+v", r)
	}
	if rows = decode(t, b.run(t, "runs", "show", id, "-o", "json").out); len(rows) != 2 || rows[0]["status"] != "done" {
		t.Errorf("steps: %v", rows)
	}
	if r = b.run(t, "runs", "rollback", id, "--dry-run"); r.code != ExitPlanned || !strings.Contains(r.out, "undo: stop dev/db") {
		t.Errorf("rollback --dry-run: %+v", r)
	}
	if r = b.run(t, "runs", "rollback", id, "--yes", "--reason", "back"); r.code != ExitDone || b.state(t, "db") != "running" {
		t.Errorf("rollback: %+v", r)
	}
	// What is stopped already is skipped, and told.
	b.run(t, "containers", "stop", "db", "--yes")
	r = b.run(t, "containers", "stop", "db", "dev/web", "--yes", "-o", "json")
	rows = decode(t, r.out)
	if r.code != ExitDone || len(rows) != 2 || rows[0]["status"] != "done" || rows[1]["status"] != "skipped" {
		t.Errorf("%+v", r)
	}
}

func TestConfirm(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		typed, args string
		code        int
		says        string
	}{
		{"no\n", "containers restart dev/web", ExitCancelled, "press enter"},
		{"\n", "containers restart dev/web", ExitDone, "press enter"},
		{"\n", "containers restart test/web", ExitCancelled, "[y/N]"},
		{"Y\n", "containers restart test/web", ExitDone, "[y/N]"},
		{"y\n", "containers restart api", ExitCancelled, "type api"},
		{"api\n", "containers restart api", ExitDone, "type api"},
		{"\x04", "containers restart api", ExitCancelled, "nothing was started"},
	} {
		if r := b.typed(t, c.typed, strings.Fields(c.args)...); r.code != c.code || !strings.Contains(r.err, c.says) {
			t.Errorf("%q to %s: %+v", c.typed, c.args, r)
		}
	}
	if r := b.run(t, "containers", "restart", "api", "--yes", "--reason", "night shift"); r.code != ExitDone {
		t.Errorf("%+v", r)
	}
	if rows := decode(t, b.run(t, "runs", "list", "-o", "json", "--filter", "night").out); len(rows) != 1 || rows[0]["reason"] != "night shift" {
		t.Errorf("the reason was not recorded: %v", rows)
	}
}

func TestHold(t *testing.T) {
	b := newBench(t)
	if r := b.run(t, "hold", "add", "db", "--reason", "disk swap", "--for", "2h"); r.code != ExitDone {
		t.Fatalf("%+v", r)
	}
	if r := b.run(t, "containers", "stop", "db", "--yes", "--reason", "x"); r.code != ExitBlocked || !strings.Contains(r.err, "disk swap") || b.state(t, "db") != "running" {
		t.Errorf("a hold did not block: %+v", r)
	}
	if r := b.run(t, "containers", "stop", "db", "--dry-run"); r.code != ExitBlocked || !strings.Contains(r.out, "block") {
		t.Errorf("dry run: %+v", r)
	}
	if r := b.run(t, "containers", "stop", "db", "--yes", "--reason", "x", "--override", "owner agreed"); r.code != ExitDone {
		t.Errorf("override: %+v", r)
	}
	if rows := decode(t, b.run(t, "hold", "list", "-o", "json").out); len(rows) != 1 || rows[0]["why"] != "disk swap" || rows[0]["until"] == nil {
		t.Errorf("%v", rows)
	}
	if r := b.run(t, "hold", "release", "dev/db"); r.code != ExitDone || strings.TrimSpace(b.run(t, "hold", "list", "-o", "json").out) != "[]" {
		t.Errorf("release: %+v", r)
	}
	if r := b.run(t, "hold", "add", "dev", "--reason", "moving"); r.code != ExitDone || b.run(t, "containers", "start", "db", "--yes").code != ExitBlocked {
		t.Errorf("a hold on an engine: %+v", r)
	}
}

// TestGuardsSee gives a guard what it looks at: who depends on a container.
func TestGuardsSee(t *testing.T) {
	b := newBench(t)
	r := b.run(t, "containers", "stop", "shop-db-1", "--dry-run")
	if r.code != ExitPlanned || !strings.Contains(r.out, "warn") || !strings.Contains(r.out, "db is needed by app in project shop") {
		t.Errorf("the dependent is not told: %+v", r)
	}
}

func TestSilentEngine(t *testing.T) {
	b := newBench(t)
	b.lab.Engine("test").Hang(true)
	r := b.run(t, "containers", "list", "-o", "json", "--read-timeout", "300ms")
	if rows := decode(t, r.out); r.code != ExitFailed || len(rows) != 17 || strings.Count(r.err, "ringside: ") != 1 || !strings.Contains(r.err, "engine test") {
		t.Errorf("partial result: %+v", r)
	}
	if r = b.run(t, "status", "-o", "json", "--read-timeout", "300ms"); r.code != ExitFailed || decode(t, r.out)[1]["reachable"] != false {
		t.Errorf("status: %+v", r)
	}
	if r = b.run(t, "check", "--read-timeout", "300ms"); r.code != ExitFailed || !strings.Contains(r.out, "✗ fails  engine  test") {
		t.Errorf("check: %+v", r)
	}
	// A name without its engine may be meant for the silent one.
	if r = b.run(t, "containers", "stop", "db", "--yes", "--read-timeout", "300ms"); r.code != ExitFailed || !strings.Contains(r.err, "nothing was started") {
		t.Errorf("act: %+v", r)
	}
	if r = b.run(t, "containers", "show", "test/web", "--read-timeout", "300ms"); r.code != ExitFailed || strings.Contains(r.err, "there is no") {
		t.Errorf("show: %+v", r)
	}
	if r = b.run(t, "containers", "stop", "dev/db", "--yes"); r.code != ExitDone {
		t.Errorf("act on ENGINE/NAME: %+v", r)
	}
}

func TestPartialFailure(t *testing.T) {
	b := newBench(t)
	defer b.lab.Engine("dev").Refuse("POST /containers/*/restart", 500, "no space left", -1)()
	r := b.run(t, "containers", "restart", "db", "test/web", "--yes", "--reason", "x", "-o", "json")
	rows := decode(t, r.out)
	got := map[any]any{}
	for _, x := range rows {
		got[x["target"]] = x["status"]
	}
	if r.code != ExitFailed || got["dev/db"] != "failed" || !strings.Contains(r.out, "no space left") || len(got) != 2 {
		t.Errorf("%+v", r)
	}
}

// TestHeld lets two command lines stop the same container: one acts, the other is
// told who holds it.
func TestHeld(t *testing.T) {
	b := newBench(t)
	var wg sync.WaitGroup
	results := make([]result, 2)
	for i := range results {
		wg.Add(1)
		go func() {
			defer wg.Done()
			results[i] = b.run(t, "containers", "stop", "many/n00", "--yes")
		}()
	}
	wg.Wait()
	slices.SortFunc(results, func(a, b result) int { return a.code - b.code })
	if results[0].code != ExitDone || results[1].code != ExitBlocked || !strings.Contains(results[1].err, "(command, pid ") {
		t.Errorf("%+v", results)
	}
}

// TestSignals breaks a run off in the middle of its steps, of which eight run at
// once, and goes on with it.
func TestSignals(t *testing.T) {
	for _, c := range []struct {
		signal       os.Signal
		status, says string
	}{{os.Interrupt, "cancelled", "rollback"}, {syscall.SIGTERM, "interrupted", "resume"}} {
		b := newBench(t)
		signals := make(chan os.Signal)
		var out, errOut bytes.Buffer
		a := b.app(&out, &errOut, "", "containers", "stop", "--filter", "name:n", "--engine", "many", "--yes", "--reason", "test")
		a.Signals = signals
		done := make(chan int)
		go func() { done <- execute(t, a) }()
		const stop = "POST /containers/{id}/stop"
		for end := time.Now().Add(60 * time.Second); b.lab.Engine("many").Calls()[stop] == 0; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("no step was started")
			}
		}
		signals <- c.signal
		code := <-done
		rows := decode(t, b.run(t, "runs", "list", "-o", "json").out)
		if code != ExitCancelled || len(rows) != 1 || rows[0]["status"] != c.status || !strings.Contains(errOut.String(), c.says) {
			t.Errorf("%v: exit %d, %v, %s", c.signal, code, rows, errOut.String())
		}
		if stops := b.lab.Engine("many").Calls()[stop]; stops > 8 {
			t.Errorf("%v: %d stops: new steps were started", c.signal, stops)
		}
		if r := b.run(t, "runs", "resume", rows[0]["id"].(string), "--yes", "--reason", "go on"); r.code != ExitDone || b.state(t, "n11") != "exited" {
			t.Errorf("resume: %+v", r)
		}
	}
}
