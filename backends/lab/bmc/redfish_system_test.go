package bmc

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRedfishPower(t *testing.T) {
	s := startLab(t, Options{Speed: 100, Hosts: []Spec{{Name: "a", Protocol: Redfish, Model: 1}, {Name: "b", Protocol: Redfish, Model: 2}, {Name: "c", Protocol: Redfish, Model: 3}}})
	for _, b := range s.All() {
		v := visit(t, s, b)
		v.logIn()
		system := "/redfish/v1/Systems/" + b.model().system
		reset := system + "/Actions/ComputerSystem.Reset"
		info := v.want(http.StatusOK, "GET", system, nil)
		if follow(info, "Actions", "#ComputerSystem.Reset", "target") != reset {
			t.Fatalf("target is not %s: %v", reset, info["Actions"])
		}
		allowed, _ := follow(info, "Actions", "#ComputerSystem.Reset", "ResetType@Redfish.AllowableValues").([]any)
		if b.model().actionInfo {
			more := v.want(http.StatusOK, "GET", follow(info, "Actions", "#ComputerSystem.Reset", "@Redfish.ActionInfo").(string), nil)
			allowed = follow(more["Parameters"].([]any)[0], "AllowableValues").([]any)
		}
		is := func(state string) {
			t.Helper()
			until(t, state, func() bool { return v.want(http.StatusOK, "GET", system, nil)["PowerState"] == state })
		}
		for kind := range resets { // what is offered works, what is not is refused
			is("On")
			if !slices.Contains(allowed, any(kind)) {
				v.want(http.StatusBadRequest, "POST", reset, object{"ResetType": kind})
				continue
			}
			_, before := b.Booted()
			v.want(http.StatusNoContent, "POST", reset, object{"ResetType": kind})
			switch kind {
			case "ForceOff", "GracefulShutdown", "PushPowerButton":
				is("Off")
				for _, refused := range []string{"ForceRestart", "GracefulRestart", "PowerCycle", "Nmi", "GracefulShutdown"} {
					if slices.Contains(allowed, any(refused)) {
						v.want(http.StatusConflict, "POST", reset, object{"ResetType": refused})
					}
				}
				v.want(http.StatusNoContent, "POST", reset, object{"ResetType": "On"})
			case "ForceRestart", "GracefulRestart", "PowerCycle":
				until(t, "boot after "+kind, func() bool { _, n := b.Booted(); return n == before+1 })
			}
		}
		is("On")
		v.want(http.StatusBadRequest, "POST", reset, object{"ResetType": "Explode"})
		v.want(http.StatusBadRequest, "POST", reset, object{"Reset": "On"})
	}
}

// TestRedfishPowerStates: turning on and off are told while they last.
func TestRedfishPowerStates(t *testing.T) {
	clock := newHand()
	s := startLab(t, Options{Speed: 1, Now: clock.Now, Hosts: []Spec{{Name: "a", Protocol: Redfish, Model: 1}, {Name: "b", Protocol: Redfish, Model: 3}}})
	for i, b := range s.All() {
		v := visit(t, s, b)
		system := "/redfish/v1/Systems/" + b.model().system
		do := func(kind string, wants ...string) {
			t.Helper()
			v.want(http.StatusNoContent, "POST", system+"/Actions/ComputerSystem.Reset", object{"ResetType": kind})
			for _, want := range wants {
				if got := v.want(http.StatusOK, "GET", system, nil)["PowerState"]; got != want {
					t.Errorf("%s: %v, want %s", kind, got, want)
				}
				clock.move(10 * time.Second)
			}
		}
		do("ForceOff", "PoweringOff", "Off")
		do("On", "PoweringOn", "On")
		do("GracefulShutdown", []string{"PoweringOff", "On"}[i], "Off")
		do("On", "PoweringOn", "On")
		b.Set(NeverSoftOff, true)
		do("GracefulShutdown", "On", "On", "On")
		do("ForceOff", "PoweringOff", "Off")
		b.Set(Stuck, true)
		do("On", "Off", "Off")
	}
}

