package ring

import (
	"bytes"
	"compress/flate"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
)

// The sections of a version 2 ring.
const (
	sectionMetadata    = "swift/ring/metadata"
	sectionDevices     = "swift/ring/devices"
	sectionAssignments = "swift/ring/assignments"
)

// tailV2 is the end of a version 2 file: the offset of the index in a stored
// block with its flush (18 bytes), the end of the deflate stream, and the gzip
// trailer (13 bytes). swift/common/ring/io.py.
const tailV2 = 18 + 13

// lastBlock is the end of the deflate stream: a last block, stored and empty.
var lastBlock = []byte{1, 0, 0, 0xff, 0xff}

// digests are the checksums that Swift takes; it writes sha256.
var digests = map[string]func() hash.Hash{"md5": md5.New, "sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}

// metadataV2 is the JSON of the metadata section. Its replica_count is not what
// counts: the assignments are.
type metadataV2 struct {
	IDBytes       int  `json:"dev_id_bytes"`
	PartShift     *int `json:"part_shift"`
	Version       *int `json:"version"`
	NextPartPower *int `json:"next_part_power"`
}

// entryV2 is where a section is: [packed start, start, packed end, end, "sha256", hex].
type entryV2 struct {
	packedStart, start, packedEnd, end int64
	method, sum                        string
}

func (e *entryV2) UnmarshalJSON(text []byte) error {
	var fields []json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return err
	}
	to := []any{&e.packedStart, &e.start, &e.packedEnd, &e.end, &e.method, &e.sum}
	if len(fields) != len(to) {
		return fmt.Errorf("an entry has %d fields and not %d", len(fields), len(to))
	}
	for i, f := range fields {
		if err := json.Unmarshal(f, to[i]); err != nil {
			return err
		}
	}
	return nil
}

// parseV2 reads a version 2 ring: sections that begin at full flushes of the
// compressor, so that each is unpacked by itself, found by an index at the end.
func parseV2(data []byte) (spec Spec, err error) {
	index, err := indexV2(data)
	if err != nil {
		return spec, err
	}
	var m metadataV2
	if err := jsonV2(data, index, sectionMetadata, &m); err != nil {
		return spec, err
	}
	if err := checkShift(m.PartShift); err != nil {
		return spec, failV2(sectionMetadata, "%w", err)
	}
	if m.IDBytes != 2 && m.IDBytes != 4 && m.IDBytes != 8 {
		return spec, failV2(sectionMetadata, "device ids of %d bytes are not known", m.IDBytes)
	}
	spec.PartPower = 32 - *m.PartShift
	spec.Version, spec.NextPartPower = value(m.Version), value(m.NextPartPower)
	var devices json.RawMessage
	if err := jsonV2(data, index, sectionDevices, &devices); err != nil {
		return spec, err
	}
	if spec.Devices, err = decodeDevices(devices); err != nil {
		return spec, failV2(sectionDevices, "%w", err)
	}
	spec.Rows, err = rowsV2(data, index, spec.PartPower, m.IDBytes)
	return spec, err
}

func failV2(name, format string, args ...any) error {
	return &FormatError{"", "section " + name, 0, fmt.Errorf(format, args...)}
}

// indexV2 reads the index.
func indexV2(data []byte) (index map[string]entryV2, err error) {
	fail := func(format string, args ...any) error {
		return &FormatError{"", "the file", int64(len(data) - tailV2), fmt.Errorf(format, args...)}
	}
	if len(data) < tailV2 {
		return nil, &FormatError{"", "the file", int64(len(data)), fmt.Errorf("it ends before its index")}
	}
	if !bytes.Equal(data[len(data)-13:len(data)-8], lastBlock) {
		return nil, fail("the offset of the index cannot be read: it does not end as a ring file does (was it cut off or packed anew?)")
	}
	s := &source{r: inflate(data[len(data)-tailV2:]), place: "the index"}
	b, err := s.take(8, "the offset of the index")
	if err != nil {
		return nil, fail("the offset of the index cannot be read (was it cut off or packed anew?): %w", err)
	}
	at := binary.BigEndian.Uint64(b)
	if at >= uint64(len(data)) {
		return nil, fail("the index is said to be at byte %d of %d", at, len(data))
	}
	s = &source{r: inflate(data[at:]), place: "the index"}
	if b, err = s.take(8, "the length of the index"); err != nil {
		return nil, err
	}
	length := binary.BigEndian.Uint64(b)
	if length > maxHeader {
		return nil, s.fail(0, "an index of %d bytes is more than %d", length, maxHeader)
	}
	text, err := s.take(int(length), "the index")
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &index); err != nil {
		return nil, s.fail(8+jsonOffset(err), "it is no JSON of an index: %w", err)
	}
	return index, nil
}

