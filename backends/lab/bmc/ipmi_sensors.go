package bmc

import (
	"encoding/binary"
	"math"

	"github.com/bougou/go-ipmi/pkg/types"
)

// raw is a value in the sensor's byte.
func (s *sensor) raw(v float64) byte {
	r := math.Round(v / (float64(s.m) * math.Pow10(s.r)))
	return byte(math.Max(0, math.Min(255, r)))
}

func sensorOf(data []byte) (s *sensor, supply, ok bool) {
	if len(data) < 1 {
		return nil, false, false
	}
	for i := range sensors {
		if sensors[i].number == data[0] {
			return &sensors[i], false, true
		}
	}
	return nil, true, data[0] == numSupply1 || data[0] == numSupply2
}

// Flags of Get Sensor Reading.
const (
	scanning    = 0xc0 // events and scanning are enabled
	unavailable = 0x20
)

// repositoryInfo is IPMI v2.0 section 33.9. The times tell clients whether what
// they have kept is still so.
func repositoryInfo(b *BMC, _ []byte) ([]byte, types.CompletionCode) {
	c := b.chassis
	c.look()
	defer c.mu.Unlock()
	out := binary.LittleEndian.AppendUint16([]byte{sdrVersion}, uint16(len(records())))
	out = binary.LittleEndian.AppendUint16(out, 0) // no free space
	out = binary.LittleEndian.AppendUint32(out, c.seconds(c.log.began))
	out = binary.LittleEndian.AppendUint32(out, c.seconds(c.log.began))
	return append(out, 0x03), types.CodeOK // reserve, allocation info
}

// sensorReading is IPMI v2.0 section 35.14.
func sensorReading(b *BMC, data []byte) ([]byte, types.CompletionCode) {
	s, supply, ok := sensorOf(data)
	if !ok {
		return nil, types.CodeRequestedDataNotPresent
	}
	now := b.chassis.look()
	defer b.chassis.mu.Unlock()
	w := b.chassis.weather(now)
	if supply {
		states := byte(0x01) // present
		if data[0] == numSupply2 && w.supplyFault {
			states |= 0x02
		}
		return []byte{0, scanning, states, 0x80}, types.CodeOK
	}
	v, ok := s.read(w)
	if !ok {
		return []byte{0, scanning | unavailable, 0xc0, 0}, types.CodeOK
	}
	return []byte{s.raw(v), scanning, 0xc0 | s.crossed(v), 0}, types.CodeOK
}

// sensorThresholds is section 35.9.
func sensorThresholds(_ *BMC, data []byte) ([]byte, types.CompletionCode) {
	s, supply, ok := sensorOf(data)
	switch {
	case !ok:
		return nil, types.CodeRequestedDataNotPresent
	case supply:
		return nil, types.CodeIllegalCommand
	}
	raw := s.thresholds()
	return append([]byte{s.readable()}, raw[:]...), types.CodeOK
}

// sensorHysteresis is section 35.7.
func sensorHysteresis(_ *BMC, data []byte) ([]byte, types.CompletionCode) {
	if _, supply, ok := sensorOf(data); !ok || supply {
		return nil, types.CodeRequestedDataNotPresent
	}
	return []byte{1, 1}, types.CodeOK
}

// systemGUID is section 22.14: what RAKP message 2 carries as well.
func systemGUID(b *BMC, _ []byte) ([]byte, types.CompletionCode) {
	return b.guid[:], types.CodeOK
}

// coldReset is section 20.2: the BMC restarts, the host goes on.
func coldReset(b *BMC, _ []byte) ([]byte, types.CompletionCode) {
	b.restartSoon()
	return nil, types.CodeOK
}
