package bmc

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"ringside/backends/fleet"
)

func TestRedfishPowerState(t *testing.T) {
	f := newFake(t, false)
	c := f.controller(t)
	for state, want := range map[any]Power{"On": On, "Off": Off, "PoweringOn": TurningOn, "PoweringOff": TurningOff, "Paused": Unknown, nil: Unknown, "": Unknown} {
		f.system(object{"PowerState": state})
		if got := status(t, c).Power; got != want {
			t.Errorf("%v: %s", state, got)
		}
	}
	f.with(func() { delete(f.tree[fakeSystem].(object), "PowerState") })
	if got := status(t, c).Power; got != Unknown {
		t.Errorf("no state: %s", got)
	}
	// A state that is not known does not count as a change.
	f.system(object{"PowerState": "On"})
	first := status(t, c)
	f.system(object{"PowerState": nil})
	status(t, c)
	f.system(object{"PowerState": "On"})
	if last := status(t, c); last.Changed != first.Changed {
		t.Errorf("%+v, then %+v", first, last)
	}
}

// What each make offers, and what a verb becomes there ("" when it has none).
func TestResetTypes(t *testing.T) {
	for make, row := range map[string]struct {
		offers string
		want   map[Verb]string
	}{
		"Dell iDRAC 9":   {"On ForceOff ForceRestart GracefulRestart GracefulShutdown PushPowerButton Nmi PowerCycle", map[Verb]string{TurnOn: "On", SoftOff: "GracefulShutdown", ForceOff: "ForceOff", Cycle: "PowerCycle", Reset: "ForceRestart"}},
		"Dell iDRAC 8":   {"On ForceOff GracefulRestart GracefulShutdown PushPowerButton Nmi", map[Verb]string{TurnOn: "On", SoftOff: "GracefulShutdown", ForceOff: "ForceOff", Cycle: "", Reset: ""}},
		"HPE iLO 4":      {"On ForceOff ForceRestart Nmi PushPowerButton", map[Verb]string{TurnOn: "On", SoftOff: "PushPowerButton", ForceOff: "ForceOff", Cycle: "", Reset: "ForceRestart"}},
		"HPE iLO 5":      {"On ForceOff GracefulShutdown ForceRestart Nmi PushPowerButton GracefulRestart", map[Verb]string{TurnOn: "On", SoftOff: "GracefulShutdown", ForceOff: "ForceOff", Cycle: "", Reset: "ForceRestart"}},
		"Supermicro X11": {"On ForceOff GracefulShutdown GracefulRestart ForceRestart Nmi ForceOn", map[Verb]string{TurnOn: "On", SoftOff: "GracefulShutdown", ForceOff: "ForceOff", Cycle: "", Reset: "ForceRestart"}},
		"OpenBMC":        {"ForceOff ForceOn ForceRestart GracefulRestart GracefulShutdown PowerCycle Nmi", map[Verb]string{TurnOn: "ForceOn", SoftOff: "GracefulShutdown", ForceOff: "ForceOff", Cycle: "PowerCycle", Reset: "ForceRestart"}},
		"chassis power":  {"On ForceOff FullPowerCycle", map[Verb]string{TurnOn: "On", SoftOff: "", ForceOff: "ForceOff", Cycle: "", Reset: ""}},
	} {
		for v, want := range row.want {
			got, err := resetType(v, strings.Fields(row.offers), On)
			if got != want || (err != nil) != (want == "") || err != nil && troubleOf(err) != Unsupported {
				t.Errorf("%s, %s: %q %v", make, v, got, err)
			}
		}
	}
	if got, err := resetType(SoftOff, []string{"PushPowerButton"}, Unknown); err == nil {
		t.Errorf("the button of a host that may be off is pressed: %q", got)
	}
	if got, err := resetType(Cycle, nil, On); got != "PowerCycle" || err != nil {
		t.Errorf("a BMC that does not say what it offers: %q %v", got, err)
	}
}

