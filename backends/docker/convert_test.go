package docker

import (
	"math"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
)

func TestSplitImage(t *testing.T) {
	for ref, want := range map[string][2]string{
		"web":                                  {"web", ""},
		"web:1.9":                              {"web", "1.9"},
		"reg.example:5000/team/web":            {"reg.example:5000/team/web", ""},
		"reg.example:5000/team/web:1.9":        {"reg.example:5000/team/web", "1.9"},
		"reg.example:5000/web:1.9@sha256:0123": {"reg.example:5000/web", "1.9"},
		"web@sha256:0123":                      {"web", ""},
		"sha256:0123":                          {"sha256:0123", ""},
		"":                                     {"", ""},
	} {
		if r, tag := splitImage(ref); r != want[0] || tag != want[1] {
			t.Errorf("%q: %q %q", ref, r, tag)
		}
	}
}

func TestDigestOf(t *testing.T) {
	both := []string{"<none>@<none>", "mirror/web@sha256:aa", "reg/web@sha256:bb"}
	for repo, want := range map[string]string{"reg/web": "sha256:bb", "other": "sha256:aa"} {
		if got := digestOf(repo, both); got != want {
			t.Errorf("%s: %s, want %s", repo, got, want)
		}
	}
	if digestOf("web", nil) != "" || digestOf("web", []string{"<none>@<none>"}) != "" {
		t.Error("a digest from nowhere")
	}
}

func TestHealthFromStatus(t *testing.T) {
	for status, want := range map[string]Health{
		"Up 3 hours (healthy)": Healthy, "Up 3 hours (unhealthy)": Unhealthy, "Up 2 seconds (health: starting)": Starting,
		"Up 3 hours": "", "Up 3 hours (Paused)": "", "Exited (0) 2 hours ago": "",
	} {
		if got := healthFromStatus(status); got != want {
			t.Errorf("%q: %q", status, got)
		}
	}
}

func TestOwnName(t *testing.T) {
	if n := ownName([]string{"/shop/db", "/web\x1b[31m"}); n != "web" {
		t.Errorf("%q", n)
	}
}

func TestNanoCPUs(t *testing.T) {
	for _, tc := range []struct {
		r    container.Resources
		want int64
	}{{container.Resources{NanoCPUs: 5e8}, 5e8}, {container.Resources{CPUQuota: 150000, CPUPeriod: 100000}, 15e8}, {container.Resources{CPUQuota: 50000}, 5e8}, {container.Resources{CPUQuota: -1}, 0}} {
		if got := nanoCPUs(tc.r); got != tc.want {
			t.Errorf("%+v: %d", tc.r, got)
		}
	}
}

