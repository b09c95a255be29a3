package swift

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// sample reads one recorded answer of a real node: testdata/recon/FILE, which maps
// paths below /recon/ to bodies exactly as they were sent.
func sample(t testing.TB, file, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "recon", file+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	if all[path] == nil {
		t.Fatalf("%s has no %s", file, path)
	}
	return all[path]
}

// unix is a moment as recon writes it.
func unix(s float64) time.Time { return time.Unix(0, int64(s*1e6)*1000) }

func near(a, b time.Time) bool { return a.Sub(b).Abs() < time.Millisecond }

// TestRecorded reads what Swift 2.30.1 sent. Times are moved by a skew of 90 s.
func TestRecorded(t *testing.T) {
	const skew = 90 * time.Second
	for _, c := range []struct {
		file, path string
		parse      func([]byte) (any, bool, error)
		want       string
		null       bool
	}{
		{"healthy", "version", of(parseVersion), "2.30.1", false},
		{"healthy", "devices", of(parseDirectories), "{/srv/node [d1 d2] true}", false},
		{"proxy", "devices", of(parseDirectories), "{/srv/node [] true}", false},
		{"faults/no-directory", "devices", of(parseDirectories), "{/srv/node [d1] true}", false},
		{"faults/stray-directory", "devices", of(parseDirectories), "{/srv/node [d1 d2 lost+found] true}", false},
		{"healthy", "unmounted", of(parseUnmounted), "[]", false},
		{"faults/unmounted", "unmounted", of(parseUnmounted), "[{d2 }]", false},
		{"faults/stray-directory", "unmounted", of(parseUnmounted), "[{lost+found }]", false},
		{"healthy", "diskusage", of(parseUsage), "[{d1 true  67108864 352256 66756608 {0 0s}} {d2 true  67108864 524288 66584576 {0 0s}}]", false},
		{"faults/unmounted", "diskusage", of(parseUsage), "[{d1 true  67108864 339968 66768896 {0 0s}} {d2 false  0 0 0 {0 0s}}]", false},
		{"faults/full-disk", "diskusage", of(parseUsage), "[{d1 true  67108864 67108864 0 {0 0s}} {d2 true  67108864 1568768 65540096 {0 0s}}]", false},
		{"healthy", "quarantined", of(parseQuarantined), "{0 0 0 map[]}", false},
		{"faults/hash-suffix-quarantine", "quarantined", of(parseQuarantined), "{0 0 88 map[0:42 1:37 2:9]}", false},
		{"faults/quarantined-container", "quarantined", of(parseQuarantined), "{0 1 0 map[]}", false},
		{"faults/quarantined-fragment", "quarantined", of(parseQuarantined), "{0 0 1 map[1:1]}", false},
		{"cold", "async", with(parseAsync), "", true},
		{"proxy", "async", with(parseAsync), "", true},
		{"cold", "replication/account", kind(parseReplication, Account), "", true},
		{"cold", "replication/object", kind(parseReplication, Object), "", true},
		{"cold", "reconstruction/object", with(parseReconstruction), "", true},
		{"cold", "updater/object", kind(parseUpdater, Object), "", true},
		{"cold", "auditor/object", kind(parseAuditor, Object), "", true},
		{"cold", "auditor/account", kind(parseAuditor, Account), "", true},
		{"cold", "sharding", with(parseSharding), "", true},
		{"healthy", "relinker", of(parseRelinker), "", true},
		{"faults/relinker", "relinker", of(parseRelinker), "{relink 15 15 0}", false},
		{"healthy", "driveaudit", of(parseDriveErrors), "", true},
		{"healthy", "expirer/object", of(parseExpirer), "", true},
		{"healthy", "load", of(parseLoad), "{0.82 0.88 1.31}", false},
		{"healthy", "mem", of(parseMemory), "{25276502016 24098881536}", false},
		{"healthy", "sockstat", of(parseSockets), "{35 368 0}", false},
		{"healthy", "swiftconfmd5", of(parseConfMD5), "ee6ded0ad6c6f5b8f49db45e9eaff4bb", false},
		{"faults/conf-drift", "swiftconfmd5", of(parseConfMD5), "47b0834ea4032c8b77839fd0e4c58ea9", false},
		{"faults/ring-missing", "ringmd5", of(parseRingMD5), "map[account:0a5f37b1e3d0cee4a225bf754d74f501 container:ff1aa193f51ec260df9c2b75ad7bd29a object:937e0832a1c94abe18852d1c3f2b8113 object-1:109c993d89a02835b6626e78fdd1a78f]", false},
	} {
		got, ok, err := c.parse(sample(t, c.file, c.path))
		text := strings.NewReplacer("+Inf", "").Replace(fmt.Sprint(got))
		if err != nil || ok == c.null || !c.null && text != c.want {
			t.Errorf("%s %s:\n got %s, %v, %v\nwant %s, null %v", c.file, c.path, text, ok, err, c.want, c.null)
		}
	}

	a, _, _ := parseAsync(sample(t, "faults/async-pending", "async"), skew)
	if a.Pending != 5 || !near(a.Counted, unix(1795397108.318416).Add(-skew)) {
		t.Errorf("async = %+v", a)
	}
}

