package lab

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"

	"github.com/moby/moby/api/types/network"
)

// networkNames are the networks of an engine: the predefined ones, and those that
// some container is in. The lock is held.
func (e *Engine) networkNames() []string {
	names := map[string]bool{"bridge": true, "host": true, "none": true}
	for _, c := range e.order {
		for _, n := range c.networks() {
			names[n] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func (e *Engine) listNetworks(a *answer, _ *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := []network.Summary{}
	for _, n := range e.networkNames() {
		driver := "bridge"
		if n == "host" || n == "none" {
			driver = map[string]string{"host": "host", "none": "null"}[n]
		}
		out = append(out, network.Summary{Network: network.Network{Name: n, ID: digestOf("network", n)[7:], Driver: driver, Scope: "local"}})
	}
	a.json(http.StatusOK, out)
}

// connect attaches a container to one more network.
func (e *Engine) connect(a *answer, r *http.Request) {
	var req struct{ Container string }
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		a.fail(http.StatusBadRequest, "invalid JSON: "+err.Error())
		return
	}
	name := r.PathValue("id")
	e.mu.Lock()
	defer e.mu.Unlock()
	c := e.find(req.Container)
	switch {
	case !slices.Contains(e.networkNames(), name):
		a.fail(http.StatusNotFound, "network "+name+" not found")
		return
	case c == nil:
		a.fail(http.StatusNotFound, "No such container: "+req.Container)
		return
	case slices.Contains(c.networks(), name):
		a.fail(http.StatusForbidden, "endpoint with name "+c.name+" already exists in network "+name)
		return
	}
	spec := *c.spec
	spec.Networks = append(slices.Clone(c.networks()), name)
	c.spec = &spec
	c.wake()
	a.WriteHeader(http.StatusOK)
}
