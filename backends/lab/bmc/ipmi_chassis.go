package bmc

import (
	"time"

	"github.com/bougou/go-ipmi/pkg/types"
)

// chassisStatus is IPMI v2.0 section 28.2.
func chassisStatus(b *BMC, _ []byte) ([]byte, types.CompletionCode) {
	c := b.chassis
	now := c.look()
	defer c.mu.Unlock()
	bit := func(is bool, n int) byte {
		if is {
			return 1 << n
		}
		return 0
	}
	current := bit(c.powered(), 0) | bit(c.wrong.has(SupplyFault), 3) | 1<<5 // restores the state after AC loss
	last := bit(c.commanded, 4)
	misc := bit(c.wrong.has(FanFault), 3) | bit(c.identify.lit(now) && !c.identify.always, 4) | bit(c.identify.always, 5) | 1<<6
	return []byte{current, last, misc}, types.CodeOK
}

// controls are the acts of section 28.3 by their number.
var controls = map[byte]act{
	0: (*chassis).forceOff,
	1: (*chassis).turnOn,
	2: (*chassis).cycle,
	3: (*chassis).reset,
	4: (*chassis).interrupt,
	5: (*chassis).softOff,
}

func chassisControl(b *BMC, data []byte) ([]byte, types.CompletionCode) {
	if len(data) < 1 {
		return nil, types.CodeRequestDataLengthInvalid
	}
	a, ok := controls[data[0]&0x0f]
	switch {
	case !ok:
		return nil, types.CodeParameterOutOfRange
	case b.chassis.do(a) != nil:
		return nil, types.CodeNotSupported // in the present state
	}
	return nil, types.CodeOK
}

// chassisIdentify is section 28.5: seconds, 15 when not given, 0 for off; then
// bit 0 for as long as nobody switches it off.
func chassisIdentify(b *BMC, data []byte) ([]byte, types.CompletionCode) {
	seconds := byte(15)
	if len(data) > 0 {
		seconds = data[0]
	}
	now := b.chassis.look()
	defer b.chassis.mu.Unlock()
	b.chassis.identify = identify{
		until:  now.Add(time.Duration(seconds) * time.Second),
		always: len(data) > 1 && data[1]&1 != 0,
	}
	return nil, types.CodeOK
}

// Boot option parameters (table 28-14) that are kept, and their lengths.
const (
	bootSetInProgress = 0
	bootValidClear    = 3
	bootAcknowledge   = 4
	bootFlags         = 5
)

var bootParameters = map[byte]int{bootSetInProgress: 1, bootValidClear: 1, bootAcknowledge: 2, bootFlags: 5}

func setBootOption(b *BMC, data []byte) ([]byte, types.CompletionCode) {
	if len(data) < 1 {
		return nil, types.CodeRequestDataLengthInvalid
	}
	parameter, value := data[0]&0x7f, data[1:]
	length, ok := bootParameters[parameter]
	if !ok {
		return nil, types.CodeParameterNotSupported
	}
	if len(value) != length {
		if len(value) == 0 { // only the parameter's valid bit is changed
			return nil, types.CodeOK
		}
		return nil, types.CodeRequestDataLengthInvalid
	}
	c := b.chassis
	now := c.look()
	defer c.mu.Unlock()
	switch o := &c.boot; parameter {
	case bootSetInProgress:
		if value[0] == 1 && o.inProgress == 1 {
			return nil, types.CodeParamConfigSetInProgressConflict
		}
		o.inProgress = value[0] & 1
	case bootValidClear:
		o.keep = value[0] & 0x1f
	case bootAcknowledge:
		o.ack[0], o.ack[1] = value[0], o.ack[1]&^value[0]|value[1]&value[0]
	case bootFlags:
		o.set([5]byte(value), now, true)
	}
	return nil, types.CodeOK
}

func getBootOption(b *BMC, data []byte) ([]byte, types.CompletionCode) {
	if len(data) < 1 {
		return nil, types.CodeRequestDataLengthInvalid
	}
	parameter := data[0] & 0x7f
	c := b.chassis
	now := c.look()
	defer c.mu.Unlock()
	out := []byte{1, parameter}
	switch o := &c.boot; parameter {
	case bootSetInProgress:
		return append(out, o.inProgress), types.CodeOK
	case bootValidClear:
		return append(out, o.keep), types.CodeOK
	case bootAcknowledge:
		return append(out, 0, o.ack[1]), types.CodeOK // the mask is write-only and read as 0
	case bootFlags:
		o.valid(now)
		return append(out, o.flags[:]...), types.CodeOK
	}
	return nil, types.CodeParameterNotSupported
}
