package ring

import (
	"errors"
	"fmt"
	"math"
	"time"

	"ringside/backends/fleet"
)

// Builder is what a .builder file knows more than the ring that it writes.
type Builder struct {
	File          string
	ID            string // "" before Swift 2.15, or never saved since
	PartPower     int
	NextPartPower int
	Replicas      float64
	MinPartHours  int
	Version       int
	Changed       bool    // devices were changed since the last rebalance
	Overload      float64 // 0.1: 10 %
	Dispersion    float64 // as of the last rebalance; see Ring.Dispersion
	Devices       []*Device
	Removing      []int     // ids that go with the next rebalance
	LastMoves     time.Time // to which the ages of the partitions' moves refer; zero: never, or pretended
	ring          *Ring     // nil: never rebalanced
	sinceMove     []uint8   // hours from a partition's last move to LastMoves, by partition
}

// LoadBuilder reads a .builder file.
func LoadBuilder(path string) (*Builder, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return ParseBuilder(path, data)
}

// ParseBuilder reads the bytes of a .builder file. The name is for errors.
func ParseBuilder(name string, data []byte) (*Builder, error) {
	v, err := unpickle(data)
	var at *FormatError
	if errors.As(err, &at) {
		at.File = name
		return nil, at
	}
	if err == nil && v.kind != isDict {
		err = fmt.Errorf("the pickle is %v and not the dict of a builder", v.kind)
	}
	if err == nil {
		var b *Builder
		if b, err = newBuilder(v.dict); err == nil {
			b.File = name
			return b, nil
		}
	}
	return nil, &FormatError{name, "", -1, err}
}

// fields reads the values of a dict and remembers the first that is not right.
type fields struct {
	dict map[string]pickled
	err  error
}

func (f *fields) get(key string, kinds ...valueKind) (pickled, bool) {
	v, there := f.dict[key]
	if !there || v.kind == isNone || f.err != nil {
		return pickled{}, false
	}
	for _, k := range kinds {
		if v.kind == k {
			return v, true
		}
	}
	f.err = fmt.Errorf("%s is %v and not %v", key, v.kind, kinds[0])
	return pickled{}, false
}

func (f *fields) int(key string) int {
	v, ok := f.get(key, isInt, isFloat)
	switch {
	case !ok:
		return 0
	case v.kind == isFloat:
		if x := v.float(); math.Abs(x) < 1<<53 {
			return int(x)
		}
		f.err = fmt.Errorf("%s is %g", key, v.float())
		return 0
	}
	return int(v.int())
}

func (f *fields) float(key string) float64 {
	v, ok := f.get(key, isFloat, isInt)
	switch {
	case !ok:
		return 0
	case v.kind == isInt:
		return float64(v.int())
	}
	return v.float()
}

func (f *fields) text(key string) string {
	if v, ok := f.get(key, isText); ok {
		return fleet.Clean(v.text)
	}
	return ""
}

// list returns the items of a list that are no plain numbers.
func (f *fields) list(key string) []pickled {
	v, ok := f.get(key, isList)
	if ok && len(v.ints) > 0 {
		f.err = fmt.Errorf("%s is a list of numbers", key)
	}
	if !ok {
		return nil
	}
	return v.items
}

func newBuilder(dict map[string]pickled) (*Builder, error) {
	f := &fields{dict: dict}
	for _, key := range []string{"part_power", "parts", "replicas", "devs", "min_part_hours", "version"} {
		if _, there := dict[key]; !there {
			return nil, fmt.Errorf("it has no %s: it is no builder", key)
		}
	}
	b := &Builder{
		ID: f.text("id"), PartPower: f.int("part_power"), NextPartPower: f.int("next_part_power"), Replicas: f.float("replicas"),
		MinPartHours: f.int("min_part_hours"), Version: f.int("version"), Overload: f.float("overload"), Dispersion: f.float("dispersion"),
	}
	if v, ok := f.get("devs_changed", isBool, isInt); ok {
		b.Changed = v.bits != 0
	}
	if epoch := f.int("_last_part_moves_epoch"); epoch > 0 {
		b.LastMoves = time.Unix(int64(epoch), 0)
	}
	switch {
	case f.err != nil:
		return nil, f.err
	case b.PartPower < 0 || b.PartPower > maxPartPower:
		return nil, fmt.Errorf("a partition power of %d is not between 0 and %d", b.PartPower, maxPartPower)
	case f.int("parts") != 1<<b.PartPower:
		return nil, fmt.Errorf("it has %d partitions and a partition power of %d", f.int("parts"), b.PartPower)
	case !(b.Replicas >= 0 && b.Replicas <= maxRows):
		return nil, fmt.Errorf("%g replicas are not between 0 and %d", b.Replicas, maxRows)
	case b.MinPartHours < 0 || b.MinPartHours > 1<<20:
		return nil, fmt.Errorf("min_part_hours is %d", b.MinPartHours)
	}
	b.devices(f)
	b.moves(f)
	rows := b.rows(f)
	if f.err != nil {
		return nil, f.err
	}
	if len(rows) == 0 {
		return b, nil
	}
	var err error
	b.ring, err = New(Spec{PartPower: b.PartPower, NextPartPower: b.NextPartPower, Version: b.Version, Devices: b.Devices, Rows: rows})
	return b, err
}