func TestRedfishBoot(t *testing.T) {
	s := startLab(t, Options{Speed: 100, Hosts: []Spec{{Name: "a", Protocol: Redfish, Model: 2}}})
	b := s.Host("a")
	v := visit(t, s, b)
	system := "/redfish/v1/Systems/System.Embedded.1"
	boot := func() string {
		t.Helper()
		o := v.want(http.StatusOK, "GET", system, nil)["Boot"].(object)
		return fmt.Sprint(o["BootSourceOverrideEnabled"], " ", o["BootSourceOverrideTarget"], " ", o["BootSourceOverrideMode"])
	}
	restart := func(from string) {
		t.Helper()
		_, n := b.Booted()
		v.want(http.StatusNoContent, "POST", system+"/Actions/ComputerSystem.Reset", object{"ResetType": "PowerCycle"})
		until(t, "the boot", func() bool { _, m := b.Booted(); return m > n })
		if got, _ := b.Booted(); got != from {
			t.Errorf("booted from %s, want %s", got, from)
		}
	}
	set := func(want string, o object) {
		t.Helper()
		v.want(http.StatusNoContent, "PATCH", system, object{"Boot": o})
		if got := boot(); got != want {
			t.Errorf("%v became %q, want %q", o, got, want)
		}
	}
	if got := boot(); got != "Disabled None Legacy" {
		t.Errorf("at first %q", got)
	}
	set("Once Pxe UEFI", object{"BootSourceOverrideTarget": "Pxe", "BootSourceOverrideEnabled": "Once", "BootSourceOverrideMode": "UEFI"})
	restart("pxe")
	if got := boot(); !strings.HasPrefix(got, "Disabled None") {
		t.Errorf("after the boot %q", got)
	}
	restart("disk")
	set("Continuous BiosSetup Legacy", object{"BootSourceOverrideTarget": "BiosSetup", "BootSourceOverrideEnabled": "Continuous", "BootSourceOverrideMode": "Legacy"})
	restart("bios")
	restart("bios")
	set("Disabled None Legacy", object{"BootSourceOverrideEnabled": "Disabled"})
	restart("disk")
	for _, bad := range []object{{"BootSourceOverrideTarget": "Moon"}, {"BootSourceOverrideEnabled": "Twice"}, {"BootSourceOverrideMode": 1}, {"Device": "Pxe"}} {
		v.want(http.StatusBadRequest, "PATCH", system, object{"Boot": bad})
	}
}

func TestRedfishLight(t *testing.T) {
	s := startLab(t, Options{Hosts: []Spec{{Name: "a", Protocol: Redfish, Model: 1}, {Name: "b", Protocol: Redfish, Model: 3}}})
	v := visit(t, s, s.Host("a"))
	v.want(http.StatusNoContent, "PATCH", "/redfish/v1/Systems/1", object{"IndicatorLED": "Blinking"})
	if got := v.want(http.StatusOK, "GET", "/redfish/v1/Systems/1", nil)["IndicatorLED"]; got != "Blinking" {
		t.Errorf("the light is %v", got)
	}
	v.want(http.StatusNoContent, "PATCH", "/redfish/v1/Systems/1", object{"IndicatorLED": "Off"})
	v.want(http.StatusBadRequest, "PATCH", "/redfish/v1/Systems/1", object{"IndicatorLED": "Green"})
	v.want(http.StatusBadRequest, "PATCH", "/redfish/v1/Systems/1", object{"LocationIndicatorActive": true})
	w := visit(t, s, s.Host("b"))
	w.want(http.StatusNoContent, "PATCH", "/redfish/v1/Systems/system", object{"LocationIndicatorActive": true})
	if got := w.want(http.StatusOK, "GET", "/redfish/v1/Systems/system", nil)["LocationIndicatorActive"]; got != true {
		t.Errorf("the light is %v", got)
	}
	w.want(http.StatusBadRequest, "PATCH", "/redfish/v1/Systems/system", object{"IndicatorLED": "Lit"})
}

