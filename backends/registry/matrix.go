package registry

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"ringside/backends/fleet"
	"ringside/backends/fleet/match"
)

// Running is one container and the image it runs.
type Running struct {
	Engine, Site, Environment string
	Container, ID             string
	Image, Tag                string    // "registry.tyo.example:5000/team/web", "1.9.2"; Tag "" when it was named otherwise
	Digest                    string    // repository digest of the image, "" when the engine knows none
	Created                   time.Time // of the container; zero when that is not known
}

// Row is one tag, everywhere.
type Row struct {
	Repository, Tag string // at the source
	Cells           []Cell // in the order of Columns
	In              []In   // in the order of the syncs
	Running         []Run  // sorted by site, engine, container
}

// In is a tag as one sync sees it.
type In struct {
	Sync       *Facts
	Repository *Repository
	*Tag
}

// Cell is a tag at one registry.
type Cell struct {
	Digest string // "" when the registry does not have the tag, or that is not known
	Known  bool
}

// Run is one container that runs a tag which belongs to a sync.
type Run struct {
	Running
	Registry   string // that its image is from
	Repository string // at the source of the sync
	State      RunState
}

// RunState compares what a container runs with what its tag is in its registry.
type RunState string

// States of a container's image.
const (
	Runs      RunState = "same"    // its registry has the same image under that tag
	RunsMoved RunState = "moved"   // its registry has another image under that tag
	RunsGone  RunState = "gone"    // its registry does not have the tag any more
	RunsOther RunState = "unknown" // one of the two digests is not known, or what is there now
)

// Join says of every container whose image belongs to a sync how it compares with
// its registry. Of several syncs that look there the last look counts; what was made
// after it and is not the same may have been pushed since, so nothing is said of it.
// It is pure, and looks each container up: it costs little however many tags there are.
func Join(syncs []*Facts, registries []fleet.Registry, running []Running) (out []Run) {
	for _, r := range running {
		if r.Tag == "" {
			continue
		}
		where, repository := SplitImage(r.Image, registries)
		if where == "" {
			continue
		}
		run, at := Run{Running: r, Registry: where, State: RunsOther}, time.Time{}
		for _, f := range syncs {
			source, ok := f.sourceOf(where, repository)
			if !ok || !f.covers(source, r.Tag) {
				continue
			}
			looked, _ := f.Repository(source)
			if !looked.Checked.After(at) {
				continue
			}
			t, _ := f.Find(source, r.Tag)
			at, run.Repository, run.State = looked.Checked, source, r.compare(t.cell(where == f.From.Registry))
			if r.Created.After(at) && run.State != Runs {
				run.State = RunsOther
			}
		}
		if !at.IsZero() {
			out = append(out, run)
		}
	}
	return out
}

// compare says how a container's image compares with its tag.
func (r Running) compare(c Cell) RunState {
	switch {
	case c.Known && c.Digest == "":
		return RunsGone
	case !c.Known || r.Digest == "":
		return RunsOther
	case c.Digest == r.Digest:
		return Runs
	}
	return RunsMoved
}

// cell is a tag on one side. Of the zero tag it is known that it is not there.
func (t Tag) cell(source bool) Cell {
	digest := t.Target
	if source {
		digest = t.Source
	}
	return Cell{digest, t.State != Unknown || digest != ""}
}

