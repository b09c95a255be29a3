package containers

import (
	"errors"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/backends/watch"
	"ringside/views/kit"
	"ringside/views/screen"
)

func TestListKeys(t *testing.T) {
	r := newRobot(t, newWorld(), nil, 140, 21)
	r.See("9 containers", "4 up", "1 unhealthy", "1 stale", "shanghai-1 stale 12s: no answer in time", "sorted by name")
	r.Press("/").Text("web").See("3/9 shown").Press("enter", "*").See("3 marked").Press("esc").See("9 containers", "3 marked")
	r.Press("/").Text("state:exited").See("2/9 shown", "3 marked") // marks survive the filter
	if got := len(r.screen.Selection()); got != 3 {
		t.Errorf("%d selected, want the 3 marked", got)
	}
	r.Press("enter")
	r.world.put("tokyo-1") // two of the marked ones are gone
	r.Tick()
	r.See("1 marked")
	if r.Press("esc", "esc"); r.screen.Back() {
		t.Error("there was something left to leave")
	}
	if got := len(r.screen.Selection()); got != 1 {
		t.Errorf("%d selected without marks, want the one under the cursor", got)
	}
	r.Press("/").Text("nothing like it").See("nothing matches the filter").Press("esc")
	r.Press("/").Text("colour:red").See("no field colour; fields: name state health").Press("esc")

	r.Press("o")
	r.Answer(kit.Item{ID: "restarts"})
	r.See("RST▼", "sorted by restarts").Press("O").See("RST▲")
	r.Press("b").See("by project").Press("b").See("by engine", "shanghai-1 (stale 12s)").Press("-").See("▸ ")
	if got := r.screen.Selection(); len(got) == 0 {
		t.Error("a heading selects none of its containers")
	}
}

func TestLookingNamesWhatIsOnScreen(t *testing.T) {
	r := newRobot(t, newWorld(), &fake{detail: testDetail()}, 80, 6) // room for three rows
	if got := r.screen.Looking(); len(got["docker/tokyo-1"]) != 1 || got["docker/tokyo-1"][0] != idOf("api") || len(got["docker/tokyo-2"]) != 0 {
		t.Errorf("looking at %v, want api: the others do not run", got)
	}
	r.Press("o")
	r.Answer(kit.Item{ID: "cpu"})
	if got := r.screen.Looking(); len(got["docker/tokyo-1"]) < 4 {
		t.Errorf("sorted by CPU, looking at %v, want everything that runs", got)
	}
	open(r)
	if got := r.screen.Looking(); len(got) != 1 || !slices.Equal(got["docker/tokyo-1"], []string{idOf("web-blue")}) {
		t.Errorf("in the detail, looking at %v", got)
	}
}

func TestActsNameTheirTargets(t *testing.T) {
	r := newRobot(t, newWorld(), nil, 80, 21)
	r.Press("X")
	if a, ok := r.Last().(screen.Act); !ok || a.Action != "container.stop" || len(a.Targets) != 1 || a.Targets[0].Name != "api" {
		t.Errorf("X asked for %#v", r.Last())
	}
	r.Press("a")
	if m, ok := r.Last().(screen.Menu); !ok || len(m.Targets) != 1 {
		t.Errorf("a asked for %#v", r.Last())
	}
	r.world.put("tokyo-1", container("api", "x", "1", func(c *docker.Container) { c.State = docker.Paused }))
	r.Tick()
	r.Press("Z")
	if a, ok := r.Last().(screen.Act); !ok || a.Action != "container.unpause" {
		t.Errorf("Z on a paused container asked for %#v", r.Last())
	}
	empty := newRobot(t, &world{store: newWorld().store, fleet: &fleet.Fleet{}, now: noon}, nil, 80, 21)
	empty.See("no engine is known").Press("X", "l", "e", "enter", "c")
	if toast, ok := empty.Last().(screen.Toast); !ok || !toast.Bad {
		t.Errorf("acts on nothing gave %#v", empty.Last())
	}
}

