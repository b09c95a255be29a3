package impact

import (
	"slices"

	"ringside/backends/fleet"
	"ringside/backends/registry"
	"ringside/backends/watch"
)

// Images is where the tags of all syncs are, and what runs of them. It is shared
// between readers and never changed.
type Images struct {
	Registries []string       // of the cells of Rows
	Rows       []registry.Row // by repository and tag
}

// ImagesMemo makes Images, anew only when registries were compared again or other
// images run: equal ones are the same pointer. The zero value is ready; it serves one
// caller at a time.
type ImagesMemo struct {
	syncs   []*registry.Facts
	running []registry.Running
	known   *Images
}

// Images joins the tags of all syncs with what the engines run.
func (m *ImagesMemo) Images(f *fleet.Fleet, s *watch.State) *Images {
	syncs, running := Syncs(s), Running(s)
	if m.known != nil && slices.Equal(m.syncs, syncs) && slices.Equal(m.running, running) {
		return m.known
	}
	columns, rows := registry.Matrix(syncs, f.Registries, running)
	m.syncs, m.running, m.known = syncs, running, &Images{Registries: columns, Rows: rows}
	return m.known
}