// TestRedfishLog reads a long log page by page, oldest or newest first, and
// clears it.
func TestRedfishLog(t *testing.T) {
	s := startLab(t, Options{Hosts: []Spec{{Name: "a", Protocol: Redfish, Model: 1, Events: 130}, {Name: "b", Protocol: Redfish, Model: 2, Events: 130}, {Name: "c", Protocol: Redfish, Model: 3, Events: 20, Clockless: true}}})
	for b, log := range map[*BMC]string{
		s.Host("a"): "/redfish/v1/Managers/1/LogServices/SEL",
		s.Host("b"): "/redfish/v1/Managers/BMC.Embedded.1/LogServices/SEL",
		s.Host("c"): "/redfish/v1/Systems/system/LogServices/SEL",
	} {
		v := visit(t, s, b)
		v.logIn()
		var all []object
		for path := log + "/Entries"; path != ""; {
			page := v.want(http.StatusOK, "GET", path, nil)
			for _, m := range page["Members"].([]any) {
				all = append(all, m.(object))
			}
			path, _ = page["Members@odata.nextLink"].(string)
		}
		if len(all) < b.spec.Events {
			t.Fatalf("%s: %d entries", b.Name(), len(all))
		}
		newest := all[len(all)-1]
		if b.model().newestFirst {
			newest = all[0]
		}
		if newest["Id"] != fmt.Sprint(len(all)) || newest["Message"] == "" || newest["Severity"] == "" {
			t.Errorf("%s: newest is %v", b.Name(), newest)
		}
		at, err := time.Parse(time.RFC3339, newest["Created"].(string))
		if err != nil || (at.Year() == 1970) != b.spec.Clockless {
			t.Errorf("%s: date %v: %v", b.Name(), newest["Created"], err)
		}
		v.want(http.StatusNoContent, "POST", log+"/Actions/LogService.ClearLog", object{})
		if got := v.want(http.StatusOK, "GET", log+"/Entries", nil)["Members"].([]any); len(got) != 1 {
			t.Errorf("%s: after clearing %v", b.Name(), got)
		}
	}
}

func TestRedfishSensors(t *testing.T) {
	s := startLab(t, Options{Hosts: []Spec{{Name: "a", Protocol: Redfish, Model: 1}, {Name: "b", Protocol: Redfish, Model: 3}, {Name: "c", Protocol: Redfish, Model: 2, Off: true}}})
	s.Host("a").Set(FanFault, true)
	s.Host("a").Set(SupplyFault, true)
	v := visit(t, s, s.Host("a"))
	thermal := v.want(http.StatusOK, "GET", "/redfish/v1/Chassis/1/Thermal", nil)
	fans := thermal["Fans"].([]any)
	if len(fans) != 4 || follow(fans[2], "Reading") != 0.0 || follow(fans[2], "Status", "Health") != "Critical" || follow(fans[0], "Status", "Health") != "OK" {
		t.Errorf("fans are %v", fans)
	}
	if got := thermal["Temperatures"].([]any); len(got) != 4 || follow(got[2], "ReadingCelsius").(float64) < 40 {
		t.Errorf("temperatures are %v", got)
	}
	power := v.want(http.StatusOK, "GET", "/redfish/v1/Chassis/1/Power", nil)
	if w := follow(power["PowerControl"].([]any)[0], "PowerConsumedWatts").(float64); w < 100 || w > 500 {
		t.Errorf("draws %v W", w)
	}
	if got := follow(power["PowerSupplies"].([]any)[1], "Status", "Health"); got != "Critical" {
		t.Errorf("the failed supply is %v", got)
	}
	if got := follow(v.want(http.StatusOK, "GET", "/redfish/v1/Systems/1", nil), "Status", "Health"); got != "Critical" {
		t.Errorf("the system is %v", got)
	}
	w := visit(t, s, s.Host("b"))
	if got := w.want(http.StatusOK, "GET", "/redfish/v1/Chassis/chassis/Sensors?$expand=.($levels=1)", nil)["Members"].([]any); len(got) != len(sensors) || follow(got[2], "ReadingUnits") != "Cel" {
		t.Errorf("sensors are %v", got)
	}
	w.want(http.StatusNotFound, "GET", "/redfish/v1/Chassis/chassis/Thermal", nil)
	off := visit(t, s, s.Host("c")).want(http.StatusOK, "GET", "/redfish/v1/Chassis/System.Embedded.1/Thermal", nil)
	if fan := off["Fans"].([]any)[0]; follow(fan, "Reading") != nil || follow(fan, "Status", "State") != "UnavailableOffline" {
		t.Errorf("a fan of a host that is off: %v", fan)
	}
}