func TestCopy(t *testing.T) {
	r := newRobot(t, newWorld(), nil, 80, 21)
	for id, want := range map[string]string{"name": "api", "ID": idOf("api"), "image": "registry.tyo.example:5000/team/api:3.2.0",
		"docker command": "docker -H unix:///run/docker.sock logs -f --tail 100 api"} {
		r.Press("c")
		r.Answer(kit.Item{ID: id})
		if c, ok := r.Last().(screen.Copy); !ok || c.Text != want {
			t.Errorf("copy of %s gave %#v, want %q", id, r.Last(), want)
		}
	}
	if got := quote("it's; rm -rf /"); got != `'it'\''s; rm -rf /'` {
		t.Errorf("quoted as %s", got)
	}
}

func TestShowGoesToASubject(t *testing.T) {
	r := newRobot(t, newWorld(), &fake{detail: testDetail()}, 80, 21)
	r.Press("/").Text("cron").Press("enter")
	open(r) // the filter hides it
	r.See("web-blue", "Overview")
	r.screen.Show("engine//tokyo-2")
	r.See("engine:tokyo-2", "2/9 shown")
	r.screen.Show("container/" + idOf("late"))
	r.Press("enter") // meant for what is not there yet
	r.See("2/9 shown")
	r.world.put("tokyo-2", container("late", "x", "1", nil))
	r.Tick()
	r.See("late", "[Overview]")
}

func TestDetail(t *testing.T) {
	f := &fake{detail: testDetail()}
	r := newRobot(t, newWorld(), f, 80, 30)
	open(r)
	r.See("command       --token=•••••••• 'serve all'", "read 12s ago").Press("tab").See("API_TOKEN=••••••••", "PIN=••••••••", "PATH=/bin", "masked: 2")
	r.Press("v").See("API_TOKEN=tok-12345", "secrets are shown").Press("v").See("API_TOKEN=••••••••")
	r.Press("left", "left").See("[Inspect]", "API_TOKEN=••••••••", "--token=••••••••")
	if strings.Contains(r.Frame(), "tok-12345") {
		t.Error("the secret is on screen")
	}
	r.Press("right", "tab", "tab", "tab", "tab", "tab").See("[Processes]", "root", "--token=••••••••")

	f.set(func(f *fake) { f.err = &docker.Error{Engine: "tokyo-1", Op: "inspect", Why: "no answer in time"} })
	r.world.now = noon.Add(time.Minute)
	r.Tick()
	r.Run(r.screen.Update(beat{r.screen.top().(*detail)}))
	r.See("read 1m ago, trying again: no answer in time")
	f.set(func(f *fake) { f.err = nil })
	r.Run(r.screen.Update(beat{r.screen.top().(*detail)}))
	r.See("read 1m ago") // the fake's detail is of noon
	if strings.Contains(r.Frame(), "trying again") {
		t.Error("the error outlived the answer")
	}

	late := inspected{to: r.screen.top().(*detail), asked: 0, err: errors.New("late")}
	r.Run(r.screen.Update(late))
	if strings.Contains(r.Frame(), "late") {
		t.Error("a late answer was taken")
	}
	r.world.put("tokyo-1")
	r.Tick()
	r.See("removed; this is what was last known", "the container was removed")
	r.Press("esc").See("3 containers")
	r.Run(r.screen.Update(beat{late.to})) // for a place that is left
}

func TestShellAsksAndRefuses(t *testing.T) {
	r := newRobot(t, newWorld(), &fake{}, 80, 21)
	says := func(want string) {
		t.Helper()
		if toast, ok := r.Last().(screen.Toast); !ok || !strings.Contains(toast.Text, want) {
			t.Errorf("got %#v, want %q", r.Last(), want)
		}
	}
	r.Press("e") // api, in production
	if o, ok := r.Last().(screen.Overlay); !ok {
		t.Fatalf("production was not asked about: %#v", r.Last())
	} else if o.Answer(nil) != nil {
		t.Error("no is taken for yes")
	} else if _, ok := o.Answer(true).(shellWanted); !ok {
		t.Error("yes opens no shell")
	}
	r.Press("down", "e")
	says("cron is exited")
	r.Press("*", "e")
	says("and 9 are chosen")
	r.Press("esc")
	r.screen.Show("container/" + idOf("web-green"))
	r.Press("e")
	says("shanghai-1 does not answer")
	r.screen.ReadOnly = true
	r.screen.Show("container/" + idOf("api"))
	r.Press("e")
	says("read-only")
	r.Run(r.screen.Update(shellEnded{name: "api", code: 3}))
	says("exit code 3")
	r.Run(r.screen.Update(shellEnded{name: "api", err: &docker.Error{Engine: "x", Why: "it has no shell"}}))
	says("no shell in api: it has no shell")
	run := &shellRun{in: strings.NewReader(""), out: &strings.Builder{}}
	if err := run.Run(); err == nil || !strings.Contains(err.Error(), "needs a terminal") {
		t.Errorf("a shell without a terminal: %v", err)
	}
}

