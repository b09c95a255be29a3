package ring

import (
	"bytes"
	"compress/gzip"
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
)

// Limits of a file. The largest rings known are below 10 MB.
const (
	maxFile   = 256 << 20 // as it is on disk
	maxHeader = 32 << 20  // unpacked JSON; with 65,536 devices it has about 16 MB
)

// FormatError says what is wrong with a ring or builder file, and where.
type FormatError struct {
	File   string
	Place  string // what the offset counts: "the file", "the unpacked data", "section swift/ring/devices"
	Offset int64  // -1: none
	Err    error
}

func (e *FormatError) Error() string {
	if e.Offset < 0 {
		return fmt.Sprintf("%s: %v", e.File, e.Err)
	}
	return fmt.Sprintf("%s: at byte %d of %s: %v", e.File, e.Offset, e.Place, e.Err)
}

func (e *FormatError) Unwrap() error { return e.Err }

// Load reads a .ring.gz file.
func Load(path string) (*Ring, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, data)
}

// readFile reads a file of a size that a ring or a builder may have. It looks
// before it opens: to open a pipe would wait for a writer.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, &FormatError{path, "", -1, errors.New("it is not a regular file")}
	case info.Size() > maxFile:
		return nil, &FormatError{path, "", -1, fmt.Errorf("%d bytes are more than the %d that a ring or builder may have", info.Size(), maxFile)}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data := make([]byte, 0, info.Size()+1)
	b := bytes.NewBuffer(data)
	if n, err := io.Copy(b, io.LimitReader(f, maxFile+1)); err != nil || n > maxFile {
		return nil, errors.Join(err, fmt.Errorf("%s: %d bytes were read", path, n))
	}
	return b.Bytes(), nil
}

// Parse reads the bytes of a .ring.gz file, format 1 or 2. The name is for
// errors. The data is not kept.
func Parse(name string, data []byte) (*Ring, error) {
	spec, format, err := parse(data)
	var at *FormatError
	if errors.As(err, &at) {
		at.File = name
		return nil, at
	}
	if err != nil {
		return nil, &FormatError{name, "", -1, err}
	}
	r, err := New(spec)
	if err != nil {
		return nil, &FormatError{name, "", -1, err}
	}
	sum := md5.Sum(data)
	r.file = File{Name: name, MD5: hex.EncodeToString(sum[:]), Size: len(data), Format: format}
	return r, nil
}

const magic = "R1NG"

func parse(data []byte) (spec Spec, format int, err error) {
	packed := bytes.NewReader(data)
	z, err := gzip.NewReader(packed)
	if err != nil {
		return spec, 0, &FormatError{"", "the file", 0, fmt.Errorf("this is no gzip file: %w", err)}
	}
	z.Multistream(false)
	s := &source{r: z, place: "the unpacked data"}
	head, err := s.take(len(magic)+2, "the magic R1NG and the format's number")
	if err != nil {
		return spec, 0, err
	}
	if string(head[:len(magic)]) != magic {
		return spec, 0, s.fail(0, "%q is not the magic %q of a ring file (rings of Swift 1.7 and older are not read)", head[:len(magic)], magic)
	}
	switch format = int(binary.BigEndian.Uint16(head[len(magic):])); format {
	case 1:
		spec, err = parseV1(s)
		if err == nil && packed.Len() > 0 {
			err = &FormatError{"", "the file", int64(len(data) - packed.Len()), fmt.Errorf("%d bytes follow the ring", packed.Len())}
		}
	case 2:
		spec, err = parseV2(data)
	default:
		err = s.fail(int64(len(magic)), "ring format %d is not known; 1 and 2 are", format)
	}
	return spec, format, err
}
