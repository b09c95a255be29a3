package lab

import (
	"bufio"
	"encoding/binary"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// logWanted is what a client asked of a log.
type logWanted struct {
	stdout, stderr, timestamps, follow bool
	since, until                       time.Time
	tail                               int // -1 for all
}

func (e *Engine) logs(a *answer, r *http.Request, c *instance) {
	q := r.URL.Query()
	w := logWanted{
		stdout: truthy(q.Get("stdout")), stderr: truthy(q.Get("stderr")), timestamps: truthy(q.Get("timestamps")),
		follow: truthy(q.Get("follow")), since: parseMoment(q.Get("since")), until: parseMoment(q.Get("until")), tail: -1,
	}
	if !w.stdout && !w.stderr {
		a.fail(http.StatusBadRequest, "Bad parameters: you must choose at least one stream")
		return
	}
	if n, err := strconv.Atoi(q.Get("tail")); err == nil && n >= 0 {
		w.tail = n
	}
	contentType := "application/vnd.docker.multiplexed-stream"
	if c.spec.TTY || a.api < 42 {
		contentType = "application/vnd.docker.raw-stream"
	}
	out := logWriter{bufio.NewWriterSize(a.stream(contentType), 32<<10), w, c.spec.TTY}

	e.mu.Lock()
	j, now, seen := e.journal(c), e.now(), c.writtenNo
	j.written = slices.Clone(c.written)
	e.mu.Unlock()
	upTo := now
	if !w.until.IsZero() && w.until.Before(now) {
		upTo = w.until
	}
	var err error
	if w.tail >= 0 {
		for _, l := range j.last(w.tail, w.since, upTo, w.wants) {
			if err = out.line(l); err != nil {
				return
			}
		}
	} else {
		j.each(w.since, upTo, func(l line) bool {
			err = out.line(l)
			return err == nil
		})
	}
	if err == nil && out.Flush() == nil && w.follow {
		e.follow(r, c, out, now, seen)
	}
}

func (w logWanted) wants(l line) bool {
	return l.stream == stdout && w.stdout || l.stream == stderr && w.stderr
}

// follow writes what comes after the moment and the number of written lines,
// until the container ends or the client leaves.
func (e *Engine) follow(r *http.Request, c *instance, out logWriter, from time.Time, seen int) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		e.mu.Lock()
		now := e.now()
		over := !c.up() || !out.until.IsZero() && now.After(out.until)
		j := e.journal(c)
		// Written lines are told by number: a clock may stand still between two.
		written := slices.Clone(c.written[max(0, len(c.written)-(c.writtenNo-seen)):])
		seen = c.writtenNo
		changed := c.change()
		e.mu.Unlock()

		var err error
		j.merge(from.Add(1), now, written, func(l line) bool {
			err = out.line(l)
			return err == nil
		})
		if err != nil || out.Flush() != nil || over {
			return
		}
		from = now
		timer.Reset(j.untilNext(now))
		select {
		case <-changed:
		case <-timer.C:
		case <-r.Context().Done():
			return
		}
	}
}

// logWriter writes lines as dockerd does: raw from a terminal, otherwise in
// frames with a header that names the stream and the length.
type logWriter struct {
	*bufio.Writer
	logWanted
	raw bool
}

// The streams, as the frames' headers number them.
const (
	stdout = 1
	stderr = 2
)

// maxFrame is how dockerd's json-file driver cuts long lines. Every piece is a
// frame, and has a timestamp when timestamps are wanted; only the last ends with
// a newline.
const maxFrame = 16 << 10

func (w logWriter) line(l line) error {
	if w.raw {
		l.stream = stdout
	}
	if !w.wants(l) {
		return nil
	}
	end := "\n"
	if w.raw {
		end = "\r\n"
	}
	for text := l.text; ; {
		piece := text[:min(len(text), maxFrame)]
		text = text[len(piece):]
		if w.timestamps {
			piece = l.at.UTC().Format("2006-01-02T15:04:05.000000000Z07:00") + " " + piece
		}
		if text == "" {
			piece += end
		}
		if err := writeFrame(w.Writer, l.stream, piece, w.raw); err != nil || text == "" {
			return err
		}
	}
}

// writeFrame writes one piece of a stream, with a header unless it is raw.
func writeFrame(w io.Writer, stream byte, s string, raw bool) error {
	if !raw {
		header := [8]byte{stream}
		binary.BigEndian.PutUint32(header[4:], uint32(len(s)))
		if _, err := w.Write(header[:]); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, s)
	return err
}
