package ledger

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"ringside/actions"
)

// Old runs and those beyond the number that is kept are forgotten with all that
// belongs to them; what is half way stays.
func TestPrune(t *testing.T) {
	l, ctx, now := fresh(t), t.Context(), time.Now()
	add := func(title string, age time.Duration, status actions.Status) {
		t.Helper()
		run := record(title, 2, web)
		run.Created = now.Add(-age)
		if err := l.Begin(ctx, run); err != nil {
			t.Fatal(err)
		}
		if status != actions.Running {
			if err := l.End(ctx, run.ID, status, "", run.Created); err != nil {
				t.Fatal(err)
			}
		}
	}
	titles := func() (out string) {
		t.Helper()
		runs, err := l.Runs(ctx, actions.RunQuery{})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range runs[:min(4, len(runs))] {
			out += r.Title + " "
		}
		return fmt.Sprint(out, len(runs))
	}
	add("older", keepFor+2*time.Hour, actions.Succeeded)
	add("half way", keepFor+time.Hour, actions.Interrupted)
	add("young", keepFor-time.Hour, actions.Failed)
	add("now", 0, actions.Running)
	if got := titles(); got != "now young half way 3" {
		t.Errorf("kept %s", got)
	}
	err := l.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`WITH RECURSIVE series(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM series WHERE value < ?)
			INSERT INTO runs SELECT 'many' || value, kind, 'many', params, actor, session, earlier, reason, override, 'done', error,
			created - value, ended, touched, targets, findings FROM runs, series WHERE title = 'now'`, keepRuns)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.prune(ctx, now); err != nil {
		t.Fatal(err)
	}
	// "young" and the oldest of many are beyond the number; "half way" is one more.
	if got := titles(); got != fmt.Sprintf("now many many many %d", keepRuns+1) {
		t.Errorf("kept %s, want %d", got, keepRuns)
	}
	var steps, targets int
	if err := l.read.QueryRowContext(ctx, "SELECT (SELECT count(*) FROM steps), (SELECT count(*) FROM run_targets)").Scan(&steps, &targets); err != nil || steps != 4 || targets != 2 {
		t.Errorf("%d steps, %d targets are left, %v", steps, targets, err)
	}
}
