package ring

import (
	"encoding/hex"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// SplitPath cuts a path into account, container and object: AUTH_a/c/o, with or
// without the /v1/ of a URL in front. An object may have slashes.
func SplitPath(text string) (account, container, object string, err error) {
	rest := strings.TrimPrefix(text, "/")
	if _, after, is := strings.Cut(rest, "/"); is && version.MatchString(rest) {
		rest = after
	}
	parts := strings.SplitN(rest, "/", 3)
	for len(parts) < 3 {
		parts = append(parts, "")
	}
	account, container, object = parts[0], parts[1], parts[2]
	if account == "" || container == "" && object != "" {
		err = fmt.Errorf("%q is no ACCOUNT, ACCOUNT/CONTAINER or ACCOUNT/CONTAINER/OBJECT", text)
	}
	return account, container, object, err
}

var version = regexp.MustCompile(`^v1(\.0)?/`)

// DataDir is the directory of a ring's data on a device: accounts, containers,
// objects, objects-1.
func (n Named) DataDir() string {
	if n.Kind == Object {
		return "objects" + strings.TrimPrefix(n.Policy.RingName(), "object")
	}
	return string(n.Kind) + "s"
}

// DiskPath is where a hash is kept on a device, below the server's devices
// directory, usually /srv/node.
func (n Named) DiskPath(root string, d *Device, sum [16]byte) string {
	text := hex.EncodeToString(sum[:])
	return path.Join(root, d.Name, n.DataDir(), strconv.Itoa(n.PartitionOf(sum)), text[len(text)-3:], text)
}

// Place is what a path on a disk says.
type Place struct {
	Ring   string // "account", "container", "object", "object-1"
	Device string
	Part   int
	Sum    [16]byte
}

var diskPath = regexp.MustCompile(`(?:^|/)([^/]+)/(account|container|object)s((?:-[1-9][0-9]*)?)/([0-9]+)/([0-9a-f]{3})/([0-9a-f]{32})(?:/|$)`)

// ParseDiskPath reads the path of a file or directory on a storage node, as it is
// in Swift's logs: /srv/node/sdb/objects-1/1234/5f2/<hash>/<timestamp>.data.
func ParseDiskPath(text string) (Place, bool) {
	m := diskPath.FindStringSubmatch(text)
	if m == nil || m[5] != m[6][29:] || m[3] != "" && m[2] != "object" {
		return Place{}, false
	}
	part, err := strconv.Atoi(m[4])
	sum, errSum := hex.DecodeString(m[6])
	return Place{m[2] + m[3], m[1], part, [16]byte(sum)}, err == nil && errSum == nil
}
