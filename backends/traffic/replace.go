package traffic

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxFile bounds a file that is read whole.
const maxFile = 4 << 20

// readFile reads a small file.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = &reason{why: path + " is larger than 4 MiB"}
	}
	return b, err
}

// replaceFile gives a file new content so that a reader sees the old or the new
// one, whole, and a power cut leaves one of them: a temporary file beside it, synced,
// renamed over it, and the directory synced. Mode and owner stay.
func replaceFile(path string, data []byte) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // a rename would put a file where the link was
	}
	dir := filepath.Dir(path)
	tmp, err := os.CreateTemp(dir, "."+filepath.Base(path)+".ringside-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // gone already when all went well
	mode := fs.FileMode(0o644)
	old, statErr := os.Stat(path)
	if statErr == nil {
		mode = old.Mode().Perm()
	}
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Chmod(mode))
	if statErr == nil {
		err = errors.Join(err, keepOwner(tmp, old))
	}
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}
