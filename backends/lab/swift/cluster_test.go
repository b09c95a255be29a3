package swift

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ringside/backends/fleet"
)

func start(t testing.TB, o Options) *Cluster {
	t.Helper()
	c, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func few() Options {
	return Options{Nodes: []string{"a", "b", "c", "d", "e", "f"}, Disks: 2, Zones: 3, PartPower: 6, Calm: true}
}

func ask(t testing.TB, c *Cluster, node, path string) (int, []byte) {
	t.Helper()
	res, err := http.Get("http://" + c.must(node).address + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, b
}

// The answers have the shapes of those that were recorded from Swift: the same keys,
// the same types.
func TestAnswersLikeSwift(t *testing.T) {
	c := start(t, few())
	recorded := map[string]map[string]json.RawMessage{}
	for _, file := range []string{"healthy", "faults/unmounted", "faults/object-server-dead"} {
		b, err := os.ReadFile("../../swift/testdata/recon/" + file + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var all map[string]json.RawMessage
		if err := json.Unmarshal(b, &all); err != nil {
			t.Fatal(err)
		}
		recorded[file] = all
	}
	compare := func(node, file string, skip ...string) {
		for path, want := range recorded[file] {
			if slices.Contains(skip, path) {
				continue
			}
			status, body := ask(t, c, node, "/recon/"+path)
			if status != http.StatusOK {
				t.Errorf("%s: %d %s", path, status, body)
				continue
			}
			if got, want := shape(body), shape(want); got != want {
				t.Errorf("%s %s:\n got %s\nwant %s", file, path, got, want)
			}
		}
	}
	// What the recorded nodes had not done yet is null there, and bare paths are not
	// asked for.
	compare("a", "healthy", "replication", "auditor/account", "auditor/container", "expirer/object", "driveaudit", "mem", "sharding")
	c.Unmount("b", "d2")
	compare("b", "faults/unmounted")
	compare("a", "faults/object-server-dead")
	if status, body := ask(t, c, "a", "/recon/nothing"); status != http.StatusNotFound || string(body) != "Invalid path: /recon/nothing\n" {
		t.Errorf("%d %s", status, body)
	}
}

// shape is a JSON value with its keys and without what differs from node to node.
func shape(b []byte) string {
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		return err.Error()
	}
	var walk func(any) string
	walk = func(v any) string {
		switch v := v.(type) {
		case map[string]any:
			var out []string
			for k, x := range v {
				if k == "policies" || strings.HasPrefix(k, "127.") || strings.HasPrefix(k, "/etc/swift/") {
					return "{...}"
				}
				out = append(out, k+":"+walk(x))
			}
			slices.Sort(out)
			return "{" + strings.Join(out, " ") + "}"
		case []any:
			if len(v) == 0 {
				return "[]"
			}
			shapes := map[string]bool{}
			for _, x := range v {
				shapes[walk(x)] = true
			}
			var out []string
			for s := range shapes {
				out = append(out, s)
			}
			slices.Sort(out)
			return fmt.Sprint(out)
		}
		return fmt.Sprint(reflect.TypeOf(v)) // <nil> for null
	}
	return walk(v)
}

// A node that is stopped refuses and comes back at its address; one that hangs, or
// whose host has no power, says nothing.
func TestStopAndHang(t *testing.T) {
	var mu sync.Mutex
	off := ""
	o := few()
	o.Powered = func(host string) bool {
		mu.Lock()
		defer mu.Unlock()
		return host != off
	}
	c := start(t, o)
	client := &http.Client{Timeout: 300 * time.Millisecond}
	answers := func(node string) bool {
		res, err := client.Get("http://" + c.must(node).address + "/recon/time")
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK
	}
	if !answers("a") {
		t.Fatal("a does not answer")
	}
	c.Stop("a")
	if answers("a") {
		t.Error("it answers although it is stopped")
	}
	if err := c.Go("a"); err != nil || !answers("a") {
		t.Errorf("it does not come back: %v", err)
	}
	c.Hang("b", true)
	if answers("b") {
		t.Error("it answers although it hangs")
	}
	c.Hang("b", false)
	if !answers("b") {
		t.Error("it still hangs")
	}
	mu.Lock()
	off = "c"
	mu.Unlock()
	if answers("c") || !answers("d") {
		t.Error("power makes no difference")
	}
}

// The demo's disk fails, is replaced, fills up again, and is as before.
func TestFate(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	c := start(t, Options{Speed: 1, PartPower: 8, Now: func() time.Time { return now }})
	d := c.must("sw023").disk("d3")
	at := func(after time.Duration) diskNow {
		c.mu.Lock()
		defer c.mu.Unlock()
		now = c.began.Add(after)
		return d.at(now)
	}
	healthy := at(0)
	if healthy.state != mounted || healthy.errors != 0 {
		t.Errorf("%+v", healthy)
	}
	if s := at(60 * time.Second); s.state != mounted || s.errors == 0 {
		t.Errorf("ailing: %+v", s)
	}
	if s := at(2 * time.Minute); s.state != broken {
		t.Errorf("dead: %+v", s)
	}
	half, whole := at(6*time.Minute), at(9*time.Minute)
	if half.state != mounted || half.used < healthy.used/3 || half.used > healthy.used*2/3 || whole.used < healthy.used {
		t.Errorf("filling: %+v, then %+v", half, whole)
	}
}

// Faults break and mend again.
func TestPresenterFaults(t *testing.T) {
	c := start(t, few())
	picture := func() string {
		out := ""
		for _, n := range c.nodes {
			if !n.running() {
				out += n.name + " off\n"
				continue
			}
			n.mu.Lock()
			hung := n.hung != nil
			n.mu.Unlock()
			if hung {
				out += n.name + " hung\n"
				continue
			}
			for _, path := range []string{"unmounted", "ringmd5", "swiftconfmd5"} {
				_, b := ask(t, c, n.name, "/recon/"+path)
				out += n.name + string(b)
			}
			c.mu.Lock()
			out += n.skew.String()
			c.mu.Unlock()
		}
		return out
	}
	for _, f := range c.Faults() {
		before := picture()
		if err := f.Toggle(); err != nil {
			t.Fatal(err)
		}
		if f.ID != "swift/login" && picture() == before {
			t.Errorf("%s breaks nothing", f.ID)
		}
		if err := f.Toggle(); err != nil {
			t.Fatal(err)
		}
		after := picture()
		if f.ID == "swift/clock" { // the clock of a real machine is never quite right again
			continue
		}
		if after != before {
			t.Errorf("%s does not mend:\n%s", f.ID, after)
		}
	}
}

// Nothing stays: no file, no port.
func TestClose(t *testing.T) {
	c, err := Start(few())
	if err != nil {
		t.Fatal(err)
	}
	f := &fleet.Fleet{Hosts: []fleet.Host{{Name: "b", Site: "tokyo"}}}
	c.Fleet(f)
	if len(f.Hosts) != 6 || f.Hosts[0].IPs[0] != c.Address("b") || f.Hosts[0].Site != "tokyo" || len(f.Clusters) != 1 {
		t.Errorf("%+v", f.Hosts)
	}
	address, dir := c.must("a").address, c.Dir()
	if _, err := os.Stat(dir + "/object.ring.gz"); err != nil {
		t.Error(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", dir, err)
	}
	if res, err := http.Get("http://" + address + "/recon/time"); err == nil {
		res.Body.Close()
		t.Errorf("%s still answers", address)
	}
}

// BenchmarkStart starts and stops the demo's cluster: 120 nodes, four rings.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		c, err := Start(Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		c.Close()
		b.StartTimer()
	}
}
