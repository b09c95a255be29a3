package swift

import (
	"cmp"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"ringside/backends/fleet"
	"ringside/backends/fleet/retry"
	"ringside/backends/swift/ring"
)

// Rings is what the ring files and swift.conf say. It is immutable once reported.
type Rings struct {
	Cluster string
	From    string               // "/etc/swift", "sw001:/etc/swift"
	Rings   []ring.Named         // those that could be read: account, container, policies by index
	Changed map[string]time.Time // when a ring's file was written, by ring name
	Broken  []Broken             // files that could not be read; a ring that was read before stays in Rings
	Conf    *ring.Conf           // nil without a swift.conf that can be read: then every policy counts as replicated
	ConfMD5 string               // "" without a swift.conf
	Notices []string

	Builders map[string]*ring.Builder // by ring name, where the builder files are beside the rings

	// Versions of ring files that are known, by ring name and MD5: those that were
	// seen while watching, and those in the builder's backups.
	Versions map[string]map[string]int

	once  sync.Once
	frame *frame
}

// Broken is a file that could not be read.
type Broken struct{ Name, Why string } // Name: "object.ring.gz", "swift.conf"

// Ring finds a ring by its name: "account", "object-1".
func (r *Rings) Ring(name string) (ring.Named, bool) {
	if r != nil {
		for _, n := range r.Rings {
			if n.Name == name {
				return n, true
			}
		}
	}
	return ring.Named{}, false
}

// Poll times: ring files on this machine are looked at often, those behind ssh
// rarely, and at once when the nodes have others.
const (
	localEvery   = 10 * time.Second
	remoteEvery  = 10 * time.Minute
	remoteAgain  = 30 * time.Second // the shortest time between two fetches
	remoteLimit  = 60 * time.Second
	maxRingFile  = 64 << 20
	maxRingFiles = 64
)

// ringFileName are the files that are read: rings, and the builders beside them.
var ringFileName = regexp.MustCompile(`^((?:account|container|object)(?:-[1-9][0-9]{0,5})?)\.(ring\.gz|builder)$`)

func isRing(name string) bool {
	m := ringFileName.FindStringSubmatch(name)
	return m != nil && m[2] == "ring.gz"
}

// file is one file as a listing shows it: the stamp changes when its content does.
type file struct {
	name    string
	stamp   string
	changed time.Time // when it was written; zero when the listing does not tell
}

// content is a file that was read.
type content struct {
	data    []byte
	changed time.Time
}

// store is where ring files are: a directory, or a host behind ssh.
type store interface {
	list(ctx context.Context) ([]file, error)
	read(ctx context.Context, names []string) (map[string]content, error)
	backup(name, md5 string) (version int, found bool) // of a ring file of the past
}

// ringWatch reads the ring files when they change.
type ringWatch struct {
	cluster *Cluster
	store   store
	refresh chan struct{}
	every   time.Duration

	now    *Rings
	stamps map[string]string

	mu    sync.Mutex
	known map[string]map[string]int  // Versions of now
	heard map[string]map[string]bool // MD5s that nodes have and no known file has, by ring
	fresh bool                       // heard has grown
}

const confName = "swift.conf"

func newRingWatch(c *Cluster) *ringWatch {
	w := &ringWatch{cluster: c, refresh: make(chan struct{}, 1), every: localEvery, stamps: map[string]string{}, heard: map[string]map[string]bool{}}
	if c.spec.Rings.SSH == "" {
		w.store = &directory{path: c.spec.Rings.Path, conf: c.spec.SwiftConf}
	} else {
		w.store = &remote{ssh: c.ssh, path: c.spec.Rings.Path, conf: c.spec.SwiftConf}
		w.every = remoteEvery
	}
	return w
}

