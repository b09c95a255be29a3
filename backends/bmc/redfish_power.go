package bmc

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"ringside/backends/fleet"
)

// system reads the host's system, which is found on the first call.
func (d *redfish) system(ctx context.Context) (*computerSystem, error) {
	path, err := d.systemPath(ctx)
	if err != nil {
		return nil, err
	}
	var s computerSystem
	a, err := d.get(ctx, path, &s)
	if err != nil {
		if troubleOf(err) == Unsupported { // it is somewhere else by now
			d.known.Lock()
			d.self = ""
			d.known.Unlock()
		}
		return nil, err
	}
	s.etag = a.etag
	return &s, nil
}

// systemPath finds the system: the only one, the one whose ID is configured, or
// the only one that is a physical machine.
func (d *redfish) systemPath(ctx context.Context) (string, error) {
	d.known.Lock()
	self := d.self
	d.known.Unlock()
	if self != "" {
		return self, nil
	}
	var systems collection
	root, err := d.rootOf(ctx)
	if err != nil {
		return "", err
	}
	if _, err := d.get(ctx, root.Systems.ID, &systems); err != nil {
		return "", err
	}
	paths := systems.links()
	if len(paths) != 1 || d.wanted != "" {
		if paths, err = d.pickSystem(ctx, paths); err != nil {
			return "", err
		}
	}
	d.known.Lock()
	d.self = paths[0]
	d.known.Unlock()
	return paths[0], nil
}

// maxSystems bounds what is read to find the right one.
const maxSystems = 64

func (d *redfish) pickSystem(ctx context.Context, paths []string) ([]string, error) {
	var ids, physical []string
	for _, p := range paths[:min(len(paths), maxSystems)] {
		var s computerSystem
		if _, err := d.get(ctx, p, &s); err != nil {
			return nil, err
		}
		if d.wanted != "" && s.ID == d.wanted {
			return []string{p}, nil
		}
		ids = append(ids, fleet.Clean(s.ID))
		if s.SystemType == "Physical" && s.Actions.Reset.Target != "" {
			physical = append(physical, p)
		}
	}
	switch {
	case len(ids) == 0:
		return nil, &reason{trouble: Booting, why: "the BMC lists no system", hint: "many do not while they start"}
	case d.wanted != "":
		return nil, &reason{trouble: Other, why: "the BMC has no system " + d.wanted, hint: "bmc.system is one of: " + strings.Join(ids, ", ")}
	case len(physical) == 1:
		return physical, nil
	}
	return nil, &reason{trouble: Other, why: "the BMC serves several systems", hint: "set bmc.system to one of: " + strings.Join(ids, ", ")}
}

func (d *redfish) rootOf(ctx context.Context) (*serviceRoot, error) {
	if err := d.turn.take(ctx); err != nil {
		return nil, err
	}
	defer d.turn.give()
	return d.service(ctx)
}

// powerStates are the values of PowerState. One that is missing or not known is
// Unknown: "Paused" is neither on nor off.
var powerStates = map[string]Power{"On": On, "Off": Off, "PoweringOn": TurningOn, "PoweringOff": TurningOff}

func powerOf(state string) Power {
	if p, ok := powerStates[state]; ok {
		return p
	}
	return Unknown
}

func healthOf(s string) Health {
	return map[string]Health{"OK": OK, "Warning": Warning, "Critical": Critical}[s]
}

func (d *redfish) status(ctx context.Context) (*Facts, error) {
	s, err := d.system(ctx)
	if err != nil {
		return nil, err
	}
	f := &Facts{Driver: d.name(), Insecure: d.insecure, Power: powerOf(s.PowerState), Health: healthOf(s.Status.Rollup)}
	if f.Health == "" {
		f.Health = healthOf(s.Status.Health)
	}
	for _, c := range s.Status.Conditions {
		if t := fleet.Clean(c.Message); t != "" {
			f.Faults = append(f.Faults, t)
		}
	}
	for _, part := range []struct {
		of    statusOf
		words string
	}{{s.Processors.Status, "processor"}, {s.Memory.Status, "memory"}} {
		if h := healthOf(part.of.Health); h == Warning || h == Critical {
			f.Faults = append(f.Faults, part.words+" "+string(h))
		}
	}
	f.Identify = s.Location != nil && *s.Location || s.Indicator == "Lit" || s.Indicator == "Blinking"
	return f, nil
}

// resetTypes are the reset types that carry out a verb, the better one first
// (DSP2046, Resource.ResetType). Vendors offer different ones; none stands for a
// verb that it does not mean: GracefulRestart asks the operating system, and
// FullPowerCycle takes the BMC down as well.
var resetTypes = map[Verb][]string{
	TurnOn:   {"On", "ForceOn"},
	SoftOff:  {"GracefulShutdown", "PushPowerButton"}, // HPE iLO 4 and old Dell have only the button
	ForceOff: {"ForceOff"},
	Cycle:    {"PowerCycle"},
	Reset:    {"ForceRestart"},
}

// notOffered says what to do instead of a verb that a BMC lacks.
var notOffered = map[Verb]string{
	SoftOff: "shut it down from its operating system, or force it off",
	Cycle:   "turn it off and on, or reset it",
	Reset:   "power cycle it",
}

// resetType chooses among those that are allowed; nil means that the BMC does not
// say. The power button is pressed only when the host is surely on: it would turn
// it on otherwise.
func resetType(v Verb, allowed []string, now Power) (string, error) {
	if allowed == nil {
		return resetTypes[v][0], nil
	}
	for _, t := range resetTypes[v] {
		if slices.Contains(allowed, t) && (t != "PushPowerButton" || now == On) {
			return t, nil
		}
	}
	return "", &reason{trouble: Unsupported, why: "this BMC offers no " + string(v), hint: notOffered[v]}
}

func (d *redfish) power(ctx context.Context, v Verb) error {
	s, err := d.system(ctx)
	if err != nil {
		return err
	}
	now := powerOf(s.PowerState)
	reset := s.Actions.Reset
	switch {
	case now == Off && (v == Cycle || v == Reset):
		return errHostOff
	case reset.Target == "":
		return &reason{trouble: Unsupported, why: "this BMC cannot switch power"}
	case reset.Allowed == nil && reset.Info != "":
		if reset.Allowed, err = d.allowed(ctx, reset.Info); err != nil {
			return err
		}
	}
	t, err := resetType(v, reset.Allowed, now)
	if err != nil {
		return err
	}
	_, err = d.ask(ctx, request{method: http.MethodPost, path: reset.Target, body: map[string]string{"ResetType": t}}, nil)
	return err
}

// allowed reads the reset types from an ActionInfo (DSP0266 section 7.7), nil
// when it does not tell.
func (d *redfish) allowed(ctx context.Context, path string) ([]string, error) {
	var info struct {
		Parameters []struct {
			Name   string   `json:"Name"`
			Values []string `json:"AllowableValues"`
		} `json:"Parameters"`
	}
	if _, err := d.get(ctx, path, &info); err != nil {
		return nil, err
	}
	for _, p := range info.Parameters {
		if p.Name == "ResetType" {
			return p.Values, nil
		}
	}
	return nil, nil
}
