package bmc

import (
	"testing"

	"github.com/stmcginnis/gofish"
	"github.com/stmcginnis/gofish/redfish"
)

// TestGofish has gofish look at every make of BMC and change it: a client that
// others wrote against real ones.
func TestGofish(t *testing.T) {
	s := startLab(t, Options{Speed: 100, Hosts: []Spec{
		{Name: "a", Protocol: Redfish, Model: 1}, {Name: "b", Protocol: Redfish, Model: 2, Events: 120}, {Name: "c", Protocol: Both, Model: 3, Events: 60},
	}})
	for _, b := range s.All() {
		t.Run(b.model().name, func(t *testing.T) {
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			v := visit(t, s, b)
			c, err := gofish.ConnectContext(t.Context(), gofish.ClientConfig{Endpoint: v.base, Username: Username, Password: s.password, HTTPClient: v.http, ReuseConnections: true})
			must(err)
			systems, err := c.Service.Systems()
			must(err)
			if len(systems) != 1 || systems[0].PowerState != redfish.OnPowerState || systems[0].SerialNumber != b.serial("S") || systems[0].Status.Health != "OK" {
				t.Fatalf("systems %+v", systems)
			}
			must(systems[0].SetBoot(redfish.Boot{BootSourceOverrideTarget: redfish.PxeBootSourceOverrideTarget, BootSourceOverrideEnabled: redfish.OnceBootSourceOverrideEnabled, BootSourceOverrideMode: redfish.UEFIBootSourceOverrideMode}))
			systems, err = c.Service.Systems()
			must(err)
			if o := systems[0].Boot; o.BootSourceOverrideTarget != "Pxe" || o.BootSourceOverrideEnabled != "Once" || o.BootSourceOverrideMode != "UEFI" {
				t.Errorf("boot %+v", o)
			}
			must(systems[0].Reset(redfish.ForceRestartResetType))
			if from, _ := b.Booted(); from != "pxe" {
				t.Errorf("booted from %s", from)
			}
			chassis, err := c.Service.Chassis()
			must(err)
			if m := b.model(); m.sensorsCollection {
				all, err := chassis[0].Sensors()
				must(err)
				if len(all) != len(sensors) || all[0].ReadingUnits == "" {
					t.Errorf("sensors %+v", all)
				}
			} else {
				thermal, err := chassis[0].Thermal()
				must(err)
				power, err := chassis[0].Power()
				must(err)
				if len(thermal.Fans) != 4 || thermal.Fans[0].Reading < 3000 || len(thermal.Temperatures) != 4 || len(power.PowerSupplies) != 2 || power.PowerControl[0].PowerConsumedWatts < 100 {
					t.Errorf("thermal %+v, power %+v", thermal, power)
				}
			}
			managers, err := c.Service.Managers()
			must(err)
			logs, err := managers[0].LogServices()
			if b.model().logUnderSystem {
				logs, err = systems[0].LogServices()
			}
			must(err)
			entries, err := logs[0].Entries()
			must(err)
			if len(entries) < b.spec.Events || entries[0].Message == "" {
				t.Errorf("%d entries in the log", len(entries))
			}
			must(logs[0].ClearLog())
			must(systems[0].Reset(redfish.ForceOffResetType))
			until(t, "off", func() bool {
				systems, err := c.Service.Systems()
				must(err)
				return systems[0].PowerState == redfish.OffPowerState
			})
			c.Logout()
			if n := b.Counters(); n.Opened != 1 || n.Closed != 1 || n.Open != 0 {
				t.Errorf("sessions %+v", n)
			}
		})
	}
}
