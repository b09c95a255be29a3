package docker

import (
	"io"
	"time"
)

// Detail is everything known of one container, read on demand. Nothing in it is
// masked: the screen decides what to show.
type Detail struct {
	Container
	Hostname, User, WorkDir string
	Entrypoint, Cmd         []string
	Env                     []EnvVar // in the engine's order
	MountList               []Mount
	NetworkList             []Network
	Limits                  Limits
	HealthLog               []HealthProbe // oldest first
	HealthTest              []string
	LogDriver               string
	Raw                     []byte // the engine's JSON, indented, control sequences stripped
	At                      time.Time
}

// EnvVar is one environment variable. Secret is true when its name or value
// looks like a password, token, key or URL with credentials.
type EnvVar struct {
	Name, Value string
	Secret      bool
}

// Mount is one bind, volume or tmpfs.
type Mount struct {
	Type, Name, Source, Target, Mode string
	ReadOnly                         bool
}

// Network is one attachment.
type Network struct {
	Name, IP, Gateway, MAC string
	Aliases                []string
}

// Limits are the cgroup limits; 0 means none.
type Limits struct {
	NanoCPUs          int64 // 1e9 = one core
	CPUShares         int64
	CPUSet            string
	Memory            int64 // bytes
	MemoryReservation int64
	MemorySwap        int64 // bytes, -1 = unlimited
	PIDs              int64
}

// HealthProbe is one run of the health check.
type HealthProbe struct {
	Start, End time.Time
	ExitCode   int
	Output     string
}

// Processes is what runs in a container (docker top).
type Processes struct {
	Titles []string
	Rows   [][]string
}

// Stream of a log line.
type Stream uint8

// The streams of a container's log. A container with a TTY has only Stdout.
const (
	Stdout Stream = 1
	Stderr Stream = 2
)

// LogLine is one line of a container's log, cleaned, at most MaxLogLine bytes;
// a longer one is cut there and Cut says how many bytes are not shown.
type LogLine struct {
	At     time.Time // the engine's timestamp
	Stream Stream
	Text   string
	Cut    int
}

// MaxLogLine bounds one log line in memory.
const MaxLogLine = 64 << 10

// LogOptions says which part of a log is read.
type LogOptions struct {
	Tail         int       // the last so many lines; 0 with a zero Since means all
	Since, Until time.Time // zero: unbounded
	Follow       bool
	Stdout       bool
	Stderr       bool
}

// ShellOptions describes an interactive command in a container.
type ShellOptions struct {
	Command []string // nil: the first of bash, ash, sh that the container has
	Stdin   io.Reader
	Stdout  io.Writer
	Term    string // TERM inside, "" for xterm-256color
	Size    func() (width, height uint16)
	Resized <-chan struct{} // a token after every change of Size
}

// LimitChange is a change of limits; nil fields stay as they are.
type LimitChange struct {
	NanoCPUs *int64 // 0 removes the limit
	Memory   *int64 // bytes; 0 removes the limit
}

// PullProgress is one step of an image pull.
type PullProgress struct {
	Layer, Status string
	Current       int64 // bytes
	Total         int64 // bytes, 0 when the engine does not say
}
