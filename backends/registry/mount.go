package registry

import "sync"

// mountSupport is what was learnt about mounts at a registry. A mount of a blob
// from its own repository tells, in one request, whether it is there and opens an
// upload when it is not; but only where mounts work.
type mountSupport struct {
	mu    sync.Mutex
	known bool
	works bool
}

func (m *mountSupport) state() (known, works bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.known, m.works
}

func (m *mountSupport) learn(works bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.known, m.works = true, works
}