func TestLogsFollowAndEnd(t *testing.T) {
	before := runtime.NumGoroutine()
	f := &fake{log: testLog(40), ends: true}
	w := newWorld()
	r := newRobot(t, w, f, 80, 30)
	r.screen.Show("container/" + idOf("web-blue"))
	r.Press("l")
	r.Until("the end of the log", func() bool { return strings.Contains(r.Frame(), "the log ended here") })
	f.set(func(f *fake) {
		f.ends = false
		f.log = append(f.log, docker.LogLine{At: noon.Add(time.Second), Text: "back again"})
	})
	w.put("tokyo-1", container("web-blue", "x", "1", func(c *docker.Container) { c.Started = noon }))
	r.Until("the next start", func() bool { return strings.Contains(r.Frame(), "back again") })
	r.See("the container was started again")
	if n := strings.Count(r.Frame(), "GET /39"); n != 1 {
		t.Errorf("the last line is there %d times after the restart, want once", n)
	}
	w.fail("tokyo-1", errors.New("connection refused"))
	r.Tick()
	r.See("engine tokyo-1 does not answer: connection refused")
	w.now = noon.Add(time.Minute)
	w.put("tokyo-1", container("web-blue", "x", "1", func(c *docker.Container) { c.Started = noon }))
	r.Tick()
	r.See("engine tokyo-1 answers again")
	w.put("tokyo-1")
	r.Tick()
	r.See("the container was removed")

	r.Press("esc")
	for end := time.Now().Add(60 * time.Second); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines, %d before the log was followed", runtime.NumGoroutine(), before)
		}
	}
}

func TestLogFloodIsBounded(t *testing.T) {
	f := &fake{flood: 300_000}
	fo := follow(f, "x", 10, func() {})
	defer fo.close()
	for {
		if newest := fo.newest(); newest.Equal(noon.Add(299_999)) {
			break
		}
		fo.mu.Lock()
		lines, bytes := len(fo.lines), fo.bytes
		fo.mu.Unlock()
		if lines > 2*keepLines || bytes > 2*keepBytes {
			t.Fatalf("%d lines of %d bytes are kept", lines, bytes)
		}
		runtime.Gosched()
	}
	lines := fo.take()
	if len(lines) > keepLines+1 || !lines[0].Note || lines[len(lines)-1].Text != "flood 299999" {
		t.Errorf("%d lines, first %q, last %q", len(lines), lines[0].Text, lines[len(lines)-1].Text)
	}
	if want := "295000 lines skipped"; !strings.HasPrefix(lines[0].Text, want) {
		t.Errorf("first line is %q, want %q", lines[0].Text, want)
	}
	if again := fo.take(); len(again) != 0 {
		t.Errorf("%d lines after the buffer was emptied", len(again))
	}
}

