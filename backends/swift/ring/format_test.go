package ring_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	lab "ringside/backends/lab/swift"
	"ringside/backends/swift/ring"
)

// TestLater reads one ring in all files that a later version of Swift writes.
func TestLater(t *testing.T) {
	rows := [][]int{{2, 3, 3, 4, 0, 1, 1, 0, 3, 1, 1, 4, 2, 0, 4, 1}, {4, 2, 2, 3, 1, 2, 0, 2, 1, 3, 4, 3, 1, 2, 2, 3}, {3, 4, 1, 2, 4, 3, 4, 4}}
	check := func(name string, r *ring.Ring) {
		if r.Partitions() != 16 || r.Replicas() != 2.5 || r.Version() != 10 || r.NextPartPower() != 5 || len(r.Devices()) != 5 || r.Device(5) != nil {
			t.Errorf("%s: %d partitions, %g replicas, version %d, next part power %d, %d devices", name, r.Partitions(), r.Replicas(), r.Version(), r.NextPartPower(), len(r.Devices()))
		}
		for p := range 16 {
			var want []int
			for _, row := range rows {
				if p < len(row) {
					want = append(want, row[p])
				}
			}
			var got []int
			for _, d := range r.Primaries(p) {
				got = append(got, d.ID)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: partition %d is on %v, not %v", name, p, got, want)
			}
		}
		if d := r.Device(0); d == nil || d.String() != "r1z1-10.0.0.1:6200/sdb" || d.Weight != 50 || d.Meta != "rack 0" || d.ReplicationPort != 6200 {
			t.Errorf("%s: device 0 is %+v", name, d)
		}
	}
	for name, format := range map[string]int{"testdata/later.v1.ring.gz": 1, "testdata/later.v2.ring.gz": 2, "testdata/later.v2-wide.ring.gz": 2} {
		r, err := ring.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if r.File().Format != format || r.File().Name != name {
			t.Errorf("%+v", r.File())
		}
		check(name, r)
	}
	b, err := ring.LoadBuilder("testdata/later.builder")
	if err != nil {
		t.Fatal(err)
	}
	check("builder", b.Ring())
}

// pack makes a format 1 file of a header and what follows it.
func pack(header any, rows ...[]uint16) []byte {
	text, isText := header.(string)
	if !isText {
		b, _ := json.Marshal(header)
		text = string(b)
	}
	plain := append([]byte("R1NG\x00\x01"), binary.BigEndian.AppendUint32(nil, uint32(len(text)))...)
	plain = append(plain, text...)
	for _, row := range rows {
		for _, id := range row {
			plain = binary.LittleEndian.AppendUint16(plain, id)
		}
	}
	return zip(plain)
}

func zip(plain []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(plain)
	z.Close()
	return b.Bytes()
}

type object = map[string]any

func device(id int) object {
	return object{"id": id, "region": 1, "zone": 1, "ip": "10.0.0.1", "port": 6200, "device": fmt.Sprint("d", id), "weight": 1.0}
}

// header is that of 4 partitions and 3 devices, of which device 1 was removed, with
// changes.
func header(changes object) object {
	h := object{"byteorder": "little", "devs": []any{device(0), nil, device(2)}, "part_shift": 30, "replica_count": 2, "version": 3}
	for k, v := range changes {
		if v == nil {
			delete(h, k)
		} else {
			h[k] = v
		}
	}
	return h
}

func with(d object, key string, value any) object {
	d[key] = value
	return d
}

