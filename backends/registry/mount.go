package registry

import "sync"

// mounting is what was learnt about mounts at a registry. A mount of a blob from
// its own repository tells, in one request, whether it is there, and opens an
// upload when it is not: but only where mounts work.
type mounting struct {
	mu    sync.Mutex
	state mountState
}

type mountState uint8

const (
	mountsUnknown mountState = iota
	mountsWork               // one was granted
	mountsFail               // one was refused of a blob that is there
)

func (m *mounting) get() mountState {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state
}

func (m *mounting) learn(s mountState) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state = s
}

// probe says whether the caller is the one to find out.
func (m *mounting) probe() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.state != mountsUnknown {
		return false
	}
	m.state = mountsFail // until that is known, no one else asks or trusts
	return true
}
