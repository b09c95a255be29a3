// Package docker talks to Docker Engines, API 1.40 (Engine 20.10) and later. It
// is the only package that imports the Engine API client, and the border at
// which every string from an engine is stripped of control sequences.
package docker

import (
	"net/netip"
	"time"
)

// Facts is what one engine said at one moment; the source "docker/NAME" reports
// it as *Facts. It is shared between readers and never changed.
type Facts struct {
	Engine, Site, Environment string // as in the fleet

	ID            string // the engine's own identity, stable across names and addresses
	Hostname      string
	Version       string // of the engine: "20.10.24"
	API           string // negotiated: "1.41"
	OS, Arch      string
	Kernel        string
	CgroupVersion string
	CPUs          int
	Memory        int64  // bytes
	Insecure      string // why the connection is not verified, "" when it is or is local

	Containers []*Container // sorted by name, then ID
}

// State of a container, in the engine's words.
type State string

// The states of the Engine API.
const (
	Created    State = "created"
	Running    State = "running"
	Paused     State = "paused"
	Restarting State = "restarting"
	Removing   State = "removing"
	Exited     State = "exited"
	Dead       State = "dead"
)

// Health of a container that has a health check; "" when it has none.
type Health string

// The health states of the Engine API.
const (
	Healthy   Health = "healthy"
	Unhealthy Health = "unhealthy"
	Starting  Health = "starting"
)

// Container is one container as the list shows it.
type Container struct {
	Engine, Site, Environment string

	ID      string // 64 hex digits
	Name    string // without the leading slash
	Image   string // repository without tag: "registry.tyo.example:5000/team/web"
	Tag     string // "1.9.1"; "" when the image was named by digest or ID
	ImageID string // "sha256:…"
	Digest  string // repository digest "sha256:…" of the image, "" when it was never pulled or pushed
	Command string

	Project, Service string // Compose labels
	Labels           map[string]string

	State   State
	Health  Health
	Status  string // the engine's own words: "Up 3 hours (healthy)"
	Created time.Time

	Ports    []Port
	Networks []string
	Mounts   int

	// The following need an inspect. Known is false until it was made.
	Known    bool
	Started  time.Time // zero when it never ran
	Finished time.Time // zero when it never ended
	ExitCode int       // of the last end
	OOM      bool      // the last end was by the kernel for want of memory
	Restarts int       // by the engine's restart policy since the container was created
	Policy   string    // restart policy: "no", "always", "unless-stopped", "on-failure:3"
	TTY      bool      // its log is one raw stream
	NanoCPUs int64     // CPU limit, 1e9 = one core, 0 = none
	MemLimit int64     // memory limit in bytes, 0 = none
}

// Port is one exposed port. Public is 0 when it is not published.
type Port struct {
	IP       netip.Addr
	Public   uint16
	Private  uint16
	Protocol string // tcp, udp, sctp
}

// StatsFacts is what the source "docker/NAME" reports, as *StatsFacts and under
// the name "docker/NAME/stats", of the containers that are looked at.
type StatsFacts struct {
	Engine string
	Stats  map[string]*Stats // by container ID
}

// Stats is one container's use of its host, computed from two polls of ours.
type Stats struct {
	At               time.Time
	CPU              float64 // percent of one core: 250 is two and a half cores; NaN before the second poll
	Memory, MemLimit int64   // bytes, page cache that can be dropped not counted
	NetRx, NetTx     float64 // bytes per second; NaN before the second poll
	DiskRd, DiskWr   float64 // bytes per second; NaN before the second poll
	PIDs             int

	// The last samples, oldest first, for sparklines; at most HistoryLen.
	CPUHistory []float64
	MemHistory []float64
}

// HistoryLen is how many samples a history holds.
const HistoryLen = 120