// TestBadFiles: what is wrong is told with its place, whatever is wrong.
func TestBadFiles(t *testing.T) {
	row := []uint16{0, 2, 0, 2}
	other := []uint16{2, 0, 2, 0}
	good := pack(header(nil), row, other)
	for name, c := range map[string]struct {
		data []byte
		says string
	}{
		"empty":                 {nil, "at byte 0 of the file: this is no gzip file"},
		"no gzip":               {[]byte("R1NG"), "no gzip file"},
		"short":                 {zip([]byte("R1N")), "at byte 0 of the unpacked data: the magic R1NG and the format's number: 3 of 6 bytes"},
		"pickle":                {zip([]byte("\x80\x02}q\x01.")), "not the magic"},
		"format 3":              {zip([]byte("R1NG\x00\x03")), "at byte 4 of the unpacked data: ring format 3 is not known"},
		"no header":             {zip([]byte("R1NG\x00\x01\xff\xff\xff\xff")), "at byte 6 of the unpacked data: a header of 4294967295 bytes"},
		"header cut":            {zip([]byte("R1NG\x00\x01\x00\x00\x01\x00{")), "at byte 10 of the unpacked data: the header: 1 of 256 bytes"},
		"no JSON":               {pack("{'a'}"), "at byte 12 of the unpacked data: the header is no JSON"},
		"not an object":         {pack("[]"), "no JSON of a ring"},
		"no part_shift":         {pack(header(object{"part_shift": nil})), "no part_shift"},
		"part_shift 3":          {pack(header(object{"part_shift": 3})), "a part_shift of 3 is not between 6 and 32"},
		"part_shift 33":         {pack(header(object{"part_shift": 33})), "part_shift of 33"},
		"no replica_count":      {pack(header(object{"replica_count": nil})), "no replica_count"},
		"many replicas":         {pack(header(object{"replica_count": 256})), "256 replicas"},
		"negative replicas":     {pack(header(object{"replica_count": -1})), "-1 replicas"},
		"more than memory":      {pack(header(object{"replica_count": 255, "part_shift": 8})), "more than 268435456 together"},
		"no replicas":           {pack(header(object{"replica_count": 0})), "never rebalanced"},
		"byteorder":             {pack(header(object{"byteorder": "middle"}), row, other), `byteorder "middle"`},
		"devs no list":          {pack(header(object{"devs": object{}}), row, other), "the devices are no list"},
		"no devs":               {pack(header(object{"devs": nil}), row, other), "the devices are no list"},
		"device a number":       {pack(header(object{"devs": []any{7}}), row, other), "device 0: "},
		"other id":              {pack(header(object{"devs": []any{device(1)}}), row, other), "device 0: it says that its id is 1"},
		"no ip":                 {pack(header(object{"devs": []any{with(device(0), "ip", "")}}), row, other), "device 0: it has no ip"},
		"no name":               {pack(header(object{"devs": []any{with(device(0), "device", "\x1b[2J")}}), row, other), "no device name"},
		"negative weight":       {pack(header(object{"devs": []any{with(device(0), "weight", -1)}}), row, other), "its weight is -1"},
		"port":                  {pack(header(object{"devs": []any{with(device(0), "port", 70000)}}), row, other), "70000"},
		"removed device":        {pack(header(nil), row, []uint16{2, 0, 1, 0}), "replica 1 of partition 2 is on device 1: that device was removed"},
		"no such device":        {pack(header(nil), row, []uint16{2, 0, 9, 0}), "replica 1 of partition 2 is on device 9: the ring has 3 device ids"},
		"short first row":       {pack(header(nil), row[:3]), "replica 0 of 2 has 3 of 4 partitions"},
		"no rows":               {pack(header(nil)), "replica 0 of 2 has 0 of 4"},
		"half an id":            {zip(append(unzip(good), 7)), "more data follows"},
		"odd end":               {zip(unzip(good)[:len(unzip(good))-1]), "replica 1 ends within a device id"},
		"more rows than told":   {pack(header(nil), row, other, row), "more data follows the last replica"},
		"cut":                   {good[:len(good)-12], "the packed data is damaged"},
		"without its trailer":   {good[:len(good)-8], "the packed data is damaged"},
		"bytes after the end":   {append(slices.Clone(good), good...), "bytes follow the ring"},
		"next power":            {pack(header(object{"next_part_power": 77}), row, other), "next partition power of 77"},
		"deep JSON":             {pack(strings.Repeat("[", 20000)), "no JSON of a ring"},
		"weight not a number":   {pack(`{"devs":[{"id":0,"weight":NaN}],"part_shift":32,"replica_count":1}`), "no JSON of a ring"},
		"many devices":          {pack(fmt.Sprintf(`{"devs":[%snull],"part_shift":32,"replica_count":1}`, strings.Repeat("null,", 65536))), "more than 65536 devices"},
		"format 2 and no index": {zip([]byte("R1NG\x00\x02")), "the file: it ends before its index"},
	} {
		r, err := ring.Parse("x.ring.gz", c.data)
		var at *ring.FormatError
		if r != nil || !errors.As(err, &at) || !strings.HasPrefix(err.Error(), "x.ring.gz: ") || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, which does not say %q", name, err, c.says)
		}
	}
	if _, err := ring.Parse("good", good); err != nil {
		t.Error(err)
	}
}

