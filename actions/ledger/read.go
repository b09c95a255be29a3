package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"ringside/actions"
)

// Run returns one run by its ID or an unambiguous prefix of it.
func (l *Ledger) Run(ctx context.Context, id string) (actions.RunRecord, error) {
	id = strings.ToLower(strings.TrimSpace(id))
	if id == "" {
		return actions.RunRecord{}, unknown(id)
	}
	// IDs are ASCII: every ID that begins with id sorts before id followed by "~".
	found, err := l.load(ctx, "WHERE id >= ? AND id < ? ORDER BY id LIMIT 2", id, id+"~")
	switch {
	case err != nil:
		return actions.RunRecord{}, l.wrap("read run "+id, err)
	case len(found) == 0:
		return actions.RunRecord{}, unknown(id)
	case len(found) > 1 && found[0].ID != id:
		return actions.RunRecord{}, fmt.Errorf("several runs begin with %q: %s, %s; give more of the ID", id, found[0].ID, found[1].ID)
	}
	return found[0], nil
}

// Runs returns runs, newest first.
func (l *Ledger) Runs(ctx context.Context, q actions.RunQuery) ([]actions.RunRecord, error) {
	var where []string
	var args []any
	add := func(cond string, a ...any) { where = append(where, cond); args = append(args, a...) }
	add("created >= ?", stamp(q.Since))
	if q.Kind != "" {
		add("kind = ?", q.Kind)
	}
	if q.Target != "" {
		add("id IN (SELECT run FROM run_targets WHERE target = ?)", q.Target)
	}
	limit := -1
	if q.Unfinished { // whether its process is alive is not known to SQL: the limit comes later
		add("status IN (?, ?, ?)", actions.Pending, actions.Running, actions.Interrupted)
	} else if q.Limit > 0 {
		limit = q.Limit
	}
	args = append(args, limit)
	runs, err := l.load(ctx, "WHERE "+strings.Join(where, " AND ")+" ORDER BY created DESC, id DESC LIMIT ?", args...)
	if err != nil || !q.Unfinished {
		return runs, l.wrap("read runs", err)
	}
	left := runs[:0]
	for _, r := range runs {
		if r.Unfinished() && (q.Limit == 0 || len(left) < q.Limit) {
			left = append(left, r)
		}
	}
	return left, nil
}

// Locks returns the locks that are held by living processes.
func (l *Ledger) Locks(ctx context.Context) ([]actions.Lock, error) {
	found, err := locks(ctx, l.read, "ORDER BY l.since, l.target")
	if err != nil {
		return nil, l.wrap("read locks", err)
	}
	var out []actions.Lock
	for _, h := range found {
		if h.alive {
			out = append(out, h.Lock)
		}
	}
	return out, nil
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// load reads runs and their steps in one read transaction, so that they match.
func (l *Ledger) load(ctx context.Context, where string, args ...any) ([]actions.RunRecord, error) {
	tx, err := l.read.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback() // it wrote nothing
	return load(ctx, tx, where, args...)
}

func load(ctx context.Context, q querier, where string, args ...any) ([]actions.RunRecord, error) {
	var runs []actions.RunRecord
	var ids []string
	at := map[string]int{}
	alive := liveness{}
	err := each(ctx, q, func(scan func(...any) error) error {
		var r actions.RunRecord
		var params string
		var created, ended, touched int64
		err := scan(&r.ID, &r.Kind, &r.Title, &params, into(&r.Actor), into(&r.Earlier), &r.Reason, &r.Override, &r.Status, &r.Error,
			&created, &ended, &touched, into(&r.Targets), into(&r.Findings))
		r.Params, r.Created, r.Ended = json.RawMessage(params), moment(created), moment(ended)
		r.Alive = (r.Status == actions.Pending || r.Status == actions.Running) && alive.of(r.Actor, moment(touched))
		at[r.ID] = len(runs)
		runs, ids = append(runs, r), append(ids, r.ID)
		return err
	}, `SELECT id, kind, title, params, actor, earlier, reason, override, status, error, created, ended, touched, targets, findings
		FROM runs `+where, args...)
	if err != nil || len(runs) == 0 {
		return nil, err
	}
	err = each(ctx, q, func(scan func(...any) error) error {
		var s actions.StepRecord
		var run string
		var started, ended int64
		err := scan(&run, &s.Index, &s.Stage, &s.Name, into(&s.Target), &s.Status, &s.Error, &started, &ended, into(&s.Output),
			&s.Done, &s.Total, &s.Unit, &s.Undoing, &s.Acted, &s.Saw, &s.Final)
		s.Started, s.Ended = moment(started), moment(ended)
		r := &runs[at[run]]
		r.Steps = append(r.Steps, s)
		return err
	}, `SELECT run, idx, stage, name, target, status, error, started, ended, output, done, total, unit, undoing, acted, saw, final
		FROM steps WHERE run IN (SELECT value FROM json_each(?)) ORDER BY run, idx`, text(ids))
	return runs, err
}

// heldLock is a lock and whether its process is there.
type heldLock struct {
	actions.Lock
	alive bool
}

func locks(ctx context.Context, q querier, where string, args ...any) (out []heldLock, err error) {
	alive := liveness{}
	err = each(ctx, q, func(scan func(...any) error) error {
		var h heldLock
		var since, touched int64
		err := scan(&h.Target, &h.Run, &since, &h.Title, into(&h.Actor), &touched)
		h.Since = moment(since)
		h.alive = alive.of(h.Actor, moment(touched))
		out = append(out, h)
		return err
	}, "SELECT l.target, l.run, l.since, r.title, r.actor, r.touched FROM locks l JOIN runs r ON r.id = l.run "+where, args...)
	return out, err
}

// each calls row for every row of a query.
func each(ctx context.Context, q querier, row func(scan func(...any) error) error, query string, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

func unknown(id string) error { return fmt.Errorf("there is no run %q; see `ringside runs list`", id) }

// column reads a JSON column into a value.
type column struct{ to any }

func into(to any) column { return column{to} }

// Scan implements sql.Scanner.
func (c column) Scan(v any) error {
	s, ok := v.(string)
	if !ok {
		return fmt.Errorf("column holds %T, not text", v)
	}
	return json.Unmarshal([]byte(s), c.to)
}

// text writes a value as a JSON column. The values are plain data of ours, which
// always can be written; Params are JSON already.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "null"
	}
	return string(b)
}

func stamp(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func moment(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns)
}
