package lab

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/moby/moby/api/types/container"
)

// update changes limits and restart policy. Zero means "as it was", and the
// rules are dockerd's: limits can be moved, but not taken away again.
func (e *Engine) update(a *answer, r *http.Request, c *instance) {
	var u container.UpdateConfig
	if err := json.NewDecoder(r.Body).Decode(&u); err != nil {
		a.fail(http.StatusBadRequest, "invalid JSON: "+err.Error())
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if status, message := e.mayUpdate(c, u); status != 0 {
		a.fail(status, message)
		return
	}
	if u.NanoCPUs != 0 {
		now, speed := e.now(), e.lab.opts.Speed
		before := c.usage(now, speed).cpu
		c.nanoCPUs = u.NanoCPUs
		c.charged += before - c.usage(now, speed).cpu // a counter never runs backwards
	}
	if u.MemorySwap != 0 {
		c.swap = u.MemorySwap
	}
	if u.Memory != 0 {
		c.memory = u.Memory
		if u.MemorySwap == 0 && c.swap == 0 {
			c.swap = 2 * c.memory
		}
	}
	if p := u.RestartPolicy; p.Name != "" {
		c.policy = string(p.Name)
		if p.MaximumRetryCount > 0 {
			c.policy = fmt.Sprintf("%s:%d", p.Name, p.MaximumRetryCount)
		}
	}
	e.emit(c, "update", nil)
	a.json(http.StatusOK, container.UpdateResponse{})
}

func (e *Engine) mayUpdate(c *instance, u container.UpdateConfig) (status int, message string) {
	refuse := func(reason string) (int, string) {
		return http.StatusBadRequest, fmt.Sprintf("Cannot update container %s: %s", c.id, reason)
	}
	switch {
	case u.NanoCPUs < 0 || u.NanoCPUs > int64(e.opts.CPUs)*1e9:
		return http.StatusBadRequest, fmt.Sprintf("range of CPUs is from 0.01 to %d.00, as there are only %d CPUs available", e.opts.CPUs, e.opts.CPUs)
	case u.Memory != 0 && u.Memory < 6<<20:
		return http.StatusBadRequest, "Minimum memory limit allowed is 6MB"
	case u.Memory > 0 && u.MemorySwap > 0 && u.MemorySwap < u.Memory:
		return http.StatusBadRequest, "Minimum memoryswap limit should be larger than memory limit, see usage"
	case u.CPUQuota != 0 && c.nanoCPUs != 0:
		return refuse("Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set")
	case u.Memory > 0 && u.MemorySwap == 0 && c.swap > 0 && u.Memory > c.swap:
		return refuse("Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time")
	}
	if err := container.ValidateRestartPolicy(u.RestartPolicy); err != nil {
		return http.StatusBadRequest, err.Error()
	}
	return 0, ""
}
