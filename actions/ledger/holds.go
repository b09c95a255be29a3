package ledger

import (
	"context"
	"time"

	"ringside/actions"
)

// Hold keeps a target alone; a second hold on it replaces the first.
func (l *Ledger) Hold(ctx context.Context, h actions.Hold) error {
	_, err := l.write.ExecContext(ctx, "INSERT OR REPLACE INTO holds (key, target, by, why, since, until) VALUES (?,?,?,?,?,?)",
		h.Target.Key(), text(h.Target), h.By, h.Why, stamp(h.Since), stamp(h.Until))
	return l.wrap("hold "+h.Target.String(), err)
}

// Release ends the hold on a target, given by its key; none is fine.
func (l *Ledger) Release(ctx context.Context, target string) error {
	_, err := l.write.ExecContext(ctx, "DELETE FROM holds WHERE key = ?", target)
	return l.wrap("release "+target, err)
}

// Holds returns the holds that have not run out, oldest first.
func (l *Ledger) Holds(ctx context.Context) (out []actions.Hold, err error) {
	err = each(ctx, l.read, func(scan func(...any) error) error {
		var h actions.Hold
		var since, until int64
		err := scan(into(&h.Target), &h.By, &h.Why, &since, &until)
		h.Since, h.Until = moment(since), moment(until)
		out = append(out, h)
		return err
	}, "SELECT target, by, why, since, until FROM holds WHERE until = 0 OR until > ? ORDER BY since, key", time.Now().UnixNano())
	return out, l.wrap("read holds", err)
}