func TestRedfishSystems(t *testing.T) {
	f := newFake(t, false)
	two := func(a, b string) {
		f.with(func() {
			f.tree["/redfish/v1/Systems"] = object{"Members": []any{object{"@odata.id": fakeSystem}, object{"@odata.id": "/redfish/v1/Systems/2"}}}
			f.tree["/redfish/v1/Systems/2"] = object{"Id": "Node2", "SystemType": b, "PowerState": "Off", "Actions": object{"#ComputerSystem.Reset": object{"target": "/x"}}}
		})
		f.system(object{"SystemType": a})
	}
	two("Physical", "Physical")
	_, err := f.controller(t).Status(soon(t))
	if e := trouble(t, err); e.Trouble != Other || e.Hint != "set bmc.system to one of: 1, Node2" {
		t.Errorf("%+v", e)
	}
	f.host.BMC.System = "Node2"
	if got := status(t, f.controller(t)).Power; got != Off {
		t.Errorf("Node2 is %s", got)
	}
	f.host.BMC.System = "Node3"
	_, err = f.controller(t).Status(soon(t))
	if e := trouble(t, err); e.Why != "the BMC has no system Node3" {
		t.Errorf("%+v", e)
	}
	f.host.BMC.System = ""
	two("Virtual", "Physical")
	if got := status(t, f.controller(t)).Power; got != Off {
		t.Errorf("the only physical one is %s", got)
	}
	f.with(func() { f.tree["/redfish/v1/Systems"] = object{"Members": []any{}} })
	_, err = f.controller(t).Status(soon(t))
	if e := trouble(t, err); e.Trouble != Booting {
		t.Errorf("%+v", e)
	}
}

// The password goes only to what has presented itself as a Redfish service.
func TestNoPasswordForStrangers(t *testing.T) {
	for name, answer := range map[string]any{
		"a web page": "<html>Log in</html>", "another API": object{"version": "2"}, "nothing": "", "not found": nil,
	} {
		f := newFake(t, false)
		f.with(func() {
			if answer == nil {
				delete(f.tree, "/redfish/v1/")
			} else {
				f.tree["/redfish/v1/"] = answer
			}
		})
		_, err := f.controller(t).Status(soon(t))
		if e := trouble(t, err); e.Trouble != Unsupported && e.Trouble != Rejected {
			t.Errorf("%s: %+v", name, e)
		}
		if got := f.seen(""); len(got) != 1 || strings.Contains(got[0], "secret") {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestRedfishSessions(t *testing.T) {
	f := newFake(t, false)
	c := f.controller(t)
	status(t, c)
	f.expire()
	status(t, c) // logs in again
	f.expire()
	must(t, c.Switch(soon(t), ForceOff))
	if n := len(f.seen("POST " + fakeSystem + "/Reset")); n != 1 {
		t.Errorf("the reset was sent %d times", n)
	}
	must(t, c.Close(soon(t)))
	if n := len(f.seen("DELETE /redfish/v1/Sessions/")); n != 1 {
		t.Errorf("%d sessions were ended", n)
	}
}

func TestRedfishWithoutSessions(t *testing.T) {
	f := newFake(t, true)
	f.with(func() {
		f.on["POST /redfish/v1/Sessions"] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusMethodNotAllowed) }
		password := "secret"
		f.on["GET "+fakeSystem] = func(w http.ResponseWriter, r *http.Request) {
			if _, p, _ := r.BasicAuth(); p != password {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			answerJSON(w, object{"PowerState": "On"})
		}
		f.on["GET /redfish/v1/Systems"] = func(w http.ResponseWriter, r *http.Request) {
			answerJSON(w, object{"Members": []any{object{"@odata.id": fakeSystem}}})
		}
	})
	c := f.controller(t)
	if got := status(t, c); got.Power != On || got.Insecure != "plain HTTP: neither encrypted nor authenticated" {
		t.Errorf("%+v", got)
	}
	wrong := opened(t, New(f.host, account(t, "admin", "other")))
	_, err := wrong.Status(soon(t))
	if e := trouble(t, err); e.Trouble != WrongPassword {
		t.Errorf("%+v", e)
	}
}

// A reset whose answer is lost is not sent again, and the error says so.
func TestRedfishLostAnswer(t *testing.T) {
	f := newFake(t, false)
	f.with(func() {
		f.on["POST "+fakeSystem+"/Reset"] = func(w http.ResponseWriter, _ *http.Request) {
			c, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				c.Close()
			}
		}
	})
	c := f.controller(t)
	status(t, c)
	e := trouble(t, c.Switch(soon(t), Reset))
	if e.Trouble != Silent || !strings.Contains(e.Why, "it may have been carried out") {
		t.Errorf("%+v", e)
	}
	if got := f.seen("POST " + fakeSystem); len(got) != 1 || !strings.HasSuffix(got[0], `{"ResetType":"ForceRestart"}`) {
		t.Errorf("%q", got)
	}
}

// Nothing that a BMC says leads the token to another place.
func TestRedfishLeadsAway(t *testing.T) {
	caught := make(chan string, 10)
	trap := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { caught <- r.URL.Path }))
	defer trap.Close()
	f := newFake(t, true)
	f.with(func() {
		f.tree["/redfish/v1/Systems"] = object{"Members": []any{object{"@odata.id": trap.URL + fakeSystem}}}
		f.tree["/redfish/v1/Sessions"] = nil
	})
	c := f.controller(t)
	status(t, c) // the path is taken, on the BMC itself
	f.with(func() {
		f.on["GET "+fakeSystem] = func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, trap.URL+"/caught", http.StatusTemporaryRedirect)
		}
	})
	if _, err := c.Status(soon(t)); err == nil {
		t.Error("the redirect was followed")
	}
	select {
	case path := <-caught:
		t.Errorf("a request for %s", path)
	default:
	}
}