func of[T any](parse func([]byte) (T, bool, error)) func([]byte) (any, bool, error) {
	return func(b []byte) (any, bool, error) { v, ok, err := parse(b); return v, ok, err }
}

func with[T any](parse func([]byte, time.Duration) (T, bool, error)) func([]byte) (any, bool, error) {
	return func(b []byte) (any, bool, error) { v, ok, err := parse(b, 0); return v, ok, err }
}

func kind[T any](parse func([]byte, Kind, time.Duration) (T, bool, error), k Kind) func([]byte) (any, bool, error) {
	return func(b []byte) (any, bool, error) { v, ok, err := parse(b, k, 0); return v, ok, err }
}

// Object replication and reconstruction write minutes, everything else seconds.
func TestUnits(t *testing.T) {
	object, _, _ := parseReplication(sample(t, "healthy", "replication/object"), Object, 0)
	account, _, _ := parseReplication(sample(t, "healthy", "replication/account"), Account, 0)
	again, _, _ := parseReconstruction(sample(t, "healthy", "reconstruction/object"), 0)
	for _, c := range []struct {
		what string
		got  time.Duration
		want float64 // seconds
	}{
		{"object replication", object.Took, 0.0018065730730692545 * 60},
		{"account replication", account.Took, 0.009849309921264648},
		{"reconstruction", again.Took, 0.0033634026845296224 * 60},
	} {
		if d := c.got.Seconds() - c.want; d > 1e-6 || d < -1e-6 {
			t.Errorf("%s took %v, want %v s", c.what, c.got, c.want)
		}
	}
	if !near(object.Last, unix(1795396476.4754648)) || object.Attempted != 35 || object.Success != 55 || object.Failing != nil {
		t.Errorf("object = %+v", object)
	}
	u, ok, err := parseUpdater(sample(t, "healthy", "updater/object"), Object, 0)
	if err != nil || !ok || u.Took.Round(time.Microsecond) != 2659*time.Microsecond || u.Told {
		t.Errorf("updater = %+v, %v, %v", u, ok, err)
	}
	u, ok, err = parseUpdater(sample(t, "later-2.38-updater", "updater/object"), Object, 0)
	if err != nil || !ok || !u.Told || u.Failures != 1 || u.Oldest != 1770*time.Millisecond || !near(u.Last, unix(1795395067.8)) {
		t.Errorf("updater of 2.38 = %+v, %v, %v", u, ok, err)
	}
	s, ok, err := parseSharding(sample(t, "healthy", "sharding"), 0)
	if err != nil || !ok || s.Took.Round(time.Millisecond) != 22*time.Millisecond || s.Candidates != 0 {
		t.Errorf("sharding = %+v, %v, %v", s, ok, err)
	}
	p, ok, err := parseAuditor(sample(t, "healthy", "auditor/object"), Object, 0)
	if err != nil || !ok || p.Bytes != 5000 || p.Quarantined != 0 || !near(p.Started, unix(1795396478.3445396)) {
		t.Errorf("auditor = %+v, %v, %v", p, ok, err)
	}
}

func TestFailureNodes(t *testing.T) {
	for file, want := range map[string]map[string]map[string]int64{
		"healthy":                               nil,
		"faults/object-server-dead":             {"127.77.0.4": {"d1": 20, "d2": 16}},
		"faults/own-disk-unmounted-replication": {"127.77.0.1": {"d1": 2, "d2": 2}, "127.77.0.2": {"d1": 2, "d2": 2}, "127.77.0.3": {"d1": 2, "d2": 2}, "127.77.0.4": {"d1": 2, "d2": 2}},
	} {
		r, ok, err := parseReplication(sample(t, file, "replication/object"), Object, 0)
		if err != nil || !ok || !reflect.DeepEqual(r.Failing, want) {
			t.Errorf("%s: %v, %v, %v", file, r.Failing, ok, err)
		}
	}
}

