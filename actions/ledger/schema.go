package ledger

import (
	"context"
	"database/sql"
	"fmt"
)

// migrations bring a ledger from one schema version to the next; the version is
// SQLite's user_version. One that was released is never edited. Times are Unix
// nanoseconds, 0 for none; structures are JSON.
var migrations = []string{`
CREATE TABLE runs (
	id       TEXT PRIMARY KEY,
	kind     TEXT NOT NULL,
	title    TEXT NOT NULL,
	params   TEXT NOT NULL,
	actor    TEXT NOT NULL,
	session  TEXT NOT NULL,             -- of the actor: who may write to this run
	earlier  TEXT NOT NULL,
	reason   TEXT NOT NULL,
	override TEXT NOT NULL,
	status   TEXT NOT NULL,
	error    TEXT NOT NULL,
	created  INTEGER NOT NULL,
	ended    INTEGER NOT NULL,
	touched  INTEGER NOT NULL,          -- the last sign of life
	targets  TEXT NOT NULL,
	findings TEXT NOT NULL
) STRICT;
CREATE INDEX runs_created ON runs (created);
CREATE TABLE run_targets (
	target TEXT NOT NULL,
	run    TEXT NOT NULL REFERENCES runs (id),
	PRIMARY KEY (target, run)
) STRICT, WITHOUT ROWID;
CREATE TABLE steps (
	run      TEXT NOT NULL REFERENCES runs (id),
	idx      INTEGER NOT NULL,
	stage    INTEGER NOT NULL,
	name     TEXT NOT NULL,
	target   TEXT NOT NULL,
	status   TEXT NOT NULL,
	error    TEXT NOT NULL,
	started  INTEGER NOT NULL,
	ended    INTEGER NOT NULL,
	output   TEXT NOT NULL,
	done     INTEGER NOT NULL,
	total    INTEGER NOT NULL,
	unit     TEXT NOT NULL,
	undoing  INTEGER NOT NULL,
	final    TEXT NOT NULL,
	PRIMARY KEY (run, idx)
) STRICT, WITHOUT ROWID;
CREATE TABLE locks (
	target TEXT PRIMARY KEY,
	run    TEXT NOT NULL REFERENCES runs (id),
	since  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE holds (
	key    TEXT PRIMARY KEY,
	target TEXT NOT NULL,
	by     TEXT NOT NULL,
	why    TEXT NOT NULL,
	since  INTEGER NOT NULL,
	until  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`, `
CREATE INDEX run_targets_run ON run_targets (run); -- to forget a run
CREATE INDEX locks_run ON locks (run);
`, `
ALTER TABLE steps ADD COLUMN acted INTEGER NOT NULL DEFAULT 1; -- of old steps nobody knows
ALTER TABLE steps ADD COLUMN saw TEXT NOT NULL DEFAULT '';
`}

func (l *Ledger) migrate(ctx context.Context) error {
	// Nearly every start finds the newest schema and writes nothing.
	if v, err := version(l.write.QueryRowContext(ctx, "PRAGMA user_version")); err != nil || v == len(migrations) {
		return err
	}
	return l.change(ctx, func(tx *sql.Tx) error {
		v, err := version(tx.QueryRowContext(ctx, "PRAGMA user_version"))
		if err != nil {
			return err
		}
		for ; v < len(migrations); v++ {
			if _, err := tx.ExecContext(ctx, migrations[v]); err != nil {
				return fmt.Errorf("schema version %d: %w", v+1, err)
			}
			if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", v+1)); err != nil {
				return err
			}
		}
		return nil
	})
}

// version reads the schema version and refuses one from the future: writing to it
// could lose what the newer version keeps there.
func version(row *sql.Row) (v int, err error) {
	if err := row.Scan(&v); err != nil {
		return 0, err
	}
	if v > len(migrations) {
		return 0, newerError(v)
	}
	return v, nil
}