func TestLocal(t *testing.T) {
	for link, want := range map[string]string{
		"/redfish/v1/":                      "/redfish/v1/",
		"/redfish/v1/Systems/1":             "/redfish/v1/Systems/1",
		"https://evil.example/redfish/v1/x": "/redfish/v1/x",
		"//evil.example/x":                  "/x",
		"/redfish/v1/Entries?$skip=50":      "/redfish/v1/Entries?$skip=50",
		"/redfish/v1/../../admin":           "",
		"redfish/v1":                        "",
		"javascript:alert(1)":               "",
		"http://[":                          "",
		"/a b":                              "/a%20b",
		"/x#frag":                           "/x",
	} {
		got, err := local(link)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%q: %q %v", link, got, err)
		}
	}
}

func TestRedfishBadAnswers(t *testing.T) {
	f := newFake(t, false)
	c := f.controller(t)
	status(t, c)
	for name, body := range map[string]string{
		"too long": `{"Id":"` + strings.Repeat("x", maxBody) + `"}`, "no JSON": "Error 500", "a list": "[1]", "another type": `{"PowerState": {}}`, "cut": `{"PowerState": "On`,
	} {
		f.with(func() { f.tree[fakeSystem] = body })
		_, err := c.Status(soon(t))
		if e := trouble(t, err); e.Trouble != Rejected {
			t.Errorf("%s: %+v", name, e)
		}
	}
	f.with(func() {
		f.on["GET "+fakeSystem] = func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			answerJSON(w, object{"error": object{"@Message.ExtendedInfo": []any{object{"MessageId": "Base.1.0.InternalError", "Message": "bad \x1b[31mthing."}}}})
		}
	})
	_, err := c.Status(soon(t))
	if e := trouble(t, err); e.Trouble != Rejected || e.Why != "the BMC refuses: bad thing" {
		t.Errorf("%+v", e)
	}
}

// Text from the BMC is clean when it comes in.
func TestRedfishHostileText(t *testing.T) {
	const evil = "x\x1b]0;t\x07\x1b[2Jy\u202e"
	f := newFake(t, false)
	f.system(object{"Manufacturer": evil, "Model": evil, "SerialNumber": evil, "AssetTag": evil, "BiosVersion": evil, "UUID": evil,
		"Status":      object{"Health": evil, "Conditions": []any{object{"Message": evil}}},
		"Boot":        object{"BootSourceOverrideTarget": evil, "BootSourceOverrideEnabled": "Once"},
		"LogServices": object{"@odata.id": "/l"}, "Links": object{"Chassis": []any{object{"@odata.id": "/c"}}, "ManagedBy": []any{object{"@odata.id": "/m"}}}})
	f.with(func() {
		f.tree["/c"] = object{"Thermal": object{"@odata.id": "/t"}}
		f.tree["/t"] = object{"Temperatures": []any{object{"Name": evil, "ReadingCelsius": 1, "Status": object{"Health": evil}}}}
		f.tree["/l"] = object{"Members": []any{object{"@odata.id": "/l/SEL"}}}
		f.tree["/l/SEL"] = object{"Entries": object{"@odata.id": "/e"}}
		f.tree["/e"] = object{"Members": []any{object{"Id": evil, "Message": evil, "SensorType": evil, "Severity": evil}}}
		f.tree["/m"] = object{"FirmwareVersion": evil}
	})
	c := f.controller(t)
	facts := status(t, c)
	info, err := c.Info(soon(t))
	must(t, err)
	boot, err := c.Boot(soon(t))
	must(t, err)
	sensors, err := c.Sensors(soon(t))
	must(t, err)
	events, err := c.Events(soon(t), 10)
	must(t, err)
	all := fmt.Sprintf("%+v %+v %+v %+v %+v", *facts, info, boot, sensors, events)
	if fleet.Clean(all) != all || strings.Count(all, "xy") < 10 {
		t.Errorf("%q", all)
	}
}

