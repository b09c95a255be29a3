package bmc

import "time"

// Power is a host's power state, the same words for every protocol and vendor.
// What could not be read is Unknown, never Off.
type Power string

// Power states. TurningOn and TurningOff are what a BMC itself reports (Redfish
// "PoweringOn", "PoweringOff"); IPMI knows only on and off.
const (
	On         Power = "on"
	Off        Power = "off"
	TurningOn  Power = "turning_on"
	TurningOff Power = "turning_off"
	Unknown    Power = "unknown"
)

// Health is what the BMC itself says of the host.
type Health string

// Health values; "" when the BMC does not say.
const (
	OK       Health = "ok"
	Warning  Health = "warning"
	Critical Health = "critical"
)

// Facts is what watching one BMC reports: one cheap read. It is immutable.
type Facts struct {
	Host     string
	Driver   string // "ipmi" or "redfish": the one that answered
	Suite    int    // IPMI cipher suite, 0 for Redfish
	Power    Power
	Health   Health
	Faults   []string // in words: "cooling fault", "main power fault", "chassis intrusion"
	Identify bool     // the identify light is on, where the BMC tells
	Insecure string   // why the connection is not verified, "" when it is

	// What this process saw before: Was is the state before Changed. Both are zero
	// until a change was seen, so a host found off at the first look has no Changed.
	Was     Power
	Changed time.Time
}

// Verb is a change of power that a BMC can be asked for.
type Verb string

// Verbs. IPMI v2.0 section 28.3 (Chassis Control) and Redfish DSP0268
// ComputerSystem.Reset; which of a vendor's words is meant is the driver's affair.
const (
	TurnOn   Verb = "on"
	SoftOff  Verb = "soft"  // ask the operating system (ACPI); may never end
	ForceOff Verb = "off"   // cut the power
	Cycle    Verb = "cycle" // power off, pause, on; refused when off
	Reset    Verb = "reset" // hard reset without a change of power; refused when off
)

// Device is what a host boots from.
type Device string

// Devices. NoDevice means that nothing overrides the BIOS order.
const (
	NoDevice Device = "none"
	PXE      Device = "pxe"
	Disk     Device = "disk"
	CDROM    Device = "cdrom"
	BIOS     Device = "bios" // the BIOS or UEFI setup
)

// Boot is a boot override.
type Boot struct {
	Device     Device
	Persistent bool // for every boot, not only for the next one
	EFI        bool // UEFI rather than legacy
	// Known says which of the flags the BMC told; some keep only the device.
	EFIKnown, PersistentKnown bool
}

// Sensor is one reading of a sensor.
type Sensor struct {
	Name   string
	Kind   string  // "temperature", "fan", "power", "voltage", "current", "other"
	Value  float64 // in Unit
	Unit   string  // "C", "RPM", "W", "V", "A", "%", "" for a state
	State  string  // "ok", "warning", "critical", or a discrete state in words; "" when not told
	Absent bool    // the BMC has no reading; Value means nothing
}

// Event is one entry of the system event log.
type Event struct {
	ID       string
	At       time.Time // zero when the BMC's clock was not set
	Sensor   string
	Text     string
	Severity Health // "" when not told
}

// Info is what the BMC says of itself and its host.
type Info struct {
	Vendor, Model, Serial, AssetTag string
	Firmware                        string // of the BMC
	BIOS                            string
	Protocol                        string // "IPMI 2.0", "Redfish 1.6.0"
	GUID                            string
	Sessions                        string // "2 of 4", "" when not told
}
