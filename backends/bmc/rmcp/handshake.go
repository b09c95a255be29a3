package rmcp

import (
	"bytes"
	"encoding/binary"

	"github.com/bougou/go-ipmi/pkg/crypto"
	"github.com/bougou/go-ipmi/pkg/types"
)

// Stage is how far the setting up of a session came.
type Stage uint8

// Stages, in their order (section 13.15).
const (
	Nothing      Stage = iota // no answer at all
	Capable                   // it told what it can: it is there and speaks IPMI
	Opened                    // it accepted the cipher suite and gave a session
	Challenged                // it answered with its proof of the password
	Proved                    // ours was sent, because its proof was right
	Acknowledged              // it accepted ours
	Established               // the session has been used
)

// Told is what the BMC said while the session was set up.
type Told struct {
	Stage    Stage
	Status   types.RmcpStatusCode // why it refused, 0 when it did not
	V20      bool                 // it speaks IPMI 2.0
	TwoKey   bool                 // it wants a second key, K_G, besides the password
	Weakened bool                 // it answered with another cipher suite than the one asked for
	Dropped  int                  // datagrams that were no answer, or not authentic
}

// handshake follows both sides of a session's beginning and keeps its keys.
type handshake struct {
	told           Told
	user, password string

	suite       [3]byte // authentication, integrity, confidentiality asked for
	consoleID   uint32
	bmcID       uint32
	consoleRand []byte
	role        byte
	asked       byte // payload type of the session set-up that was sent last

	k1, k2 []byte
	seen   window
}

// Layout of a datagram, in bytes (section 13.6 and table 13-8).
const (
	rmcpHeader    = 4
	header15      = rmcpHeader + 10
	header20      = rmcpHeader + 12
	classIPMI     = 0x07
	format20      = 0x06
	protected     = 0xc0 // payload type: encrypted and authenticated
	shortestReply = 8    // addresses, checksums, command, completion code
)

// sent looks at a datagram of ours.
func (h *handshake) sent(p []byte) {
	if len(p) < header20 || p[rmcpHeader] != format20 || p[5]&protected != 0 {
		return
	}
	body := p[header20:]
	switch kind := types.PayloadType(p[5]); {
	case kind == types.PayloadTypeRmcpOpenSessionRequest && len(body) >= 32:
		h.asked = p[5]
		h.consoleID = binary.LittleEndian.Uint32(body[4:])
		h.suite = [3]byte{body[12], body[20], body[28]}
	case kind == types.PayloadTypeRAKPMessage1 && len(body) >= 28:
		h.asked = p[5]
		h.consoleRand = bytes.Clone(body[8:24])
		h.role = body[24]
	case kind == types.PayloadTypeRAKPMessage3:
		h.asked = p[5]
		h.told.Stage = Proved
	}
}

// received says whether a datagram is an answer that may be passed on.
func (h *handshake) received(p []byte) bool {
	ok := h.accept(p)
	if !ok {
		h.told.Dropped++
	}
	return ok
}

func (h *handshake) accept(p []byte) bool {
	if len(p) < header15 || p[0] != types.RmcpVersion || p[3] != classIPMI {
		return false
	}
	if p[rmcpHeader] != format20 {
		return h.capabilities(p)
	}
	if len(p) < header20 {
		return false
	}
	kind, length := p[5], int(binary.LittleEndian.Uint16(p[14:]))
	if len(p) < header20+length {
		return false
	}
	body := p[header20 : header20+length]
	if h.told.Stage >= Acknowledged {
		return h.reply(p, body)
	}
	// Answers of the set-up have the type of what was asked, plus one.
	if kind != h.asked+1 || len(body) < 2 || len(body) >= 8 && binary.LittleEndian.Uint32(body[4:]) != h.consoleID {
		return false
	}
	h.told.Status = types.RmcpStatusCode(body[1])
	if h.told.Status != types.RmcpStatusCodeNoErrors {
		return true // some leave out what follows then
	}
	if len(body) < 8 {
		return false
	}
	switch types.PayloadType(kind) {
	case types.PayloadTypeRmcpOpenSessionResponse:
		return h.opened(body)
	case types.PayloadTypeRAKPMessage2:
		return h.challenged(body)
	case types.PayloadTypeRAKPMessage4:
		if h.told.Stage == Proved {
			h.told.Stage = Acknowledged
		}
		return true
	}
	return false
}

