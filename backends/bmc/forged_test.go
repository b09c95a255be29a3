package bmc

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	lab "ringside/backends/lab/bmc"
)

// through returns a controller that reaches its BMC through a relay.
func through(t *testing.T) (*Controller, *lab.BMC, *relay) {
	l := start(t, fast, lab.Spec{Name: "sw001"})
	r, h := relayed(t, l.Hosts()[0])
	return opened(t, New(h, l.Credentials()[lab.Credential])), l.BMCs.All()[0], r
}

// Whoever can send datagrams from the BMC's address but does not know the
// password can neither lie about the power nor bring the console down.
func TestForgedAnswers(t *testing.T) {
	t.Parallel()
	c, b, r := through(t)
	status(t, c)
	b.Cut()
	// An answer to Get Chassis Status without encryption and code: on.
	plain := func(seq byte) []byte {
		body := []byte{0x81, 0x04, 0x7b, 0x20, seq << 2, 0x01, 0x00, 0x61, 0x10, 0x40, 0}
		for _, x := range body[3:10] {
			body[10] -= x
		}
		return append([]byte{6, 0, 0xff, 7, 6, 0, 0xa3, 0xa2, 0xa1, 0xa0, 9, 0, 0, 0, byte(len(body)), 0}, body...)
	}
	random := rand.New(rand.NewPCG(1, 2))
	r.set(nil, func(p []byte) [][]byte {
		var out [][]byte
		for seq := range byte(64) {
			out = append(out, plain(seq))
		}
		for n := 0; n < len(p); n += 4 { // cut short, and with one bit turned
			bad := bytes.Clone(p)
			bad[n] ^= 1 << random.IntN(8)
			out = append(out, p[:n], bad)
		}
		for range 20 { // the right header, and noise
			noise := bytes.Clone(p)
			for i := 16; i < len(noise); i++ {
				noise[i] = byte(random.Uint32())
			}
			out = append(out, noise)
		}
		return append(out, p)
	})
	for range 5 {
		if f := status(t, c); f.Power != Off {
			t.Fatalf("%+v", f)
		}
	}
	if n := b.Counters().Opened; n != 1 {
		t.Errorf("%d sessions", n)
	}
}

// An old answer that is sent again is not taken for a new one, even when its
// number has come round.
func TestReplayedAnswer(t *testing.T) {
	c, b, r := through(t)
	status(t, c)
	var old []byte
	r.set(nil, func(p []byte) [][]byte { old = p; return [][]byte{p} })
	status(t, c)
	r.set(nil, nil)
	for range 62 { // request numbers run from 1 to 63
		status(t, c)
	}
	b.Cut()
	r.set(nil, func(p []byte) [][]byte { return [][]byte{old, p} })
	if f := status(t, c); f.Power != Off {
		t.Errorf("%+v", f)
	}
}

// A BMC that offers less security than was asked for might be somebody else.
func TestWeakenedSuite(t *testing.T) {
	c, _, r := through(t)
	r.set(nil, func(p []byte) [][]byte {
		const openSessionResponse = 0x11
		if len(p) > 48 && p[5] == openSessionResponse {
			p[16+16], p[16+24], p[16+32] = 0, 0, 0 // no authentication, integrity, encryption
		}
		return [][]byte{p}
	})
	_, err := c.Status(soon(t))
	if e := trouble(t, err); e.Trouble != Unsupported || !strings.Contains(e.Why, "with another one") {
		t.Errorf("%+v", e)
	}
}
