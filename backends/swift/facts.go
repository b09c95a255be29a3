// Package swift watches OpenStack Swift clusters: their ring files, every storage
// node and proxy through recon, and the API through the proxy. It is the border at
// which every string from a cluster is stripped of control sequences.
//
// A Cluster is a watch.Source. It reports, under the names that Names gives,
//
//	swift/CLUSTER/rings        *Rings   the ring files and swift.conf
//	swift/CLUSTER/node/NODE    *Node    one storage node; NODE is its address in the rings
//	swift/CLUSTER/proxy/ADDR   *Proxy   one proxy
//	swift/CLUSTER/api          *API     the login's account, policies, capabilities
//
// Recon never says what the rings expect. Look joins both into a Picture, which is
// what screens, guards and commands use: a node that is silent stays in every
// denominator, and what was not read is unknown, never zero.
package swift

import (
	"time"

	"ringside/backends/swift/ring"
)

// Seen is the answer to one check: what it said, and when. A failed attempt keeps
// the value of the one before.
type Seen[T any] struct {
	Value T
	At    time.Time // when it was read; zero when it never was
	Null  bool      // the node answered null: the daemon never ran, or its cache file is broken
	Err   error     // why the latest attempt failed, nil when it worked
}

// Known says whether Value means anything.
func (s Seen[T]) Known() bool { return !s.At.IsZero() && !s.Null }

// Why says in words why the value is unknown, "" when it is known.
func (s Seen[T]) Why() string {
	switch {
	case s.Known():
		return ""
	case s.Null:
		return "never ran, or its cache file is broken"
	case s.Err != nil:
		return s.Err.Error()
	}
	return "not read yet"
}

// Kind is what a server or a ring is for. Rings of all policies are of kind Object.
type Kind = ring.Kind

// The kinds of servers.
const (
	Account   = ring.Account
	Container = ring.Container
	Object    = ring.Object
)

// Kinds in the order in which they are listed.
var Kinds = []Kind{Account, Container, Object}

// PerKind is an answer for each kind of server.
type PerKind[T any] struct{ Account, Container, Object Seen[T] }

// Of returns the answer for one kind.
func (p *PerKind[T]) Of(k Kind) *Seen[T] {
	switch k {
	case Account:
		return &p.Account
	case Container:
		return &p.Container
	}
	return &p.Object
}

// Node is what one storage node said. Each field is read at its own pace, so each
// has its own age. It is immutable once reported.
type Node struct {
	Cluster string
	Node    string // its address in the rings: the IP, with nodes_by: port also the port
	Servers []Server

	Version     Seen[string] // "2.30.1"
	Clock       Seen[Clock]
	Directories Seen[Directories] // what lies below /srv/node
	Unmounted   Seen[[]Mount]
	Usage       Seen[[]Usage] // sorted by device
	Quarantined Seen[Quarantine]
	Async       Seen[Async]
	RingMD5     Seen[map[string]string] // by ring name "object-1"; "" when the node cannot read the file
	SwiftConf   Seen[string]            // MD5 of swift.conf
	Load        Seen[Load]
	Memory      Seen[Memory]
	Sockets     Seen[Sockets]
	DriveErrors Seen[int64] // counted by swift-drive-audit

	Replication    PerKind[Replication] // Object: of replicated policies
	Reconstruction Seen[Reconstruction] // of erasure-coded policies
	Updater        PerKind[Updater]     // Container, Object
	Auditor        PerKind[Auditor]
	Sharding       Seen[Sharding]
	Relinker       Seen[Relinker]
	Expirer        Seen[Expirer]
}

// Server is one port of a node on which the rings say a server listens.
type Server struct {
	Port  int
	Kinds []Kind       // what the rings expect there
	Up    Seen[string] // what it says it is, "object-server"; Err when it does not answer
}

// Clock is a node's clock against ours.
type Clock struct {
	Skew  time.Duration // the node's time minus ours
	Round time.Duration // how long the question took: Skew is known to half of this
}

// Directories is the list below the directory of the data disks.
type Directories struct {
	Root     string // "/srv/node"
	Names    []string
	Readable bool // false: the node cannot list Root
}

// Mount is a directory below Root that recon calls not mounted. It may be no disk
// at all: only the rings say which devices there should be.
type Mount struct {
	Device string
	Fault  string // what the system said when it was asked, "" for "not mounted"
}

