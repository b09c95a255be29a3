package ring_test

import (
	"encoding/binary"
	"errors"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"ringside/backends/swift/ring"
)

// pickle writes the subset of the protocol that a builder is made of.
func pickle(v any) []byte { return append(append([]byte{0x80, 2}, pickleValue(v)...), '.') }

type array []int

func pickleValue(v any) (b []byte) {
	text := func(s string) []byte {
		return append(append([]byte{'X'}, binary.LittleEndian.AppendUint32(nil, uint32(len(s)))...), s...)
	}
	switch v := v.(type) {
	case nil:
		return []byte{'N'}
	case bool:
		if v {
			return []byte{0x88}
		}
		return []byte{0x89}
	case int:
		return append([]byte{'J'}, binary.LittleEndian.AppendUint32(nil, uint32(int32(v)))...)
	case float64:
		return append([]byte{'G'}, binary.BigEndian.AppendUint64(nil, math.Float64bits(v))...)
	case string:
		return text(v)
	case raw:
		return []byte(v)
	case array:
		b = []byte("carray\narray\nX\x01\x00\x00\x00H](") // array('H', [...])
		for _, n := range v {
			b = append(b, pickleValue(n)...)
		}
		return append(b, 'e', 0x86, 'R')
	case []any:
		b = []byte("](")
		for _, x := range v {
			b = append(b, pickleValue(x)...)
		}
		return append(b, 'e')
	case object:
		b = []byte("}(")
		for k, x := range v {
			b = append(append(b, text(k)...), pickleValue(x)...)
		}
		return append(b, 'u')
	}
	panic("no such value in a builder")
}

// raw is a piece of a pickle as it is.
type raw string

// builder is one of 4 partitions with 2 replicas on devices 0 and 2, with changes.
func builder(changes object) object {
	dev := func(id int) object { return with(device(id), "parts", 4) }
	b := object{
		"part_power": 2, "parts": 4, "replicas": 2.0, "min_part_hours": 1, "version": 7, "devs": []any{dev(0), nil, dev(2)}, "devs_changed": false,
		"overload": 0.1, "_replica2part2dev": []any{array{0, 2, 0, 2}, array{2, 0, 2, 0}}, "_last_part_moves": array{0, 1, 2, 255},
		"_last_part_moves_epoch": 1_700_000_000, "_remove_devs": []any{}, "dispersion": 1.5, "id": "abc", "next_part_power": nil,
	}
	for k, v := range changes {
		b[k] = v
	}
	return b
}

