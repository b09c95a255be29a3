package command

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ringside/backends/fleet"
	lab "ringside/backends/lab/registry"
)

// twoRegistries are two of the lab, tokyo ahead of shanghai.
type twoRegistries struct {
	*bench
	lib  *lab.Library
	a, b *lab.Registry
}

func newRegistries(t *testing.T) *twoRegistries {
	t.Helper()
	r := &twoRegistries{bench: newBench(t), lib: lab.NewLibrary()}
	for name, at := range map[string]**lab.Registry{"tokyo": &r.a, "shanghai": &r.b} {
		x, err := lab.Start(r.lib, lab.Options{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(x.Stop)
		*at = x
	}
	r.change = func(f *fleet.Fleet) {
		for _, x := range []*lab.Registry{r.a, r.b} {
			f.Registries = append(f.Registries, fleet.Registry{Name: x.Name(), Address: x.Address(), PlainHTTP: true, Environment: "development",
				Names: []string{x.Name() + ".example"}, Concurrency: fleet.DefaultConcurrency})
		}
		f.Syncs = []fleet.Sync{{Name: "tyo-sha", From: "tokyo", To: "shanghai", Environment: "development", Repositories: []string{"team/*"}, Referrers: true}}
	}
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	return r
}

func (r *twoRegistries) build(tag string) lab.Built {
	return r.lib.Build(lab.Image{Name: tag, Platforms: []string{"linux/amd64"}, Layers: func(string) []lab.Layer { return []lab.Layer{{Name: tag, Size: 1000}} }})
}

func TestSyncCommands(t *testing.T) {
	r := newRegistries(t)
	one := r.build("1")
	r.a.Push("team/web", "1", one)
	r.b.Push("team/web", "1", one)
	r.a.Push("team/web", "2", r.build("2"))
	r.b.Push("team/web", "old", one)

	got := r.run(t, "sync", "status", "-o", "json")
	row := decode(t, got.out)[0]
	if got.code != ExitDone || fmt.Sprint(row["equal"], row["missing"], row["moved"], row["extra"], row["unknown"]) != "1 1 0 1 0" || !strings.Contains(row["unverified"].(string), "tokyo: plain HTTP") {
		t.Errorf("status: %+v", got)
	}
	got = r.run(t, "sync", "status")
	if !strings.Contains(got.out, "1 behind") || !strings.Contains(got.out, "team/web:2    missing") || strings.Contains(got.out, "team/web:1 ") {
		t.Errorf("status: %s", got.out)
	}
	if got = r.run(t, "sync", "status", "--tags", "-o", "json"); len(decode(t, got.out)) != 3 {
		t.Errorf("tags: %s", got.out)
	}

	for _, c := range []struct {
		args string
		code int
		says string // on either output
	}{
		{"sync run", ExitUsage, "which syncs? Name them, or choose all of them with --all"},
		{"sync run nope", ExitUsage, `there is no sync "nope"; the fleet has tyo-sha`},
		{"sync run tyo-sha --tag a/b", ExitUsage, "a tag has letters"},
		{"sync run --all --dry-run", ExitPlanned, "copy team/web:2 to shanghai"},
		{"sync run --all --tag 1 --yes", ExitDone, "tyo-sha: 1 tags are equal"},
		{"sync run --all --delete-extra --yes", ExitUsage, "its delete_extra is not set"},
		{"sync run --all", ExitUsage, "must be confirmed"},
		{"sync run --all --yes", ExitDone, "shanghai/team/web:2  done"},
		{"sync run --all --yes", ExitDone, "nothing to do"},
		{"sync run --all --read-only", ExitBlocked, "read-only"},
		{"sync history", ExitDone, "sync tyo-sha: copy 1 tag"},
		{"sync history tyo-sha", ExitDone, "sync tyo-sha: copy 1 tag"},
		{"sync run --all --watch", ExitUsage, "--watch asks nobody: give --yes"},
		{"sync run --all --watch --yes", ExitUsage, "has neither every nor schedule"},
		{"registry list", ExitDone, "plain HTTP"},
		{"registry tags shanghai/team/web", ExitDone, "team/web:2"},
		{"registry tags shanghai/team/web --digests", ExitDone, one.Digest},
		{"registry tags osaka/team/web", ExitUsage, `"osaka/team/web" does not begin with a registry: write REGISTRY/REPOSITORY; the fleet has tokyo, shanghai`},
		{"registry tags tokyo/nope", ExitFailed, "list the tags of nope: not there"},
		{"registry digest tokyo/team/web:1", ExitDone, one.Digest},
		{"registry digest tokyo/team/web:9", ExitFailed, "look at team/web:9: not there"},
		{"registry digest tokyo/team/web", ExitUsage, "names no tag"},
		{"registry digest tokyo/team/web:1 --long -o json", ExitDone, `"platforms":["linux/amd64"]`},
		{"registry copy tokyo/team/web:1 shanghai/mirror/web:live --yes", ExitDone, "done"},
		{"registry copy tokyo/team/web:1 live --yes", ExitDone, "tokyo/team/web:live"},
		{"registry delete shanghai/team/web:old --dry-run", ExitPlanned, "delete shanghai/team/web:old"},
		{"registry delete shanghai/team/web:old --yes", ExitDone, "done"},
		{"registry delete shanghai/team/web:old --yes", ExitDone, "nothing to do"},
	} {
		got := r.run(t, strings.Fields(c.args)...)
		if got.code != c.code || !strings.Contains(got.out+got.err, c.says) {
			t.Errorf("%s: %d, want %d with %q\n%s%s", c.args, got.code, c.code, c.says, got.out, got.err)
		}
	}
	if d, _ := r.b.Digest("mirror/web", "live"); d != one.Digest || strings.Join(r.b.Tags("team/web"), " ") != "1 2" {
		t.Errorf("%s, %v", d, r.b.Tags("team/web"))
	}

	r.b.Stop()
	got = r.run(t, "sync", "status", "-o", "json")
	if row := decode(t, got.out)[0]; got.code != ExitFailed || row["reachable"] != false || row["equal"] != nil || row["trouble"] != "refused" || !strings.Contains(got.err, "registry shanghai") {
		t.Errorf("with a dead registry: %+v", got)
	}
	if got = r.run(t, "registry", "list"); got.code != ExitFailed || !strings.Contains(got.out, "refused") {
		t.Errorf("list: %+v", got)
	}
}

// With --watch it copies what comes, survives a failure, and a signal ends it well.
func TestSyncWatch(t *testing.T) {
	r := newRegistries(t)
	r.a.Push("team/web", "1", r.build("1"))
	var out, errOut stream
	a := r.app(nil, nil, "", "sync", "run", "--all", "--watch", "--every", "50ms", "--yes")
	a.Out, a.Err = &out, &errOut
	signals := make(chan os.Signal, 1)
	a.Signals = signals
	done := make(chan int, 1)
	go func() { done <- execute(t, a) }()
	// The tag is there before the run that brought it has ended.
	has := func(tag string, runs int) {
		t.Helper()
		for end := time.Now().Add(60 * time.Second); ; time.Sleep(5 * time.Millisecond) {
			if _, ok := r.b.Digest("team/web", tag); ok && strings.Count(out.String(), "done") >= runs {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("waited a minute for %s: %s%s", tag, out.String(), errOut.String())
			}
		}
	}
	has("1", 1)
	r.a.Push("team/web", "2", r.build("2"))
	has("2", 2)
	r.b.Stop()
	if err := r.b.Resume(); err != nil {
		t.Fatal(err)
	}
	r.a.Push("team/web", "3", r.build("3"))
	has("3", 3)
	signals <- os.Interrupt
	select {
	case code := <-done:
		if code != ExitDone || strings.Count(out.String(), "done") != 3 {
			t.Errorf("%d: %s%s", code, out.String(), errOut.String())
		}
	case <-time.After(60 * time.Second):
		t.Fatal("it does not end")
	}
}

func TestSyncImport(t *testing.T) {
	b := newBench(t)
	file := filepath.Join(t.TempDir(), "regsync.yml")
	const text = "version: 1\ncreds: [{registry: a.example, user: x, pass: hunter2}]\nsync: [{source: a.example/x, target: b.example/x, type: repository}]\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r := b.run(t, "sync", "import", file)
	f, err := fleet.Parse("x", []byte(r.out))
	if r.code != ExitDone || err != nil || len(f.Syncs) != 1 || len(f.Registries) != 2 || !strings.Contains(r.err, "was not taken over") || strings.Contains(r.out+r.err, "hunter2") {
		t.Errorf("%+v, %v", r, err)
	}
	if r := b.run(t, "sync", "import", filepath.Join(t.TempDir(), "none")); r.code != ExitUsage {
		t.Errorf("%+v", r)
	}
}
