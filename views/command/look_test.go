package command

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

func TestShapes(t *testing.T) {
	b := newBench(t)
	b.run(t, "containers", "stop", "db", "--yes")
	b.run(t, "hold", "add", "db", "--reason", "x")
	id := decode(t, b.run(t, "runs", "list", "-o", "json").out)[0]["id"].(string)
	for title, args := range map[string][]string{
		"containers list": {"containers", "list"}, "containers show": {"containers", "show", "db"}, "status": {"status"},
		"runs list": {"runs", "list"}, "runs show": {"runs", "show", id}, "hold list": {"hold", "list"}, "check": {"check"},
		"--dry-run": {"containers", "start", "db", "--dry-run", "--override", "x"}, "containers stop": {"containers", "stop", "dev/web", "--yes"},
	} {
		documented(t, title, decode(t, b.run(t, append(args, "-o", "json")...).out))
	}
}

// documented finds keys of rows that docs/command-line.md does not tell.
func documented(t *testing.T, title string, rows []map[string]any) {
	t.Helper()
	doc, err := os.ReadFile("../../docs/command-line.md")
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) == 0 {
		t.Errorf("%s: no rows", title)
	}
	_, section, _ := strings.Cut(string(doc), "\n### "+title+"\n")
	section, _, _ = strings.Cut(section, "\n### ")
	for _, row := range rows {
		for _, key := range slices.Sorted(maps.Keys(row)) {
			if !strings.Contains(section, "`"+key+"`") {
				t.Errorf("%s: key %q is not in docs/command-line.md", title, key)
			}
			if nested, is := row[key].(map[string]any); is {
				t.Errorf("%s: %s is not flat: %v", title, key, nested)
			}
		}
	}
}

func TestYAML(t *testing.T) {
	b := newBench(t)
	r := b.run(t, "containers", "list", "db", "-o", "yaml")
	var rows []map[string]any
	if err := yaml.Unmarshal([]byte(r.out), &rows); err != nil || len(rows) != 1 {
		t.Fatalf("%v in %s", err, r.out)
	}
	if rows[0]["tag"] != "1.10" || !strings.HasPrefix(r.out, "- engine: dev\n") {
		t.Errorf("a text became a number, or the order of keys was lost:\n%s", r.out)
	}
}

func TestShow(t *testing.T) {
	b := newBench(t)
	for _, format := range formats {
		r := b.run(t, "containers", "show", "db", "-o", format)
		if r.code != ExitDone || strings.Contains(r.out, "tok_live") || !strings.Contains(r.out, "MODE=fast") {
			t.Errorf("%s: %+v", format, r)
		}
		if r = b.run(t, "containers", "show", "db", "--reveal", "-o", format); !strings.Contains(r.out, "tok_live_1") {
			t.Errorf("--reveal: %+v", r)
		}
	}
}

func TestLogs(t *testing.T) {
	b := newBench(t)
	r := b.run(t, "containers", "logs", "dev/web", "db", "--tail", "5", "-t")
	var times []string
	for line := range strings.Lines(r.out) {
		_, rest, _ := strings.Cut(line, " | ")
		stamp, _, _ := strings.Cut(rest, " ")
		times = append(times, stamp)
	}
	if r.code != ExitDone || len(times) == 0 || !slices.IsSorted(times) {
		t.Errorf("merged: %+v", r)
	}
	for line := range strings.Lines(b.run(t, "containers", "logs", "db", "--tail", "3", "-o", "json").out) {
		if rows := decode(t, "["+line+"]"); rows[0]["container"] != "db" || rows[0]["stream"] == "" {
			t.Errorf("%v", rows)
		}
	}
}

func TestSchema(t *testing.T) {
	var schema struct {
		Properties map[string]any `json:"properties"`
	}
	r := newBench(t).run(t, "schema")
	if err := json.Unmarshal([]byte(r.out), &schema); err != nil || r.code != ExitDone || schema.Properties["engines"] == nil {
		t.Errorf("exit %d, %v: %s", r.code, err, r.out)
	}
}

func TestInit(t *testing.T) {
	b := newBench(t)
	file := filepath.Join(t.TempDir(), "fleet.yaml")
	if r := b.run(t, "init", file); r.code != ExitDone {
		t.Fatalf("%+v", r)
	}
	var out, errOut bytes.Buffer
	a := b.app(&out, &errOut, "", "--config", file, "status", "-o", "json")
	a.demo = nil
	if code := execute(t, a); code != ExitDone || len(decode(t, out.String())) != 4 {
		t.Errorf("the starter does not load: %d %s %s", code, out.String(), errOut.String())
	}
	if r := b.run(t, "init", file); r.code != ExitUsage || !strings.Contains(r.err, "left as it is") {
		t.Errorf("it was overwritten: %+v", r)
	}
	if err := os.WriteFile(file, []byte("engines:\n  - {name: a, adress: x}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out.Reset()
	errOut.Reset()
	a = b.app(&out, &errOut, "", "--config", file, "status")
	a.demo = nil
	if code := execute(t, a); code != ExitUsage || !strings.Contains(errOut.String(), "fleet.yaml:2:") {
		t.Errorf("exit %d, %s", code, errOut.String())
	}
}

// What discovery cannot use is told, without its password.
func TestCheckTellsNotices(t *testing.T) {
	b := newBench(t)
	b.env["DOCKER_HOST"] = "tcp://u:secret@10.0.0.2:2375"
	var out, errOut bytes.Buffer
	a := b.app(&out, &errOut, "", "check", "--read-timeout", "1ms")
	a.demo = nil
	if execute(t, a); !strings.Contains(errOut.String(), "DOCKER_HOST tcp://u:xxxxx@10.0.0.2:2375 cannot be used") {
		t.Errorf("%s", errOut.String())
	}
}
