package docker

import (
	"reflect"
	"slices"
)

// table is the containers of one engine as far as they are known. A container
// that was handed out is never changed; a change replaces its pointer, and an
// equal one keeps it. The table outlives reconnects.
type table struct {
	byID     map[string]*Container
	knowns   map[string]known
	check    map[string]bool // wait for an inspect
	disagree map[string]int  // how often in a row list and inspect gave different states
	digests  map[string][]string
	sorted   []*Container // as handed out last
	dirty    bool         // byID differs from sorted
}

func newTable() *table {
	return &table{byID: map[string]*Container{}, knowns: map[string]known{}, check: map[string]bool{}, disagree: map[string]int{}}
}

// maxDisagree bounds how often a container is listed again at once; after that it
// waits for the next full list.
const maxDisagree = 30

// replace takes a full list.
func (t *table) replace(all []*Container) {
	here := make(map[string]bool, len(all))
	for _, c := range all {
		here[c.ID] = true
		t.put(c)
	}
	for id := range t.byID {
		if !here[id] {
			t.remove(id)
		}
	}
}

// update takes what a list of only these IDs gave; those not in it are gone.
func (t *table) update(ids []string, now []*Container) {
	for _, id := range ids {
		if !slices.ContainsFunc(now, func(c *Container) bool { return c.ID == id }) {
			t.remove(id)
		}
	}
	for _, c := range now {
		t.put(c)
	}
}

// put adds c with what is known of it. What was known in another state of the
// container no longer holds.
func (t *table) put(c *Container) {
	k, ok := t.knowns[c.ID]
	if ok && k.state == c.State {
		k.put(c)
	} else {
		t.check[c.ID] = true
	}
	t.set(c)
}

func (t *table) set(c *Container) {
	if old := t.byID[c.ID]; old != nil && reflect.DeepEqual(old, c) {
		return
	}
	t.byID[c.ID] = c
	t.dirty = true
}

func (t *table) remove(id string) {
	if _, ok := t.byID[id]; ok {
		t.dirty = true
	}
	delete(t.byID, id)
	delete(t.knowns, id)
	delete(t.check, id)
	delete(t.disagree, id)
}

// learn takes the answers to inspects of ids; one without an answer is gone, or
// is read with the next list. The inspect is newer than the list, and an engine
// may list a container as running for a while after its "die" event (20.10 writes
// that down only after its clean-up): stale are those to be listed again.
func (t *table) learn(ids []string, knowns map[string]known) (stale []string) {
	for _, id := range ids {
		delete(t.check, id)
		old, here := t.byID[id]
		k, ok := knowns[id]
		if !here || !ok {
			continue
		}
		t.knowns[id] = k
		c := *old
		k.put(&c)
		if k.state == c.State {
			delete(t.disagree, id)
		} else if t.disagree[id]++; t.disagree[id] <= maxDisagree {
			stale = append(stale, id)
		}
		c.State, c.Health = k.state, k.health
		t.set(&c)
	}
	return stale
}

// setDigests takes new digests of all images.
func (t *table) setDigests(digests map[string][]string) {
	t.digests = digests
	for _, old := range t.byID {
		if d := digestOf(old.Image, digests[old.ImageID]); d != old.Digest {
			c := *old
			c.Digest = d
			t.set(&c)
		}
	}
}

// recheckAll asks for a new inspect of every container; what is known is shown
// until then.
func (t *table) recheckAll() {
	for id := range t.byID {
		t.check[id] = true
	}
}

func (t *table) recheck(ids []string) {
	for _, id := range ids {
		t.check[id] = true
	}
}

// unknown returns up to n containers that wait for an inspect, those in first
// before others.
func (t *table) unknown(first []string, n int) (ids []string) {
	if len(t.check) == 0 {
		return nil
	}
	for _, id := range first {
		if len(ids) < n && t.check[id] {
			ids = append(ids, id)
		}
	}
	for id := range t.check {
		if len(ids) >= n {
			break
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// pick returns the containers with these IDs.
func (t *table) pick(ids []string) map[string]*Container {
	out := make(map[string]*Container, len(ids))
	for _, id := range ids {
		out[id] = t.byID[id]
	}
	return out
}

// unchanged returns the IDs of the containers that are still as they were asked
// about; an answer about another is out of date, and it goes on waiting.
func (t *table) unchanged(asked map[string]*Container) (ids []string) {
	for id, c := range asked {
		if t.byID[id] == c {
			ids = append(ids, id)
		}
	}
	return ids
}

// list returns the containers sorted, and whether anything differs from the last
// time.
func (t *table) list() (sorted []*Container, changed bool) {
	if !t.dirty {
		return t.sorted, false
	}
	out := make([]*Container, 0, len(t.byID))
	seen := make(map[string]bool, len(t.byID))
	for _, c := range t.sorted { // nearly sorted is sorted fast
		if now := t.byID[c.ID]; now != nil {
			out = append(out, now)
			seen[c.ID] = true
		}
	}
	for id, c := range t.byID {
		if !seen[id] {
			out = append(out, c)
		}
	}
	sortContainers(out)
	t.sorted, t.dirty = out, false
	return out, true
}
