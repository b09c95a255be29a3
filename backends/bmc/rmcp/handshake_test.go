package rmcp

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/bougou/go-ipmi/pkg/crypto"
	"github.com/bougou/go-ipmi/pkg/rmcpplus"
	"github.com/bougou/go-ipmi/pkg/types"
)

const console, bmc = 0xa0a1a2a3, 0x01020304

// packet is a datagram in the format of IPMI 2.0.
func packet(kind types.PayloadType, flags byte, session, seq uint32, body []byte) []byte {
	p := []byte{6, 0, 0xff, 7, 6, byte(kind) | flags}
	p = binary.LittleEndian.AppendUint32(p, session)
	p = binary.LittleEndian.AppendUint32(p, seq)
	p = binary.LittleEndian.AppendUint16(p, uint16(len(body)))
	return append(p, body...)
}

func openRequest(suite byte) []byte {
	r := &rmcpplus.OpenSessionRequest{RemoteConsoleSessionID: console}
	auth, integrity, crypt, _ := types.GetCipherSuiteAlgorithms(types.CipherSuiteID(suite))
	r.AuthenticationPayload, r.IntegrityPayload, r.ConfidentialityPayload = rmcpplus.NewAlgorithmPayloads(auth, integrity, crypt)
	return packet(types.PayloadTypeRmcpOpenSessionRequest, 0, 0, 0, r.Pack())
}

func openResponse(suite byte) []byte {
	b := make([]byte, 36)
	binary.LittleEndian.PutUint32(b[4:], console)
	binary.LittleEndian.PutUint32(b[8:], bmc)
	auth, integrity, crypt, _ := types.GetCipherSuiteAlgorithms(types.CipherSuiteID(suite))
	b[13], b[16], b[20], b[21], b[24], b[28], b[29], b[32] = 8, byte(auth), 1, 8, byte(integrity), 2, 8, byte(crypt)
	return packet(types.PayloadTypeRmcpOpenSessionResponse, 0, 0, 0, b)
}

func rakp1() []byte {
	r := &rmcpplus.RAKPMessage1{ManagedSystemSessionID: bmc, RequestedMaximumPrivilegeLevel: types.PrivilegeLevelAdministrator, NameOnlyLookup: true,
		UsernameLength: 5, Username: []byte("admin")}
	return packet(types.PayloadTypeRAKPMessage1, 0, 0, 0, r.Pack())
}

func rakp2() []byte {
	b := make([]byte, 40+32)
	binary.LittleEndian.PutUint32(b[4:], console)
	return packet(types.PayloadTypeRAKPMessage2, 0, 0, 0, b)
}

func rakp3() []byte {
	return packet(types.PayloadTypeRAKPMessage3, 0, 0, 0, make([]byte, 40))
}

func rakp4() []byte {
	b := make([]byte, 8+16)
	binary.LittleEndian.PutUint32(b[4:], console)
	return packet(types.PayloadTypeRAKPMessage4, 0, 0, 0, b)
}

func capabilities(v20 bool) []byte {
	data := []byte{1, 0x84, 0x04, 0x01, 0, 0, 0, 0}
	if v20 {
		data[3] = 0x03
	}
	b := append([]byte{0x81, 0x1c, 0, 0x20, 0x04, 0x38, 0}, data...)
	b[2] = -sum(b[:2])
	b = append(b, -sum(b[3:]))
	return append([]byte{6, 0, 0xff, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, byte(len(b))}, b...)
}

// reply is an answer within the session.
func (h *handshake) answer(seq uint32, plain []byte) []byte {
	body, _ := crypto.EncryptAESPayload(plain, h.k2, make([]byte, 16))
	p := packet(types.PayloadTypeIPMI, protected, console, seq, body)
	for len(p[rmcpHeader:])%4 != 2 {
		p = append(p, 0xff)
	}
	p = append(p, byte(len(p)-header20-len(body)), 7)
	code, _ := crypto.SessionIntegrityAuthCode(types.IntegrityAlg(h.suite[1]), p[rmcpHeader:], h.k1, "")
	return append(p, code...)
}

