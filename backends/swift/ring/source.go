package ring

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// source reads bytes in order and knows where it is. Whatever lengths a file
// claims, memory grows only with the bytes that are there.
type source struct {
	r     io.Reader
	place string
	at    int64
}

func (s *source) fail(at int64, format string, args ...any) error {
	return &FormatError{"", s.place, at, fmt.Errorf(format, args...)}
}

// fill reads until b is full or the data ends. The error is io.EOF for an orderly
// end only.
func (s *source) fill(b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var got int
		got, err = s.r.Read(b[n:])
		n += got
	}
	s.at += int64(n)
	if n == len(b) {
		return n, nil
	}
	return n, err
}

// take reads exactly n bytes.
func (s *source) take(n int, what string) ([]byte, error) {
	var b bytes.Buffer
	start := s.at
	got, err := io.CopyN(&b, s.r, int64(n))
	s.at += got
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, s.fail(start, "%s: %d of %d bytes are there: %w", what, got, n, err)
	}
	return b.Bytes(), nil
}

// rowStep is how many bytes of a row are read at a time.
const rowStep = 64 << 10

// row reads n device ids of so many bytes each; fewer where the data ends.
func (s *source) row(n, width int, order binary.ByteOrder, replica int) ([]uint16, error) {
	out := make([]uint16, 0, min(n, 1<<20))
	buffer := make([]byte, min(n*width, rowStep))
	for len(out) < n {
		start := s.at
		got, err := s.fill(buffer[:min(len(buffer), (n-len(out))*width)])
		switch {
		case err != nil && err != io.EOF:
			return nil, s.fail(s.at, "replica %d: the packed data is damaged: %w", replica, err)
		case got%width != 0:
			return nil, s.fail(s.at, "replica %d ends within a device id", replica)
		case got == 0:
			return out, nil
		}
		have := len(out)
		out = slices.Grow(out, got/width)[:have+got/width]
		if err := decodeIDs(out[have:], buffer[:got], width, order); err != nil {
			return nil, s.fail(start, "replica %d: %w", replica, err)
		}
	}
	return out, nil
}

// decodeIDs decodes device ids of so many bytes each.
func decodeIDs(to []uint16, b []byte, width int, order binary.ByteOrder) error {
	if width == 2 && order == binary.LittleEndian { // nearly every file: worth a loop of its own
		for i := range to {
			to[i] = binary.LittleEndian.Uint16(b[2*i:])
		}
		return nil
	}
	for i := range to {
		var id uint64
		switch at := b[i*width:]; width {
		case 2:
			id = uint64(order.Uint16(at))
		case 4:
			id = uint64(order.Uint32(at))
		default:
			id = order.Uint64(at)
		}
		if id >= maxDevices {
			return fmt.Errorf("device id %d is more than %d", id, maxDevices-1)
		}
		to[i] = uint16(id)
	}
	return nil
}

// end makes sure that nothing follows and that the packed data is whole. A file
// that was cut off would otherwise look like a ring with fewer replicas, and
// Swift's own reader takes it for one.
func (s *source) end() error {
	var one [1]byte
	switch n, err := s.fill(one[:]); {
	case n > 0:
		return s.fail(s.at-1, "more data follows the last replica")
	case err != io.EOF:
		return s.fail(s.at, "the packed data is damaged: %w", err)
	}
	return nil
}