// watch reports the rings until ctx is done, and calls changed for each new picture.
func (w *ringWatch) watch(ctx context.Context, report func(fleet.Reading), changed func(*Rings)) {
	back := retry.Backoff{Min: time.Second, Max: time.Minute}
	if w.cluster.spec.Rings.SSH != "" {
		back.Min = 5 * time.Second // a login each
	}
	for ctx.Err() == nil {
		before := w.now
		r, err := w.read(ctx, report)
		wait := pace(w.every)
		if err != nil {
			wait = back.Next()
		} else {
			back.Reset()
		}
		if r != nil && r != before {
			changed(r)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-w.refresh:
			if w.every == remoteEvery { // nodes ask all at once when a ring was pushed
				_ = sleep(ctx, remoteAgain/10)
			}
		case <-timer.C:
		}
		timer.Stop()
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// read looks for changes and reports. The error is nil when there is something to
// report, however much of it is broken.
func (w *ringWatch) read(ctx context.Context, report func(fleet.Reading)) (*Rings, error) {
	began := time.Now()
	err := w.update(ctx)
	if ctx.Err() != nil {
		return w.now, ctx.Err()
	}
	r := fleet.Reading{Source: RingsSource(w.cluster.spec.Name), At: time.Now(), Took: time.Since(began)}
	if r.Err = w.cluster.fail("rings", "read "+w.from(), err); r.Err == nil {
		r.Facts = w.now
	}
	report(r)
	return w.now, r.Err
}

func (w *ringWatch) from() string {
	return strings.TrimPrefix(w.cluster.spec.Rings.SSH+":"+w.cluster.spec.Rings.Path, ":")
}

// update reads what has changed into a new picture.
func (w *ringWatch) update(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, remoteLimit)
	defer cancel()
	files, err := w.store.list(ctx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(files, func(f file) bool { return isRing(f.name) }) {
		return &reason{BadFile, "there is no *.ring.gz", "is that the directory of the ring files?"}
	}
	if len(files) > maxRingFiles {
		return &reason{BadFile, fmt.Sprintf("there are more than %d ring files", maxRingFiles), ""}
	}
	var fresh []string
	stamps := map[string]string{}
	for _, f := range files {
		stamps[f.name] = f.stamp
		if w.stamps[f.name] != f.stamp {
			fresh = append(fresh, f.name)
		}
	}
	wanted := w.unknown()
	if len(fresh) == 0 && len(stamps) == len(w.stamps) && w.now != nil && wanted == nil {
		return nil
	}
	contents, err := w.store.read(ctx, fresh)
	if err != nil {
		return err
	}
	w.now = w.build(stamps, contents)
	w.stamps = stamps
	w.findVersions(wanted)
	w.mu.Lock()
	w.known = w.now.Versions
	w.mu.Unlock()
	return nil
}

// build makes the picture of the files that are there now: the contents that were
// read, and the rest as before.
func (w *ringWatch) build(stamps map[string]string, contents map[string]content) *Rings {
	old := w.now
	if old == nil {
		old = &Rings{}
	}
	r := &Rings{Cluster: w.cluster.spec.Name, From: w.from(), Changed: map[string]time.Time{}, Versions: map[string]map[string]int{}, Builders: map[string]*ring.Builder{}}
	for name, known := range old.Versions {
		r.Versions[name] = maps.Clone(known)
	}
	w.buildConf(r, old, stamps, contents)
	for _, file := range slices.Sorted(maps.Keys(stamps)) {
		m := ringFileName.FindStringSubmatch(file)
		if m == nil {
			continue
		}
		c, fresh := contents[file]
		if !fresh {
			if i := slices.IndexFunc(old.Broken, func(b Broken) bool { return b.Name == file }); i >= 0 {
				r.Broken = append(r.Broken, old.Broken[i])
			}
		}
		if m[2] == "builder" {
			r.addBuilder(old, file, m[1], c, fresh)
		} else {
			r.addRing(old, file, m[1], c, fresh)
		}
	}
	slices.SortStableFunc(r.Rings, func(a, b ring.Named) int {
		return cmp.Or(slices.Index(Kinds, a.Kind)-slices.Index(Kinds, b.Kind), a.Policy.Index-b.Policy.Index)
	})
	return r
}

// addRing adds a ring as it was read now, or as it was known before. One that cannot
// be read any more stays as it was.
func (r *Rings) addRing(old *Rings, file, name string, c content, fresh bool) {
	before, known := old.Ring(name)
	parsed, written := before.Ring, old.Changed[name]
	if fresh {
		if now, err := ring.Parse(file, c.data); err != nil {
			r.Broken = append(r.Broken, Broken{file, fleet.Clean(err.Error())})
		} else {
			parsed, written, known = now, c.changed, true
		}
	}
	if !known {
		return
	}
	n, err := ring.Name(parsed, name, r.Conf)
	if err != nil { // it is not what swift.conf says; what it is, is worth seeing all the same
		r.Notices = append(r.Notices, fleet.Clean(err.Error()))
	}
	r.Rings = append(r.Rings, n)
	r.Changed[name] = written
	if r.Versions[name] == nil {
		r.Versions[name] = map[string]int{}
	}
	r.Versions[name][parsed.File().MD5] = parsed.Version()
}

func (r *Rings) addBuilder(old *Rings, file, name string, c content, fresh bool) {
	b, known := old.Builders[name], old.Builders[name] != nil
	if fresh {
		now, err := ring.ParseBuilder(file, c.data)
		if err != nil {
			r.Broken = append(r.Broken, Broken{file, fleet.Clean(err.Error())})
		} else {
			b, known = now, true
		}
	}
	if known {
		r.Builders[name] = b
	}
}

func (w *ringWatch) buildConf(r, old *Rings, stamps map[string]string, contents map[string]content) {
	_, there := stamps[confName]
	c, fresh := contents[confName]
	switch {
	case !there:
		r.Notices = append(r.Notices, "there is no swift.conf that can be read: policies count as replicated, and paths cannot be looked up")
	case !fresh:
		r.Conf, r.ConfMD5 = old.Conf, old.ConfMD5
	default:
		sum := md5.Sum(c.data)
		r.ConfMD5 = hex.EncodeToString(sum[:])
		conf, err := ring.ParseConf(confName, c.data)
		if err != nil {
			r.Broken = append(r.Broken, Broken{confName, fleet.Clean(err.Error())})
			break
		}
		r.Conf = conf
	}
	if r.Conf != nil {
		r.Notices = append(r.Notices, r.Conf.Notices...)
	}
}

// hear takes the ring MD5s of a node. One that no known file has is of a ring that
// was just pushed, or is in the builder's backups: both are looked for, once.
func (w *ringWatch) hear(sums map[string]string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, sum := range sums {
		if _, known := w.known[name][sum]; known || sum == "" || w.heard[name][sum] {
			continue
		}
		if w.heard[name] == nil {
			w.heard[name] = map[string]bool{}
		}
		w.heard[name][sum] = true
		w.fresh = true
		token(w.refresh)
	}
}

// heardMore reports whether something was heard that was not looked for yet.
func (w *ringWatch) heardMore() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.fresh
}

// unknown returns what was heard, when something was since the last call.
func (w *ringWatch) unknown() map[string][]string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.fresh {
		return nil
	}
	w.fresh = false
	out := map[string][]string{}
	for name, sums := range w.heard {
		out[name] = slices.Collect(maps.Keys(sums))
	}
	return out
}

// findVersions looks for the versions of rings by their MD5s.
func (w *ringWatch) findVersions(wanted map[string][]string) {
	for name, sums := range wanted {
		for _, sum := range sums {
			if v, found := w.store.backup(name, sum); found {
				if w.now.Versions[name] == nil {
					w.now.Versions[name] = map[string]int{}
				}
				w.now.Versions[name][sum] = v
			}
		}
	}
}

// fileTrouble puts an error about files into words.
func fileTrouble(path string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return &reason{BadFile, path + " does not exist", `see "rings" of the cluster`}
	case errors.Is(err, fs.ErrPermission):
		return &reason{BadFile, "permission denied on " + path, "ring files are usually readable by all, swift.conf by the group swift"}
	}
	return &reason{BadFile, fleet.Clean(err.Error()), ""}
}
