//go:build !unix

package traffic

import (
	"io/fs"
	"os"
)

// keepOwner has nothing to do where files have access lists of their directory.
func keepOwner(*os.File, fs.FileInfo) error { return nil }

// syncDir has nothing to do where a directory cannot be synced.
func syncDir(string) error { return nil }
