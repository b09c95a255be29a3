package traffictest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"ringside/backends/fleet"
)

// Real is a set of real proxies of one test.
type Real struct {
	Dir         string
	Blue, Green []string // addresses of the colours
	env         map[string]string
}

// StartProxies starts real proxies (.ci/proxies) until the test ends. Where they are
// not installed the test is skipped, or fails with RINGSIDE_REQUIRE_PROXIES=1. blue
// and green are addresses with spaces between, "" for free ports.
func StartProxies(t testing.TB, blue, green string, kinds ...string) *Real {
	t.Helper()
	required := os.Getenv("RINGSIDE_REQUIRE_PROXIES") == "1"
	for _, k := range kinds {
		program := strings.TrimSuffix(k, "2")
		if _, err := exec.LookPath(program); err != nil && !exists("/usr/sbin/"+program) {
			if required {
				t.Fatalf("%s is not installed, and RINGSIDE_REQUIRE_PROXIES is set", program)
			}
			t.Skipf("%s is not installed", program)
		}
	}
	if !required {
		t.Skip("real proxies are used with RINGSIDE_REQUIRE_PROXIES=1")
	}
	_, here, _, _ := runtime.Caller(0)
	script := filepath.Join(filepath.Dir(here), "../../../.ci/proxies")
	dir, err := os.MkdirTemp("", "ringside-proxies-")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(script, append([]string{"up", dir}, kinds...)...)
	cmd.Env = os.Environ()
	if blue != "" {
		cmd.Env = append(cmd.Env, "BLUE="+blue, "GREEN="+green)
	}
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	t.Cleanup(func() {
		if out, err := exec.Command(script, "down", dir).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
	if err != nil {
		t.Fatalf("%s up: %v: %s", script, err, said.String())
	}
	r := &Real{Dir: dir, env: map[string]string{}}
	for line := range strings.Lines(string(out)) {
		name, value, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export RINGSIDE_PROXY_"), "=")
		r.env[name] = strings.Trim(value, `"`)
	}
	r.Blue, r.Green = strings.Fields(r.env["BLUE"]), strings.Fields(r.env["GREEN"])
	return r
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

// Get returns one variable of the script, without RINGSIDE_PROXY_.
func (r *Real) Get(name string) string { return r.env[name] }

// Traffic is the entry of a proxy in a fleet.
func (r *Real) Traffic(kind string) fleet.Traffic {
	t := fleet.Traffic{Name: kind, URL: r.env[strings.ToUpper(kind)+"_URL"], Host: "demo.local", Preview: fleet.PreviewHeader}
	switch up := strings.ToUpper(kind); kind {
	case "haproxy", "haproxy2":
		m := r.env[up+"_MAP"]
		t.HAProxy = &fleet.HAProxy{Socket: r.env[up+"_SOCKET"], Map: m, File: m, Key: "demo.local", Blue: "be_blue", Green: "be_green"}
	case "caddy":
		t.Caddy = &fleet.Caddy{Admin: r.env["CADDY_ADMIN"], ID: r.env["CADDY_ID"], Blue: r.Blue, Green: r.Green}
	case "nginx":
		t.Nginx = &fleet.Nginx{Include: r.env["NGINX_INCLUDE"], Upstream: "demo", Config: r.env["NGINX_CONFIG"], PID: r.env["NGINX_PID"], Tells: "X-Upstream", Blue: r.Blue, Green: r.Green}
	}
	return t
}
