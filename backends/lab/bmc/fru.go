package bmc

import (
	"context"

	"github.com/bougou/go-ipmi/pkg/hal"
)

// inventory is what the host says of itself (IPMI Platform Management FRU
// Information Storage Definition v1.0): device 0, the main board.
type inventory struct{ bmc *BMC }

func (i inventory) Read(_ context.Context, device uint8) ([]byte, error) {
	if device != 0 {
		return nil, hal.ErrNotFound
	}
	m := i.bmc.model()
	return fruImage(
		[]string{m.vendor, m.board, i.bmc.serial("B"), m.part},
		[]string{m.vendor, m.name, m.part, "01", i.bmc.serial("S"), i.bmc.assetTag()},
	), nil
}

func (inventory) DeviceIDs(context.Context) ([]uint8, error)     { return []uint8{0}, nil }
func (inventory) Write(context.Context, uint8, []byte) error     { return hal.ErrNotSupported }
func (inventory) Delete(_ context.Context, deviceID uint8) error { return hal.ErrNotSupported }

// fruImage is a common header (section 8), a board area (section 11) and a
// product area (section 12).
func fruImage(board, product []string) []byte {
	b := fruArea([]byte{1, 0, 0, 0, 0, 0}, append(board, "")) // version, length, English, date not told; no file ID
	p := fruArea([]byte{1, 0, 0}, append(product, ""))
	header := fruSum([]byte{1, 0, 0, 1, byte(1 + len(b)/8), 0, 0})
	return append(append(header, b...), p...)
}

// fruArea is an area of texts, padded to units of 8 bytes.
func fruArea(head []byte, texts []string) []byte {
	a := head
	for _, t := range texts {
		a = append(append(a, eightBit|byte(len(t))), t...)
	}
	a = append(a, 0xc1) // no more
	for len(a)%8 != 7 {
		a = append(a, 0)
	}
	a[1] = byte((len(a) + 1) / 8)
	return fruSum(a)
}

// fruSum appends what makes the sum zero.
func fruSum(p []byte) []byte {
	var sum byte
	for _, b := range p {
		sum += b
	}
	return append(p, -sum)
}
