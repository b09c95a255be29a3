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

// older is the answer to a question for older lines.
type older struct {
	to    *logs
	asked int
	since time.Time // of "since"; zero for "earlier"
	parts []past    // by stream
	err   error
}

// past is a piece of one container's log.
type past struct {
	lines []kit.LogLine
	more  bool // there was more than is read at once
}

// earlier loads what came before the oldest line of every container.
func (l *logs) earlier() tea.Cmd {
	if l.pane.Len() >= logLines {
		return toast(true, fmt.Sprintf("%d lines are loaded, and there is no room for more: @ goes back to a time", l.pane.Len()))
	}
	return l.ask(time.Time{}, func(ctx context.Context, e engine, it *item, until time.Time) (past, error) {
		return readBefore(ctx, e, it.c, until)
	})
}

// since goes back to a time that was typed.
func (l *logs) since(text string) (tea.Cmd, error) {
	at, err := parseSince(text, l.s.now())
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(l.streams, func(st *stream) bool { return st.oldest.IsZero() || st.oldest.After(at) }) {
		l.pane.Seek(at)
		return nil, nil
	}
	return l.ask(at, func(ctx context.Context, e engine, it *item, _ time.Time) (past, error) {
		return readFrom(ctx, e, it.c.ID, at)
	}), nil
}

// ask reads of every container side by side, in a command with a deadline.
func (l *logs) ask(since time.Time, read func(ctx context.Context, e engine, it *item, until time.Time) (past, error)) tea.Cmd {
	if l.waiting {
		return nil
	}
	l.asked++
	l.waiting = true
	answer := older{to: l, asked: l.asked, since: since, parts: make([]past, len(l.streams))}
	items, until := l.items(), make([]time.Time, len(l.streams))
	for i, st := range l.streams {
		if until[i] = st.oldest; until[i].IsZero() {
			until[i] = l.s.now()
		}
	}
	engines := l.s.engines
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), pastLimit)
		defer cancel()
		errs := make([]error, len(items))
		var wg sync.WaitGroup
		for i, it := range items {
			e, ok := engines(it.src.spec.Name)
			if !ok {
				continue
			}
			wg.Add(1)
			safe.Go("older log of "+it.c.ID, func() {
				defer wg.Done()
				var err error
				if answer.parts[i], err = read(ctx, e, it, until[i]); err != nil {
					errs[i] = fmt.Errorf("%s: %s", it.c.Name, why(err))
				}
			})
		}
		wg.Wait()
		answer.err = errors.Join(errs...)
		return answer
	}
}

func (l *logs) update(msg tea.Msg) tea.Cmd {
	m, ok := msg.(older)
	if !ok || m.to != l || m.asked != l.asked {
		return nil
	}
	l.waiting = false
	n := l.pane.Len()
	if room := logLines - n; !m.since.IsZero() && (m.anyMore() || m.total() > room) {
		l.showPast(m)
	} else {
		l.addPast(m)
	}
	if !m.since.IsZero() {
		l.pane.Seek(m.since)
	}
	switch n = l.pane.Len() - n; {
	case m.err != nil:
		return toast(true, strings.ReplaceAll(m.err.Error(), "\n", "; "))
	case l.apart && !m.since.IsZero():
		return nil // the last line says it
	case n <= 0:
		return toast(false, "there are no older lines")
	}
	return toast(false, fmt.Sprintf("%d older lines are loaded", n))
}

func (m older) anyMore() bool {
	return slices.ContainsFunc(m.parts, func(p past) bool { return p.more })
}

func (m older) total() (n int) {
	for _, p := range m.parts {
		n += len(p.lines)
	}
	return n
}

// addPast puts lines before those that are loaded.
func (l *logs) addPast(m older) {
	top, _ := l.pane.Top()
	first, _ := l.pane.First()
	var lines []kit.LogLine
	for i, st := range l.streams {
		mine := m.parts[i].lines
		if !st.oldest.IsZero() {
			n, _ := slices.BinarySearchFunc(mine, st.oldest, func(x kit.LogLine, t time.Time) int { return x.At.Compare(t) })
			mine = mine[:n]
		}
		st.begin(mine)
		if !m.since.IsZero() {
			st.oldest = m.since
		}
		lines = append(lines, l.named(st, mine)...)
	}
	slices.SortStableFunc(lines, byTime)
	l.pane.Prepend(lines)
	if top.At.Equal(first.At) && m.since.IsZero() {
		l.pane.Page(-1)
	}
}

// showPast shows a piece of the past instead of what is loaded, as far as the
// lines of every container reach, and follows nothing.
func (l *logs) showPast(m older) {
	l.close()
	l.apart = true
	l.clear()
	var lines []kit.LogLine
	var end time.Time // of the container that was read the least far
	for i, st := range l.streams {
		p := m.parts[i]
		if p.more && (end.IsZero() || p.lines[len(p.lines)-1].At.Before(end)) {
			end = p.lines[len(p.lines)-1].At
		}
		st.oldest = m.since
		lines = append(lines, l.named(st, p.lines)...)
	}
	slices.SortStableFunc(lines, byTime)
	if !end.IsZero() {
		lines = slices.DeleteFunc(lines, func(x kit.LogLine) bool { return x.At.After(end) })
	}
	lines = lines[:min(len(lines), logLines-1)]
	l.pane.Append(append(lines, kit.LogLine{At: lines[len(lines)-1].At, Note: true,
		Text: fmt.Sprintf("%d lines are loaded, up to here; f follows the newest", len(lines))}))
}

func byTime(a, b kit.LogLine) int { return a.At.Compare(b.At) }

// readBefore reads the lines before a moment. The engine counts a tail from the
// end of the log only, so it is asked for ever longer times until there are
// enough lines, or the container was not there yet.
func readBefore(ctx context.Context, e engine, c *docker.Container, until time.Time) (past, error) {
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
			return past{lines: lines}, err
		}
	}
}

// readFrom reads from a moment on, as much as is read at once.
func readFrom(ctx context.Context, e engine, id string, since time.Time) (p past, err error) {
	ctx, enough := context.WithCancel(ctx)
	defer enough()
	err = e.Logs(ctx, id, docker.LogOptions{Since: since, Stdout: true, Stderr: true}, func(x docker.LogLine) {
		if len(p.lines) >= pastMost {
			p.more = true
			enough()
			return
		}
		p.lines = append(p.lines, pastLine(x))
	})
	if p.more { // the error is that we had enough
		err = nil
	}
	return p, err
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
	return time.Time{}, errors.New("no such time; write 10m, 2h, 3d, 14:05 or 2006-01-02")
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
