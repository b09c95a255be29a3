package bmc

import (
	"slices"
	"time"
)

// event is what an entry of the event log says, in the bytes of IPMI v2.0 table
// 32-1 from the sensor type on.
type event struct {
	sensorType byte
	sensor     byte
	kind       byte // event type; bit 7 set when the event goes away
	data       [3]byte
	severity   string // Redfish: OK, Warning, Critical
	text       string // Redfish
}

// entry is an event in the log.
type entry struct {
	id uint16
	at time.Time
	event
}

// eventLog is the system event log (SEL). When it is full, new events are lost,
// as IPMI wants it.
type eventLog struct {
	began       time.Time // of the BMC's own clock
	entries     []entry   // oldest first
	last        uint16    // the newest ID
	added       time.Time
	erased      time.Time
	reservation uint16 // the only valid one; a change of the log cancels it
	overflow    bool
}

const logCapacity = 512

// find is the index of an entry, -1 without it; IPMI asks for the first as 0 and
// for the last as FFFFh.
func (l *eventLog) find(id uint16) int {
	switch {
	case id == firstEntry && len(l.entries) > 0:
		return 0
	case id == lastEntry:
		return len(l.entries) - 1
	}
	return slices.IndexFunc(l.entries, func(e entry) bool { return e.id == id })
}

func (l *eventLog) reserve() uint16 {
	l.reservation = max(l.reservation+1, 1)
	return l.reservation
}

func (l *eventLog) add(at time.Time, e event) {
	if len(l.entries) >= logCapacity {
		l.overflow = true
		return
	}
	l.last++
	l.entries = append(l.entries, entry{l.last, at, e})
	l.added = at
	l.reserve()
}

func (l *eventLog) clear(at time.Time) {
	l.entries, l.erased, l.overflow = nil, at, false
	l.add(at, logCleared)
}

// past fills the log with what happened before the lab was there, the last of it
// some hours ago.
func (c *chassis) past(now time.Time) {
	n := min(c.spec.Events, logCapacity)
	if n == 0 {
		n = 3 + int(8*c.whim(pastEvents))
	}
	l := &c.log
	l.began = now.Add(-40 * 24 * time.Hour)
	at := l.began.Add(c.between(pastBegan, time.Hour, 9*time.Hour))
	step := now.Add(-c.between(pastEnded, 2*time.Hour, 50*time.Hour)).Sub(at) / time.Duration(n)
	l.clear(l.began)
	for len(l.entries) < n {
		story := usual[mix(c.seed, stories+uint64(len(l.entries)))%uint64(len(usual))]
		for i, e := range story {
			l.add(at.Add(time.Duration(i)*20*time.Second), e)
		}
		at = at.Add(step * time.Duration(len(story)))
	}
	if c.state == off {
		l.add(at, acpiSoftOff)
	}
}

const discrete = 0x6f // sensor-specific events

var (
	acpiWorking   = event{0x22, 0x50, discrete, [3]byte{0x00, 0xff, 0xff}, "OK", "System power is on (S0/G0)."}
	acpiSoftOff   = event{0x22, 0x50, discrete, [3]byte{0x05, 0xff, 0xff}, "OK", "System power is off (S5/G2)."}
	bootPowerUp   = event{0x1d, 0x51, discrete, [3]byte{0x00, 0xff, 0xff}, "OK", "System boot was initiated by power up."}
	bootHardReset = event{0x1d, 0x51, discrete, [3]byte{0x01, 0xff, 0xff}, "OK", "System boot was initiated by a hard reset."}
	bootWarmReset = event{0x1d, 0x51, discrete, [3]byte{0x02, 0xff, 0xff}, "OK", "System boot was initiated by a warm reset."}
	buttonPressed = event{0x14, 0x52, discrete, [3]byte{0x00, 0xff, 0xff}, "OK", "The power button was pressed."}
	nmiAsserted   = event{0x13, 0x53, discrete, [3]byte{0x00, 0xff, 0xff}, "Warning", "A diagnostic interrupt (NMI) was raised."}
	logCleared    = event{0x10, 0x54, discrete, [3]byte{0x02, 0xff, 0xff}, "OK", "The event log was cleared."}
	chassisOpened = event{0x05, 0x55, discrete, [3]byte{0x00, 0xff, 0xff}, "Warning", "The chassis was opened."}
	memoryError   = event{0x0c, 0x56, discrete, [3]byte{0x00, 0xff, 0x03}, "Warning", "A correctable memory error was logged for DIMM 3."}
	supplyFailed  = event{0x08, numSupply2, discrete, [3]byte{0x01, 0xff, 0xff}, "Critical", "Power supply 2 failed."}
	supplyBack    = event{0x08, numSupply2, discrete | 0x80, [3]byte{0x01, 0xff, 0xff}, "OK", "Power supply 2 is working again."}
	fanStopped    = event{0x04, numFan3, 0x01, [3]byte{0x52, 0x00, 0x0a}, "Critical", "Fan 3 is below its lower critical threshold."}
	fanBack       = event{0x04, numFan3, 0x81, [3]byte{0x52, 0x50, 0x0a}, "OK", "Fan 3 is above its lower critical threshold again."}
	hotProcessor  = event{0x01, numCPU1, 0x01, [3]byte{0x57, 0x5b, 0x5a}, "Warning", "CPU 1 is above its upper non-critical temperature threshold."}
	coolProcessor = event{0x01, numCPU1, 0x81, [3]byte{0x57, 0x58, 0x5a}, "OK", "CPU 1 is below its upper non-critical temperature threshold again."}

	// usual is what the log of a healthy host is made of.
	usual = [][]event{
		{acpiSoftOff, acpiWorking, bootPowerUp}, {bootWarmReset}, {chassisOpened}, {memoryError}, {hotProcessor, coolProcessor},
	}

	bootEnds = map[string]event{
		"disk":  {0x1f, 0x57, discrete, [3]byte{0x01, 0xff, 0xff}, "OK", "The operating system was booted from disk."},
		"pxe":   {0x1f, 0x57, discrete, [3]byte{0x02, 0xff, 0xff}, "OK", "The operating system was booted by PXE."},
		"cdrom": {0x1f, 0x57, discrete, [3]byte{0x05, 0xff, 0xff}, "OK", "The operating system was booted from CD-ROM."},
	}
)