// Usage is how full one disk is, in bytes, as statvfs says. Used counts what the
// file system reserves for root.
type Usage struct {
	Device  string
	Mounted bool
	Fault   string // what the system said when it was asked
	Size    int64
	Used    int64
	Avail   int64

	Pace Pace // how Used has changed while this process watched
}

// Pace is how fast a disk fills. Over is the time it was measured for; zero means
// that nothing can be said yet.
type Pace struct {
	BytesPerSecond float64
	Over           time.Duration
}

// Full is when a disk with so many bytes left is full at this pace; ok is false
// when it does not fill, or nobody can tell.
func (p Pace) Full(avail int64) (in time.Duration, ok bool) {
	if p.Over <= 0 || p.BytesPerSecond <= 0 {
		return 0, false
	}
	s := float64(avail) / p.BytesPerSecond
	if s > (100 * 365 * 24 * time.Hour).Seconds() {
		return 0, false
	}
	return time.Duration(s * float64(time.Second)), true
}

// Quarantined counts what lies in quarantine. The counts only fall when somebody
// empties it.
type Quarantined struct {
	Accounts, Containers, Objects int64
	Policies                      map[int]int64 // objects, by the index of the policy
}

// Total is all of them.
func (q Quarantined) Total() int64 { return q.Accounts + q.Containers + q.Objects }

// Quarantine is the count now, and what has come since this process looked first.
// An emptied quarantine begins a new count.
type Quarantine struct {
	Quarantined
	Before Quarantined // at Since
	Since  time.Time
	Rose   time.Time // when it was last seen to be higher than before; zero: never
}

// New is how many have come since Since.
func (q Quarantine) New() int64 { return q.Total() - q.Before.Total() }

// Async counts container updates that wait on the disks. The figure is as old as
// Counted: a cron job writes it.
type Async struct {
	Pending int64
	Counted time.Time // on our clock; zero when the node does not say
	Before  int64     // the figure before this one
	Earlier time.Time // when that one was counted; zero when there is none
}

// Replication is the last finished pass.
type Replication struct {
	Took      time.Duration
	Last      time.Time // when it ended, on our clock
	Attempted int64
	Success   int64
	Failure   int64
	Synced    int64                       // partitions or databases for which something was sent
	Failing   map[string]map[string]int64 // failures by address and device of the other side
}

// Reconstruction is the last finished pass over erasure-coded policies.
type Reconstruction struct {
	Took time.Duration
	Last time.Time // on our clock
}

// Updater is the last sweep. Failures, Oldest and Last are told since Swift 2.35.
type Updater struct {
	Took     time.Duration
	Last     time.Time // on our clock; zero when the node does not tell
	Failures int64
	Oldest   time.Duration // age of the oldest update that failed
	Told     bool          // the three above were told
}

// Auditor is what an auditor says of itself: since its last line in the log, not
// since the pass began. Use Quarantined for what was found to be broken.
type Auditor struct {
	Took        time.Duration // of the last pass; zero when the node does not tell
	Started     time.Time     // on our clock; zero when the node does not tell
	Errors      int64
	Quarantined int64
	Bytes       int64
}

// Sharding is the last cycle of the container sharder.
type Sharding struct {
	Took       time.Duration
	Last       time.Time // on our clock
	Failure    int64
	Candidates int64 // containers large enough to be sharded
}

// Relinker is the work of a partition power change.
type Relinker struct {
	Step        string // "relink", "cleanup"
	Done, Total int64  // partitions
	Errors      int64
}

// Load is the load average.
type Load struct{ One, Five, Fifteen float64 }

// Memory of the node, in bytes.
type Memory struct{ Total, Available int64 }

// Sockets of the node.
type Sockets struct{ InUse, TimeWait, Orphan int64 }

// Expirer is the last pass of the object expirer.
type Expirer struct {
	Took    time.Duration
	Expired int64
}

// Proxy is what one proxy said. The rest of a proxy's recon means nothing: it
// looks healthy and knows nothing about storage.
type Proxy struct {
	Cluster   string
	Address   string // "proxy.tyo.example:8080"
	Healthy   Seen[bool]
	Version   Seen[string]            // of Swift, from /info
	Clock     Seen[Clock]             // this and the two below only where recon is in the proxy's pipeline
	RingMD5   Seen[map[string]string] // by ring name
	SwiftConf Seen[string]
	Insecure  string // why the connection is not verified, "" when it is, or when it is plain HTTP
}
