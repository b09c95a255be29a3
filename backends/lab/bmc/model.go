package bmc

import "fmt"

// model is a make of server, with the habits of its BMC. The names are made up,
// the habits are not.
type model struct {
	vendor, name, board, part string
	firmware, bios            string

	// Redfish.
	system, manager, chassis string   // IDs
	resets                   []string // ResetType values that it offers
	actionInfo               bool     // tells its ResetType values in a resource of their own
	logUnderSystem           bool     // the event log belongs to the system, not to the manager
	sensorsCollection        bool     // Chassis Sensors instead of Thermal and Power
	oldLight                 bool     // IndicatorLED instead of LocationIndicatorActive
	softIsOn                 bool     // says On while the operating system shuts down
	newestFirst              bool     // of the event log
}

var models = []model{
	{
		vendor: "Kitsune", name: "KX-2200", board: "KX22-MB", part: "KX2200-A", firmware: "3.88", bios: "2.14",
		system: "1", manager: "1", chassis: "1", oldLight: true,
		resets: []string{"On", "ForceOff", "GracefulShutdown", "ForceRestart", "PushPowerButton", "Nmi"},
	},
	{
		vendor: "Tanuki Systems", name: "T640s", board: "T640-PLANAR", part: "T640S-16", firmware: "7.10.30.05", bios: "2.22.1",
		system: "System.Embedded.1", manager: "BMC.Embedded.1", chassis: "System.Embedded.1", oldLight: true, newestFirst: true,
		resets: []string{"On", "ForceOff", "ForceRestart", "GracefulRestart", "GracefulShutdown", "PushPowerButton", "Nmi", "PowerCycle"},
	},
	{
		vendor: "Open Rack", name: "Yosen", board: "Yosen-MLB", part: "YSN-01", firmware: "2.14.0-dev", bios: "0.9.7",
		system: "system", manager: "bmc", chassis: "chassis", actionInfo: true, logUnderSystem: true, sensorsCollection: true, softIsOn: true,
		resets: []string{"On", "ForceOff", "ForceOn", "ForceRestart", "GracefulRestart", "GracefulShutdown", "PowerCycle", "Nmi"},
	},
}

func (b *BMC) model() *model {
	if n := b.spec.Model; n > 0 {
		return &models[n-1]
	}
	return &models[b.chassis.seed>>32%uint64(len(models))]
}

// serial is a serial number of a kind.
func (b *BMC) serial(kind string) string { return fmt.Sprintf("%s%X", kind, b.guid[:5]) }

func (b *BMC) assetTag() string { return fmt.Sprintf("DC-%05d", int(b.guid[6])<<8|int(b.guid[7])) }
