package command

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	lab "ringside/backends/lab/swift"
)

const swiftConf = `[swift-hash]
swift_hash_path_prefix = changeme
swift_hash_path_suffix = s3cr3t
[storage-policy:0]
name = gold
default = yes
[storage-policy:1]
name = ec42
aliases = cold, archive
policy_type = erasure_coding
ec_type = liberasurecode_rs_vand
ec_num_data_fragments = 4
ec_num_parity_fragments = 2
`

// rings writes a cluster of 12 servers in 4 zones: account and container rings, a
// replicated and an erasure coded policy.
func rings(t *testing.T) (dir string, object *lab.Ring) {
	t.Helper()
	dir = t.TempDir()
	devices := func() []*lab.Device {
		return lab.Servers(12, 2, 4, func(s int) (string, int) { return fmt.Sprintf("10.0.0.%d", s+1), 6200 })
	}
	for name, replicas := range map[string]float64{"account": 3, "container": 3, "object": 3, "object-1": 6} {
		r, err := lab.MakeRing(lab.RingSpec{Devices: devices(), Replicas: replicas, PartPower: 8, Version: 5, Seed: uint64(len(name))})
		if err != nil {
			t.Fatal(err)
		}
		saveRing(t, r, filepath.Join(dir, name+".ring.gz"))
		if name == "object" {
			object = r
		}
	}
	write(t, filepath.Join(dir, "swift.conf"), swiftConf)
	return dir, object
}

