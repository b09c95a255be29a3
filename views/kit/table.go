package kit

// Column of a table.
type Column struct {
	Key      string // for sorting and settings
	Title    string
	Min      int  // least width in columns
	Want     int  // width it likes to have
	Priority int  // 0 stays as long as it can; of the others those that fit, lowest first
	Right    bool // aligned to the right
	Flex     bool // takes the room that is left
}

// Cell is one field of a row.
type Cell struct {
	Text  string // clean, one line; may bring styles of its own
	Style Style
}

// Row is one line of a table. A row with a Group is a heading across all columns.
type Row struct {
	Group string
	Note  string // right end of a heading
	Cells []Cell
	Dim   bool // the whole line is old or out of play
}

// Rows is what a table shows. At is called for visible lines only, so the cost of
// a frame does not grow with Len; it may reuse the cells of the last call.
type Rows interface {
	Len() int
	Key(i int) string   // identity of a line, kept under the cursor when lines move
	Heading(i int) bool // whether At has a Group; cheap
	At(i int) Row
}

// Table is a virtual list with a cursor and marks.
type Table struct {
	Theme   *Theme
	Columns []Column
	Marker  bool // show the cursor by a sign only: fewer bytes on slow links
	Sort    string
	Reverse bool
	Empty   string // said when there are no rows

	rows   Rows
	w, h   int
	cursor int
	top    int
	skip   int // columns scrolled away on the left, beyond the first
	key    string
	moved  bool // by a human; until then the cursor stays on the first line
	marks  map[string]bool
	anchor string // last mark, for ranges
	layout []placed
	laidW  int
	laidN  int
}

type placed struct{ column, width int }

// Resize sets the size of the table, its heading line included.
func (t *Table) Resize(w, h int) {
	t.w, t.h, t.layout = w, h, nil
	for t.skip > 0 && t.fits(t.skip-1) {
		t.skip--
	}
	t.reveal()
}

// SetRows replaces the rows. The cursor stays on the line with the same key, or
// else on the same line number; on the first line as long as nobody moved it, so
// that a list that fills up does not start in its middle.
func (t *Table) SetRows(rows Rows) {
	t.rows = rows
	if !t.moved {
		t.move(0)
		return
	}
	n := rows.Len()
	if t.cursor < n && rows.Key(t.cursor) == t.key {
		t.reveal()
		return
	}
	if t.key != "" {
		for i := range n {
			if rows.Key(i) == t.key {
				t.move(i)
				return
			}
		}
	}
	t.move(t.cursor)
}

// SetColumns replaces the columns.
func (t *Table) SetColumns(c []Column) { t.Columns, t.skip, t.layout = c, 0, nil }

// Cursor returns the line under the cursor, -1 when there are no rows.
func (t *Table) Cursor() int {
	if t.rows == nil || t.rows.Len() == 0 {
		return -1
	}
	return t.cursor
}

// Key returns the key of the line under the cursor.
func (t *Table) Key() string { return t.key }

// Select puts the cursor on the line with the key, if there is one.
func (t *Table) Select(key string) bool {
	for i := range t.len() {
		if t.rows.Key(i) == key {
			t.steer(i)
			return true
		}
	}
	return false
}

// Visible returns the range of lines on screen.
func (t *Table) Visible() (from, to int) {
	return t.top, min(t.len(), t.top+t.body())
}

// Move moves the cursor by n lines.
func (t *Table) Move(n int) { t.steer(t.cursor + n) }

// Page moves by pages.
func (t *Table) Page(n int) { t.steer(t.cursor + n*max(1, t.body()-1)) }

// Jump moves to the first line, or to the last.
func (t *Table) Jump(last bool) {
	if last {
		t.steer(t.len() - 1)
	} else {
		t.steer(0)
	}
}

// Scroll shows columns that have no room: each step to the right (positive) takes
// one away on the left, after the first, until all on the right are shown.
func (t *Table) Scroll(n int) {
	for ; n < 0 && t.skip > 0; n++ {
		t.skip--
	}
	t.layout = nil
	for t.arrange(); n > 0 && len(t.layout) < len(t.Columns)-t.skip && t.skip < len(t.Columns)-2; n-- {
		t.skip++
		t.layout = nil
		t.arrange()
	}
}

// Mark turns the mark of the cursor's line over and goes down one line.
func (t *Table) Mark() {
	if t.len() == 0 || t.rows.Heading(t.cursor) {
		t.Move(1)
		return
	}
	t.set(t.key, !t.marks[t.key])
	t.anchor = t.key
	t.Move(1)
}

// MarkTo marks everything from the last mark to the cursor.
func (t *Table) MarkTo() {
	from := t.cursor
	for i := range t.len() {
		if t.rows.Key(i) == t.anchor {
			from = i
			break
		}
	}
	for i := min(from, t.cursor); i <= max(from, t.cursor) && i < t.len(); i++ {
		if !t.rows.Heading(i) {
			t.set(t.rows.Key(i), true)
		}
	}
}

// MarkAll marks every row shown, or unmarks them when all are marked.
func (t *Table) MarkAll() {
	var keys []string
	all := true
	for i := range t.len() {
		if !t.rows.Heading(i) {
			keys = append(keys, t.rows.Key(i))
			all = all && t.marks[t.rows.Key(i)]
		}
	}
	for _, k := range keys {
		t.set(k, !all)
	}
}

// Marked reports whether a key is marked.
func (t *Table) Marked(key string) bool { return t.marks[key] }

// Marks returns the marked keys in no order.
func (t *Table) Marks() []string {
	out := make([]string, 0, len(t.marks))
	for k := range t.marks {
		out = append(out, k)
	}
	return out
}

// SetMarks marks these, and nothing else.
func (t *Table) SetMarks(keys []string) {
	t.marks = nil
	for _, k := range keys {
		t.set(k, true)
	}
}

// ClearMarks removes all marks and says whether there were any.
func (t *Table) ClearMarks() bool { had := len(t.marks) > 0; t.marks = nil; return had }

func (t *Table) set(key string, on bool) {
	if !on {
		delete(t.marks, key)
		return
	}
	if t.marks == nil {
		t.marks = map[string]bool{}
	}
	t.marks[key] = true
}

func (t *Table) len() int {
	if t.rows == nil {
		return 0
	}
	return t.rows.Len()
}

func (t *Table) body() int { return max(1, t.h-1) }

// steer is a move that a human asked for.
func (t *Table) steer(to int) {
	t.moved = true
	t.move(to)
}

func (t *Table) move(to int) {
	t.cursor = max(0, min(to, t.len()-1))
	t.key = ""
	if t.len() > 0 {
		t.key = t.rows.Key(t.cursor)
	}
	t.reveal()
}

func (t *Table) reveal() {
	t.top = max(0, min(t.top, t.len()-t.body()))
	if t.cursor < t.top {
		t.top = t.cursor
	}
	if t.cursor >= t.top+t.body() {
		t.top = t.cursor - t.body() + 1
	}
}
