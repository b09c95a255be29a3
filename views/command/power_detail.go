package command

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ringside/actions/power"
	"ringside/backends/bmc"
	"ringside/views/kit"
)

// sensorRow is one sensor of one host as data.
type sensorRow struct {
	Host   string   `json:"host"`
	Sensor string   `json:"sensor"`
	Kind   string   `json:"kind"`  // temperature, fan, power, voltage, current, other
	Value  *float64 `json:"value"` // in unit; null when the BMC has no reading
	Unit   string   `json:"unit"`  // C, RPM, W, V, A, %, "" for a state
	State  string   `json:"state"` // ok, warning, critical, or in words; "" when it is not told
}

func (a *app) sensors() *cobra.Command {
	kinds := []string{"temperature", "fan", "power", "voltage", "current", "other"}
	c := &cobra.Command{Use: "sensors HOST...", Short: "Read the sensors of hosts: temperatures, fans, power draw"}
	choice := &hostChoice{}
	choice.flags(a, c)
	kind := c.Flags().String("kind", "", "only those of this `KIND`: "+strings.Join(kinds, ", "))
	_ = c.RegisterFlagCompletionFunc("kind", cobra.FixedCompletions(kinds, cobra.ShellCompDirectiveNoFileComp))
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		if *kind != "" && !slices.Contains(kinds, *kind) {
			return usage("--kind %q: it must be one of %s", *kind, strings.Join(kinds, ", "))
		}
		return readHosts(ctx, a, choice, args, walkLimit, func(ctx context.Context, c *bmc.Controller) ([]sensorRow, error) {
			list, err := c.Sensors(ctx)
			var out []sensorRow
			for _, s := range list {
				if *kind != "" && s.Kind != *kind {
					continue
				}
				r := sensorRow{Host: c.Host().Name, Sensor: s.Name, Kind: s.Kind, Unit: s.Unit, State: s.State}
				if !s.Absent {
					r.Value = &s.Value
				}
				out = append(out, r)
			}
			return out, err
		}, sensorColumns)
	})
	return c
}

var sensorColumns = []column[sensorRow]{
	{title: "HOST", cell: text(func(r sensorRow) string { return r.Host })},
	{title: "KIND", drop: 1, cell: text(func(r sensorRow) string { return r.Kind })},
	{title: "SENSOR", flex: true, cell: text(func(r sensorRow) string { return r.Sensor })},
	{title: "VALUE", right: true, cell: text(func(r sensorRow) string {
		switch {
		case r.Value == nil:
			return "no reading"
		case r.Unit == "":
			return ""
		}
		return fmt.Sprintf("%.4g %s", *r.Value, r.Unit)
	})},
	{title: "STATE", cell: func(r sensorRow) cell {
		return cell{r.State, map[string]kit.Style{"ok": good, "warning": warn, "critical": bad}[r.State]}
	}},
}

// eventRow is one entry of a system event log as data.
type eventRow struct {
	Host     string     `json:"host"`
	ID       string     `json:"id"`
	At       *time.Time `json:"at"` // null when the BMC's clock was not set
	Sensor   string     `json:"sensor"`
	Text     string     `json:"text"`
	Severity string     `json:"severity"` // ok, warning, critical, "" when it is not told
}

func (a *app) events() *cobra.Command {
	c := &cobra.Command{Use: "sel HOST...", Short: "Read the system event logs of hosts, newest first"}
	choice := &hostChoice{}
	choice.flags(a, c)
	most := c.Flags().Int("max", 20, "at most so many entries of each host")
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		if *most < 1 {
			return usage("--max %d: it must be 1 at least", *most)
		}
		return readHosts(ctx, a, choice, args, walkLimit, func(ctx context.Context, c *bmc.Controller) ([]eventRow, error) {
			list, err := c.Events(ctx, *most)
			var out []eventRow
			for _, e := range list {
				r := eventRow{Host: c.Host().Name, ID: e.ID, Sensor: e.Sensor, Text: e.Text, Severity: string(e.Severity)}
				if !e.At.IsZero() {
					r.At = &e.At
				}
				out = append(out, r)
			}
			return out, err
		}, a.eventColumns())
	})
	return c
}