func TestRedfishBootModeIsASetting(t *testing.T) {
	f := newFake(t, false)
	f.system(object{"Boot": object{"BootSourceOverrideTarget": "None", "BootSourceOverrideEnabled": "Disabled", "BootSourceOverrideMode": "UEFI"}})
	f.with(func() {
		f.on["GET "+fakeSystem] = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", `"7"`)
			f.mu.Lock()
			defer f.mu.Unlock()
			answerJSON(w, f.tree[fakeSystem])
		}
		f.on["PATCH "+fakeSystem] = func(w http.ResponseWriter, r *http.Request) {
			got := f.seen("PATCH " + fakeSystem)
			switch {
			case r.Header.Get("If-Match") != `"7"`:
				w.WriteHeader(http.StatusPreconditionFailed)
			case strings.Contains(got[len(got)-1], "BootSourceOverrideMode"):
				w.WriteHeader(http.StatusBadRequest)
			default:
				f.system(object{"Boot": object{"BootSourceOverrideTarget": "Pxe", "BootSourceOverrideEnabled": "Once", "BootSourceOverrideMode": "UEFI"}})
				w.WriteHeader(http.StatusNoContent)
			}
		}
	})
	c := f.controller(t)
	kept, err := c.SetBoot(soon(t), Boot{Device: PXE})
	must(t, err)
	if want := (Boot{Device: PXE, EFI: true, EFIKnown: true, PersistentKnown: true}); kept != want {
		t.Errorf("%+v", kept)
	}
}

// Logs come newest or oldest first, in pages, whole or as links.
func TestRedfishLogs(t *testing.T) {
	entry := func(n int) object {
		return object{"@odata.id": fmt.Sprintf("/e/%d", n), "Id": itoa(n), "Message": "m", "Created": time.Date(2026, 1, 1, 0, 0, n, 0, time.UTC).Format(time.RFC3339)}
	}
	const total, page = 120, 50
	for name, row := range map[string]struct {
		newestFirst, links bool
		most               int // requests for ten of them
	}{
		"oldest first": {false, false, 3}, "newest first": {true, false, 1}, "links": {false, true, 3 + 12}, "links, newest first": {true, true, 3 + 12},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, false)
			f.system(object{"LogServices": object{"@odata.id": "/l"}})
			f.with(func() {
				f.tree["/l"] = object{"Members": []any{object{"@odata.id": "/l/AuditLog"}, object{"@odata.id": "/l/Sel"}}}
				f.tree["/l/Sel"] = object{"Entries": object{"@odata.id": "/e"}}
				var all []any
				for n := range total {
					e := entry(n)
					f.tree[e["@odata.id"].(string)] = e
					if row.links {
						e = object{"@odata.id": e["@odata.id"]}
					}
					all = append(all, e)
				}
				if row.newestFirst {
					slices.Reverse(all)
				}
				path := "/e"
				for n := 0; n < total; n += page {
					c := object{"Members": all[n:min(n+page, total)]}
					next := fmt.Sprintf("/e/from/%d", n+page)
					if n+page < total {
						c["Members@odata.nextLink"] = next
					}
					f.tree[path] = c
					path = next
				}
			})
			got, err := f.controller(t).Events(soon(t), 10)
			must(t, err)
			for i, e := range got {
				if e.ID != itoa(total-1-i) {
					t.Fatalf("%+v", got)
				}
			}
			if n := len(f.seen("GET /e")); len(got) != 10 || n > row.most {
				t.Errorf("%d events with %d requests", len(got), n)
			}
		})
	}
	f := newFake(t, false)
	_, err := f.controller(t).Events(soon(t), 10)
	if e := trouble(t, err); e.Trouble != Unsupported {
		t.Errorf("no log: %+v", e)
	}
}

func TestRedfishSensorsThatAreAbsent(t *testing.T) {
	f := newFake(t, false)
	f.system(object{"Links": object{"Chassis": []any{object{"@odata.id": "/c"}}}})
	f.with(func() {
		f.tree["/c"] = object{"Thermal": object{"@odata.id": "/t"}, "Power": object{"@odata.id": "/p"}}
		f.tree["/t"] = object{"Temperatures": []any{object{"Name": "CPU 2", "ReadingCelsius": nil}, object{"Name": "CPU 1", "ReadingCelsius": 41.5, "Status": object{"Health": "Warning"}}},
			"Fans": []any{object{"FanName": "Fan 1", "Reading": 45, "ReadingUnits": "Percent"}, object{"Name": "Fan 2", "Reading": 0, "Status": object{"State": "Absent"}}}}
		f.tree["/p"] = object{"PowerControl": []any{object{"Name": "draw", "PowerConsumedWatts": 312}}}
	})
	got, err := f.controller(t).Sensors(soon(t))
	must(t, err)
	want := []Sensor{
		{Name: "CPU 2", Kind: "temperature", Unit: "C", Absent: true}, {Name: "CPU 1", Kind: "temperature", Value: 41.5, Unit: "C", State: "warning"},
		{Name: "Fan 1", Kind: "fan", Value: 45, Unit: "%"}, {Name: "Fan 2", Kind: "fan", Unit: "RPM", Absent: true}, {Name: "draw", Kind: "power", Value: 312, Unit: "W"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}