// What the samples do not have: shapes that Swift's source can send, and bytes from
// somebody who means harm.
func TestOddAnswers(t *testing.T) {
	for _, c := range []struct {
		what  string
		body  string
		parse func([]byte) (any, bool, error)
		want  string // "null", "error", or the value
	}{
		{"a data directory that cannot be listed", `{"/srv/node":null}`, of(parseDirectories), "{/srv/node [] false}"},
		{"a disk with I/O errors", `[{"device":"d1","mounted":"[Errno 5] Input/output error: '/srv/node/d1'"}]`, of(parseUnmounted), "[{d1 [Errno 5] Input/output error: '/srv/node/d1'}]"},
		{"and its usage", `[{"device":"d1","mounted":"[Errno 5]","size":"","used":"","avail":""}]`, of(parseUsage), "[{d1 false [Errno 5] 0 0 0 {0 0s}}]"},
		{"a ring that cannot be read", `{"/etc/swift/object.ring.gz":null}`, of(parseRingMD5), "map[object:]"},
		{"escapes in a device", "[{\"device\":\"d\\u001b[31m1\",\"mounted\":false}]", of(parseUnmounted), "[{d1 }]"},
		{"usage that is a list of nothing", `null`, of(parseUsage), "null"},
		{"usage in words", `[{"device":"d1","mounted":true,"size":"big"}]`, of(parseUsage), "error"},
		{"a count below nothing", `{"objects":-5,"containers":1e300,"accounts":2.0}`, of(parseQuarantined), "null"},
		{"a count in floats", `{"objects":5.0,"containers":1e300,"accounts":2.0}`, of(parseQuarantined), "{2 0 5 map[]}"},
		{"a time in the far future", `1e300`, func(b []byte) (any, bool, error) { _, ok, err := parseTime(b); return nil, ok, err }, "null"},
		{"a time in words", `"now"`, func(b []byte) (any, bool, error) { _, ok, err := parseTime(b); return nil, ok, err }, "error"},
		{"a drive audit", `{"drive_audit_errors":3}`, of(parseDriveErrors), "3"},
		{"an expirer's pass", `{"object_expiration_pass":12.5,"expired_last_pass":7}`, of(parseExpirer), "{12.5s 7}"},
		{"an auditor for each disk", `{"object_auditor_stats_ALL":{"d1":{"errors":1,"quarantined":2,"bytes_processed":10,"start_time":1795396478},"d2":{"errors":0,"quarantined":1,"bytes_processed":5,"start_time":1795396400}}}`,
			func(b []byte) (any, bool, error) {
				a, ok, err := parseAuditor(b, Object, 0)
				return fmt.Sprint(a.Errors, a.Quarantined, a.Bytes, a.Started.Unix()), ok, err
			}, "1 3 15 1795396400"},
		{"failures that are floats", `{"replication_time":1.5,"replication_last":1795396476,"replication_stats":{"failure":2.0,"failure_nodes":{"10.0.0.1":{"d1":2.0}}}}`,
			func(b []byte) (any, bool, error) {
				r, ok, err := parseReplication(b, Container, 0)
				return fmt.Sprint(r.Took, r.Failure, r.Failing), ok, err
			}, "1.5s 2 map[10.0.0.1:map[d1:2]]"},
		{"HTML", `<html>`, of(parseUsage), "error"},
		{"no memory", `{}`, of(parseMemory), "null"},
	} {
		got, ok, err := c.parse([]byte(c.body))
		text := fmt.Sprint(got)
		switch {
		case err != nil:
			text = "error"
		case !ok:
			text = "null"
		}
		if text != c.want {
			t.Errorf("%s: %s (%v), want %s", c.what, text, err, c.want)
		}
	}
}

func FuzzRecon(f *testing.F) {
	for _, c := range checks {
		f.Add(c.path, []byte("null"))
	}
	for _, path := range []string{"diskusage", "unmounted", "replication/object", "relinker", "auditor/object"} {
		f.Add(path, sample(f, map[bool]string{true: "faults/relinker", false: "healthy"}[path == "relinker"], path))
	}
	f.Fuzz(func(t *testing.T, path string, body []byte) {
		for _, c := range checks {
			if c.path == path {
				r := &reader{node: &Node{}, at: time.Now(), past: &past{}, hear: func(map[string]string) {}}
				_ = c.read(r, body) // it must not panic, whatever comes
				if text := fmt.Sprintf("%+v", r.node); strings.ContainsRune(text, 0x1b) {
					t.Errorf("an escape came through: %q", text)
				}
			}
		}
	})
}
