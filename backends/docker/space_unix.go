//go:build unix

package docker

import sys "golang.org/x/sys/unix"

// freeAt is what an unprivileged writer may still use below a directory.
func freeAt(dir string) (int64, bool) {
	var s sys.Statfs_t
	if err := sys.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), true
}