func saveRing(t *testing.T, r *lab.Ring, path string) {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteV1(&b); err != nil {
		t.Fatal(err)
	}
	write(t, path, b.String())
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// swiftRun runs a command that needs no fleet, with none to be found.
func swiftRun(t *testing.T, args ...string) result {
	t.Helper()
	var out, errOut bytes.Buffer
	a := newApp(Options{Args: append([]string{"swift"}, args...), In: strings.NewReader(""), Out: &out, Err: &errOut,
		Getenv: func(string) string { return "" }, Signals: make(chan os.Signal)})
	a.terminal = func(any) bool { return false }
	return result{execute(t, a), out.String(), errOut.String()}
}

// newRing writes a directory whose object ring has a drained server.
func newRing(t *testing.T, object *lab.Ring) string {
	t.Helper()
	dir := t.TempDir()
	next, err := object.Change(9, func(list []*lab.Device) []*lab.Device {
		list[0].Weight, list[1].Weight = 0, 0
		return list
	})
	if err != nil {
		t.Fatal(err)
	}
	saveRing(t, next, filepath.Join(dir, "object.ring.gz"))
	return dir
}

func TestSwiftExitCodes(t *testing.T) {
	dir, object := rings(t)
	next := newRing(t, object)
	empty := t.TempDir()
	broken := t.TempDir()
	write(t, filepath.Join(broken, "object.ring.gz"), "no ring")
	assumed := t.TempDir()
	saveRing(t, object, filepath.Join(assumed, "object.ring.gz"))
	for _, c := range []struct {
		args string
		code int
		says string // on the error output
	}{
		{"rings --rings " + dir, ExitDone, ""},
		{"rings --rings " + dir + "/none", ExitUsage, "--rings DIR says where"},
		{"rings --rings " + empty, ExitUsage, "holds no rings"},
		{"rings --rings " + broken, ExitUsage, "byte 0 of the file: this is no gzip file"},
		{"rings --rings " + assumed, ExitDone, "taken as replicated"},
		{"what-if --rings " + dir + " --down 10.0.0.1", ExitDone, ""},
		{"what-if --rings " + dir + " --down 10.0.0.1,10.0.0.2 --fail-on below-quorum", ExitBlocked, ""},
		{"what-if --rings " + assumed + " --down 10.0.0.1 --fail-on below-quorum", ExitDone, ""},
		{"what-if --rings " + assumed + " --down 10.0.0.1 --fail-on degraded", ExitBlocked, ""},
		{"what-if --rings " + assumed + " --unknown 10.0.0.1 --fail-on degraded", ExitBlocked, ""},
		{"what-if --rings " + dir + " --down 10.0.0.99", ExitUsage, `no ring has a device that "10.0.0.99" names; the hosts are 10.0.0.1`},
		{"what-if --rings " + dir + " --down zone=x", ExitUsage, "not a number"},
		{"what-if --rings " + dir + " --down rack=1", ExitUsage, "HOST, HOST:DEVICE"},
		{"what-if --rings " + dir + " --fail-on always", ExitUsage, "degraded, below-quorum, unreadable"},
		{"what-if --rings " + dir + " --worst -1", ExitUsage, "number of partitions"},
		{"safe --rings " + dir, ExitDone, ""},
		{"locate --rings " + dir, ExitUsage, "name a path"},
		{"locate --rings " + dir + " a/b/c --partition 1", ExitUsage, "name a path"},
		{"locate --rings " + dir + " a/b/c --ring silver", ExitUsage, "account, container, gold, ec42"},
		{"locate --rings " + dir + " --partition 256", ExitUsage, "up to 255"},
		{"locate --rings " + assumed + " a/b/c", ExitUsage, "--conf FILE"},
		{"locate --rings " + dir + " a//c", ExitUsage, "ACCOUNT/CONTAINER/OBJECT"},
		{"locate --rings " + dir + " /srv/node/d1/objects/3/5f2/0123456789abcdef0123456789abc5f2", ExitUsage, "partition 1 in this ring, the path says 3"},
		{"diff " + dir + "/object.ring.gz " + next + "/object.ring.gz", ExitDone, ""},
		{"diff " + dir + " " + next + " --fail-on below-quorum", ExitDone, ""},
		{"diff " + dir + " " + next + "/object.ring.gz", ExitUsage, "two ring files, or two directories"},
		{"diff " + dir + "/object.ring.gz " + next + "/none", ExitUsage, "no such file"},
		{"diff " + dir + " " + next + " --by rack", ExitUsage, "ring, host, device"},
		{"diff " + dir + " " + next + " --used much", ExitUsage, "800GB"},
		{"nonsense", ExitUsage, `has no command "nonsense"`},
	} {
		r := swiftRun(t, strings.Fields(c.args)...)
		if r.code != c.code || !strings.Contains(r.err, c.says) {
			t.Errorf("swift %s: %d, not %d\n%s", c.args, r.code, c.code, r.err)
		}
		if strings.Contains(r.out+r.err, "s3cr3t") {
			t.Errorf("swift %s shows a secret", c.args)
		}
	}
}

// TestSwiftRings reads a ring with its builder, and then another ring beside it.
func TestSwiftRings(t *testing.T) {
	dir := t.TempDir()
	for from, to := range map[string]string{"later.v2.ring.gz": "object.ring.gz", "later.builder": "object.builder"} {
		data, err := os.ReadFile(filepath.Join("../../backends/swift/ring/testdata", from))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, to), string(data))
	}
	one := func() map[string]any {
		t.Helper()
		r := swiftRun(t, "rings", "--rings", dir, "-o", "json")
		rows := decode(t, r.out)
		if r.code != ExitDone || len(rows) != 1 {
			t.Fatalf("%+v", r)
		}
		return rows[0]
	}
	row := one()
	for key, want := range map[string]any{
		"ring": "object", "scheme": "replicated (assumed)", "partitions": 16.0, "replicas": 2.5, "zones": 3.0, "hosts": 5.0, "devices": 5.0, "version": 10.0,
		"next_part_power": 5.0, "format": 2.0, "builder_version": 10.0, "obsolete": false, "pending_devices": 0.0, "overload_percent": 0.0,
	} {
		if row[key] != want {
			t.Errorf("%s is %v, not %v", key, row[key], want)
		}
	}
	_, object := rings(t)
	saveRing(t, object, filepath.Join(dir, "object.ring.gz"))
	if row = one(); row["obsolete"] != true || row["builder_version"] != 10.0 || row["version"] != 5.0 {
		t.Errorf("%v", row)
	}
	if text := swiftRun(t, "rings", "--rings", dir).out; !strings.Contains(text, "v10, 24 devices not written") {
		t.Error(text)
	}
	// A builder that cannot be read does not hide the rings.
	write(t, filepath.Join(dir, "object.builder"), "\x80\x02cposix\nsystem\n.")
	if r := swiftRun(t, "rings", "--rings", dir); r.code != ExitFailed || !strings.Contains(r.err, `the global "system" of module "posix" is refused`) || !strings.Contains(r.out, "object") {
		t.Errorf("%+v", r)
	}
	if all, _ := rings(t); len(decode(t, swiftRun(t, "rings", "--rings", all, "-o", "json").out)) != 4 {
		t.Error("not all rings are listed")
	}
}

