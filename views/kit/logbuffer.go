package kit

import (
	"slices"
	"sort"
	"time"
)

// logBuffer keeps the newest lines of one or several logs in time order, within a
// bound of lines and bytes. A line has a number that stays while older ones are
// dropped; only lines that are put in before it move it.
//
// Within one source the order of arrival is never changed, whatever its clock
// does: a line counts as no older than the one before it of the same source.
type logBuffer struct {
	maxLines, maxBytes int

	lines []logEntry // the first head of them are dropped
	head  int
	base  int // number of lines[head]
	bytes int

	names   map[string]uint16
	sources []logSource
	nameW   int // columns of the widest name

	shown positions // numbers of the lines that pass the filter, when there is one
	hits  positions // numbers of the shown lines that match the search
	only  func(*logEntry) bool
	find  func(*logEntry) bool
}

type logEntry struct {
	at    int64 // nanoseconds of the Unix time, 0 when not known
	order int64 // the time that puts it in its place
	text  string
	from  uint16 // index in sources
	flags logFlags
}

type logFlags uint8

const (
	fromErr logFlags = 1 << iota
	isNote
	passes // the filter
	found  // by the search
)

type logSource struct {
	name        string
	style       Style
	first, last int64 // order of its oldest and newest line
}

// entryBytes is what a line costs besides its text.
const entryBytes = 48

func (b *logBuffer) len() int            { return len(b.lines) - b.head }
func (b *logBuffer) end() int            { return b.base + b.len() } // number after the last
func (b *logBuffer) get(n int) *logEntry { return &b.lines[b.head+n-b.base] }

// count is how many lines pass the filter; nth is the number of the i-th of them;
// rank is how many of them come before a number.
func (b *logBuffer) count() int {
	if b.only == nil {
		return b.len()
	}
	return b.shown.len()
}

func (b *logBuffer) nth(i int) int {
	if b.only == nil {
		return b.base + i
	}
	return b.shown.get(i)
}

func (b *logBuffer) rank(n int) int {
	if b.only == nil {
		return max(0, min(n-b.base, b.len()))
	}
	return b.shown.rank(n)
}

// add puts lines where their time puts them, searching from the end, and returns
// how many of them pass the filter. Each anchor is the number of a line that is
// watched: it is corrected when lines are put in before it.
func (b *logBuffer) add(lines []LogLine, anchors ...*int) (shown int) {
	batch := make([]logEntry, len(lines))
	for i, l := range lines {
		e := b.entry(l)
		s := &b.sources[e.from]
		if e.order = max(e.at, s.last); s.last == 0 && e.at == 0 && b.len() > 0 {
			e.order = b.lines[len(b.lines)-1].order
		}
		s.last = e.order
		if s.first == 0 {
			s.first = e.order
		}
		b.judge(&e)
		if e.flags&passes != 0 {
			shown++
		}
		b.bytes += len(e.text) + entryBytes
		batch[i] = e
	}
	slices.SortStableFunc(batch, byOrder)
	if len(batch) == 0 {
		return 0
	}
	old := b.len()
	from := sort.Search(old, func(i int) bool { return b.lines[b.head+i].order > batch[0].order })
	for _, a := range anchors {
		if i := *a - b.base; i >= from && i < old {
			order := b.lines[b.head+i].order
			*a += sort.Search(len(batch), func(i int) bool { return batch[i].order >= order })
		}
	}
	b.lines = append(b.lines, batch...)
	merge(b.lines[b.head+from:], old-from, batch, false)
	b.index(b.base + from)
	b.trim()
	return shown
}

// addOlder puts older lines in from the front, the newest of them first, as far as
// there is room, and returns how many.
func (b *logBuffer) addOlder(lines []LogLine, anchors ...*int) int {
	batch := make([]logEntry, len(lines))
	for i := len(lines) - 1; i >= 0; i-- {
		e := b.entry(lines[i])
		s := &b.sources[e.from]
		if e.order = e.at; s.first != 0 && (e.order > s.first || e.at == 0) {
			e.order = s.first
		}
		s.first = e.order
		s.last = max(s.last, e.order)
		b.judge(&e)
		batch[i] = e
	}
	slices.SortStableFunc(batch, byOrder)
	room, k := b.maxBytes-b.bytes, 0
	for k < len(batch) && k < b.maxLines-b.len() {
		e := &batch[len(batch)-1-k]
		if room -= len(e.text) + entryBytes; room < 0 {
			break
		}
		k++
	}
	batch = batch[len(batch)-k:]
	if k == 0 {
		return 0
	}
	old := b.lines[b.head:]
	upto := sort.Search(len(old), func(i int) bool { return old[i].order >= batch[k-1].order })
	for _, a := range anchors {
		if i := *a - b.base; i >= 0 && i < upto {
			order := old[i].order
			*a += sort.Search(k, func(i int) bool { return batch[i].order > order }) - k
		}
	}
	merged := make([]logEntry, k+len(old), k+len(old)+len(old)/8)
	copy(merged, old[:upto])
	merge(merged[:k+upto], upto, batch, true)
	copy(merged[k+upto:], old[upto:])
	for i := range batch {
		b.bytes += len(batch[i].text) + entryBytes
	}
	b.lines, b.head, b.base = merged, 0, b.base-k
	b.reindex()
	return k
}

