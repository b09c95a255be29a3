package bmc

import (
	"context"
	"fmt"
	"net/http"

	"ringside/backends/fleet"
)

func (d *redfish) info(ctx context.Context) (Info, error) {
	s, err := d.system(ctx)
	if err != nil {
		return Info{}, err
	}
	root, err := d.rootOf(ctx)
	if err != nil {
		return Info{}, err
	}
	out := Info{
		Vendor: fleet.Clean(s.Manufacturer), Model: fleet.Clean(s.Model), Serial: fleet.Clean(s.SerialNumber),
		AssetTag: fleet.Clean(s.AssetTag), BIOS: fleet.Clean(s.BIOS), GUID: fleet.Clean(s.UUID),
		Protocol: "Redfish " + fleet.Clean(root.Version),
	}
	managers, err := d.members(ctx, s.Links.ManagedBy, root.Managers)
	if err != nil {
		return out, err
	}
	if len(managers) > 0 {
		var m struct {
			Firmware string `json:"FirmwareVersion"`
		}
		if _, err := d.get(ctx, managers[0], &m); err != nil {
			return out, err
		}
		out.Firmware = fleet.Clean(m.Firmware)
	}
	// How many there may be Redfish does not tell.
	var sessions collection
	if root.Links.Sessions.ID != "" {
		if _, err := d.get(ctx, root.Links.Sessions.ID, &sessions); err == nil {
			out.Sessions = fmt.Sprint(len(sessions.Members))
		}
	}
	return out, ctx.Err()
}

// members returns the paths of what a resource links to, else of everything in a
// collection. What a BMC does not have is no error.
func (d *redfish) members(ctx context.Context, links []link, all link) ([]string, error) {
	var out []string
	for _, l := range links {
		if l.ID != "" {
			out = append(out, l.ID)
		}
	}
	if len(out) > 0 || all.ID == "" {
		return out, nil
	}
	var c collection
	if _, err := d.get(ctx, all.ID, &c); err != nil && troubleOf(err) != Unsupported {
		return nil, err
	}
	return c.links(), nil
}

// identify sets the light of the system, else of its chassis, by whichever of the
// two properties it has; IndicatorLED is the older one.
func (d *redfish) identify(ctx context.Context, on bool) error {
	s, err := d.system(ctx)
	if err != nil {
		return err
	}
	path, err := d.systemPath(ctx)
	if err != nil {
		return err
	}
	if s.Location != nil || s.Indicator != "" {
		return d.setLight(ctx, path, s.etag, s.Location != nil, on)
	}
	root, err := d.rootOf(ctx)
	if err != nil {
		return err
	}
	chassis, err := d.members(ctx, s.Links.Chassis, root.Chassis)
	if err != nil {
		return err
	}
	for _, p := range chassis {
		var c struct {
			Indicator string `json:"IndicatorLED"`
			Location  *bool  `json:"LocationIndicatorActive"`
		}
		a, err := d.get(ctx, p, &c)
		if err != nil {
			return err
		}
		if c.Location != nil || c.Indicator != "" {
			return d.setLight(ctx, p, a.etag, c.Location != nil, on)
		}
	}
	return &reason{trouble: Unsupported, why: "this BMC has no identify light"}
}

func (d *redfish) setLight(ctx context.Context, path, etag string, location, on bool) error {
	body := map[string]any{"IndicatorLED": map[bool]string{true: "Blinking", false: "Off"}[on]}
	if location {
		body = map[string]any{"LocationIndicatorActive": on}
	}
	_, err := d.ask(ctx, request{method: http.MethodPatch, path: path, body: body, etag: etag}, nil)
	if !location && on && troubleOf(err) == Rejected {
		_, err = d.ask(ctx, request{method: http.MethodPatch, path: path, body: map[string]any{"IndicatorLED": "Lit"}, etag: etag}, nil)
	}
	return err
}
