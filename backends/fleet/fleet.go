// Package fleet holds the inventory: what the configuration file names, or what
// discovery found, and the few types that every layer shares (Target, Reading).
// It talks to nothing, except to read the file and the secrets the file refers to.
package fleet

import "strings"

// Fleet is everything Ringside watches. It is immutable once loaded.
type Fleet struct {
	File        string // where it was read from; "" when it was discovered
	Environment string // default environment of every target; "" when unknown
	Sites       []Site
	Hosts       []Host
	Engines     []Engine
	Services    []Service
	Clusters    []Cluster
	Registries  []Registry
	Syncs       []Sync
	Credentials map[string]Credential
	Keys        map[string][]string // user key overrides, binding id to keys
	Theme       string              // "", "auto", "dark", "light"
	Notices     []string            // things worth telling that are no errors
}

// Site is a place: tokyo, shanghai.
type Site struct {
	Name string
	Note string
}

// Host is one physical or virtual server. It joins, under one name, its
// management controller, its Docker engine, its disks and its SSH address.
type Host struct {
	Name        string
	Site        string
	Environment string
	Rack        string
	Tags        []string
	BMC         *BMC
	SSH         *SSH
	IPs         []string // further addresses, as rings name them
	Where       Position
}

// BMC says how a host's management controller is reached.
type BMC struct {
	Address    string
	Port       int // 0: 623 for IPMI, 443 for Redfish (80 when Plain)
	Credential string
	Driver     string // auto, ipmi, redfish; "" is auto

	// IPMI only.
	CipherSuite int    // 3 or 17; 0: the better one that the BMC takes
	Privilege   string // user, operator, administrator; "" is administrator

	// Redfish only.
	TLS    *TLS   // CA, ServerName and SkipVerify; nil: the system's authorities
	Plain  bool   // http without TLS, said out loud in the configuration
	System string // ID of the system when the BMC serves several, "" when it serves one
}

// SSH says how a host is reached by SSH.
type SSH struct {
	Address string
	Port    int
	User    string
}

// Engine is one Docker Engine. Exactly one of Context and Address is set.
type Engine struct {
	Name        string
	Site        string
	Environment string
	Host        string // name of the Host it runs on, "" when not known
	Context     string // name of a Docker context
	Address     string // unix:///path, tcp://host:port, ssh://user@host, npipe:////./pipe/x
	Socket      string // ssh only: socket path on the far side, default /var/run/docker.sock
	TLS         *TLS   // tcp only
	Plain       bool   // tcp without TLS, said out loud in the configuration
	Origin      string // how it was found: "ringside.yaml:12", "context", "DOCKER_HOST", "local socket"
	Where       Position
}

// TLS holds file paths of a mutual TLS set-up.
type TLS struct {
	CA, Cert, Key string
	ServerName    string
	SkipVerify    bool // the screen says so for as long as it is true
}

// Position is a place in the configuration file, 1-based; zero when unknown.
type Position struct{ Line, Column int }

// Engine finds an engine by name.
func (f *Fleet) Engine(name string) (Engine, bool) {
	for _, e := range f.Engines {
		if e.Name == name {
			return e, true
		}
	}
	return Engine{}, false
}

// Host finds a host by name.
func (f *Fleet) Host(name string) (Host, bool) {
	for _, h := range f.Hosts {
		if h.Name == name {
			return h, true
		}
	}
	return Host{}, false
}

// Kinds of targets. A site and a rack (of the site that is its scope) stand for
// what is in them: holds and problems may concern them, acts do not take them.
const (
	KindContainer = "container"
	KindEngine    = "engine"
	KindImage     = "image"
	KindHost      = "host"
	KindService   = "service"
	KindProxy     = "proxy"
	KindRegistry  = "registry"
	KindSync      = "sync"
	KindTag       = "tag" // Scope is the registry, Name "REPOSITORY:TAG"
	KindSite      = "site"
	KindRack      = "rack"
	KindCluster   = "cluster"
	KindNode      = "node"   // of a cluster: Scope is the cluster
	KindDevice    = "device" // of a cluster: Name is "NODE/DEVICE"
)

// Target is one thing an action works on.
type Target struct {
	Kind        string `json:"kind"`
	Scope       string `json:"scope,omitempty"` // where it lives: the engine of a container
	ID          string `json:"id,omitempty"`    // identity that survives a rename
	Name        string `json:"name"`
	Site        string `json:"site,omitempty"`
	Environment string `json:"environment,omitempty"`
}

// Key identifies the target for locks, holds and history. Two consoles whose
// configurations name an engine differently agree on it wherever an ID exists.
func (t Target) Key() string {
	if t.ID != "" {
		return t.Kind + "/" + t.ID
	}
	return t.Kind + "/" + t.Scope + "/" + t.Name
}

// Engine is the engine that the target is on, "" when that makes no sense.
func (t Target) Engine() string {
	if t.Kind == KindTag {
		return ""
	}
	return t.Scope
}

// String names the target for people: "tokyo-1/web".
func (t Target) String() string {
	return strings.TrimPrefix(t.Scope+"/"+t.Name, "/")
}