func byOrder(x, y logEntry) int {
	switch {
	case x.order < y.order:
		return -1
	case x.order > y.order:
		return 1
	}
	return 0
}

// merge puts a sorted batch between the n sorted entries at the start of all, which
// has room for both. Of equal times the batch comes later, or first with older.
func merge(all []logEntry, n int, batch []logEntry, older bool) {
	i, j := n-1, len(batch)-1
	for k := len(all) - 1; j >= 0; k-- {
		if i >= 0 && (all[i].order > batch[j].order || older && all[i].order == batch[j].order) {
			all[k] = all[i]
			i--
		} else {
			all[k] = batch[j]
			j--
		}
	}
}

func (b *logBuffer) entry(l LogLine) logEntry {
	e := logEntry{text: l.Text, from: b.source(l.Source, l.SourceStyle)}
	if !l.At.IsZero() {
		e.at = l.At.UnixNano()
	}
	if l.Err {
		e.flags |= fromErr
	}
	if l.Note {
		e.flags |= isNote
	}
	return e
}

func (b *logBuffer) source(name string, style Style) uint16 {
	i, ok := b.names[name]
	if !ok {
		if b.names == nil {
			b.names = map[string]uint16{}
		}
		i = uint16(len(b.sources))
		b.names[name] = i
		b.sources = append(b.sources, logSource{name: name})
		b.nameW = max(b.nameW, Width(name))
	}
	b.sources[i].style = style
	return i
}

// line is an entry as it was given.
func (b *logBuffer) line(n int) LogLine {
	e := b.get(n)
	s := b.sources[e.from]
	l := LogLine{Err: e.flags&fromErr != 0, Note: e.flags&isNote != 0, Source: s.name, SourceStyle: s.style, Text: e.text}
	if e.at != 0 {
		l.At = time.Unix(0, e.at)
	}
	return l
}

// judge asks the filter and the search about a line.
func (b *logBuffer) judge(e *logEntry) {
	e.flags &^= passes | found
	if b.only == nil || b.only(e) {
		e.flags |= passes
	}
	if b.find != nil && b.find(e) {
		e.flags |= found
	}
}

// rejudge asks about all lines again, after the filter or the search changed.
func (b *logBuffer) rejudge() {
	for i := b.head; i < len(b.lines); i++ {
		b.judge(&b.lines[i])
	}
	b.reindex()
}

func (b *logBuffer) reindex() {
	b.shown, b.hits = positions{}, positions{}
	b.index(b.base)
}

// index writes the lists of shown lines and hits anew from a number on.
func (b *logBuffer) index(from int) {
	if b.only == nil && b.find == nil {
		return
	}
	b.shown.cut(from)
	b.hits.cut(from)
	for n := from; n < b.end(); n++ {
		flags := b.get(n).flags
		if flags&passes == 0 {
			continue
		}
		if b.only != nil {
			b.shown.add(n)
		}
		if flags&found != 0 {
			b.hits.add(n)
		}
	}
}

// trim drops the oldest lines until the rest is within bounds; the newest stays.
func (b *logBuffer) trim() {
	for b.len() > 1 && (b.len() > b.maxLines || b.bytes > b.maxBytes) {
		e := &b.lines[b.head]
		b.bytes -= len(e.text) + entryBytes
		b.sources[e.from].first = e.order
		*e = logEntry{}
		b.head++
		b.base++
	}
	b.shown.dropBefore(b.base)
	b.hits.dropBefore(b.base)
	if b.head > 1024 && b.head > len(b.lines)/2 {
		n := copy(b.lines, b.lines[b.head:])
		clear(b.lines[n:])
		b.lines, b.head = b.lines[:n], 0
	}
}

// positions is a rising list of numbers that grows at its end and is dropped from
// both ends.
type positions struct {
	all  []int
	head int
}

func (p *positions) len() int      { return len(p.all) - p.head }
func (p *positions) get(i int) int { return p.all[p.head+i] }
func (p *positions) add(n int)     { p.all = append(p.all, n) }

// rank is how many come before n.
func (p *positions) rank(n int) int { return sort.SearchInts(p.all[p.head:], n) }

func (p *positions) cut(from int) { p.all = p.all[:p.head+p.rank(from)] }

func (p *positions) dropBefore(n int) {
	p.head += p.rank(n)
	if p.head > 1024 && p.head > len(p.all)/2 {
		p.all = p.all[:copy(p.all, p.all[p.head:])]
		p.head = 0
	}
}