func (a *app) eventColumns() []column[eventRow] {
	return []column[eventRow]{
		{title: "HOST", cell: text(func(r eventRow) string { return r.Host })},
		{title: "WHEN", cell: text(func(r eventRow) string {
			if r.At == nil {
				return "clock not set"
			}
			return when(r.At)
		})},
		{title: "SEVERITY", drop: 1, cell: func(r eventRow) cell {
			return cell{r.Severity, map[string]kit.Style{"ok": good, "warning": warn, "critical": bad}[r.Severity]}
		}},
		{title: "SENSOR", drop: 2, cell: text(func(r eventRow) string { return r.Sensor })},
		{title: "WHAT", flex: true, cell: text(func(r eventRow) string { return r.Text })},
	}
}

// infoRow is what a BMC says of itself and its host as data.
type infoRow struct {
	Host       string `json:"host"`
	Vendor     string `json:"vendor"`
	Model      string `json:"model"`
	Serial     string `json:"serial"`
	AssetTag   string `json:"asset_tag"`
	Firmware   string `json:"firmware"` // of the BMC
	BIOS       string `json:"bios"`
	Protocol   string `json:"protocol"`
	GUID       string `json:"guid"`
	Sessions   string `json:"sessions"`    // "2 of 4", "" when it is not told
	BootDevice string `json:"boot_device"` // none, pxe, disk, cdrom, bios; "" when it cannot be read
	BootAlways *bool  `json:"boot_always"` // null: not told
	BootEFI    *bool  `json:"boot_efi"`
}

func (a *app) info() *cobra.Command {
	c := &cobra.Command{Use: "info HOST...", Short: "Show what BMCs say of themselves: model, serial, firmware, boot device"}
	choice := &hostChoice{}
	choice.flags(a, c)
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		return readHosts(ctx, a, choice, args, readLimit, func(ctx context.Context, c *bmc.Controller) ([]infoRow, error) {
			i, err := c.Info(ctx)
			if err != nil {
				return nil, err
			}
			r := infoRow{Host: c.Host().Name, Vendor: i.Vendor, Model: i.Model, Serial: i.Serial, AssetTag: i.AssetTag, Firmware: i.Firmware,
				BIOS: i.BIOS, Protocol: i.Protocol, GUID: i.GUID, Sessions: i.Sessions}
			b, err := c.Boot(ctx)
			if err != nil {
				return []infoRow{r}, err
			}
			r.BootDevice = string(b.Device)
			if b.PersistentKnown {
				r.BootAlways = &b.Persistent
			}
			if b.EFIKnown {
				r.BootEFI = &b.EFI
			}
			return []infoRow{r}, nil
		}, infoColumns)
	})
	return c
}

var infoColumns = []column[infoRow]{
	{title: "HOST", cell: text(func(r infoRow) string { return r.Host })},
	{title: "MODEL", flex: true, cell: text(func(r infoRow) string { return strings.TrimSpace(r.Vendor + " " + r.Model) })},
	{title: "SERIAL", cell: text(func(r infoRow) string { return r.Serial })},
	{title: "BMC", drop: 1, cell: text(func(r infoRow) string { return r.Firmware })},
	{title: "BIOS", drop: 2, cell: text(func(r infoRow) string { return r.BIOS })},
	{title: "PROTOCOL", drop: 3, cell: text(func(r infoRow) string { return r.Protocol })},
	{title: "SESSIONS", drop: 4, cell: text(func(r infoRow) string { return r.Sessions })},
	{title: "BOOT", cell: text(func(r infoRow) string {
		if r.BootDevice == "" {
			return ""
		}
		b := bmc.Boot{Device: bmc.Device(r.BootDevice)}
		if b.PersistentKnown = r.BootAlways != nil; b.PersistentKnown {
			b.Persistent = *r.BootAlways
		}
		if b.EFIKnown = r.BootEFI != nil; b.EFIKnown {
			b.EFI = *r.BootEFI
		}
		return power.Words(b)
	})},
}
