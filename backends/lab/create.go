package lab

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/moby/moby/api/types/container"
)

// create makes a container that is not started: enough of the request is read
// for records (a name and labels) and for simple programs.
func (e *Engine) create(a *answer, r *http.Request) {
	var req container.CreateRequest
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil || req.Config == nil {
		a.fail(http.StatusBadRequest, "invalid JSON: the body is no container configuration")
		return
	}
	name := strings.TrimPrefix(r.URL.Query().Get("name"), "/")
	e.mu.Lock()
	defer e.mu.Unlock()
	if name == "" {
		e.serial++
		name = fmt.Sprintf("nameless_%d", e.serial)
	}
	img := e.images.find(req.Image)
	if img == nil {
		a.fail(http.StatusNotFound, "No such image: "+req.Image)
		return
	}
	if status, message := e.freeName(name); status != 0 {
		a.fail(status, message)
		return
	}
	spec := specOf(name, req)
	c := e.adopt(spec)
	for _, p := range spec.Ports {
		if ip := net.ParseIP(p.IP); p.Public > 0 && ip != nil && ip.IsLoopback() {
			c.serves = net.JoinHostPort(p.IP, fmt.Sprint(p.Public))
		}
	}
	e.emit(c, "create", nil)
	a.json(http.StatusCreated, container.CreateResponse{ID: c.id, Warnings: []string{}})
}

func specOf(name string, req container.CreateRequest) *ContainerSpec {
	s := &ContainerSpec{
		Name: name, Image: req.Image, State: created, Age: 1, Labels: req.Labels, Env: req.Env, TTY: req.Tty,
		Command: append(append([]string{}, req.Entrypoint...), req.Cmd...),
	}
	if n := req.NetworkingConfig; n != nil {
		s.Networks = slices.Sorted(maps.Keys(n.EndpointsConfig))
	}
	if h := req.HostConfig; h != nil {
		s.CPUs, s.Memory = float64(h.NanoCPUs)/1e9, h.Memory
		s.Policy = string(h.RestartPolicy.Name)
		if n := h.RestartPolicy.MaximumRetryCount; n > 0 {
			s.Policy = fmt.Sprintf("%s:%d", s.Policy, n)
		}
		if m := string(h.NetworkMode); m != "" && m != "default" && s.Networks == nil {
			s.Networks = []string{m}
		}
		for port, bindings := range h.PortBindings {
			p := PortSpec{Private: port.Num(), Protocol: string(port.Proto())}
			if len(bindings) > 0 {
				fmt.Sscan(bindings[0].HostPort, &p.Public)
				if ip := bindings[0].HostIP; ip.IsValid() {
					p.IP = ip.String()
				}
			}
			s.Ports = append(s.Ports, p)
		}
		for _, m := range h.Mounts {
			s.Mounts = append(s.Mounts, MountSpec{Type: string(m.Type), Name: m.Source, Source: m.Source, Target: m.Target, ReadOnly: m.ReadOnly})
		}
	}
	if h := req.Healthcheck; h != nil && len(h.Test) > 0 && h.Test[0] != "NONE" {
		s.Health = &HealthSpec{Test: h.Test, Interval: h.Interval}
	}
	return s
}
