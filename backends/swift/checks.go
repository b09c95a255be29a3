package swift

import (
	"math/rand/v2"
	"time"
)

// check is one question to a node and where its answer goes. Cheap ones are asked
// often; those that touch the data disks, or read every ring file, less so.
type check struct {
	path  string
	every time.Duration
	read  func(*reader, []byte) error // puts an answer into the facts
	fail  func(*Node, error)          // notes why there is none, beside what was known before

	// disks: the server touches the data disks in its own thread, so a dying disk
	// can hold the answer back although the node is well.
	disks  bool
	kind   Kind // only for nodes with such a server; "" for all
	ec     bool // only when a policy is erasure-coded
	looked bool // only while somebody looks at the node
}

func (c check) ofDisks() check    { c.disks = true; return c }
func (c check) only(k Kind) check { c.kind = k; return c }
func (c check) whenEC() check     { c.ec = true; return c }
func (c check) whenLooked() check { c.looked = true; return c }

// reader puts answers into the facts of one node.
type reader struct {
	node *Node
	at   time.Time     // when the answer was read
	skew time.Duration // of the node's clock
	past *past
	hear func(ringMD5 map[string]string)
}

// ask makes the check for one field of the facts. An answer that cannot be read
// keeps what was known before.
func ask[T any](path string, every time.Duration, of func(*Node) *Seen[T], parse func(*reader, []byte) (T, bool, error)) check {
	return check{path: path, every: every,
		read: func(r *reader, b []byte) error {
			v, ok, err := parse(r, b)
			if err == nil {
				*of(r.node) = Seen[T]{Value: v, At: r.at, Null: !ok}
			}
			return err
		},
		fail: func(n *Node, err error) { of(n).Err = err },
	}
}

// asKind is ask for facts that each kind of server has.
func asKind[T any](path string, every time.Duration, of func(*Node) *PerKind[T], k Kind, parse func([]byte, Kind, time.Duration) (T, bool, error)) check {
	return ask(path+"/"+string(k), every, func(n *Node) *Seen[T] { return of(n).Of(k) },
		func(r *reader, b []byte) (T, bool, error) { return parse(b, k, r.skew) }).only(k)
}

// plain is a parser that needs nothing but the answer, skewed one that needs the
// node's clock.
func plain[T any](parse func([]byte) (T, bool, error)) func(*reader, []byte) (T, bool, error) {
	return func(_ *reader, b []byte) (T, bool, error) { return parse(b) }
}

func skewed[T any](parse func([]byte, time.Duration) (T, bool, error)) func(*reader, []byte) (T, bool, error) {
	return func(r *reader, b []byte) (T, bool, error) { return parse(b, r.skew) }
}

const (
	livenessEvery = 20 * time.Second // the longest a node is not asked anything
	serversEvery  = 30 * time.Second // whether each of a node's ports still answers
	relinkEvery   = 15 * time.Second // the relinker, while a partition power changes
)

// checks in the order of a sweep. The liveness question, "time", goes before each
// sweep.
var checks = func() []check {
	const often, usual, rare = 20 * time.Second, 45 * time.Second, 2 * time.Minute
	replicationOf := func(n *Node) *PerKind[Replication] { return &n.Replication }
	updaterOf := func(n *Node) *PerKind[Updater] { return &n.Updater }
	auditorOf := func(n *Node) *PerKind[Auditor] { return &n.Auditor }
	return []check{
		ask("unmounted", often, func(n *Node) *Seen[[]Mount] { return &n.Unmounted }, plain(parseUnmounted)).ofDisks(),
		ask("devices", usual, func(n *Node) *Seen[Directories] { return &n.Directories }, plain(parseDirectories)).ofDisks(),
		ask("diskusage", usual, func(n *Node) *Seen[[]Usage] { return &n.Usage }, (*reader).usage).ofDisks(),
		ask("quarantined", usual, func(n *Node) *Seen[Quarantine] { return &n.Quarantined }, (*reader).quarantined).ofDisks(),
		ask("ringmd5", 2*usual, func(n *Node) *Seen[map[string]string] { return &n.RingMD5 }, (*reader).ringMD5),
		ask("swiftconfmd5", 2*usual, func(n *Node) *Seen[string] { return &n.SwiftConf }, plain(parseConfMD5)),
		ask("async", time.Minute, func(n *Node) *Seen[Async] { return &n.Async }, (*reader).async).only(Object),
		asKind("replication", time.Minute, replicationOf, Account, parseReplication),
		asKind("replication", time.Minute, replicationOf, Container, parseReplication),
		asKind("replication", time.Minute, replicationOf, Object, parseReplication),
		ask("reconstruction/object", time.Minute, func(n *Node) *Seen[Reconstruction] { return &n.Reconstruction }, skewed(parseReconstruction)).only(Object).whenEC(),
		ask("load", time.Minute, func(n *Node) *Seen[Load] { return &n.Load }, plain(parseLoad)),
		asKind("updater", rare, updaterOf, Container, parseUpdater),
		asKind("updater", rare, updaterOf, Object, parseUpdater),
		asKind("auditor", rare, auditorOf, Account, parseAuditor),
		asKind("auditor", rare, auditorOf, Container, parseAuditor),
		asKind("auditor", rare, auditorOf, Object, parseAuditor),
		ask("sharding", rare, func(n *Node) *Seen[Sharding] { return &n.Sharding }, skewed(parseSharding)).only(Container),
		ask("relinker", rare, func(n *Node) *Seen[Relinker] { return &n.Relinker }, plain(parseRelinker)).only(Object),
		ask("driveaudit", rare, func(n *Node) *Seen[int64] { return &n.DriveErrors }, plain(parseDriveErrors)).only(Object),
		ask("expirer/object", rare, func(n *Node) *Seen[Expirer] { return &n.Expirer }, plain(parseExpirer)).only(Object),
		ask("version", 10*time.Minute, func(n *Node) *Seen[string] { return &n.Version }, plain(parseVersion)),
		ask("mem", usual, func(n *Node) *Seen[Memory] { return &n.Memory }, plain(parseMemory)).whenLooked(),
		ask("sockstat", usual, func(n *Node) *Seen[Sockets] { return &n.Sockets }, plain(parseSockets)).whenLooked(),
	}
}()

// pace is the time until a check is due again, a seventh more or less, so that two
// hundred nodes do not stay in step.
func pace(every time.Duration) time.Duration {
	return every - every/7 + rand.N(2*every/7)
}

func (r *reader) usage(b []byte) ([]Usage, bool, error) {
	list, ok, err := parseUsage(b)
	for i := range list {
		list[i].Pace = r.past.usage(list[i], r.at)
	}
	return list, ok, err
}

func (r *reader) ringMD5(b []byte) (map[string]string, bool, error) {
	sums, ok, err := parseRingMD5(b)
	r.hear(sums)
	return sums, ok, err
}

func (r *reader) quarantined(b []byte) (Quarantine, bool, error) {
	q, ok, err := parseQuarantined(b)
	if err != nil || !ok {
		return Quarantine{}, ok, err
	}
	return r.past.quarantined(q, r.at), true, nil
}

func (r *reader) async(b []byte) (Async, bool, error) {
	a, ok, err := parseAsync(b, r.skew)
	if err != nil || !ok {
		return Async{}, ok, err
	}
	return r.past.async(a), true, nil
}