func TestSwiftWhatIf(t *testing.T) {
	dir, _ := rings(t)
	r := swiftRun(t, "what-if", "--rings", dir, "--down", "10.0.0.1,10.0.0.2:d1", "--unknown", "zone=3", "-o", "json")
	rows := decode(t, r.out)
	if len(rows) != 4 || r.err != "" {
		t.Fatalf("%+v", r)
	}
	for i, want := range []string{"account/replicated", "container/replicated", "object/replicated", "object-1/ec 4+2"} {
		row := rows[i]
		if got := fmt.Sprintf("%v/%v", row["ring"], row["scheme"]); got != want || row["devices_off"] != 3.0 || row["partitions"] != 256.0 {
			t.Errorf("%v, not %s", row, want)
		}
		if row["degraded"].(float64) <= 0 || row["degraded_at_most"].(float64) < row["degraded"].(float64) {
			t.Errorf("%v", row)
		}
	}
	if rows[3]["below_quorum"].(float64) == 0 || rows[0]["below_quorum_at_most"].(float64) == 0 {
		t.Errorf("%v", rows)
	}
	text := swiftRun(t, "what-if", "--rings", dir, "--down", "10.0.0.1", "--unknown", "10.0.0.2").out
	if !strings.Contains(text, "BELOW QUORUM") || !strings.Contains(text, " to ") {
		t.Error(text)
	}
	worst := decode(t, swiftRun(t, "what-if", "--rings", dir, "--down", "zone=1,zone=2,zone=3", "--worst", "2", "-o", "json").out)
	if len(worst) != 8 || worst[0]["state"] != "unreadable" || worst[0]["on"] != 0.0 || len(worst[0]["off"].([]any)) != 3 {
		t.Errorf("%v", worst)
	}
}

func TestSwiftSafe(t *testing.T) {
	dir, _ := rings(t)
	r := swiftRun(t, "safe", "--rings", dir, "--down", "10.0.0.1")
	rows := decode(t, swiftRun(t, "safe", "--rings", dir, "--down", "10.0.0.1", "-o", "json").out)
	if len(rows) != 12 || rows[0]["host"] != "10.0.0.1" || rows[0]["off"] != true || rows[0]["safe"] != false {
		t.Fatalf("%v", rows)
	}
	if !strings.Contains(r.out, "off already") || !strings.Contains(r.out, "go off") {
		t.Error(r.out)
	}
	if byPort := decode(t, swiftRun(t, "safe", "--rings", dir, "--by-port", "-o", "json").out); len(byPort) != 12 || byPort[0]["host"] != "10.0.0.1:6200" {
		t.Errorf("%v", byPort)
	}
	// What is said to be safe is safe when it is asked again.
	var set []string
	for _, row := range rows {
		if row["in_set"] == true {
			set = append(set, row["host"].(string))
		}
	}
	before := decode(t, swiftRun(t, "what-if", "--rings", dir, "--down", "10.0.0.1", "-o", "json").out)
	after := decode(t, swiftRun(t, "what-if", "--rings", dir, "--down", strings.Join(append(set, "10.0.0.1"), ","), "-o", "json").out)
	for i := range before {
		if before[i]["below_quorum"] != after[i]["below_quorum"] {
			t.Errorf("%v off: %v, before %v", set, after[i], before[i])
		}
	}
}

