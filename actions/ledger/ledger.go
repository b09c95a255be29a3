// Package ledger keeps runs, locks and holds in one SQLite file, safe for several
// consoles on one machine. It only says how far a run got; the world is the truth.
package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"ringside/backends/fleet/retry"

	_ "modernc.org/sqlite" // registers the driver "sqlite"
)

// Ledger implements actions.Ledger.
type Ledger struct {
	path  string
	write *sql.DB  // one connection: writers queue here and not in the file's lock
	read  *sql.DB  // readers never wait for a writer (WAL)
	owned sync.Map // run ID → session of the actor that began or adopted it here
}

// Path is where the ledger lives: $XDG_STATE_HOME/ringside/ledger.db, or the same
// below ~/.local/state; "" when there is no home directory.
func Path(getenv func(string) string) string {
	state := getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(state) { // the XDG specification ignores relative paths
		home := getenv("HOME")
		if home == "" {
			home = getenv("USERPROFILE")
		}
		if home == "" {
			return ""
		}
		state = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(state, "ringside", "ledger.db")
}

// Open opens the ledger and creates it when there is none. It refuses a damaged
// file and one that a newer version wrote, and says what to do about it.
func Open(ctx context.Context, path string) (*Ledger, error) {
	if path == "" {
		return nil, errors.New("ledger: there is no home directory; set XDG_STATE_HOME to a directory that can be written")
	}
	if err := prepare(path); err != nil {
		return nil, fmt.Errorf("ledger %s cannot be written: %w; free the path, or set XDG_STATE_HOME to another directory", path, err)
	}
	l := &Ledger{path: path}
	var err error
	if l.write, err = sql.Open("sqlite", dsn(path, "_txlock=immediate", "_pragma=journal_mode(WAL)", "_pragma=synchronous(FULL)")); err != nil {
		return nil, l.wrap("open", err)
	}
	l.write.SetMaxOpenConns(1)
	if l.read, err = sql.Open("sqlite", dsn(path, "_pragma=query_only(1)")); err != nil {
		return nil, errors.Join(l.wrap("open", err), l.write.Close())
	}
	l.read.SetMaxOpenConns(2)

	// The switch to WAL asks for the whole file and does not queue: consoles that
	// start at the same moment have to try again.
	ctx, cancel := context.WithTimeout(ctx, busy)
	defer cancel()
	pause := retry.Backoff{Min: 5 * time.Millisecond, Max: 100 * time.Millisecond}
	for {
		err = l.migrate(ctx)
		if !isBusy(err) || !pause.Wait(ctx) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(l.wrap("open", err), l.Close())
	}
	return l, nil
}

// Close closes the file. Locks of runs that have not ended stay.
func (l *Ledger) Close() error { return errors.Join(l.read.Close(), l.write.Close()) }

// busy is how long a writer waits for the writers of other processes.
const busy = 5 * time.Second

// prepare makes the directory and the file so that only their owner can read
// them; SQLite gives its side files the mode of the main one.
func prepare(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	return errors.Join(os.Chmod(dir, 0o700), f.Chmod(0o600))
}

func dsn(path string, options ...string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/Users/… becomes file:///C:/Users/…
	}
	u := url.URL{Scheme: "file", Path: path}
	options = append(options, fmt.Sprintf("_pragma=busy_timeout(%d)", busy.Milliseconds()), "_pragma=foreign_keys(1)")
	return u.String() + "?" + strings.Join(options, "&")
}

// change runs f in a transaction that holds the write lock from its first moment
// (BEGIN IMMEDIATE), so what f reads cannot change before it writes.
func (l *Ledger) change(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := l.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, ignoreDone(tx.Rollback()))
	}
	return tx.Commit()
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}
