package ring

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
)

// headerV1 is the JSON of a version 1 ring. Pointers tell absent from zero.
type headerV1 struct {
	ByteOrder     string          `json:"byteorder"`
	Devices       json.RawMessage `json:"devs"`
	PartShift     *int            `json:"part_shift"`
	Rows          *int            `json:"replica_count"`
	Version       *int            `json:"version"`
	NextPartPower *int            `json:"next_part_power"`
}

// parseV1 reads what follows the magic of a version 1 ring: a u32 big-endian
// length, JSON, then a row of u16 device ids per replica (swift/common/ring/ring.py,
// deserialize_v1).
func parseV1(s *source) (spec Spec, err error) {
	b, err := s.take(4, "the length of the header")
	if err != nil {
		return spec, err
	}
	length := binary.BigEndian.Uint32(b)
	if length > maxHeader {
		return spec, s.fail(s.at-4, "a header of %d bytes is more than %d", length, maxHeader)
	}
	start := s.at
	text, err := s.take(int(length), "the header")
	if err != nil {
		return spec, err
	}
	var h headerV1
	if err := json.Unmarshal(text, &h); err != nil {
		return spec, s.fail(start+jsonOffset(err), "the header is no JSON of a ring: %w", err)
	}
	order, rows, err := h.check()
	if err != nil {
		return spec, s.fail(start, "%w", err)
	}
	spec.PartPower = 32 - *h.PartShift
	spec.Version, spec.NextPartPower = value(h.Version), value(h.NextPartPower)
	if spec.Devices, err = decodeDevices(h.Devices); err != nil {
		return spec, s.fail(start, "%w", err)
	}
	for i := range rows {
		row, err := s.row(1<<spec.PartPower, 2, order, i)
		if err != nil {
			return spec, err
		}
		if len(row) == 0 && i == rows-1 && i > 0 {
			break // a fraction too small for a partition
		}
		spec.Rows = append(spec.Rows, row)
		if len(row) < 1<<spec.PartPower && i < rows-1 {
			return spec, s.fail(s.at, "replica %d of %d has %d of %d partitions: the data ends there", i, rows, len(row), 1<<spec.PartPower)
		}
	}
	return spec, s.end()
}

// check returns the byte order and the number of rows.
func (h *headerV1) check() (order binary.ByteOrder, rows int, err error) {
	switch h.ByteOrder {
	case "", "little": // before Swift 2.12 the order was that of the writer: x86
		order = binary.LittleEndian
	case "big":
		order = binary.BigEndian
	default:
		return nil, 0, fmt.Errorf("the byteorder %q is neither little nor big", h.ByteOrder)
	}
	if err := checkShift(h.PartShift); err != nil {
		return nil, 0, err
	}
	if h.Rows == nil {
		return nil, 0, fmt.Errorf("the header has no replica_count")
	}
	return order, *h.Rows, checkSize(32-*h.PartShift, *h.Rows)
}

// checkShift checks the part_shift of a header.
func checkShift(shift *int) error {
	switch {
	case shift == nil:
		return fmt.Errorf("the header has no part_shift")
	case *shift > 32 || *shift < 32-maxPartPower:
		return fmt.Errorf("a part_shift of %d is not between %d and 32", *shift, 32-maxPartPower)
	}
	return nil
}

// checkSize refuses more replicas than a ring may have.
func checkSize(partPower, rows int) error {
	switch {
	case rows < 0 || rows > maxRows:
		return fmt.Errorf("%d replicas are not between 0 and %d", rows, maxRows)
	case rows<<partPower > maxSlots:
		return fmt.Errorf("%d replicas of %d partitions are more than %d together", rows, 1<<partPower, maxSlots)
	}
	return nil
}

func value(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}
