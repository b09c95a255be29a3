package lab

import (
	"cmp"
	"time"
)

// EngineOptions describes one engine. Only Name is needed.
type EngineOptions struct {
	Name, Site, Environment string
	Host                    string // that it runs on, "" when the fleet does not say

	Version string // of the engine, default "28.5.1"
	API     string // newest API version it speaks, default "1.51"; "1.41" is Engine 20.10
	CPUs    int    // default 8
	Memory  int64  // bytes, default 32 GiB

	Containers  []ContainerSpec
	Images      []string      // present besides those of the containers
	PullTakes   time.Duration // how long a pull lasts, default 3 s
	LiveRestore bool          // containers survive a restart of the engine
}

// ContainerSpec describes one container. Only Name is needed; several containers
// may share the slices and maps in it, which are never written to.
type ContainerSpec struct {
	Name    string // anything at all: a lab may be hostile where Docker is not
	Image   string // default "busybox:1.36"
	Command []string
	Env     []string
	Labels  map[string]string
	TTY     bool
	Shells  []string // the shells it has, default sh and ash; an empty slice that is not nil: none

	Project, Service string // Compose labels follow from these
	Ports            []PortSpec
	Mounts           []MountSpec
	Networks         []string // default Project_default, or bridge

	State    string        // running (default), paused, exited, created, restarting, dead
	Age      time.Duration // since it was created, default an hour
	Up       time.Duration // since it started (or, not running, since it ended), default Age
	ExitCode int           // of the end before now, when it is not running
	OOM      bool
	Restarts int

	Policy  string // restart policy: no (default), always, unless-stopped, on-failure, on-failure:3
	CPUs    float64
	Memory  int64         // limit in bytes, 0 for none
	Takes   time.Duration // from SIGTERM to the end; longer than the grace period means SIGKILL
	OnTerm  int           // exit code after SIGTERM, default 0
	Health  *HealthSpec
	Load    Load
	Logs    string // whose logs it writes: nginx, go, java, postgres, redis, rabbit, cron, colour; "" for none
	LogRate float64
	Life    Life
}

func (s *ContainerSpec) image() string { return cmp.Or(s.Image, "busybox:1.36") }

// PortSpec is one exposed port; Public 0 is not published.
type PortSpec struct {
	Public, Private uint16
	Protocol        string // default tcp
	IP              string // default 0.0.0.0
}

// MountSpec is one mount.
type MountSpec struct {
	Type     string // bind or volume (default)
	Name     string // of the volume
	Source   string // of a bind
	Target   string
	ReadOnly bool
}

// HealthSpec is a health check. A started container becomes healthy after one
// Interval.
type HealthSpec struct {
	Test     []string
	Interval time.Duration // default 10 s
	Status   string        // at the start of the lab, default healthy
}

// Load is how hard a container works; zero values are modest defaults.
type Load struct {
	CPU    float64 // cores on average
	Memory int64   // bytes
	Leak   int64   // bytes gained per hour of uptime; at the limit it is killed for want of memory
	Net    float64 // bytes per second
	Disk   float64 // bytes per second
	PIDs   int
}

// Life is what happens to a container by itself. Zero durations never happen.
type Life struct {
	CrashEvery     time.Duration // uptime before it dies of itself
	CrashCode      int
	UnhealthyEvery time.Duration
	UnhealthyFor   time.Duration
	RunEvery       time.Duration // of a job that ends with exit code 0
	RunFor         time.Duration
}
