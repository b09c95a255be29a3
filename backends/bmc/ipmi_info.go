package bmc

import (
	"context"
	"errors"
	"fmt"

	"github.com/bougou/go-ipmi/pkg/client"
	"github.com/bougou/go-ipmi/pkg/command/app"
	"github.com/bougou/go-ipmi/pkg/types"

	"ringside/backends/fleet"
)

func (d *ipmi) info(ctx context.Context) (Info, error) {
	var id *app.GetDeviceIDResponse
	err := d.read(ctx, func(ctx context.Context, c *client.Client) (err error) {
		id, err = c.GetDeviceID(ctx)
		return err
	})
	if err != nil {
		return Info{}, err
	}
	out := Info{
		Protocol: fmt.Sprintf("IPMI %d.%d", id.MajorIPMIVersion, id.MinorIPMIVersion),
		Firmware: fmt.Sprintf("%d.%02x", id.MajorFirmwareRevision, id.MinorFirmwareRevision), // the minor one is BCD
		Vendor:   fleet.Clean(types.OEM(id.ManufacturerID).String()),
	}
	for _, part := range []func(context.Context, *client.Client, *Info) error{guid, slots, product} {
		err := d.read(ctx, func(ctx context.Context, c *client.Client) error { return part(ctx, c, &out) })
		var answer *types.ResponseError
		if err != nil && !errors.As(err, &answer) { // a refusal only leaves the part out
			return out, err
		}
	}
	return out, nil
}

func guid(ctx context.Context, c *client.Client, out *Info) error {
	r, err := c.GetSystemGUID(ctx)
	if err != nil {
		return err
	}
	if u, err := types.ParseGUID(r.GUID[:], types.GUIDModeSMBIOS); err == nil {
		out.GUID = u.String()
	}
	return nil
}

func slots(ctx context.Context, c *client.Client, out *Info) error {
	r, err := c.GetCurrentSessionInfo(ctx)
	if err == nil && r.PossibleActiveSessions > 0 {
		out.Sessions = fmt.Sprintf("%d of %d", r.CurrentActiveSessions&0x3f, r.PossibleActiveSessions&0x3f)
	}
	return err
}

// product reads the names of the machine from the product area of its first
// inventory device, else from that of its board (FRU specification sections 11, 12).
func product(ctx context.Context, c *client.Client, out *Info) error {
	const device = 0
	r, err := c.ReadFRUData(ctx, device, 0, types.FRUCommonHeaderSize)
	if err != nil {
		return err
	}
	var h types.FRUCommonHeader
	if h.Unpack(r.Data) != nil || h.FormatVersion != types.FRUFormatVersion {
		return nil
	}
	text := func(tl types.TypeLength, raw []byte) string { return fleet.Clean(types.FRUFieldString(tl, raw)) }
	set := func(to *string, s string) {
		if s != "" {
			*to = s
		}
	}
	if at := uint16(h.BoardOffset8B) * 8; at > 0 {
		b, err := c.GetFRUAreaBoard(ctx, device, at)
		if err != nil {
			return err
		}
		set(&out.Vendor, text(b.ManufacturerTypeLength, b.Manufacturer))
		set(&out.Model, text(b.ProductNameTypeLength, b.ProductName))
		set(&out.Serial, text(b.SerialNumberTypeLength, b.SerialNumber))
	}
	if at := uint16(h.ProductOffset8B) * 8; at > 0 {
		p, err := c.GetFRUAreaProduct(ctx, device, at)
		if err != nil {
			return err
		}
		set(&out.Vendor, text(p.ManufacturerTypeLength, p.Manufacturer))
		set(&out.Model, text(p.NameTypeLength, p.Name))
		set(&out.Serial, text(p.SerialNumberTypeLength, p.SerialNumber))
		set(&out.AssetTag, text(p.AssetTagTypeLength, p.AssetTag))
	}
	return nil
}