// begun returns a session that has come as far as stage.
func begun(t testing.TB, stage Stage) *handshake {
	t.Helper()
	h := &handshake{user: "admin", password: "secret"}
	for _, step := range []struct {
		stage Stage
		sent  []byte
		came  []byte
	}{
		{Capable, nil, capabilities(true)}, {Opened, openRequest(17), openResponse(17)}, {Challenged, rakp1(), rakp2()}, {Acknowledged, rakp3(), rakp4()},
	} {
		if step.stage > stage {
			break
		}
		h.sent(step.sent)
		if !h.received(step.came) || h.told.Stage != step.stage {
			t.Fatalf("stage %d: %+v", step.stage, h.told)
		}
	}
	return h
}

func TestSession(t *testing.T) {
	h := begun(t, Acknowledged)
	if h.password != "" || !h.told.V20 || h.told.Dropped != 0 {
		t.Errorf("%+v", h)
	}
	plain := []byte{0x81, 0x04, 0x7b, 0x20, 0x04, 0x01, 0, 1, 2, 3}
	first := h.answer(7, plain)
	if !h.received(first) || h.told.Stage != Established {
		t.Fatalf("%+v", h.told)
	}
	for name, p := range map[string][]byte{
		"again":           first,
		"short inside":    h.answer(8, plain[:7]),
		"another session": swap(h.answer(8, plain), 6, 0),
		"not encrypted":   packet(types.PayloadTypeIPMI, 0, console, 8, plain),
		"not signed":      h.answer(8, plain)[:header20+32],
		"set-up":          rakp4(),
		"IPMI 1.5":        capabilities(true),
	} {
		if h.received(p) {
			t.Errorf("%s: accepted", name)
		}
	}
	for n := range first {
		p := h.answer(9, plain)
		p[n] ^= 0x10
		if n >= 3 && h.received(p) { // the first three bytes are outside of the code
			t.Errorf("byte %d changed: accepted", n)
		}
	}
	if !h.received(h.answer(6, plain)) || !h.received(h.answer(8, plain)) {
		t.Error("answers that overtook each other")
	}
}

func swap(p []byte, at int, b byte) []byte { p[at] ^= b ^ 0xff; return p }

func TestRefusals(t *testing.T) {
	short := packet(types.PayloadTypeRmcpOpenSessionResponse, 0, 0, 0, []byte{0, 4}) // as ipmi_sim sends it
	h := begun(t, Capable)
	h.sent(openRequest(17))
	if !h.received(short) || h.told.Status != types.RmcpStatusCodeInvalidAuthAlg {
		t.Errorf("%+v", h.told)
	}
	h = begun(t, Capable)
	h.sent(openRequest(17))
	if h.received(openResponse(3)) || !h.told.Weakened || h.told.Stage != Capable {
		t.Errorf("another suite: %+v", h.told)
	}
	h = begun(t, Nothing)
	if !h.received(capabilities(false)) || h.told.V20 {
		t.Errorf("IPMI 1.5 only: %+v", h.told)
	}
	h = begun(t, Opened)
	if h.received(rakp2()) || h.received(rakp4()) || h.received(openResponse(17)[:40]) {
		t.Error("what was not asked for is accepted")
	}
}

func TestWindow(t *testing.T) {
	var w window
	for _, row := range []struct {
		n    uint32
		want bool
	}{{100, true}, {100, false}, {101, true}, {99, true}, {99, false}, {37, false}, {38, true}, {300, true}, {236, false}, {237, true}, {101, false},
		{0xffffffff, false}, {0x7fffffff, true}} {
		if got := w.fresh(row.n); got != row.want {
			t.Errorf("%d: %v", row.n, got)
		}
	}
	w = window{}
	if !w.fresh(0xfffffffe) || !w.fresh(2) || w.fresh(0xfffffffe) || !w.fresh(0xffffffff) {
		t.Error("the numbers do not run over")
	}
}

// Nothing that did not come from somebody who knows the password passes into a
// session, and nothing makes it panic at any stage.
func FuzzReceived(f *testing.F) {
	h := begun(f, Acknowledged)
	good := h.answer(1, make([]byte, 20))
	for _, p := range [][]byte{good, capabilities(true), openResponse(17), rakp2(), rakp4(), {}} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		for stage := range Established {
			h := begun(t, stage)
			if ok := h.received(p); ok && stage >= Acknowledged && (len(p) < 4 || !bytes.Equal(p[3:], good[3:])) {
				t.Errorf("accepted: % x", p)
			}
		}
	})
}
