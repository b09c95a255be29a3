package containers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"ringside/backends/docker"
	"ringside/backends/fleet/safe"
	"ringside/views/kit"
	"ringside/views/screen"
)

// Reading of older lines.
const (
	pastLimit = 10 * time.Second // for one question
	pastChunk = 500              // lines that "earlier" loads at least, where there are so many
	pastMost  = 10_000           // lines that one question loads of one container
)

// older is the answer to a question for older lines, by stream.
type older struct {
	to    *logs
	asked int
	since time.Time // of "since"; zero for "earlier"
	lines [][]kit.LogLine
	more  bool // there was more than could be read
	err   error
}

// earlier loads what came before the oldest line shown.
func (l *logs) earlier() tea.Cmd {
	until := l.s.now()
	if first, ok := l.pane.First(); ok {
		until = first.At
	}
	return l.ask(time.Time{}, func(ctx context.Context, e engine, it *item) ([]kit.LogLine, bool, error) {
		lines, err := readBefore(ctx, e, it.c, until)
		return lines, false, err
	})
}

// since goes back to a time that was typed.
func (l *logs) since(text string) tea.Cmd {
	at, err := parseSince(text, l.s.now())
	if err != nil {
		return toast(true, err.Error())
	}
	if first, ok := l.pane.First(); ok && !l.apart && first.At.Before(at) {
		l.pane.Seek(at)
		return nil
	}
	return l.ask(at, func(ctx context.Context, e engine, it *item) ([]kit.LogLine, bool, error) {
		return readFrom(ctx, e, it.c.ID, at)
	})
}

// ask reads of every container side by side, in a command with a deadline.
func (l *logs) ask(since time.Time, read func(context.Context, engine, *item) ([]kit.LogLine, bool, error)) tea.Cmd {
	if l.waiting {
		return nil
	}
	l.asked++
	l.waiting = true
	answer := older{to: l, asked: l.asked, since: since, lines: make([][]kit.LogLine, len(l.streams))}
	items := l.items()
	engines := l.s.engines
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), pastLimit)
		defer cancel()
		var (
			mu sync.Mutex
			wg sync.WaitGroup
		)
		for i, it := range items {
			e, ok := engines(it.src.spec.Name)
			if !ok {
				continue
			}
			wg.Add(1)
			safe.Go("older log of "+it.c.ID, func() {
				defer wg.Done()
				lines, more, err := read(ctx, e, it)
				mu.Lock()
				defer mu.Unlock()
				answer.lines[i] = lines
				answer.more = answer.more || more
				if err != nil {
					answer.err = fmt.Errorf("%s: %s", it.c.Name, why(err))
				}
			})
		}
		wg.Wait()
		return answer
	}
}

func (l *logs) update(msg tea.Msg) tea.Cmd {
	m, ok := msg.(older)
	if !ok || m.to != l || m.asked != l.asked {
		return nil
	}
	l.waiting = false
	first, had := l.pane.First()
	var lines []kit.LogLine
	for i, st := range l.streams {
		mine := l.named(st, m.lines[i])
		if had && !m.more {
			n, _ := slices.BinarySearchFunc(mine, first.At, func(x kit.LogLine, t time.Time) int { return x.At.Compare(t) })
			mine = mine[:n]
		}
		lines = append(lines, mine...)
	}
	slices.SortStableFunc(lines, func(a, b kit.LogLine) int { return a.At.Compare(b.At) })
	switch {
	case m.err != nil && len(lines) == 0:
		return toast(true, m.err.Error())
	case len(lines) == 0:
		return toast(false, "there are no older lines")
	case m.more || l.pane.Len()+len(lines) > logLines:
		l.close()
		l.apart = true
		l.pane.Clear()
		last := lines[len(lines)-1].At
		l.pane.Append(append(lines, kit.LogLine{At: last, Note: true,
			Text: fmt.Sprintf("%d lines are loaded, up to here; f follows the newest", len(lines))}))
	default:
		l.pane.Prepend(lines)
	}
	if m.since.IsZero() {
		l.pane.SetFollow(false)
		l.pane.Seek(first.At)
		l.pane.Page(-1)
	} else {
		l.pane.Seek(m.since)
	}
	if m.err != nil {
		return toast(true, m.err.Error())
	}
	return nil
}

