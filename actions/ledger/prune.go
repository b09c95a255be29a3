package ledger

import (
	"context"
	"database/sql"
	"time"

	"ringside/actions"
)

// How long runs are kept: until they are as old as this, or that many are newer.
// Runs left half way stay until somebody resumes them or rolls them back.
const (
	keepFor    = 400 * 24 * time.Hour // a year, and time to look back at it
	keepRuns   = 10_000
	pruneBatch = 200 // at once, so that no start waits for years to be tidied up
)

// prune forgets the oldest runs that are not kept any longer, a batch at a time.
func (l *Ledger) prune(ctx context.Context, now time.Time) error {
	var old string // JSON list of IDs
	err := l.read.QueryRowContext(ctx, `SELECT json_group_array(id) FROM (
		SELECT id FROM runs
		WHERE created < max(?, coalesce((SELECT created FROM runs ORDER BY created DESC LIMIT 1 OFFSET ?), 0))
			AND status NOT IN (?, ?, ?) AND id NOT IN (SELECT run FROM locks)
		ORDER BY created LIMIT ?)`,
		now.Add(-keepFor).UnixNano(), keepRuns-1, actions.Pending, actions.Running, actions.Interrupted, pruneBatch).Scan(&old)
	if err != nil || old == "[]" {
		return l.wrap("look for old runs", err)
	}
	err = l.change(ctx, func(tx *sql.Tx) error {
		for _, where := range []string{"steps WHERE run", "run_targets WHERE run", "runs WHERE id"} {
			if _, err := tx.ExecContext(ctx, "DELETE FROM "+where+" IN (SELECT value FROM json_each(?))", old); err != nil {
				return err
			}
		}
		return nil
	})
	return l.wrap("forget old runs", err)
}
