package fleet

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// FileName is the name of a configuration file.
const FileName = "ringside.yaml"

// Find returns the configuration file to use: the explicit one (--config),
// $RINGSIDE_CONFIG, ./ringside.yaml, $XDG_CONFIG_HOME/ringside/ringside.yaml. The
// first two must exist; found is false when none of the others does.
func Find(explicit string, getenv func(string) string) (path string, found bool, err error) {
	for _, named := range []struct{ by, path string }{{"--config", explicit}, {"$RINGSIDE_CONFIG", getenv("RINGSIDE_CONFIG")}} {
		if named.path == "" {
			continue
		}
		if _, err := os.Stat(named.path); err != nil {
			return "", false, fmt.Errorf("the configuration named by %s: %w", named.by, err)
		}
		return named.path, true, nil
	}
	for _, p := range []string{FileName, UserFile(getenv)} {
		if p == "" {
			continue
		}
		if _, err := os.Stat(p); err == nil {
			return p, true, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", false, fmt.Errorf("the configuration: %w", err)
		}
	}
	return "", false, nil
}

// UserFile is where a user's own configuration lives, "" without a home.
func UserFile(getenv func(string) string) string {
	dir := getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(dir) { // the XDG specification: a relative one is to be ignored
		home := getenv("HOME")
		if home == "" {
			home = getenv("USERPROFILE")
		}
		if home == "" {
			return ""
		}
		dir = filepath.Join(home, ".config")
	}
	return filepath.Join(dir, "ringside", FileName)
}

// Load reads a configuration file.
func Load(path string) (*Fleet, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the configuration: %w", err)
	}
	defer f.Close()
	src, err := io.ReadAll(io.LimitReader(f, maxBytes+1)) // one more than Parse takes, so that it says so
	if err != nil {
		return nil, fmt.Errorf("the configuration: %w", err)
	}
	return Parse(path, src)
}
