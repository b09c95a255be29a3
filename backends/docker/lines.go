package docker

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"ringside/backends/fleet"
)

// The engine sends a log with a timestamp in front of every record. A record is
// a line, or 16 KiB of a longer one: then the next record continues it, with a
// timestamp of its own in the middle of the line.
const (
	recordLen = 16 << 10
	stampLen  = len("2006-01-02T15:04:05.000000000Z ")
)

// errFrame is a stream that is not what its content type says.
var errFrame = errors.New("the log stream is damaged")

// demux reads a multiplexed log: frames of one record, each with an 8-byte
// header {stream, 0, 0, 0, length big-endian}. It holds no frame in memory.
func demux(r io.Reader, emit func(LogLine)) error {
	lines := [3]*splitter{Stdout: newSplitter(Stdout, emit), Stderr: newSplitter(Stderr, emit)}
	defer lines[Stdout].end()
	defer lines[Stderr].end()
	var head [8]byte
	buf := make([]byte, 8<<10)
	for {
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return ended(err)
		}
		kind, n := head[0], int64(binary.BigEndian.Uint32(head[4:]))
		if kind > 3 || head[1]|head[2]|head[3] != 0 {
			return errFrame
		}
		if kind == 3 { // the engine's own error
			text, _ := io.ReadAll(io.LimitReader(r, min(n, 4<<10)))
			return fmt.Errorf("the engine broke off: %s", fleet.Clean(string(text)))
		}
		if kind == 0 {
			kind = uint8(Stdout)
		}
		s := lines[kind]
		s.record()
		for n > 0 {
			got, err := r.Read(buf[:min(n, int64(len(buf)))])
			s.write(buf[:got])
			if n -= int64(got); err == io.EOF && n > 0 {
				return io.ErrUnexpectedEOF
			} else if err != nil && n > 0 {
				return err
			}
		}
	}
}

// raw reads the log of a container with a TTY: one stream without frames.
func raw(r io.Reader, emit func(LogLine)) error {
	s := newSplitter(Stdout, emit)
	s.unframed = true
	s.record()
	defer s.end()
	buf := make([]byte, 8<<10)
	for {
		n, err := r.Read(buf)
		s.write(buf[:n])
		if err != nil {
			return ended(err)
		}
	}
}

func ended(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// splitter puts the records of one stream together to lines. It holds at most
// MaxLogLine bytes of a line.
type splitter struct {
	stream   Stream
	emit     func(LogLine)
	unframed bool   // records are not marked: find them by their length
	head     []byte // the start of a record, until its timestamp is complete
	inHead   bool
	run      int // bytes since the record's timestamp
	at       time.Time
	line     []byte
	cut      int
	cr       bool // its last byte so far is a carriage return
	open     bool // a line has begun
}

func newSplitter(stream Stream, emit func(LogLine)) *splitter {
	return &splitter{stream: stream, emit: emit}
}

// record says that the next byte begins a record, with its timestamp.
func (s *splitter) record() {
	s.flushHead()
	s.inHead, s.run = true, 0
}

func (s *splitter) write(p []byte) {
	for len(p) > 0 {
		if s.inHead && len(s.head) == 0 && p[0] == '\n' {
			s.inHead = false // a line end without a timestamp is no start of one
		}
		if s.inHead {
			n := min(stampLen-len(s.head), len(p))
			s.head = append(s.head, p[:n]...)
			p = p[n:]
			if len(s.head) == stampLen {
				s.flushHead()
			}
			continue
		}
		n := len(p)
		if s.unframed {
			n = min(n, recordLen-s.run)
		}
		p = p[s.text(p[:n]):]
		if s.unframed && s.run == recordLen {
			s.record()
		}
	}
}

// flushHead takes the timestamp off a record's start. What is no timestamp is text.
func (s *splitter) flushHead() {
	if !s.inHead {
		return
	}
	s.inHead = false
	h := s.head
	s.head = s.head[:0]
	if len(h) == stampLen && h[stampLen-1] == ' ' {
		if at, err := time.Parse(time.RFC3339Nano, string(h[:stampLen-1])); err == nil {
			if !s.open {
				s.at = at
			}
			s.open = true
			return
		}
	}
	for len(h) > 0 {
		h = h[s.text(h):]
	}
}

// text adds bytes up to and with the first newline and returns how many.
func (s *splitter) text(p []byte) int {
	n := len(p)
	end := false
	for i, c := range p {
		if c == '\n' {
			n, end = i+1, true
			break
		}
	}
	body := p[:n]
	if end {
		body = p[:n-1]
	}
	s.open = s.open || len(body) > 0
	room := min(len(body), MaxLogLine-len(s.line))
	s.line = append(s.line, body[:room]...)
	s.cut += len(body) - room
	s.run += len(body)
	if len(body) > 0 {
		s.cr = body[len(body)-1] == '\r'
	}
	if end {
		if s.cr && s.cut > 0 {
			s.cut-- // the return of a terminal's line end is no text
		}
		s.open = true
		s.finish()
		if s.unframed {
			s.inHead, s.run = true, 0
		}
	}
	return n
}

// end emits what is left when the stream ends.
func (s *splitter) end() {
	s.flushHead()
	if s.open {
		s.finish()
	}
}

func (s *splitter) finish() {
	text, cut := logText(s.line)
	s.emit(LogLine{At: s.at, Stream: s.stream, Text: text, Cut: cut + s.cut})
	s.line, s.cut, s.cr, s.open, s.at = s.line[:0], 0, false, false, time.Time{}
	if cap(s.line) > 4<<10 {
		s.line = nil // one long line must not keep its memory for ever
	}
}

// logText makes a raw line fit to show: control sequences out, tabs to stops, a
// carriage return (progress bars) to a space, no broken character at the end.
// cut is what the length limit took away from the cleaned text.
func logText(line []byte) (text string, cut int) {
	s := strings.TrimRight(string(line), "\r")
	s = strings.ReplaceAll(s, "\r", " ")
	if len(line) == MaxLogLine {
		for n := 1; n < utf8.UTFMax && n < len(s); n++ {
			if r := s[len(s)-n]; utf8.RuneStart(r) {
				if r >= utf8.RuneSelf && !utf8.FullRuneInString(s[len(s)-n:]) {
					s, cut = s[:len(s)-n], n
				}
				break
			}
		}
	}
	s = fleet.CleanLines(s)
	if len(s) > MaxLogLine {
		n := MaxLogLine
		for n > 0 && !utf8.RuneStart(s[n]) {
			n--
		}
		cut += len(s) - n
		s = s[:n]
	}
	return s, cut
}
