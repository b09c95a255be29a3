package ring

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"ringside/backends/fleet"
)

// Conf is what swift.conf says that the rings do not: the storage policies, and
// the secrets without which no path can be looked up.
type Conf struct {
	File     string
	Policies []Policy // by index; at least one
	Hash     Hash
	Notices  []string // worth telling, no errors
}

// Policy is one storage policy.
type Policy struct {
	Index      int
	Name       string
	Aliases    []string
	Default    bool
	Deprecated bool
	ErasureOf  string // the erasure code's ec_type; "" for a replicated policy
	Quorum     Quorum
}

// RingName is the name of a policy's ring: "object" or "object-1".
func (p Policy) RingName() string {
	if p.Index == 0 {
		return "object"
	}
	return fmt.Sprintf("object-%d", p.Index)
}

// Hash holds the secret prefix and suffix of the hash of a path. It prints as
// nothing that gives them away.
type Hash struct{ prefix, suffix []byte }

// NewHash makes a Hash of swift_hash_path_prefix and swift_hash_path_suffix.
func NewHash(prefix, suffix []byte) Hash { return Hash{slices.Clone(prefix), slices.Clone(suffix)} }

// Known reports whether there is a prefix or a suffix: Swift wants one of them.
func (h Hash) Known() bool { return len(h.prefix)+len(h.suffix) > 0 }

// String hides the secrets.
func (h Hash) String() string { return "(secret)" }

// GoString hides the secrets.
func (h Hash) GoString() string { return "ring.Hash(secret)" }

// LoadConf reads a swift.conf.
func LoadConf(path string) (*Conf, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	const most = 1 << 20
	if !info.Mode().IsRegular() || info.Size() > most {
		return nil, fmt.Errorf("%s: it is no swift.conf: not a regular file, or larger than %d bytes", path, most)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return ParseConf(path, data)
}

// ParseConf reads the bytes of a swift.conf as Swift does. Errors have file and
// line, and never a secret.
func ParseConf(file string, data []byte) (*Conf, error) {
	sections, err := parseINI(file, string(data))
	if err != nil {
		return nil, err
	}
	c := &Conf{File: file}
	for _, s := range sections {
		switch index, isPolicy := strings.CutPrefix(s.name, "storage-policy:"); {
		case s.name == "swift-hash":
			prefix, errP := s.get(file, "swift_hash_path_prefix")
			suffix, errS := s.get(file, "swift_hash_path_suffix")
			if err := errors.Join(errP, errS); err != nil {
				return nil, err
			}
			c.Hash = NewHash([]byte(prefix), []byte(suffix))
			c.quoted(s, "swift_hash_path_prefix", prefix)
			c.quoted(s, "swift_hash_path_suffix", suffix)
		case isPolicy:
			p, err := policy(file, index, s)
			if err != nil {
				return nil, err
			}
			c.Policies = append(c.Policies, p)
		}
	}
	return c, c.complete()
}

// quoted warns of quotes around a secret: Swift takes them as a part of it, and
// one node that differs from the others quarantines all that it has.
func (c *Conf) quoted(s section, key, value string) {
	if n := len(value); n > 1 && (value[0] == '"' || value[0] == '\'') && value[0] == value[n-1] {
		c.Notices = append(c.Notices, fmt.Sprintf("%s:%d: %s has quotes, which Swift takes as a part of it", c.File, s.options[key].line, key))
	}
}

// policy reads a [storage-policy:N].
func policy(file, index string, s section) (p Policy, err error) {
	fail := func(key, format string, args ...any) error {
		line := s.line
		if o, there := s.options[key]; there {
			line = o.line
		}
		return fmt.Errorf("%s:%d: storage policy %s: %s", file, line, fleet.Clean(index), fmt.Sprintf(format, args...))
	}
	text := func(key string) string {
		v, e := s.get(file, key)
		err = errors.Join(err, e)
		return fleet.Clean(v)
	}
	if p.Index, err = strconv.Atoi(strings.TrimSpace(index)); err != nil || p.Index < 0 {
		return p, fail("", "the index is no number")
	}
	p.Name, p.Default, p.Deprecated = text("name"), isTrue(text("default")), isTrue(text("deprecated"))
	for alias := range strings.SplitSeq(text("aliases"), ",") {
		if alias = strings.TrimSpace(alias); alias != "" && alias != p.Name {
			p.Aliases = append(p.Aliases, alias)
		}
	}
	kind := text("policy_type")
	switch {
	case err != nil:
		return p, err
	case p.Name == "":
		return p, fail("name", "it has no name")
	case kind == "" || kind == "replication":
		return p, nil
	case kind != "erasure_coding":
		return p, fail("policy_type", "%q is neither replication nor erasure_coding", kind)
	}
	var n [3]int
	for i, key := range []string{"ec_num_data_fragments", "ec_num_parity_fragments", "ec_duplication_factor"} {
		v := text(key)
		if v == "" && i == 2 {
			v = "1"
		}
		if n[i], err = strconv.Atoi(v); err != nil {
			return p, fail(key, "%s is no number", key)
		}
	}
	p.ErasureOf = text("ec_type")
	if err != nil {
		return p, err
	}
	if p.Quorum, err = ErasureCoded(n[0], n[1], n[2]); err != nil {
		return p, fail("ec_num_data_fragments", "%v", err)
	}
	return p, nil
}

// isTrue is Swift's config_true_value.
func isTrue(s string) bool {
	return slices.Contains([]string{"true", "1", "yes", "on", "t", "y"}, strings.ToLower(s))
}

// complete checks the policies together and adds what Swift assumes.
func (c *Conf) complete() error {
	if len(c.Policies) == 0 {
		c.Policies = []Policy{{Name: "Policy-0", Default: true}}
	}
	slices.SortStableFunc(c.Policies, func(a, b Policy) int { return a.Index - b.Index })
	for i, p := range c.Policies {
		if i > 0 && p.Index == c.Policies[i-1].Index {
			return fmt.Errorf("%s: there are two storage policies %d", c.File, p.Index)
		}
		if strings.HasPrefix(p.ErasureOf, "flat_xor") {
			c.Notices = append(c.Notices, fmt.Sprintf("policy %s: %s may need more than %d fragments to read: unreadable counts are a lower bound", p.Name, p.ErasureOf, p.Quorum.Read()))
		}
	}
	if len(c.Policies) == 1 {
		c.Policies[0].Default = true
	}
	if c.Policies[0].Index != 0 {
		return fmt.Errorf("%s: there is no storage policy 0, which Swift wants", c.File)
	}
	return nil
}

// Sum is the hash of an account, a container or an object: MD5 of the prefix, the
// path and the suffix (swift.common.utils.hash_path). "" leaves a part out.
func (h Hash) Sum(account, container, object string) ([16]byte, error) {
	switch {
	case account == "":
		return [16]byte{}, errors.New("a path needs an account")
	case object != "" && container == "":
		return [16]byte{}, errors.New("an object needs a container")
	case !h.Known():
		return [16]byte{}, errors.New("without swift_hash_path_prefix and _suffix of swift.conf no path can be looked up")
	}
	var b bytes.Buffer
	b.Write(h.prefix)
	for _, part := range []string{account, container, object} {
		if part != "" {
			b.WriteString("/" + part)
		}
	}
	b.Write(h.suffix)
	return md5.Sum(b.Bytes()), nil
}

// PartitionOf is the partition that a hash falls into: its first bits.
func (r *Ring) PartitionOf(sum [16]byte) int {
	return int(uint64(binary.BigEndian.Uint32(sum[:4])) >> (32 - r.spec.PartPower))
}
