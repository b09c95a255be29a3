package bmc

import (
	"encoding/binary"
	"sync"
)

// records are the sensor data records (IPMI v2.0 section 43), the same for every
// host. The index is the record ID less one.
var records = sync.OnceValue(func() [][]byte {
	var out [][]byte
	add := func(r []byte) {
		binary.LittleEndian.PutUint16(r, uint16(len(out)+1))
		out = append(out, r)
	}
	add(locatorRecord("Lab BMC"))
	for i := range sensors {
		add(fullRecord(&sensors[i]))
	}
	for _, p := range supplies {
		add(compactRecord(p.number, p.name))
	}
	return out
})

const (
	sdrVersion = 0x51
	bmcAddress = 0x20
	eightBit   = 0xc0 // type of an ID string: 8-bit ASCII; the length goes into the low bits
)

// newRecord is a record of a type whose ID string begins at an offset, filled in
// up to the sensor's number.
func newRecord(kind byte, idAt int, id string) []byte {
	r := make([]byte, idAt, idAt+len(id))
	r = append(r, id...)
	r[2], r[3], r[4], r[5] = sdrVersion, kind, byte(len(r)-5), bmcAddress
	r[idAt-1] = eightBit | byte(len(id))
	return r
}

// fullRecord is a sensor with a value (table 43-1, type 01h).
func fullRecord(s *sensor) []byte {
	r := newRecord(0x01, 48, s.name)
	copy(r[7:], []byte{s.number, s.entity, s.instance, 0x7f, 0x68, s.kind, 0x01})
	r[18] = s.readable() // settable: none; readable: those it has
	r[21] = s.unit
	r[24] = byte(s.m)
	r[25] = byte(s.m>>8&3) << 6
	r[29] = byte(s.r&0x0f) << 4
	r[34] = 0xff // sensor maximum
	for i, raw := range s.thresholds() {
		r[thresholdAt[i]] = raw
	}
	r[42], r[43] = 1, 1 // hysteresis
	return r
}

// compactRecord is a sensor with states only (table 43-2, type 02h): a power
// supply that is present, failed, or without input.
func compactRecord(number byte, name string) []byte {
	r := newRecord(0x02, 32, name)
	copy(r[7:], []byte{number, 10, number&0x0f + 1, 0x67, 0x40, kindSupply, discrete, 0x0b, 0, 0x0b, 0, 0x0b, 0, 0xc0})
	return r
}

// locatorRecord is the BMC itself (table 43-8, type 12h).
func locatorRecord(name string) []byte {
	r := newRecord(0x12, 16, name)
	copy(r[5:], []byte{bmcAddress, 0, 0, 0xbf, 0, 0, 0, 6, 1})
	return r
}

// thresholdAt is where a full record keeps its thresholds, in the order of Get
// Sensor Thresholds: lower non-critical, critical, non-recoverable, then upper.
var thresholdAt = [6]int{41, 40, 39, 38, 37, 36}

func (s *sensor) limits6() [6]float64 {
	l := s.limits
	return [6]float64{l.lowWarning, l.lowCritical, 0, l.highWarning, l.highCritical, 0}
}

// thresholds are the limits in the sensor's byte.
func (s *sensor) thresholds() (raw [6]byte) {
	for i, v := range s.limits6() {
		raw[i] = s.raw(v)
	}
	return raw
}

// readable has a bit for every threshold there is.
func (s *sensor) readable() (mask byte) {
	for i, v := range s.limits6() {
		if v != 0 {
			mask |= 1 << i
		}
	}
	return mask
}

// crossed has a bit for every threshold that a value is beyond.
func (s *sensor) crossed(v float64) (mask byte) {
	for i, limit := range s.limits6() {
		if limit != 0 && (i < 3 && v <= limit || i >= 3 && v >= limit) {
			mask |= 1 << i
		}
	}
	return mask
}
