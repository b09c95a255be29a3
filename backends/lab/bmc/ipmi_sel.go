package bmc

import (
	"encoding/binary"
	"time"

	"github.com/bougou/go-ipmi/pkg/types"
)

// seconds is a time as IPMI writes it (IPMI v2.0 section 37). A BMC whose clock
// was never set counts from its start, below 20000000h.
func (c *chassis) seconds(at time.Time) uint32 {
	switch {
	case at.IsZero():
		return 0xffffffff // unspecified
	case c.spec.Clockless:
		return uint32(max(at.Sub(c.log.began)/time.Second, 0))
	}
	return uint32(at.Unix())
}

// logInfo is section 31.2.
func logInfo(b *BMC, _ []byte) ([]byte, types.CompletionCode) {
	c := b.chassis
	c.look()
	defer c.mu.Unlock()
	l := &c.log
	out := []byte{sdrVersion}
	out = binary.LittleEndian.AppendUint16(out, uint16(len(l.entries)))
	out = binary.LittleEndian.AppendUint16(out, uint16((logCapacity-len(l.entries))*recordLength))
	out = binary.LittleEndian.AppendUint32(out, c.seconds(l.added))
	out = binary.LittleEndian.AppendUint32(out, c.seconds(l.erased))
	support := byte(0x02) // reserve
	if l.overflow {
		support |= 0x80
	}
	return append(out, support), types.CodeOK
}

// reserveLog is section 31.4.
func reserveLog(b *BMC, _ []byte) ([]byte, types.CompletionCode) {
	b.chassis.look()
	defer b.chassis.mu.Unlock()
	return binary.LittleEndian.AppendUint16(nil, b.chassis.log.reserve()), types.CodeOK
}

const (
	recordLength = 16
	firstEntry   = 0x0000
	lastEntry    = 0xffff
)

// logEntry is section 31.5. A reservation is only needed to read a part.
func logEntry(b *BMC, data []byte) ([]byte, types.CompletionCode) {
	if len(data) < 6 {
		return nil, types.CodeRequestDataLengthInvalid
	}
	c := b.chassis
	c.look()
	defer c.mu.Unlock()
	l := &c.log
	reservation, id, from, n := binary.LittleEndian.Uint16(data), binary.LittleEndian.Uint16(data[2:]), int(data[4]), int(data[5])
	if from > 0 && reservation != l.reservation {
		return nil, types.CodeReservationCanceled
	}
	i := l.find(id)
	if i < 0 {
		return nil, types.CodeRequestedDataNotPresent
	}
	if data[5] == 0xff {
		n = recordLength - from
	}
	if from < 0 || n < 0 || from+n > recordLength {
		return nil, types.CodeParameterOutOfRange
	}
	next := uint16(lastEntry)
	if i+1 < len(l.entries) {
		next = l.entries[i+1].id
	}
	r := c.record(l.entries[i])
	return append(binary.LittleEndian.AppendUint16(nil, next), r[from:from+n]...), types.CodeOK
}

// record is an entry in the bytes of table 32-1.
func (c *chassis) record(e entry) []byte {
	r := binary.LittleEndian.AppendUint16(make([]byte, 0, recordLength), e.id)
	r = append(r, 0x02) // system event
	r = binary.LittleEndian.AppendUint32(r, c.seconds(e.at))
	r = append(r, bmcAddress, 0, 0x04, e.sensorType, e.sensor, e.kind)
	return append(r, e.data[:]...)
}

// clearLog is section 31.9: done at once.
func clearLog(b *BMC, data []byte) ([]byte, types.CompletionCode) {
	const initiate, status, completed = 0xaa, 0x00, 0x01
	if len(data) < 6 || string(data[2:5]) != "CLR" {
		return nil, types.CodeRequestDataFieldInvalid
	}
	c := b.chassis
	now := c.look()
	defer c.mu.Unlock()
	switch {
	case binary.LittleEndian.Uint16(data) != c.log.reservation:
		return nil, types.CodeReservationCanceled
	case data[5] == initiate:
		c.log.clear(now)
	case data[5] != status:
		return nil, types.CodeRequestDataFieldInvalid
	}
	return []byte{completed}, types.CodeOK
}

// logTime is section 31.10.
func logTime(b *BMC, _ []byte) ([]byte, types.CompletionCode) {
	now := b.chassis.look()
	defer b.chassis.mu.Unlock()
	return binary.LittleEndian.AppendUint32(nil, b.chassis.seconds(now)), types.CodeOK
}