func inflate(packed []byte) io.Reader { return flate.NewReader(bytes.NewReader(packed)) }

// sectionV2 is a section while it is read.
type sectionV2 struct {
	source
	length int64 // of its content
	sum    hash.Hash
	want   string
}

// openV2 begins to read a section.
func openV2(data []byte, index map[string]entryV2, name string) (*sectionV2, error) {
	e, there := index[name]
	switch {
	case !there:
		return nil, failV2("swift/index", "it has no section %s", name)
	case e.packedStart < 0 || e.packedEnd < e.packedStart || e.packedEnd > int64(len(data)):
		return nil, failV2(name, "it is said to be from byte %d to %d of a file of %d", e.packedStart, e.packedEnd, len(data))
	case digests[e.method] == nil:
		return nil, failV2(name, "the checksum %q is not known", e.method)
	}
	sum := digests[e.method]()
	s := &sectionV2{source: source{r: io.TeeReader(inflate(data[e.packedStart:e.packedEnd]), sum), place: "section " + name}, sum: sum, want: e.sum}
	b, err := s.take(8, "its length")
	if err != nil {
		return nil, err
	}
	s.length = int64(binary.BigEndian.Uint64(b))
	if s.length < 0 || s.length != e.end-e.start-8 {
		return nil, s.fail(0, "its length is %d bytes, the index has %d", uint64(s.length), e.end-e.start-8)
	}
	return s, nil
}

// close compares the checksum, which covers the length as well.
func (s *sectionV2) close() error {
	if got := hex.EncodeToString(s.sum.Sum(nil)); got != s.want {
		return s.fail(0, "its checksum is %s, the index has %s", got, s.want)
	}
	return nil
}

func jsonV2(data []byte, index map[string]entryV2, name string, to any) error {
	s, err := openV2(data, index, name)
	if err != nil {
		return err
	}
	if s.length > maxHeader {
		return s.fail(0, "%d bytes are more than %d", s.length, maxHeader)
	}
	text, err := s.take(int(s.length), "its content")
	if err != nil {
		return err
	}
	if err := s.close(); err != nil {
		return err
	}
	if err := json.Unmarshal(text, to); err != nil {
		return s.fail(8+jsonOffset(err), "it is not the JSON of a ring: %w", err)
	}
	return nil
}

// rowsV2 reads the assignments: rows of big-endian device ids, the last of which
// may be short.
func rowsV2(data []byte, index map[string]entryV2, partPower, width int) ([][]uint16, error) {
	s, err := openV2(data, index, sectionAssignments)
	if err != nil {
		return nil, err
	}
	if s.length%int64(width) != 0 {
		return nil, s.fail(0, "%d bytes are no whole number of %d-byte device ids", s.length, width)
	}
	left, parts := s.length/int64(width), int64(1)<<partPower
	if rows := (left + parts - 1) / parts; rows > maxRows || left > maxSlots {
		return nil, s.fail(0, "%d replicas of %d partitions are more than a ring may have", rows, parts)
	}
	var rows [][]uint16
	for left > 0 {
		n := min(left, parts)
		row, err := s.row(int(n), width, binary.BigEndian, len(rows))
		if err != nil {
			return nil, err
		}
		if int64(len(row)) < n {
			return nil, s.fail(s.at, "replica %d has %d of %d partitions: the data ends there", len(rows), len(row), n)
		}
		rows = append(rows, row)
		left -= n
	}
	return rows, s.close()
}