func TestBadBuilders(t *testing.T) {
	good := pickle(builder(nil))
	for name, c := range map[string]struct {
		data []byte
		says string
	}{
		"empty":             {nil, "at byte 0 of the pickle: 1 bytes are wanted and 0 are left"},
		"protocol 4":        {[]byte("\x80\x04\x95"), "at byte 0 of the pickle: pickle protocol 4 is not 2"},
		"a command":         {[]byte("\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R."), `at byte 2 of the pickle: the global "system" of module "posix" is refused`},
		"eval":              {[]byte("\x80\x02c__builtin__\neval\n."), `the global "eval" of module "__builtin__" is refused`},
		"array.ArrayType":   {[]byte("\x80\x02carray\nArrayType\n."), `"ArrayType"`},
		"a global unended":  {[]byte("\x80\x02carray"), "a global without a name"},
		"call of a text":    {pickle(raw("X\x01\x00\x00\x00H]\x85R")), "a call that is not array"},
		"array of texts":    {pickle(raw("carray\narray\nX\x01\x00\x00\x00H](X\x01\x00\x00\x00xe\x86R")), "a type and a list of numbers"},
		"BUILD":             {[]byte("\x80\x02}}b."), "at byte 4 of the pickle: the instruction BUILD is refused"},
		"STACK_GLOBAL":      {[]byte("\x80\x02\x93."), "STACK_GLOBAL is refused"},
		"DUP":               {[]byte("\x80\x02N2."), "DUP is refused"},
		"unknown":           {[]byte("\x80\x02\xfe"), "the instruction 0xfe is refused"},
		"a text too long":   {[]byte("\x80\x02X\xff\xff\xff\xff"), "4294967295 bytes are wanted and 0 are left"},
		"nothing on it":     {[]byte("\x80\x02a."), "0 are in hand"},
		"no mark":           {[]byte("\x80\x02e."), "there is no mark"},
		"below the mark":    {[]byte("\x80\x02]N(a."), "1 values are wanted and 0 are in hand"},
		"append to a dict":  {[]byte("\x80\x02}Na."), "a dict is in hand where a list is wanted"},
		"append to nothing": {[]byte("\x80\x02Na."), "nothing is in hand"},
		"half a pair":       {[]byte("\x80\x02}(Nu."), "a key without its value"},
		"never remembered":  {[]byte("\x80\x02h\x07."), "number 7 was never remembered"},
		"remember nothing":  {[]byte("\x80\x02q\x07."), "nothing is in hand to remember"},
		"a huge number":     {[]byte("\x80\x02\x8a\x09123456789."), "a number of 9 bytes"},
		"no end":            {good[:len(good)-1], "are left"},
		"more follows":      {append(append([]byte(nil), good...), 'N'), "1 bytes follow"},
		"two values":        {[]byte("\x80\x02NN."), "2 values are left"},
		"a list":            {pickle([]any{}), "a list and not the dict of a builder"},
		"another dict":      {pickle(object{"part_power": 2}), "it is no builder"},
		"part_power":        {pickle(builder(object{"part_power": 40})), "a partition power of 40"},
		"parts":             {pickle(builder(object{"parts": 8})), "8 partitions and a partition power of 2"},
		"replicas":          {pickle(builder(object{"replicas": math.NaN()})), "NaN replicas"},
		"min_part_hours":    {pickle(builder(object{"min_part_hours": -1})), "min_part_hours is -1"},
		"version":           {pickle(builder(object{"version": "x"})), "version is a text and not an int"},
		"devs a dict":       {pickle(builder(object{"devs": object{}})), "devs is a dict and not a list"},
		"devs numbers":      {pickle(builder(object{"devs": []any{1, 2}})), "devs is a list of numbers"},
		"device a text":     {pickle(builder(object{"devs": []any{"d0"}})), "device 0 is a text"},
		"device's port":     {pickle(builder(object{"devs": []any{with(device(0), "port", 1<<20)}})), "device 0: its ports"},
		"device's id":       {pickle(builder(object{"devs": []any{with(device(0), "id", 5)}})), "device 0: it says that its id is 5"},
		"removing":          {pickle(builder(object{"_remove_devs": []any{"x"}})), "_remove_devs holds a text"},
		"moves":             {pickle(builder(object{"_last_part_moves": array{1}})), "_last_part_moves has not one number for each of 4 partitions"},
		"row a text":        {pickle(builder(object{"_replica2part2dev": []any{"x"}})), "replica 0 is not an array"},
		"row's device":      {pickle(builder(object{"_replica2part2dev": []any{array{0, 2, 0, 70000}}})), "replica 0 of partition 3 is on device 70000"},
		"nobody":            {pickle(builder(object{"_replica2part2dev": []any{array{0, 2, 0, 65535}}})), "replica 0 of partition 3 is on device 65535"},
		"long row":          {pickle(builder(object{"_replica2part2dev": []any{array{0, 2, 0, 2, 0}}})), "replica 0 has 5 partitions, the ring 4"},
	} {
		b, err := ring.ParseBuilder("x.builder", c.data)
		var at *ring.FormatError
		if b != nil || !errors.As(err, &at) || !strings.HasPrefix(err.Error(), "x.builder: ") || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, which does not say %q", name, err, c.says)
		}
	}
}

