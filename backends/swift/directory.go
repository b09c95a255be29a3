package swift

import (
	"bytes"
	"cmp"
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"ringside/backends/swift/ring"
)

// directory is ring files on this machine.
type directory struct {
	path string
	conf string // path of swift.conf, "" for the one beside the rings

	sums map[string]backup // of files in backups/ that were read, by path
}

type backup struct {
	stamp   string
	md5     string
	version int
}

func (d *directory) confPath() string { return cmp.Or(d.conf, filepath.Join(d.path, confName)) }

func (d *directory) list(context.Context) ([]file, error) {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return nil, fileTrouble(d.path, err)
	}
	var out []file
	for _, e := range entries {
		if !ringFileName.MatchString(e.Name()) {
			continue
		}
		info, err := os.Stat(filepath.Join(d.path, e.Name())) // follows links
		if err != nil || !info.Mode().IsRegular() {
			continue // it went away just now; a ring that is missing is told by absence
		}
		out = append(out, file{e.Name(), stamp(info), info.ModTime()})
	}
	if info, err := os.Stat(d.confPath()); err == nil && info.Mode().IsRegular() {
		if f, err := os.Open(d.confPath()); err == nil { // readable by us
			f.Close()
			out = append(out, file{confName, stamp(info), info.ModTime()})
		}
	}
	return out, nil
}

// stamp changes when a file is replaced or written to.
func stamp(info os.FileInfo) string {
	return fmt.Sprint(info.Size(), " ", info.ModTime().UnixNano())
}

func (d *directory) read(_ context.Context, names []string) (map[string]content, error) {
	out := map[string]content{}
	for _, name := range names {
		path := filepath.Join(d.path, name)
		if name == confName {
			path = d.confPath()
		}
		data, at, err := readLimited(path)
		if err != nil {
			return nil, fileTrouble(path, err)
		}
		out[name] = content{data, at}
	}
	return out, nil
}

func readLimited(path string) (data []byte, changed time.Time, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, changed, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil {
		changed = info.ModTime()
	}
	data, err = io.ReadAll(io.LimitReader(f, maxRingFile+1))
	if err == nil && len(data) > maxRingFile {
		err = fmt.Errorf("%s is larger than %d bytes", path, maxRingFile)
	}
	return data, changed, err
}

// asDeployed is a backup as the ring file was that was deployed. Both are written
// with the same bytes but for the file name in the gzip header (RFC 1952), which a
// backup has with its time in front: "1795392131.object.ring".
func asDeployed(data []byte) []byte {
	const header, named, others = 10, 1 << 3, 1<<1 | 1<<2 // FNAME; FHCRC, FEXTRA
	if len(data) < header || data[3]&named == 0 || data[3]&others != 0 {
		return data
	}
	end := bytes.IndexByte(data[header:], 0)
	if end < 0 {
		return data
	}
	_, name, found := bytes.Cut(data[header:header+end], []byte("."))
	if !found || !bytes.Contains(name, []byte(".")) {
		return data
	}
	out := append(slices.Clone(data[:header]), name...)
	return append(out, data[header+end:]...)
}

// maxBackups is how many of the newest backups of one ring are searched.
const maxBackups = 50

// backup finds the version of a ring file by its MD5 in backups/, where
// swift-ring-builder keeps what it wrote: "1795392131.object.ring.gz".
func (d *directory) backup(name, sum string) (version int, found bool) {
	files, _ := filepath.Glob(filepath.Join(d.path, "backups", "*."+name+".ring.gz"))
	slices.SortFunc(files, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(b, a)) }) // newest first
	if d.sums == nil {
		d.sums = map[string]backup{}
	}
	for _, path := range files[:min(len(files), maxBackups)] {
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		b := d.sums[path]
		if b.stamp != stamp(info) {
			b = backup{stamp: stamp(info)}
			if data, _, err := readLimited(path); err == nil {
				if r, err := ring.Parse(path, data); err == nil {
					all := md5.Sum(asDeployed(data))
					b.md5, b.version = hex.EncodeToString(all[:]), r.Version()
				}
			}
			d.sums[path] = b
		}
		if b.md5 == sum {
			return b.version, true
		}
	}
	return 0, false
}