func TestOlderLines(t *testing.T) {
	f := &fake{log: testLog(3000)} // one a second: 50 minutes
	r := newRobot(t, newWorld(), f, 80, 30)
	r.screen.Show("container/" + idOf("web-blue"))
	r.Press("l")
	pane := r.screen.top().(*logs).pane
	r.Until("the tail", func() bool { return pane.Len() == logTail })
	r.Press("[")
	if got := pane.Len(); got < logTail+pastChunk || got > 3000 {
		t.Errorf("%d lines after loading earlier ones", got)
	}
	for range 10 {
		r.Press("[")
	}
	if pane.Len() != 3000 {
		t.Errorf("%d lines, want all 3000", pane.Len())
	}
	if toast, ok := r.Last().(screen.Toast); !ok || toast.Text != "there are no older lines" {
		t.Errorf("at the start of the log: %#v", r.Last())
	}
	r.Press("@").Text("x").Press("enter").See("since x", "no such time; write 10m") // and is asked again
	r.Press("backspace").Text("10m").Press("enter")                                 // loaded already
	if top, _ := pane.Top(); pane.Following() || top.At.Before(r.world.now.Add(-11*time.Minute)) || top.At.After(r.world.now.Add(-9*time.Minute)) {
		t.Errorf("10m is at %v, following %v", top.At, pane.Following())
	}

	f.set(func(f *fake) { f.log = testLog(40_000) }) // more than is read at once
	r.Press("@").Text("11h").Press("enter").See("a piece of the past; f follows the newest")
	if top, _ := pane.Top(); pane.Len() != pastMost+1 || top.At.Sub(r.world.now.Add(-11*time.Hour)).Abs() > time.Second {
		t.Errorf("%d lines, from %v", pane.Len(), top.At)
	}
	r.Press("f")
	r.Until("the newest", func() bool { return pane.Len() == logTail })
	r.See("following", "/39999")
}

func TestSecretLabels(t *testing.T) {
	labels := map[string]string{"traefik.password": `a"b`, "team": "shop", "config-hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}
	got := maskJSON("{\n  \"team\": \"shop\",\n  \"traefik.password\": \"a\\\"b\",\n  \"config-hash\": \"9f\"\n}", nil, labels, "***")
	if want := "{\n  \"team\": \"shop\",\n  \"traefik.password\": \"***\",\n  \"config-hash\": \"9f\"\n}"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	w := newWorld()
	for _, f := range watch.Latest[*docker.Facts](w.store.State()) {
		for _, c := range f.Containers { // nobody reads them yet
			c.Labels = labels
		}
	}
	r := newRobot(t, w, &fake{detail: testDetail()}, 80, 40)
	r.screen.Show("container/" + idOf("web-blue"))
	r.Press("enter").See("traefik.password=••••••••", "team=shop", "config-hash=9f86")
	if r.Press("v"); !strings.Contains(r.Frame(), `a"b`) {
		t.Errorf("v does not show it:\n%s", r.Frame())
	}
}

func TestParseSince(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.Local)
	for text, want := range map[string]time.Time{
		"10m": now.Add(-10 * time.Minute), "2h30m": now.Add(-150 * time.Minute), "3d": now.AddDate(0, 0, -3), " 1h ": now.Add(-time.Hour),
		"11:05": now.Add(-55 * time.Minute), "14:05": now.Add(-22*time.Hour + 5*time.Minute), "11:05:30": now.Add(-54*time.Minute - 30*time.Second),
		"2026-11-22": now.Add(-36 * time.Hour), "2026-11-23 10:00": now.Add(-2 * time.Hour),
	} {
		if got, err := parseSince(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q is %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "-5m", "25:00", "d", "yesterday", "-1d", "99999999d"} {
		if got, err := parseSince(text, now); err == nil {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
}

func TestSaveWritesNothingOver(t *testing.T) {
	t.Chdir(t.TempDir())
	lines := []kit.LogLine{{At: noon, Text: "one"}, {At: noon, Source: "web", Err: true, Text: "two"}, {At: noon, Note: true, Text: "restarted"}}
	var paths []string
	for range 2 {
		p, err := writeLog("../web:注 1.log", lines)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, p)
	}
	if paths[0] == paths[1] || !strings.HasSuffix(paths[0], "/.._web___1.log") || !strings.HasSuffix(paths[1], "-2.log") {
		t.Errorf("saved to %q", paths)
	}
	got, _ := os.ReadFile(paths[0])
	want := "2026-11-23T12:00:00.000000000Z one\n2026-11-23T12:00:00.000000000Z web stderr two\n2026-11-23T12:00:00.000000000Z ringside: restarted\n"
	if info, _ := os.Stat(paths[0]); string(got) != want || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, content %q", info.Mode(), got)
	}
}