func unzip(data []byte) []byte {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		panic(err)
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(z); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// TestGoodFiles: what old and other writers do differently.
func TestGoodFiles(t *testing.T) {
	row, other := []uint16{0, 2, 0, 2}, []uint16{2, 0, 2, 0}
	swapped := []uint16{0, 2 << 8, 0, 2 << 8}
	for name, data := range map[string][]byte{
		"no byteorder, no version": pack(header(object{"byteorder": nil, "version": nil}), row, other),
		"big":                      pack(header(object{"byteorder": "big"}), swapped, other[:0]),
		"empty last row":           pack(header(nil), row),
		"unknown keys":             pack(header(object{"colour": "blue"}), row, other),
		"null for none":            pack(header(object{"next_part_power": json.RawMessage("null"), "version": json.RawMessage("null")}), row, other),
	} {
		r, err := ring.Parse(name, data)
		if err != nil {
			t.Error(err)
			continue
		}
		if d := r.Primaries(1)[0]; d.ID != 2 || d.Region != 1 || d.ReplicationIP != "10.0.0.1" {
			t.Errorf("%s: %+v", name, d)
		}
	}
	r, err := ring.Parse("short", pack(header(nil), row, other[:1]))
	if err != nil || r.Replicas() != 1.25 || r.ReplicaCount(0) != 2 || r.ReplicaCount(1) != 1 {
		t.Errorf("%v, %v", r, err)
	}
}

// TestCut cuts and flips files of both formats at every byte: never a ring of
// other contents, never a panic.
func TestCut(t *testing.T) {
	made, err := lab.MakeRing(lab.RingSpec{Devices: lab.Servers(6, 1, 3, func(s int) (string, int) { return fmt.Sprintf("10.0.0.%d", s+1), 6200 }), Replicas: 2.5, PartPower: 5, Version: 3, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	for format, write := range map[int]func(*bytes.Buffer) error{1: func(b *bytes.Buffer) error { return made.WriteV1(b) }, 2: func(b *bytes.Buffer) error { return made.WriteV2(b) }} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		data := b.Bytes()
		whole := load(t, data)
		for i := range data {
			if _, err := ring.Parse("cut", data[:i]); err == nil {
				t.Errorf("format %d: cut to %d of %d bytes, it is a ring", format, i, len(data))
			}
			bent := slices.Clone(data)
			bent[i] ^= 0x10
			if r, err := ring.Parse("bent", bent); err == nil && !alike(r, whole) {
				t.Errorf("format %d: with byte %d of %d changed, it is another ring", format, i, len(data))
			}
		}
	}
}

func alike(a, b *ring.Ring) bool {
	if a.Partitions() != b.Partitions() || a.Version() != b.Version() || a.Slots() != b.Slots() {
		return false
	}
	for p := range a.Partitions() {
		x, y := a.Primaries(p), b.Primaries(p)
		if !slices.EqualFunc(x, y, func(d, e *ring.Device) bool { return *d == *e }) {
			return false
		}
	}
	return true
}

// TestBadV2 changes single things in the parts of a format 2 file.
func TestBadV2(t *testing.T) {
	data, err := os.ReadFile("testdata/later.v2.ring.gz")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func([]byte) []byte
		says   string
	}{
		"cut":                  {func(b []byte) []byte { return b[:len(b)-1] }, "the offset of the index cannot be read"},
		"index past the end":   {func(b []byte) []byte { b[len(b)-31+10] = 0xff; return b }, "the index is said to be at byte"},
		"index somewhere else": {func(b []byte) []byte { b[len(b)-31+12] ^= 1; return b }, "the index"},
	} {
		_, err := ring.Parse("x", c.change(slices.Clone(data)))
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestReadFile refuses what is no file of a ring before reading it.
func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := ring.Load(dir); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Error(err)
	}
	big := filepath.Join(dir, "big.ring.gz")
	f, err := os.Create(big)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Truncate(1<<40), f.Close()); err != nil {
		t.Skip("no sparse files here: ", err)
	}
	for _, load := range []func(string) error{
		func(p string) error { _, err := ring.Load(p); return err },
		func(p string) error { _, err := ring.LoadBuilder(p); return err },
	} {
		if err := load(big); err == nil || !strings.Contains(err.Error(), "1099511627776 bytes are more than") {
			t.Error(err)
		}
	}
}

// TestLies: a file that claims to be large costs what there is of it and no more.
func TestLies(t *testing.T) {
	const most = 16 << 20
	for name, data := range map[string][]byte{
		"512 MiB of replicas": pack(header(object{"part_shift": 6, "replica_count": 4})),
		"a header of 32 MiB":  zip([]byte("R1NG\x00\x01\x02\x00\x00\x00{")),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := ring.Parse(name, data)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; err == nil || used > most {
			t.Errorf("%s: %v after %d bytes of memory", name, err, used)
		}
	}
}
