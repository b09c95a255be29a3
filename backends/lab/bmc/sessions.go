package bmc

import (
	"encoding/binary"
	"net"
	"sync"
)

// sessions follows the RMCP+ sessions of one life by what passes: the server
// does not tell when one becomes active (IPMI v2.0 sections 13.22 to 13.24).
type sessions struct {
	count *counters

	mu      sync.Mutex
	wanted  map[string]uint32 // by console address: the BMC's ID of the session that its RAKP message 3 wants
	active  map[uint32]bool   // by the BMC's session ID
	closing map[uint32]bool   // those that their client closes just now
}

// Where things are in the datagrams of RMCP+ session setup (section 13.6).
const (
	atClass       = 3
	atFormat      = 4
	atPayloadType = 5
	atPayload     = 16

	classIPMI    = 0x07
	formatRMCP   = 0x06
	payloadRAKP3 = 0x14
	payloadRAKP4 = 0x15
)

// setup returns the payload of a session setup datagram of one type, nil of any
// other: message tag, status, two bytes, the receiver's session ID.
func setup(p []byte, kind byte) []byte {
	if len(p) < atPayload+8 || p[atClass] != classIPMI || p[atFormat] != formatRMCP || p[atPayloadType] != kind {
		return nil
	}
	return p[atPayload:]
}

// in looks at what came.
func (s *sessions) in(p []byte, from net.Addr) {
	m := setup(p, payloadRAKP3)
	if m == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wanted == nil {
		s.wanted = map[string]uint32{}
	}
	s.wanted[from.String()] = binary.LittleEndian.Uint32(m[4:])
}

// out looks at what goes.
func (s *sessions) out(p []byte, to net.Addr) {
	m := setup(p, payloadRAKP4)
	if m == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := s.wanted[to.String()]
	delete(s.wanted, to.String())
	if m[1] != 0 || id == 0 || s.active[id] {
		return
	}
	if s.active == nil {
		s.active, s.closing = map[uint32]bool{}, map[uint32]bool{}
	}
	s.active[id] = true
	s.count.add(&s.count.opened, 1)
}

// close is told that a client closes a session.
func (s *sessions) close(id uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.active[id] {
		s.closing[id] = true
	}
}

// remove is told that a session is gone.
func (s *sessions) remove(id uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closing[id]:
		s.count.add(&s.count.closed, 1)
	case s.active[id]:
		s.count.add(&s.count.lost, 1)
	}
	delete(s.active, id)
	delete(s.closing, id)
}

// lose is the end of all of them.
func (s *sessions) lose() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count.add(&s.count.lost, len(s.active))
	clear(s.active)
}