func TestIsSecret(t *testing.T) {
	for _, tc := range []struct {
		name, value string
		want        bool
	}{
		{"DB_PASSWORD", "hunter2", true},
		{"PGPASSWORD", "x", true},
		{"api_key", "abc", true},
		{"AWS_SECRET_ACCESS_KEY", "x", true},
		{"GITHUB_TOKEN", "x", true},
		{"SESSION_SECRET", "x", true},
		{"SSH_KEY", "x", true},
		{"SENTRY_DSN", "x", true},
		{"MYSQL_ROOT_PASSWORD_FILE", "/run/secrets/db", false},
		{"TOKEN_URL", "https://auth.example/token", false},
		{"KEY_ID", "7", false},
		{"PASSWORD", "", false},
		{"AUTH", "true", false},
		{"PWD", "/app", false},
		{"MONKEY", "banana", false},
		{"AUTHOR", "aoi", false},
		{"KEYBOARD", "jp106", false},
		{"COMPASS", "north", false},
		{"DATABASE_URL", "postgres://app:hunter2@db:5432/shop", true},
		{"DATABASE_URL", "postgres://app:p%ss@w#rd@db/shop", true},
		{"HTTP_PROXY", "http://proxy.example:3128", false},
		{"BROKERS", "amqp://a.example, amqp://u:p@b.example", true},
		{"HOOK", "https://hooks.example/x?token=abc", true},
		{"CERT", "-----BEGIN RSA PRIVATE KEY-----\nMIIE", true},
		{"BLOB", "ghp_16C7e42F292c6912E7710c838347Ae178B4a", true},
		{"AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE", false},
		{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", false},
		{"JAVA_OPTS", "-Xmx512m -Dfile.encoding=UTF-8", false},
		{"LANG", "ja_JP.UTF-8", false},
		{"HOSTNAME", "web-7f9c", false},
		{"GOLANG_VERSION", "1.26.8", false},
		{"NOTE", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa1111111111", false},
	} {
		if got := isSecret(tc.name, tc.value); got != tc.want {
			t.Errorf("%s=%s: %v", tc.name, tc.value, got)
		}
	}
}

func TestSampleOf(t *testing.T) {
	for name, stats := range map[string]map[string]uint64{
		"v1": {"total_inactive_file": 30, "inactive_file": 5},
		"v2": {"inactive_file": 30},
	} {
		s := sampleOf(&container.StatsResponse{MemoryStats: container.MemoryStats{Usage: 100, Limit: 500, Stats: stats}})
		if s.memory != 70 || s.limit != 500 {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestRates(t *testing.T) {
	at := time.Unix(1000, 0)
	a := sample{at: at, cpu: 1e9, rx: 100, wr: 50}
	b := sample{at: at.Add(2 * time.Second), cpu: 6e9, rx: 300, wr: 50, memory: 7}
	if s := rates(a, b); s.CPU != 250 || s.NetRx != 100 || s.DiskWr != 0 || s.Memory != 7 {
		t.Errorf("%+v", s)
	}
	for name, from := range map[string]sample{"first": {}, "restarted": {at: at, cpu: 9e9}, "same moment": {at: b.at}} {
		if s := rates(from, b); !math.IsNaN(s.CPU) || !math.IsNaN(s.NetRx) || s.Memory != 7 {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestHistories(t *testing.T) {
	h := histories{}
	var f *StatsFacts
	for i := range HistoryLen + 10 {
		f = h.add("e", map[string]sample{"a": {at: time.Unix(int64(i+1), 0), cpu: uint64(i) * 1e9, memory: int64(i)}})
	}
	s := f.Stats["a"]
	if len(s.CPUHistory) != HistoryLen || len(s.MemHistory) != HistoryLen || s.MemHistory[HistoryLen-1] != HistoryLen+9 {
		t.Errorf("%d %d", len(s.CPUHistory), len(s.MemHistory))
	}
	before := s.MemHistory[0]
	h["a"].seen = time.Now().Add(-keepUnseen)
	h.add("e", map[string]sample{"a": {at: time.Unix(9e6, 0)}})
	if s.MemHistory[0] != before {
		t.Error("facts that were handed out have changed")
	}
	h["a"].seen = time.Now().Add(-keepUnseen - time.Second)
	if h.add("e", nil); !h.lacks([]string{"a"}) {
		t.Error("kept for ever")
	}
}

func TestTable(t *testing.T) {
	mk := func(id, name string, s State) *Container { return &Container{ID: id, Name: name, State: s} }
	tb := newTable()
	tb.replace([]*Container{mk("1", "b", Running), mk("2", "a", Exited)})
	first, changed := tb.list()
	if !changed || len(first) != 2 || first[0].Name != "a" {
		t.Fatalf("%v %v", first, changed)
	}
	if got := tb.unknown([]string{"2"}, 1); len(got) != 1 || got[0] != "2" {
		t.Errorf("looked at comes first: %v", got)
	}
	tb.learn([]string{"1", "2"}, map[string]known{"1": {state: Running, restarts: 3}})
	second, changed := tb.list()
	if !changed || !second[1].Known || second[1].Restarts != 3 || second[0].Known || first[1].Known {
		t.Error("learned the wrong thing, or changed what was handed out")
	}
	tb.replace([]*Container{mk("1", "b", Running), mk("2", "a", Exited)})
	if third, changed := tb.list(); changed || third[1] != second[1] {
		t.Error("an equal list is a change")
	}
	tb.replace([]*Container{mk("1", "b", Exited)})
	if l, _ := tb.list(); len(l) != 1 || l[0].Known {
		t.Error("what was known of another state still holds")
	}
	tb.replace([]*Container{mk("1", "b", Running)})
	if stale := tb.learn([]string{"1"}, map[string]known{"1": {state: Exited, exitCode: 137}}); len(stale) != 1 {
		t.Error("a stale list is not read again")
	}
	if l, _ := tb.list(); l[0].State != Exited || l[0].ExitCode != 137 {
		t.Error("the newer word of the inspect does not hold")
	}
	for range 100 {
		tb.replace([]*Container{mk("1", "b", Running)})
		tb.learn([]string{"1"}, map[string]known{"1": {state: Exited}})
	}
	if stale := tb.learn([]string{"1"}, map[string]known{"1": {state: Exited}}); len(stale) != 0 {
		t.Error("an engine that contradicts itself is asked for ever")
	}
	tb.update([]string{"1", "9"}, []*Container{mk("9", "z", Running)})
	if l, _ := tb.list(); len(l) != 1 || l[0].ID != "9" {
		t.Errorf("%v", l)
	}
}
