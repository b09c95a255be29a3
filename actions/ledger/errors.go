package ledger

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// newerError is a schema version that this program does not know.
type newerError int

func (v newerError) Error() string {
	return fmt.Sprintf("it was written by a newer ringside (schema %d, this one knows %d): update this ringside, or set XDG_STATE_HOME to another directory",
		int(v), len(migrations))
}

// advice says what to do about an SQLite error, by primary result code
// (https://www.sqlite.org/rescode.html).
var advice = map[int]string{
	sqlite3.SQLITE_BUSY:     "another console keeps it busy; try again",
	sqlite3.SQLITE_FULL:     "the disk is full: free some space and try again",
	sqlite3.SQLITE_IOERR:    "the disk refused it: look at its free space and at the kernel's log",
	sqlite3.SQLITE_READONLY: "it cannot be written: look at its owner and mode",
	sqlite3.SQLITE_CANTOPEN: "it cannot be opened: look at the directory's owner, mode and free space",
	sqlite3.SQLITE_PERM:     "it cannot be opened: look at its owner and mode",
}

// wrap says which file an error is about and what to do next.
func (l *Ledger) wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	code := code(err)
	if code == sqlite3.SQLITE_CORRUPT || code == sqlite3.SQLITE_NOTADB {
		return fmt.Errorf("ledger %s is damaged (%w): end every ringside, move it away with its -wal and -shm files (mv %[1]s %[1]s.damaged), and start again; what it recorded stays in the moved file", l.path, err)
	}
	if a, ok := advice[code]; ok {
		return fmt.Errorf("ledger %s: %s: %w; %s", l.path, doing, err, a)
	}
	return fmt.Errorf("ledger %s: %s: %w", l.path, doing, err)
}

func isBusy(err error) bool { return code(err) == sqlite3.SQLITE_BUSY }

// code is the primary result code of an SQLite error, 0 when it is none.
func code(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}
