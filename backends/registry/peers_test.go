package registry

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"ringside/backends/fleet"
)

// A contest is one way of copying that is measured.
type contest struct {
	name string
	copy func(t *testing.T, from, to string, repositories []string, tag string) time.Duration
}

// ours copies as "ringside sync run" does: it compares, then copies what is
// missing. A single tag that is named needs no comparison.
func ours(t *testing.T, from, to string, repositories []string, tag string) time.Duration {
	t.Helper()
	ctx := within(t, 2*time.Minute)
	began := time.Now()
	a, b := plain("a", from), plain("b", to)
	if len(repositories) == 1 {
		if _, err := NewCopier(a, b, Options{}).Copy(ctx, Job{Repository: repositories[0], Tag: tag}, nil); err != nil {
			t.Fatal(err)
		}
		return time.Since(began)
	}
	s, err := NewSync(fleet.Sync{Name: "s", Repositories: repositories, Tags: []string{tag}}, a, b)
	if err != nil {
		t.Fatal(err)
	}
	f, err := s.Compare(ctx)
	if err != nil {
		t.Fatal(err)
	}
	c := s.Copier(f)
	for _, r := range f.Repositories {
		for _, y := range r.Tags {
			if y.State == Equal {
				continue
			}
			if _, err := c.Copy(ctx, Job{Repository: r.Name, Tag: y.Name}, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	return time.Since(began)
}

// program runs another tool once per repository.
func program(argv func(source, target string) []string, printsTime bool) func(*testing.T, string, string, []string, string) time.Duration {
	return func(t *testing.T, from, to string, repositories []string, tag string) time.Duration {
		t.Helper()
		sum := time.Duration(0)
		for _, r := range repositories {
			args := argv(from+"/"+r+":"+tag, to+"/"+r+":"+tag)
			began := time.Now()
			out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %v\n%s", args, err, out)
			}
			took := time.Since(began)
			if printsTime {
				seconds, _ := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
				took = time.Duration(seconds * 1e9)
			}
			sum += took
		}
		return sum
	}
}

// TestRealPeers measures copies of the same images by us and by others, in one
// run: at 80 ms a request and 20 MB/s to the target. Set RINGSIDE_TEST_PEERS to
// the number of rounds. Requests and bytes are exact and are checked; the time is
// checked with room for a busy machine.
func TestRealPeers(t *testing.T) {
	rounds, _ := strconv.Atoi(os.Getenv("RINGSIDE_TEST_PEERS"))
	if rounds == 0 {
		t.Skip("takes minutes: set RINGSIDE_TEST_PEERS to the number of rounds")
	}
	realA, realB := real(t, "A"), real(t, "B")
	build := exec.Command("go", "build", "-o", filepath.Join(t.TempDir(), "peers"), ".")
	build.Dir = "testdata/peers"
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	peers := build.Args[3]
	cache := filepath.Join(t.TempDir(), "home")
	contests := []contest{
		{"ringside", ours},
		{"regclient", program(func(s, d string) []string { return []string{peers, "regclient", s, d} }, true)},
		{"crane", program(func(s, d string) []string { return []string{peers, "crane", s, d} }, true)},
		{"skopeo", program(func(s, d string) []string {
			return []string{"env", "HOME=" + cache, "XDG_DATA_HOME=" + cache, "skopeo", "--insecure-policy", "copy", "-q", "--all",
				"--src-tls-verify=false", "--dest-tls-verify=false", "docker://" + s, "docker://" + d}
		}, false)},
	}
	const size = 10 << 20
	app := newRealImage("v1", size, false, "b1", "b2", "b3", "b4", "b5")
	app2 := newRealImage("v1", size, false, "b1", "b2", "b3", "b4", "b6")
	api := newRealImage("v1", size, false, "b1", "b2", "b3", "b7")
	cells := []string{"full", "nothing", "delta", "sister"}
	type cost struct {
		took     []time.Duration
		requests int
		up, down int64
		perSide  [2]int
	}
	costs := map[string]map[string]*cost{}
	for round := range rounds {
		for _, c := range contests {
			a, b := newProxy(t, realA), newProxy(t, realB)
			b.set(func(p *proxy) { p.delay, p.rate = 80*time.Millisecond, 20e6 })
			repository, other := fresh("peers"), fresh("peers2")
			for _, cell := range cells {
				repositories := []string{repository}
				switch cell {
				case "full":
					app.push(t, realA, repository)
				case "delta":
					app2.push(t, realA, repository)
				case "sister":
					api.push(t, realA, other)
					repositories = []string{repository, other}
				}
				a.reset()
				b.reset()
				os.RemoveAll(filepath.Join(cache, "containers")) // skopeo's memory of blobs
				took := c.copy(t, a.address(), b.address(), repositories, "v1")
				ra, _, down := a.counts()
				rb, up, _ := b.counts()
				if costs[cell] == nil {
					costs[cell] = map[string]*cost{}
				}
				if costs[cell][c.name] == nil {
					costs[cell][c.name] = &cost{}
				}
				k := costs[cell][c.name]
				k.took = append(k.took, took)
				k.requests, k.up, k.down, k.perSide = ra+rb, up, down, [2]int{ra, rb}
				if round == 0 && c.name == "ringside" {
					t.Logf("%s: source %v, target %v", cell, a.kinds, b.kinds)
				}
			}
		}
	}
	var table strings.Builder
	for _, cell := range cells {
		for _, c := range contests {
			k := costs[cell][c.name]
			fmt.Fprintf(&table, "%-8s %-10s %6.2f s (%.2f-%.2f)  %2d+%2d requests  %6.1f MB up  %6.1f MB down\n", cell, c.name,
				median(k.took).Seconds(), slices.Min(k.took).Seconds(), slices.Max(k.took).Seconds(), k.perSide[0], k.perSide[1], float64(k.up)/1e6, float64(k.down)/1e6)
		}
		us := costs[cell]["ringside"]
		for _, c := range contests[1:] {
			k := costs[cell][c.name]
			// How many blobs are looked for before one was mounted depends on which
			// comes first; the time is the table's to tell.
			if us.requests > k.requests+k.requests/5 || us.up > k.up+64<<10 {
				t.Errorf("%s: %d requests and %d bytes, but %s needs %d and %d", cell, us.requests, us.up, c.name, k.requests, k.up)
			}
		}
	}
	t.Logf("80 ms a request and 20 MB/s at the target, %d rounds\n%s", rounds, table.String())
}

func median(d []time.Duration) time.Duration {
	d = slices.Sorted(slices.Values(d))
	return d[len(d)/2]
}
