package ring

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Kind is what a ring places.
type Kind string

// Kinds of rings.
const (
	Account   Kind = "account"
	Container Kind = "container"
	Object    Kind = "object"
)

// Named is a ring of a cluster with what swift.conf says about it.
type Named struct {
	*Ring
	Name   string // "account", "container", "object", "object-1"
	Kind   Kind
	Policy Policy // of an object ring
	// Assumed is true when no swift.conf tells the policy: the ring is taken for a
	// replicated one.
	Assumed bool
}

// Title names the ring for people: "account", or the name of the policy.
func (n Named) Title() string {
	if n.Kind == Object && n.Policy.Name != "" {
		return n.Policy.Name
	}
	return n.Name
}

// Quorum is that of the ring's policy.
func (n Named) Quorum() Quorum { return n.Policy.Quorum }

// Dir is what a directory as /etc/swift holds.
type Dir struct {
	Path    string
	Conf    *Conf // nil: there is no swift.conf
	Rings   []Named
	Notices []string // worth telling, no errors
}

// LoadDir reads the rings of a directory, and the policies of its swift.conf, or
// of the one that is given. A directory without rings is an error, and so is a
// ring that cannot be read: half a cluster gives wrong answers. What could be read
// is returned with the error, for those who show it as such.
func LoadDir(dir, conf string) (*Dir, error) {
	out := &Dir{Path: dir}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	switch {
	case conf != "":
		out.Conf, err = LoadConf(conf)
	default:
		out.Conf, err = LoadConf(filepath.Join(dir, "swift.conf"))
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, e := range entries {
		name, is := strings.CutSuffix(e.Name(), ".ring.gz")
		if !is || !ringNames.MatchString(name) {
			continue
		}
		r, err := Load(filepath.Join(dir, e.Name()))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		switch n, err := Name(r, name, out.Conf); {
		case errors.Is(err, errNoPolicy):
			out.Notices = append(out.Notices, fmt.Sprintf("%v: it is left out", err))
		case err != nil:
			errs = append(errs, err)
		default:
			out.Rings = append(out.Rings, n)
		}
	}
	slices.SortStableFunc(out.Rings, func(a, b Named) int { return a.order() - b.order() })
	out.tell()
	err = errors.Join(errs...)
	if err == nil && len(out.Rings) == 0 {
		err = fmt.Errorf("%s holds no rings: account.ring.gz, container.ring.gz, object.ring.gz, object-N.ring.gz", dir)
	}
	return out, err
}

// order puts object rings by their policy after account and container.
func (n Named) order() int {
	return slices.Index([]Kind{Account, Container, Object}, n.Kind)*1_000_000 + n.Policy.Index
}

// errNoPolicy is that of an object ring whose policy is not in swift.conf.
var errNoPolicy = errors.New("it is of no storage policy")

var ringNames = regexp.MustCompile(`^(account|container|object|object-([1-9][0-9]*))$`)

// Name gives a ring what swift.conf says about it; without one an object ring is
// taken for a replicated one. A name that Swift does not know is that of an object
// ring of no policy.
func Name(r *Ring, name string, conf *Conf) (Named, error) {
	n := Named{Ring: r, Name: name, Kind: Object, Assumed: true}
	m := ringNames.FindStringSubmatch(name)
	switch {
	case m == nil:
		return n, nil
	case name == string(Account) || name == string(Container):
		n.Kind, n.Assumed = Kind(name), false
		return n, nil
	}
	n.Policy.Index, _ = strconv.Atoi(m[2])
	if conf == nil {
		return n, nil
	}
	i := slices.IndexFunc(conf.Policies, func(p Policy) bool { return p.Index == n.Policy.Index })
	if i < 0 {
		return n, fmt.Errorf("%s: %w in %s", r.file.Name, errNoPolicy, conf.File)
	}
	n.Policy, n.Assumed = conf.Policies[i], false
	if want := n.Quorum().Replicas(); want > 0 && r.Replicas() != float64(want) {
		return n, fmt.Errorf("%s has %g replicas, but policy %s (%s) needs exactly %d: Swift refuses this ring", r.file.Name, r.Replicas(), n.Policy.Name, n.Quorum(), want)
	}
	return n, nil
}

// tell collects what is worth knowing.
func (d *Dir) tell() {
	if d.Conf == nil {
		d.Notices = append(d.Notices, fmt.Sprintf("%s has no swift.conf: object rings are taken as replicated, and paths cannot be looked up", d.Path))
		return
	}
	d.Notices = append(d.Notices, d.Conf.Notices...)
	for _, p := range d.Conf.Policies {
		if !slices.ContainsFunc(d.Rings, func(n Named) bool { return n.Name == p.RingName() }) {
			d.Notices = append(d.Notices, fmt.Sprintf("policy %s has no ring in %s", p.Name, d.Path))
		}
	}
}