// TestPickleBounds: many small things that refer to each other cost little.
func TestPickleBounds(t *testing.T) {
	for name, c := range map[string]struct{ piece, says string }{
		"values":  {"N", "values are in hand"},
		"marks":   {"(", "marks"},
		"objects": {"]q\x00a", "objects"},           // a list that is appended to the one below it
		"memo":    {"r\x00\x00\x00\x00", "objects"}, // remembered again and again
	} {
		data := append([]byte("\x80\x02]]"), strings.Repeat(c.piece, 3<<20)...)
		if _, err := ring.ParseBuilder(name, data); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCutBuilder cuts and bends a builder at every byte: never a panic.
func TestCutBuilder(t *testing.T) {
	data, err := os.ReadFile("testdata/later.builder")
	if err != nil {
		t.Fatal(err)
	}
	for i := range data {
		if _, err := ring.ParseBuilder("cut", data[:i]); err == nil {
			t.Errorf("cut to %d of %d bytes, it is a builder", i, len(data))
		}
		for _, flip := range []byte{1, 0x10, 0x80, 0xff} {
			bent := append([]byte(nil), data...)
			bent[i] ^= flip
			ring.ParseBuilder("bent", bent)
		}
	}
}

func TestHints(t *testing.T) {
	parse := func(changes object) *ring.Builder {
		t.Helper()
		b, err := ring.ParseBuilder("b", pickle(builder(changes)))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	b := parse(nil)
	r := b.Ring()
	epoch := time.Unix(1_700_000_000, 0)
	h := b.Hints(r, epoch.Add(20*time.Minute))
	if h.Wait != 40*time.Minute || h.Movable != 3 || h.Obsolete || h.Behind != 0 || len(h.Pending) > 0 || h.Balance != 0 || h.Away != 0 || h.Overload != 0.1 || b.ID != "abc" {
		t.Errorf("%+v", h)
	}
	if h := b.Hints(r, epoch.Add(61*time.Minute)); h.Wait != 0 || h.Movable != 4 {
		t.Errorf("an hour later: %+v", h)
	}
	if h := parse(object{"_last_part_moves_epoch": 0}).Hints(r, epoch); h.Wait != 0 || h.Movable != 4 || !h.LastMoves.IsZero() {
		t.Errorf("pretend_min_part_hours_passed: %+v", h)
	}
	devs := []any{with(device(0), "weight", 3.0), device(1), with(device(2), "ip", "10.0.0.9")}
	h = parse(object{"version": 10, "devs": devs}).Hints(r, epoch)
	want := []ring.Pending{
		{Change: ring.Reweighted, Was: 1, Weight: 3}, {Change: ring.Added, Weight: 1}, {Change: ring.Readdressed, Was: 1, Weight: 1},
	}
	if len(h.Pending) != len(want) || !h.Obsolete || h.Behind != 3 || h.Away != 1+1 {
		t.Fatalf("%+v", h)
	}
	for i, w := range want {
		p := h.Pending[i]
		w.Device = p.Device
		if p != w || p.Device.ID != i {
			t.Errorf("%+v", p)
		}
	}
	removing := with(device(2), "weight", 0.0)
	h = parse(object{"version": 8, "devs": []any{device(0), nil, removing}, "_remove_devs": []any{removing}}).Hints(r, epoch)
	if len(h.Pending) != 1 || h.Pending[0].Change != ring.Removed || h.Pending[0].Was != 1 {
		t.Errorf("%+v", h)
	}
	h = parse(object{"_replica2part2dev": []any{array{0, 2, 0, 2}, array{2, 0, 2, 2}}}).Hints(r, epoch)
	if !h.Obsolete || len(h.Pending) > 0 {
		t.Errorf("other rows: %+v", h)
	}
	if b := parse(object{"_replica2part2dev": nil, "_last_part_moves": nil}); b.Ring() != nil || !b.Hints(r, epoch).Obsolete || b.Hints(nil, epoch).Obsolete {
		t.Error("a builder that was never rebalanced has a ring")
	}
}
