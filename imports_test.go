package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// layer says what the packages below a path may import of ours. The first layer
// whose path holds a package counts.
type layer struct {
	path string   // "views/kit": this package and those below it
	may  []string // paths, each with what is below it; "." is the layer itself
}

var layers = []layer{
	{"keymap", nil},
	{"views/kit", []string{"."}},
	{"views/console", []string{".", "actions", "backends", "keymap", "views/kit", "views/screen"}},
	{"views/command", []string{".", "actions", "backends", "keymap", "views"}},
	{"views/screen", []string{"actions", "backends", "keymap", "views/kit"}},
	{"views", []string{".", "actions", "backends", "keymap", "views/kit", "views/screen"}}, // screens; never each other
	{"actions", []string{".", "backends"}},
	{"backends/fleet", []string{"."}},
	{"backends/watch", []string{".", "backends"}},
	{"backends/impact", []string{".", "backends"}},
	{"backends/lab", []string{".", "backends/fleet"}},
	{"backends", []string{".", "backends/fleet"}},
	{"", []string{"backends/lab", "views/command", "views/console"}}, // main.go
}

// breach says why a package must not import another one, "" when it may.
func breach(from, to string) string {
	const module = "ringside"
	f, inside := ours(from, module)
	t, local := ours(to, module)
	if !inside || !local {
		return ""
	}
	if below(t, "backends/lab") && !below(f, "backends/lab") && f != "" {
		return "only main.go and tests import the lab"
	}
	if t == "" {
		return "main is the top"
	}
	for _, l := range layers {
		if !below(f, l.path) {
			continue
		}
		self := l.path
		if l.path == "views" || l.path == "backends" { // each package below is a layer of its own
			self = strings.Join(strings.SplitN(f+"///", "/", 3)[:2], "/")
		}
		for _, m := range l.may {
			if m == "." && below(t, self) || m != "." && below(t, m) {
				return ""
			}
		}
		return "the layer " + l.path + " may import only " + strings.Join(l.may, ", ")
	}
	return "no layer holds it"
}

// ours is the path within the module.
func ours(path, module string) (string, bool) {
	if path == module {
		return "", true
	}
	return strings.CutPrefix(path, module+"/")
}

func below(path, dir string) bool {
	return dir == "" && path == "" || dir != "" && (path == dir || strings.HasPrefix(path, dir+"/"))
}

func TestBreach(t *testing.T) {
	for _, c := range []struct {
		from, to string
		allowed  bool
	}{
		{"views/kit", "fmt", true},
		{"views/kit", "ringside/keymap", false},
		{"views/kit", "ringside/backends/fleet", false},
		{"views/kit/kittest", "ringside/views/kit", true},
		{"keymap", "ringside/actions", false},
		{"views/home", "ringside/views/screen", true},
		{"views/home", "ringside/views/containers", false},
		{"views/containers", "ringside/backends/docker", true},
		{"views/runs", "ringside/views/console", false},
		{"views/screen", "ringside/views/home", false},
		{"views/console", "ringside/views/home", false},
		{"views/console", "ringside/views/screen", true},
		{"views/command", "ringside/views/home", true},
		{"views/command", "ringside/backends/lab", false},
		{"actions/container", "ringside/backends/docker", true},
		{"actions/container", "ringside/actions", true},
		{"actions", "ringside/views/kit", false},
		{"backends/docker", "ringside/backends/fleet/safe", true},
		{"backends/docker", "ringside/backends/watch", false},
		{"backends/docker/wire", "ringside/backends/docker", true},
		{"backends/fleet", "ringside/backends/docker", false},
		{"backends/fleet/retry", "ringside/backends/fleet", true},
		{"backends/impact", "ringside/backends/docker", true},
		{"backends/watch", "ringside/actions", false},
		{"backends/lab", "ringside/backends/docker", false},
		{"backends/lab", "ringside/backends/lab/bmc", true},
		{"backends/lab/bmc", "ringside/backends/bmc", false},
		{"", "ringside/backends/lab", true},
		{"", "ringside/actions", false},
	} {
		from := strings.TrimSuffix("ringside/"+c.from, "/")
		if why := breach(from, c.to); (why == "") != c.allowed {
			t.Errorf("%s imports %s: %q", from, c.to, why)
		}
	}
}

// TestImports holds every package of the program to the layers; tests may import
// what they need.
func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	var used []string
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		seen++
		used = append(used, p.Imports...)
		if testOnly(p.ImportPath) {
			continue
		}
		for _, to := range p.Imports {
			if testOnly(to) {
				t.Errorf("%s imports %s, which is for tests", p.ImportPath, to)
			}
			if why := breach(p.ImportPath, to); why != "" {
				t.Errorf("%s imports %s: %s", p.ImportPath, to, why)
			}
		}
	}
	if seen < 20 || !slices.Contains(used, "ringside/backends/lab") {
		t.Errorf("%d packages were looked at: the test does not see the program", seen)
	}
}

// testOnly reports whether a package exists for tests: kittest, ptytest.
func testOnly(path string) bool {
	return strings.HasPrefix(path, "ringside/") && strings.HasSuffix(path, "test")
}