func TestSwiftLocate(t *testing.T) {
	dir, _ := rings(t)
	rows := decode(t, swiftRun(t, "locate", "--rings", dir, "/v1/AUTH_shop/photos/2026/cat.jpg", "-o", "json").out)
	if len(rows) != 6+12 || rows[0]["ring"] != "object" || rows[17]["ring"] != "object-1" || rows[0]["role"] != "primary" || rows[5]["role"] != "handoff" {
		t.Fatalf("%v", rows)
	}
	disk := rows[6]["disk_path"].(string)
	if want := fmt.Sprintf("/srv/node/%v/objects-1/%v/", rows[6]["device"], rows[6]["partition"]); !strings.HasPrefix(disk, want) || !strings.HasSuffix(disk, rows[6]["hash"].(string)) {
		t.Errorf("%s does not begin with %s", disk, want)
	}
	// A path from a log leads to the same nodes.
	back := decode(t, swiftRun(t, "locate", "--rings", dir, disk+"/1700000000.00000#2#d.data", "-o", "json").out)
	for i := range back {
		if back[i]["device_id"] != rows[6+i]["device_id"] {
			t.Errorf("%v is not %v", back[i], rows[6+i])
		}
	}
	if only := decode(t, swiftRun(t, "locate", "--rings", dir, "AUTH_shop/photos/2026/cat.jpg", "--ring", "archive", "--handoffs", "1", "-o", "json").out); len(only) != 7 || only[0]["policy"] != "ec42" {
		t.Errorf("%v", only)
	}
	ip := rows[0]["ip"].(string)
	if text := swiftRun(t, "locate", "--rings", dir, "--partition", fmt.Sprint(rows[0]["partition"]), "--ring", "gold", "--down", ip).out; !strings.Contains(text, "(off)") || strings.Contains(text, "/srv/node") {
		t.Error(text)
	}
}

func TestSwiftDiff(t *testing.T) {
	dir, object := rings(t)
	next := newRing(t, object)
	rows := decode(t, swiftRun(t, "diff", dir, next, "--used", "64GB", "-o", "json").out)
	if len(rows) != 1 || rows[0]["ring"] != "object" || rows[0]["policy"] != "gold" || rows[0]["new_version"] != 7.0 || rows[0]["devices_reweighted"] != 2.0 {
		t.Fatalf("%v", rows)
	}
	if rows[0]["moved"] != 64.0 || rows[0]["partitions_moving_several"] != 0.0 || rows[0]["bytes"] != 128e9 {
		t.Errorf("a drained server of 2 x 32 replicas: %v", rows[0])
	}
	hosts := decode(t, swiftRun(t, "diff", dir, next, "--by", "host", "-o", "json").out)
	if hosts[0]["host"] != "10.0.0.1" || hosts[0]["out"] != 64.0 || hosts[0]["new_replicas"] != 0.0 {
		t.Errorf("%v", hosts[0])
	}
	devices := decode(t, swiftRun(t, "diff", dir, next, "--by", "device", "-o", "json").out)
	if devices[0]["device"] != "d1" || devices[0]["change"] != "reweighted" || devices[0]["new_weight"] != 0.0 {
		t.Errorf("%v", devices[0])
	}
	back := swiftRun(t, "diff", next+"/object.ring.gz", dir+"/object.ring.gz")
	if back.code != ExitDone || !strings.Contains(back.out, "7 to 5") {
		t.Errorf("%+v", back)
	}
}

// TestSwiftDoc finds keys of the output that the docs do not tell.
func TestSwiftDoc(t *testing.T) {
	doc, err := os.ReadFile("../../docs/command-line.md")
	if err != nil {
		t.Fatal(err)
	}
	for heading, rows := range map[string][]any{
		"swift rings": {ringRow{}}, "swift what-if": {whatIfRow{}, worstRow{}}, "swift safe": {safeRow{}},
		"swift locate": {locateRow{}}, "swift diff": {diffRow{}, placeRow{}},
	} {
		_, part, _ := strings.Cut(string(doc), "\n### "+heading+"\n")
		part, _, _ = strings.Cut(part, "\n### ")
		var keys []string
		for _, r := range rows {
			keys = append(keys, jsonKeys(reflect.TypeOf(r))...)
		}
		for _, k := range keys {
			if !strings.Contains(part, "`"+k+"`") {
				t.Errorf("%s: the key %s is not in the docs", heading, k)
			}
		}
		for i, word := range strings.Split(part, "`") {
			if i%2 == 1 && !slices.Contains(keys, word) && !strings.HasPrefix(word, "--") {
				t.Errorf("%s: the docs tell a key %s that is not there", heading, word)
			}
		}
	}
}

func jsonKeys(t reflect.Type) (out []string) {
	for i := range t.NumField() {
		if f := t.Field(i); f.Anonymous {
			out = append(out, jsonKeys(f.Type)...)
		} else {
			out = append(out, f.Tag.Get("json"))
		}
	}
	return out
}