// capabilities accepts the answer to Get Channel Authentication Capabilities,
// which is in the format of IPMI 1.5 and comes before there is a session
// (section 22.13).
func (h *handshake) capabilities(p []byte) bool {
	const netFn, command = 0x07, 0x38
	length := int(p[13])
	if h.told.Stage > Capable || p[rmcpHeader] != 0 || len(p) < header15+length || length < shortestReply {
		return false
	}
	b := p[header15 : header15+length]
	if b[1]>>2 != netFn || b[5] != command || sum(b[:3]) != 0 || sum(b[3:]) != 0 {
		return false
	}
	h.told.Stage = Capable
	if data := b[7 : length-1]; b[6] == 0 && len(data) >= 4 {
		h.told.V20 = data[1]&0x80 != 0 && data[3]&0x02 != 0
		h.told.TwoKey = data[2]&0x20 != 0
	}
	return true
}

// opened accepts an Open Session Response when it has the algorithms that were
// asked for: one that offers less would let anybody pass for the BMC.
func (h *handshake) opened(body []byte) bool {
	if len(body) < 36 {
		return false
	}
	if got := [3]byte{body[16] & 0x3f, body[24] & 0x3f, body[32] & 0x3f}; got != h.suite {
		h.told.Weakened = true
		return false
	}
	h.bmcID = binary.LittleEndian.Uint32(body[8:])
	h.told.Stage = Opened
	return true
}

// challenged accepts RAKP Message 2 and makes the keys of the session from it
// (sections 13.31 and 13.32). Whether its proof is right the library checks.
func (h *handshake) challenged(body []byte) bool {
	auth := types.AuthAlg(h.suite[0])
	if len(body) < 40+crypto.RAKP2AuthCodeLen(auth) || len(h.consoleRand) != 16 {
		return false
	}
	_, k1, k2, err := crypto.DeriveSessionKeys(auth, h.consoleRand, body[8:24], h.role, h.user, crypto.PadPassword20([]byte(h.password)))
	if err != nil || len(k2) < 16 {
		return false
	}
	h.k1, h.k2, h.password = k1, k2, "" // it is not needed any more
	h.told.Stage = Challenged
	return true
}

// reply accepts an answer within the session: of this session, new, authentic,
// and in a form that the library can take apart.
func (h *handshake) reply(p, body []byte) bool {
	integrity := types.IntegrityAlg(h.suite[1])
	n, known := crypto.IntegrityAuthCodeLen(integrity)
	if p[5] != protected|byte(types.PayloadTypeIPMI) || binary.LittleEndian.Uint32(p[6:]) != h.consoleID ||
		!known || n == 0 || len(p) < header20+len(body)+2+n {
		return false
	}
	signed, code := p[rmcpHeader:len(p)-n], p[len(p)-n:]
	want, err := crypto.SessionIntegrityAuthCode(integrity, signed, h.k1, "")
	if err != nil || !bytes.Equal(want, code) {
		return false
	}
	if len(body) < 32 || len(body)%16 != 0 || types.CryptAlg(h.suite[2]) != types.CryptAlg_AES_CBC_128 {
		return false
	}
	plain, err := crypto.DecryptAESPayload(body, h.k2)
	if err != nil || len(plain) < shortestReply || !h.seen.fresh(binary.LittleEndian.Uint32(p[10:])) {
		return false
	}
	h.told.Stage = Established
	return true
}

// sum is the two's complement checksum of section 13.8: 0 when it is right.
func sum(p []byte) (s byte) {
	for _, b := range p {
		s += b
	}
	return s
}

// window remembers which of the last sequence numbers were seen, so that an old
// answer, sent again by somebody else, is not taken for a new one (section 6.12.14).
type window struct {
	highest uint32
	seen    uint64 // bit i: highest-i
	any     bool
}

// fresh says whether a number is new, and notes it.
func (w *window) fresh(n uint32) bool {
	ahead := int32(n - w.highest)
	switch {
	case !w.any:
		w.any, w.highest, w.seen = true, n, 1
	case ahead > 0:
		w.seen = w.seen<<min(uint32(ahead), 64) | 1
		w.highest = n
	case ahead <= -64 || w.seen&(1<<-ahead) != 0:
		return false
	default:
		w.seen |= 1 << -ahead
	}
	return true
}
