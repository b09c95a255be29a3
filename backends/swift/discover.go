package swift

import (
	"os"
	"slices"

	"ringside/backends/fleet"
)

// Usual is where a machine of a cluster has its ring files.
const Usual = "/etc/swift"

// Discover finds the cluster that this machine belongs to: one whose ring files are
// in the directory. OS_CLOUD, when it is set, says how to log in.
func Discover(dir string, getenv func(string) string) []fleet.Cluster {
	entries, err := os.ReadDir(dir)
	if err != nil || !slices.ContainsFunc(entries, func(e os.DirEntry) bool { return isRing(e.Name()) }) {
		return nil
	}
	c := fleet.Cluster{Name: "swift", Rings: fleet.RingFiles{Path: dir}, Origin: dir}
	if cloud := getenv("OS_CLOUD"); cloud != "" {
		c.Auth = &fleet.SwiftAuth{Cloud: cloud}
	}
	return []fleet.Cluster{c}
}
