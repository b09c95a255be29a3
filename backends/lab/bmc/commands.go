package bmc

import (
	"context"
	"encoding/binary"
	"sync"

	"github.com/bougou/go-ipmi/pkg/handlers"
	"github.com/bougou/go-ipmi/pkg/types"

	"ringside/backends/fleet/safe"
)

// command answers one IPMI command: the response's data after the completion
// code.
type command func(b *BMC, data []byte) ([]byte, types.CompletionCode)

var ours = map[types.Command]command{
	types.CommandColdReset:            coldReset,
	types.CommandGetSystemGUID:        systemGUID,
	types.CommandGetChassisStatus:     chassisStatus,
	types.CommandChassisControl:       chassisControl,
	types.CommandChassisIdentify:      chassisIdentify,
	types.CommandSetSystemBootOptions: setBootOption,
	types.CommandGetSystemBootOptions: getBootOption,
	types.CommandGetSDRRepoInfo:       repositoryInfo,
	types.CommandGetSensorReading:     sensorReading,
	types.CommandGetSensorThresholds:  sensorThresholds,
	types.CommandGetSensorHysteresis:  sensorHysteresis,
	types.CommandGetSELInfo:           logInfo,
	types.CommandReserveSEL:           reserveLog,
	types.CommandGetSELEntry:          logEntry,
	types.CommandClearSEL:             clearLog,
	types.CommandGetSELTime:           logTime,
}

// commands is what every BMC answers: the library's session commands, and ours
// for what stands behind them.
var commands = sync.OnceValue(func() *handlers.Registry {
	reg := handlers.NewRegistry()
	reg.Use(observe)
	handlers.RegisterAllHandlers(reg)
	for c, f := range ours {
		reg.RegisterFunc(c, func(_ context.Context, h *handlers.HandlerContext, data []byte) ([]byte, types.CompletionCode, error) {
			out, code := []byte(nil), types.CodeUnspecifiedError
			safe.Do("lab BMC", func() { out, code = f(h.BMC.HAL().(*hardware).bmc, data) }) // the library's own goroutine runs this
			return out, code, nil
		})
	}
	return reg
})

// observe stands before every command: it counts, and refuses while the BMC
// starts.
func observe(next handlers.Handler) handlers.Handler {
	return handlers.HandlerFunc(func(ctx context.Context, h *handlers.HandlerContext, data []byte) ([]byte, types.CompletionCode, error) {
		hw := h.BMC.HAL().(*hardware)
		name := h.Command.Name
		if name == "" {
			name = "unknown"
		}
		hw.bmc.count.command(name)
		switch {
		case h.Command.NetFn != types.NetFnAppRequest && hw.bmc.wrong.has(Starting):
			return nil, types.CodeCannotProvideResponseBMCInitialize, nil
		case h.Command == types.CommandCloseSession && len(data) >= 4:
			hw.life.sessions.close(binary.LittleEndian.Uint32(data))
		}
		return next.Handle(ctx, h, data)
	})
}