// Matrix joins what syncs found with what engines run: a row for every tag, with
// its digest at every registry. columns are the registries of the cells. It is
// pure. Containers whose image belongs to no sync are in no row.
func Matrix(syncs []*Facts, registries []fleet.Registry, running []Running) (columns []string, rows []Row) {
	m := &joiner{column: map[string]int{}, at: map[[2]string]int{}}
	for _, f := range syncs {
		for _, name := range []string{f.From.Registry, f.To.Registry} {
			if _, ok := m.column[name]; !ok {
				m.column[name] = len(columns)
				columns = append(columns, name)
			}
		}
	}
	for _, f := range syncs {
		m.add(f)
	}
	for _, r := range Join(syncs, registries, running) {
		row := m.row(r.Repository, r.Tag)
		row.Running = append(row.Running, r)
		if r.State == RunsGone && len(row.In) == 0 {
			m.nowhere(row, syncs)
		}
	}
	for i := range m.rows {
		slices.SortFunc(m.rows[i].Running, func(a, b Run) int {
			return cmp.Or(strings.Compare(a.Site, b.Site), strings.Compare(a.Engine, b.Engine), strings.Compare(a.Container, b.Container))
		})
	}
	slices.SortFunc(m.rows, func(a, b Row) int {
		return cmp.Or(strings.Compare(a.Repository, b.Repository), match.Tags(a.Tag, b.Tag))
	})
	return columns, m.rows
}

type joiner struct {
	column map[string]int    // of a registry
	at     map[[2]string]int // of a repository's tag in rows
	rows   []Row
}

// row is the row of a tag. It is good until the next one.
func (m *joiner) row(repository, tag string) *Row {
	key := [2]string{repository, tag}
	i, known := m.at[key]
	if !known {
		i = len(m.rows)
		m.at[key] = i
		m.rows = append(m.rows, Row{Repository: repository, Tag: tag, Cells: make([]Cell, len(m.column))})
	}
	return &m.rows[i]
}

// nowhere books that the registries of the syncs that would have found a tag do not
// have it.
func (m *joiner) nowhere(row *Row, syncs []*Facts) {
	for _, f := range syncs {
		if f.covers(row.Repository, row.Tag) {
			row.Cells[m.column[f.From.Registry]].Known = true
			row.Cells[m.column[f.To.Registry]].Known = true
		}
	}
}

func (m *joiner) add(f *Facts) {
	from, to := m.column[f.From.Registry], m.column[f.To.Registry]
	for _, r := range f.Repositories {
		for i := range r.Tags {
			t := &r.Tags[i]
			row := m.row(r.Name, t.Name)
			row.In = append(row.In, In{f, r, t})
			row.Cells[from].learn(t.cell(true))
			row.Cells[to].learn(t.cell(false))
		}
	}
}

// learn keeps what is known: two syncs may look at the same registry.
func (c *Cell) learn(new Cell) {
	if !c.Known {
		*c = new
	}
}

// SplitImage tells which registry of the fleet an image is from, by the names that
// engines use, and its repository there. registry is "" when it is none of them.
func SplitImage(image string, registries []fleet.Registry) (registry, repository string) {
	host, rest := splitImage(image)
	for _, r := range registries {
		if r.Address == host || slices.ContainsFunc(r.Names, func(n string) bool { return strings.EqualFold(n, host) }) {
			return r.Name, rest
		}
	}
	return "", rest
}

// splitImage takes the name of an image apart as Docker does.
func splitImage(image string) (host, repository string) {
	host, repository, ok := strings.Cut(image, "/")
	switch {
	case !ok:
		return hub, "library/" + image
	case !strings.ContainsAny(host, ".:") && host != "localhost":
		return hub, image
	}
	return strings.ToLower(host), repository
}

// sourceOf is the repository of the source that a repository of one of the two
// registries is.
func (f *Facts) sourceOf(registry, repository string) (source string, ok bool) {
	switch registry {
	case f.From.Registry:
		return repository, true
	case f.To.Registry:
		for _, r := range f.Repositories {
			if r.Target == repository {
				return r.Name, true
			}
		}
	}
	return "", false
}

// covers says whether a tag belongs to the sync. One of a repository that the
// registries did not name is not known to be gone.
func (f *Facts) covers(repository, tag string) bool {
	if f.picks == nil || !f.picks(repository, tag) {
		return false
	}
	r, found := f.Repository(repository)
	return found && !r.Checked.IsZero()
}
