package bmc

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

const redfishVersion = "1.15.1"

func (q *request) versions() { q.json(http.StatusOK, object{"v1": below() + "/"}) }

func (q *request) root() {
	q.json(http.StatusOK, object{
		"@odata.id": below() + "/", "@odata.type": "#ServiceRoot.v1_5_0.ServiceRoot", "Id": "RootService", "Name": "Root Service",
		"RedfishVersion": redfishVersion, "UUID": q.bmc.uuid(), "Vendor": q.model.vendor, "Product": q.model.name,
		"Systems": link(below("Systems")), "Chassis": link(below("Chassis")), "Managers": link(below("Managers")),
		"SessionService": link(below("SessionService")), "Links": object{"Sessions": link(below("SessionService", "Sessions"))},
		"ProtocolFeaturesSupported": object{"ExpandQuery": object{"Levels": true, "NoLinks": true, "ExpandAll": false, "Links": false, "MaxLevels": 1}},
	})
}

func (b *BMC) uuid() string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", b.guid[0:4], b.guid[4:6], b.guid[6:8], b.guid[8:10], b.guid[10:16])
}

func (q *request) systems() {
	q.collection("ComputerSystemCollection.ComputerSystemCollection", "Computer System Collection", q.model.system)
}

func (q *request) system() {
	b, m, c := q.bmc, q.model, q.bmc.chassis
	now := c.look()
	state, boot := c.state, c.boot
	if c.soft && m.softIsOn {
		state = on
	}
	valid := boot.valid(now)
	lit, always, health := c.identify.lit(now), c.identify.always, c.health()
	c.mu.Unlock()

	reset := object{"target": below("Systems", m.system, "Actions", "ComputerSystem.Reset")}
	if m.actionInfo {
		reset["@Redfish.ActionInfo"] = below("Systems", m.system, "ResetActionInfo")
	} else {
		reset["ResetType@Redfish.AllowableValues"] = m.resets
	}
	v := object{
		"SystemType": "Physical", "Manufacturer": m.vendor, "Model": m.name, "PartNumber": m.part,
		"SerialNumber": b.serial("S"), "AssetTag": b.assetTag(), "UUID": b.uuid(), "HostName": b.spec.Name, "BiosVersion": m.bios,
		"PowerState": state, "Status": object{"State": "Enabled", "Health": health, "HealthRollup": health},
		"Boot":             bootObject(&boot, valid),
		"ProcessorSummary": object{"Count": 2, "Model": "Lab 9000"}, "MemorySummary": object{"TotalSystemMemoryGiB": 256},
		"Links":   object{"Chassis": []object{link(below("Chassis", m.chassis))}, "ManagedBy": []object{link(below("Managers", m.manager))}},
		"Actions": object{"#ComputerSystem.Reset": reset},
	}
	if m.oldLight {
		v["IndicatorLED"] = light(lit, always)
	} else {
		v["LocationIndicatorActive"] = lit
	}
	if m.logUnderSystem {
		v["LogServices"] = link(below("Systems", m.system, "LogServices"))
	}
	q.resource("ComputerSystem.v1_13_0.ComputerSystem", m.system, "System", v)
}

// light is IndicatorLED: it blinks for as long as nobody switches it off.
func light(lit, always bool) string {
	switch {
	case always:
		return "Blinking"
	case lit:
		return "Lit"
	}
	return "Off"
}

// Names of the parts of a boot override, in the order in which they are offered.
var (
	bootEnables = []string{"Disabled", "Once", "Continuous"}
	bootModes   = []string{"Legacy", "UEFI"}
)

func bootTargets() (targets []string) {
	for _, d := range bootDevices {
		targets = append(targets, d.target)
	}
	return targets
}

func bootObject(o *bootOptions, valid bool) object {
	enabled, target, mode := "Disabled", "None", "Legacy"
	if valid {
		enabled, target = "Once", o.device().target
		if o.flags[0]&flagPersistent != 0 {
			enabled = "Continuous"
		}
	}
	if o.flags[0]&flagEFI != 0 {
		mode = "UEFI"
	}
	return object{
		"BootSourceOverrideEnabled": enabled, "BootSourceOverrideEnabled@Redfish.AllowableValues": bootEnables,
		"BootSourceOverrideTarget": target, "BootSourceOverrideTarget@Redfish.AllowableValues": bootTargets(),
		"BootSourceOverrideMode": mode, "BootSourceOverrideMode@Redfish.AllowableValues": bootModes,
	}
}

// systemChange is what a PATCH of the system may hold.
type systemChange struct {
	Boot *struct {
		BootSourceOverrideEnabled *string
		BootSourceOverrideTarget  *string
		BootSourceOverrideMode    *string
	}
	IndicatorLED            *string
	LocationIndicatorActive *bool
}