// devices reads the devices and those that are to be removed.
func (b *Builder) devices(f *fields) {
	list := f.list("devs")
	if len(list) > maxDevices {
		f.err = fmt.Errorf("%d device ids are more than %d", len(list), maxDevices)
		return
	}
	for id, v := range list {
		switch v.kind {
		case isNone:
			b.Devices = append(b.Devices, nil)
			continue
		case isDict:
		default:
			f.err = fmt.Errorf("device %d is %v and not a dict", id, v.kind)
			return
		}
		d, err := builderDevice(id, v.dict)
		if err != nil {
			f.err = fmt.Errorf("device %d: %w", id, err)
			return
		}
		b.Devices = append(b.Devices, d)
	}
	for _, v := range f.list("_remove_devs") {
		if v.kind != isDict {
			f.err = fmt.Errorf("_remove_devs holds %v", v.kind)
			return
		}
		g := &fields{dict: v.dict}
		b.Removing = append(b.Removing, g.int("id"))
		f.err = g.err
	}
}

// builderDevice reads a device, and what builders of old versions leave out.
func builderDevice(id int, dict map[string]pickled) (*Device, error) {
	f := &fields{dict: dict}
	j := deviceJSON{
		Zone: f.int("zone"), IP: f.text("ip"), Port: f.int("port"), ReplicationIP: f.text("replication_ip"),
		ReplicationPort: f.int("replication_port"), Device: f.text("device"), Weight: f.float("weight"), Meta: f.text("meta"),
	}
	if _, there := f.get("region", isInt); there {
		j.Region = new(f.int("region"))
	}
	if _, there := f.get("id", isInt); there {
		j.ID = new(f.int("id"))
	}
	d := j.device(id)
	if f.err == nil {
		f.err = d.check(id)
	}
	return d, f.err
}

// moves reads the hours since each partition's last move: an array, or a list
// after a change of the partition power.
func (b *Builder) moves(f *fields) {
	v, ok := f.get("_last_part_moves", isList)
	if !ok {
		return
	}
	if v.items != nil || len(v.ints) != 1<<b.PartPower {
		f.err = fmt.Errorf("_last_part_moves has not one number for each of %d partitions", 1<<b.PartPower)
		return
	}
	b.sinceMove = make([]uint8, len(v.ints))
	for i, n := range v.ints {
		b.sinceMove[i] = uint8(min(max(n, 0), math.MaxUint8))
	}
}

// rows reads the assignments. A row that is empty is a fraction too small for a
// partition.
func (b *Builder) rows(f *fields) [][]uint16 {
	list := f.list("_replica2part2dev")
	if f.err == nil {
		f.err = checkSize(b.PartPower, len(list))
	}
	if f.err != nil {
		return nil
	}
	var rows [][]uint16
	for i, v := range list {
		if v.kind != isList || v.items != nil {
			f.err = fmt.Errorf("replica %d is not an array of device ids", i)
			return nil
		}
		if len(v.ints) == 0 && i == len(list)-1 && i > 0 {
			break
		}
		row := make([]uint16, len(v.ints))
		for p, n := range v.ints {
			if n < 0 || n >= maxDevices {
				f.err = fmt.Errorf("replica %d of partition %d is on device %d", i, p, n)
				return nil
			}
			row[p] = uint16(n)
		}
		rows = append(rows, row)
	}
	return rows
}