// readBefore reads the lines before a moment. The engine counts a tail from the
// end of the log only, so it is asked for ever longer times until there are
// enough lines, or the container was not there yet.
func readBefore(ctx context.Context, e engine, c *docker.Container, until time.Time) ([]kit.LogLine, error) {
	for span := 10 * time.Minute; ; span *= 6 {
		since := until.Add(-span)
		var lines []kit.LogLine
		err := e.Logs(ctx, c.ID, docker.LogOptions{Since: since, Until: until, Stdout: true, Stderr: true}, func(x docker.LogLine) {
			if x.At.Before(until) {
				lines = append(lines, pastLine(x))
			}
			if len(lines) >= 2*pastMost {
				lines = append(lines[:0], lines[pastMost:]...)
			}
		})
		lines = lines[max(0, len(lines)-pastMost):]
		if err != nil || len(lines) >= pastChunk || since.Before(c.Created) || span > 100*365*24*time.Hour {
			return lines, err
		}
	}
}

// readFrom reads from a moment on, and says whether there was more.
func readFrom(ctx context.Context, e engine, id string, since time.Time) (lines []kit.LogLine, more bool, err error) {
	ctx, enough := context.WithCancel(ctx)
	defer enough()
	err = e.Logs(ctx, id, docker.LogOptions{Since: since, Stdout: true, Stderr: true}, func(x docker.LogLine) {
		if len(lines) >= pastMost {
			more = true
			enough()
			return
		}
		lines = append(lines, pastLine(x))
	})
	if more { // the error is that we had enough
		err = nil
	}
	return lines, more, err
}

func pastLine(x docker.LogLine) kit.LogLine {
	return kit.LogLine{At: x.At, Err: x.Stream == docker.Stderr, Text: x.Text}
}

// parseSince reads a time as people write it: how long ago (10m, 2h30m, 3d), a
// time of the last 24 hours (14:05), or a date.
func parseSince(text string, now time.Time) (time.Time, error) {
	text = strings.TrimSpace(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n int
		if _, err := fmt.Sscanf(days+";", "%d;", &n); err == nil && n >= 0 && n < 36500 {
			return now.AddDate(0, 0, -n), nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	local := now.Local()
	for _, layout := range []string{"15:04", "15:04:05"} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			at := time.Date(local.Year(), local.Month(), local.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.Local)
			if at.After(now) {
				at = at.AddDate(0, 0, -1)
			}
			return at, nil
		}
	}
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly, time.RFC3339} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time: write 10m, 2h, 3d, 14:05 or 2006-01-02 15:04", text)
}

// saveLog writes lines to a new file in the working directory.
func saveLog(name string, lines []kit.LogLine) tea.Cmd {
	return func() tea.Msg {
		path, err := writeLog(name, lines)
		if err != nil {
			return screen.Toast{Bad: true, Text: "the log was not saved: " + err.Error()}
		}
		return screen.Toast{Text: fmt.Sprintf("%d lines saved to %s", len(lines), path)}
	}
}

// writeLog makes a file that only its owner can read and never writes over one
// that is there: it takes another name then.
func writeLog(name string, lines []kit.LogLine) (path string, err error) {
	name = strings.Map(func(r rune) rune {
		if r == '-' || r == '.' || r == '_' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return '_'
	}, name)
	base, ext := strings.TrimSuffix(name, filepath.Ext(name)), filepath.Ext(name)
	var f *os.File
	for n := 1; ; n++ {
		path = name
		if n > 1 {
			path = fmt.Sprintf("%s-%d%s", base, n, ext)
		}
		if path, err = filepath.Abs(path); err != nil {
			return "", err
		}
		f, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil {
			break
		}
		if !errors.Is(err, os.ErrExist) || n == 100 {
			return "", err
		}
	}
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l.At.UTC().Format("2006-01-02T15:04:05.000000000Z"))
		for _, part := range []struct {
			text string
			on   bool
		}{{l.Source, l.Source != ""}, {"stderr", l.Err}, {"ringside:", l.Note}, {l.Text, true}} {
			if part.on {
				b.WriteString(" " + part.text)
			}
		}
		b.WriteByte('\n')
	}
	_, err = f.WriteString(b.String())
	return path, errors.Join(err, f.Close())
}
