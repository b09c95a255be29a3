package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"ringside/actions"
	"ringside/backends/fleet"
)

// Begin records a run with all its steps and takes the locks of its targets, both
// or neither. When a living process holds a lock it returns an *actions.HeldError.
func (l *Ledger) Begin(ctx context.Context, run actions.RunRecord) error {
	err := l.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO runs (id, kind, title, params, actor, session, earlier, reason, override,
			status, error, created, ended, touched, targets, findings) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`,
			run.ID, run.Kind, run.Title, text(run.Params), text(run.Actor), run.Actor.Session, text(run.Earlier), run.Reason, run.Override,
			run.Status, run.Error, stamp(run.Created), stamp(run.Ended), time.Now().UnixNano(), text(run.Targets), text(run.Findings))
		if err != nil {
			return err
		}
		insert, err := tx.PrepareContext(ctx, `INSERT INTO steps (status, error, started, ended, output, done, total, unit, undoing, acted, saw,
			stage, name, target, final, run, idx) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`)
		if err != nil {
			return err
		}
		defer insert.Close()
		for _, s := range run.Steps {
			args := append(changing(s), s.Stage, s.Name, text(s.Target), s.Final, run.ID, s.Index)
			if _, err := insert.ExecContext(ctx, args...); err != nil {
				return err
			}
		}
		for _, t := range unique(run.Targets) {
			if _, err := tx.ExecContext(ctx, "INSERT INTO run_targets (target, run) VALUES (?,?)", t.Key(), run.ID); err != nil {
				return err
			}
		}
		return lock(ctx, tx, run)
	})
	if err == nil {
		l.owned.Store(run.ID, run.Actor.Session)
		_ = l.prune(ctx, time.Now()) // no reason not to run; the next run tries again
	}
	return l.held(fmt.Sprintf("record the run %q", run.Title), err)
}

// Adopt makes actor the owner of a run that no living process runs, and takes its
// locks.
func (l *Ledger) Adopt(ctx context.Context, id string, actor actions.Actor, a actions.Approval) (run actions.RunRecord, err error) {
	err = l.change(ctx, func(tx *sql.Tx) error {
		found, err := load(ctx, tx, "WHERE id = ?", id)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return unknown(id)
		}
		if run = found[0]; run.Alive {
			return fmt.Errorf("run %s is still being run by %s", id, actions.Lock{Actor: run.Actor, Since: run.Created, Run: id}.Holder())
		}
		run.Earlier = append(run.Earlier, run.Actor)
		run.Actor, run.Reason, run.Override = actor, cmp.Or(a.Reason, run.Reason), cmp.Or(a.Override, run.Override)
		_, err = tx.ExecContext(ctx, "UPDATE runs SET actor = ?, session = ?, earlier = ?, reason = ?, override = ?, status = ?, error = '', ended = 0, touched = ? WHERE id = ?",
			text(actor), actor.Session, text(run.Earlier), run.Reason, run.Override, actions.Running, time.Now().UnixNano(), id)
		if err != nil {
			return err
		}
		return lock(ctx, tx, run)
	})
	if err != nil {
		return actions.RunRecord{}, l.held("adopt run "+id, err)
	}
	l.owned.Store(id, actor.Session)
	run.Status, run.Error, run.Ended, run.Alive = actions.Running, "", time.Time{}, true
	return run, nil
}

// Step records the state of steps, all or none; it returns when it is on disk.
func (l *Ledger) Step(ctx context.Context, run string, steps ...actions.StepRecord) error {
	err := l.change(ctx, func(tx *sql.Tx) error {
		if err := l.own(ctx, tx, run); err != nil {
			return err
		}
		for _, s := range steps {
			args := append(changing(s), run, s.Index)
			res, err := tx.ExecContext(ctx, `UPDATE steps SET status = ?, error = ?, started = ?, ended = ?, output = ?,
				done = ?, total = ?, unit = ?, undoing = ?, acted = ?, saw = ? WHERE run = ? AND idx = ?`, args...)
			if err != nil {
				return err
			}
			if n, err := res.RowsAffected(); err != nil {
				return err
			} else if n != 1 {
				return fmt.Errorf("run %s has no step %d", run, s.Index)
			}
		}
		return nil
	})
	return l.wrap("record a step of run "+run, err)
}

// End records how a run ended and gives its locks back.
func (l *Ledger) End(ctx context.Context, run string, status actions.Status, message string, at time.Time) error {
	err := l.change(ctx, func(tx *sql.Tx) error {
		if err := l.own(ctx, tx, run); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE runs SET status = ?, error = ?, ended = ? WHERE id = ?", status, message, stamp(at), run); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "DELETE FROM locks WHERE run = ?", run)
		return err
	})
	if err == nil {
		l.owned.Delete(run)
	}
	return l.wrap("record the end of run "+run, err)
}

// own leaves a sign of life in a run, and fails when it was never ours or another
// process adopted it in the meantime.
func (l *Ledger) own(ctx context.Context, tx *sql.Tx, run string) error {
	session, _ := l.owned.Load(run)
	res, err := tx.ExecContext(ctx, "UPDATE runs SET touched = ? WHERE id = ? AND session = ?", time.Now().UnixNano(), run, session)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return fmt.Errorf("run %s is not run by this process, or was adopted by another", run)
}

// lock takes the locks of a run's targets. A lock whose process is gone is taken
// over, and its run marked as interrupted: it can be resumed or rolled back.
func lock(ctx context.Context, tx *sql.Tx, run actions.RunRecord) error {
	now := time.Now()
	for _, target := range unique(run.Targets) {
		found, err := locks(ctx, tx, "WHERE l.target = ?", target.Key())
		if err != nil {
			return err
		}
		for _, held := range found {
			if held.alive && held.Run != run.ID {
				return &actions.HeldError{Target: target, Lock: held.Lock}
			}
			if held.Run == run.ID {
				continue
			}
			why := fmt.Sprintf("its process ended half way; run %s took over the lock of %s", run.ID, target)
			if _, err := tx.ExecContext(ctx, "UPDATE runs SET status = ?, error = ? WHERE id = ? AND status IN (?, ?)",
				actions.Interrupted, why, held.Run, actions.Pending, actions.Running); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO locks (target, run, since) VALUES (?,?,?)", target.Key(), run.ID, now.UnixNano()); err != nil {
			return err
		}
	}
	return nil
}

// unique returns the targets in their order, each key once.
func unique(targets []fleet.Target) []fleet.Target {
	seen := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(targets), func(t fleet.Target) bool {
		twice := seen[t.Key()]
		seen[t.Key()] = true
		return twice
	})
}

// changing are the columns of a step that change while it runs.
func changing(s actions.StepRecord) []any {
	return slices.Grow([]any{s.Status, s.Error, stamp(s.Started), stamp(s.Ended), text(s.Output), s.Done, s.Total, s.Unit, s.Undoing, s.Acted, s.Saw}, 6)
}

// held passes a *actions.HeldError on as it is: callers look for it.
func (l *Ledger) held(doing string, err error) error {
	var h *actions.HeldError
	if errors.As(err, &h) {
		return h
	}
	return l.wrap(doing, err)
}