func (q *request) changeSystem() {
	var change systemChange
	if !q.body(&change) {
		return
	}
	if f := q.check(change); f != nil {
		q.fail(*f)
		return
	}
	c := q.bmc.chassis
	now := c.look()
	if change.Boot != nil {
		c.boot.change(now, change.Boot.BootSourceOverrideEnabled, change.Boot.BootSourceOverrideTarget, change.Boot.BootSourceOverrideMode)
	}
	if l := change.IndicatorLED; l != nil {
		c.identify = identify{always: *l != "Off"}
	}
	if l := change.LocationIndicatorActive; l != nil {
		c.identify = identify{always: *l}
	}
	c.mu.Unlock()
	q.done()
}

// check says what is wrong with a change, nil for nothing.
func (q *request) check(change systemChange) *failure {
	if b := change.Boot; b != nil {
		for _, p := range []struct {
			name  string
			value *string
			of    []string
		}{
			{"BootSourceOverrideEnabled", b.BootSourceOverrideEnabled, bootEnables},
			{"BootSourceOverrideTarget", b.BootSourceOverrideTarget, bootTargets()},
			{"BootSourceOverrideMode", b.BootSourceOverrideMode, bootModes},
		} {
			if f := notInList(p.name, p.value, p.of); f != nil {
				return f
			}
		}
	}
	switch {
	case change.IndicatorLED != nil && !q.model.oldLight:
		return unknownProperty("IndicatorLED")
	case change.LocationIndicatorActive != nil && q.model.oldLight:
		return unknownProperty("LocationIndicatorActive")
	}
	return notInList("IndicatorLED", change.IndicatorLED, []string{"Off", "Lit", "Blinking"})
}

func notInList(name string, value *string, of []string) *failure {
	if value == nil || slices.Contains(of, *value) {
		return nil
	}
	return &failure{http.StatusBadRequest, "PropertyValueNotInList",
		fmt.Sprintf("The value %q for the property %s is not in the list of acceptable values: %s.", *value, name, strings.Join(of, ", "))}
}

func unknownProperty(name string) *failure {
	return &failure{http.StatusBadRequest, "PropertyUnknown", "The property " + name + " is not in the list of valid properties for the resource."}
}

// change sets what is given and leaves the rest (DSP0268 ComputerSystem Boot).
func (b *bootOptions) change(now time.Time, enabled, target, mode *string) {
	valid := b.valid(now)
	flags := b.flags
	if !valid {
		flags[0] &= flagEFI
		flags[1] = 0
	}
	set := func(bit byte, is bool) {
		flags[0] &^= bit
		if is {
			flags[0] |= bit
		}
	}
	if mode != nil {
		set(flagEFI, *mode == "UEFI")
	}
	if target != nil {
		for _, d := range bootDevices {
			if d.target == *target {
				flags[1] = d.selector << 2
			}
		}
		if enabled == nil && !valid {
			set(flagValid, *target != "None")
		}
	}
	if enabled != nil {
		set(flagValid, *enabled != "Disabled")
		set(flagPersistent, *enabled == "Continuous")
	}
	b.set(flags, now, false)
}

// resets are the acts by ResetType.
var resets = map[string]act{
	"On":               (*chassis).turnOn,
	"ForceOn":          (*chassis).turnOn,
	"ForceOff":         (*chassis).forceOff,
	"GracefulShutdown": (*chassis).softOff,
	"GracefulRestart":  (*chassis).softCycle,
	"ForceRestart":     (*chassis).reset,
	"PowerCycle":       (*chassis).cycle,
	"PushPowerButton":  (*chassis).press,
	"Nmi":              (*chassis).interrupt,
}

func (q *request) resetInfo() {
	if !q.model.actionInfo {
		q.notFound()
		return
	}
	q.resource("ActionInfo.v1_1_2.ActionInfo", "ResetActionInfo", "Reset Action Info", object{
		"Parameters": []object{{"Name": "ResetType", "Required": true, "DataType": "String", "AllowableValues": q.model.resets}},
	})
}

func (q *request) resetSystem() {
	var what struct{ ResetType string }
	if !q.body(&what) {
		return
	}
	if !slices.Contains(q.model.resets, what.ResetType) {
		q.fail(failure{http.StatusBadRequest, "ActionParameterNotSupported",
			fmt.Sprintf("The value %q for the parameter ResetType of the action ComputerSystem.Reset is not supported by this system.", what.ResetType)})
		return
	}
	if q.bmc.chassis.do(resets[what.ResetType]) != nil {
		q.fail(failure{http.StatusConflict, "ResourceInStandby", "The operation " + what.ResetType + " is not allowed in the present power state of the system."})
		return
	}
	q.done()
}
