package actions_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"ringside/actions"
	"ringside/backends/fleet"
)

// noted is a ledger of which only the holds and locks are asked.
type noted struct {
	actions.Ledger
	holds []actions.Hold
	locks []actions.Lock
	err   error
}

func (n noted) Holds(context.Context) ([]actions.Hold, error) { return n.holds, n.err }
func (n noted) Locks(context.Context) ([]actions.Lock, error) { return n.locks, n.err }

func TestGuards(t *testing.T) {
	now := time.Now()
	target := func(name, env string) fleet.Target {
		return fleet.Target{Kind: fleet.KindContainer, Scope: "tokyo-1", ID: "id-" + name, Name: name, Environment: env}
	}
	web, dev := target("web", "production"), target("dev", "development")
	var many []fleet.Target
	for i := range 11 {
		many = append(many, target(fmt.Sprint("c", i), "development"))
	}
	hold := func(t fleet.Target, until time.Time) actions.Hold {
		return actions.Hold{Target: t, By: "aoi", Why: "debugging", Until: until}
	}
	engine := fleet.Target{Kind: fleet.KindEngine, ID: "E:1", Name: "tokyo-1"}
	for _, tt := range []struct {
		name    string
		ledger  actions.Ledger
		targets []fleet.Target
		want    []string // "level guard subject: part of the text"
	}{
		{"quiet", noted{}, []fleet.Target{web}, nil},
		{"no ledger yet", nil, []fleet.Target{web}, nil},
		{"two environments", noted{}, []fleet.Target{web, dev}, []string{"warn environment : 1 in development (tokyo-1/dev), 1 in production (tokyo-1/web)"}},
		{"many", noted{}, many, []string{"note count : 11 targets"}},
		{"held", noted{holds: []actions.Hold{hold(web, time.Time{})}}, []fleet.Target{web, web}, []string{"block hold tokyo-1/web: aoi asked to leave it alone until the hold is released: debugging"}},
		{"held for a time", noted{holds: []actions.Hold{hold(web, now.Add(time.Hour))}}, []fleet.Target{web}, []string{"block hold tokyo-1/web: until " + now.Add(time.Hour).Format(time.TimeOnly)}},
		{"hold is over", noted{holds: []actions.Hold{hold(web, now.Add(-time.Second))}}, []fleet.Target{web}, nil},
		{"hold on another", noted{holds: []actions.Hold{hold(dev, time.Time{})}}, []fleet.Target{web}, nil},
		{"its engine is held", noted{holds: []actions.Hold{hold(engine, time.Time{})}}, []fleet.Target{web}, []string{"block hold tokyo-1: aoi"}},
		{"locked", noted{locks: []actions.Lock{{Target: web.Key(), Run: "1kx", Title: "stop tokyo-1/web", Actor: actions.Actor{User: "ren", Host: "ops-1", PID: 7}}}},
			[]fleet.Target{web}, []string{`warn lock tokyo-1/web: "stop tokyo-1/web" works on it: ren on ops-1`}},
		{"cannot be read", noted{err: errors.New("disk")}, []fleet.Target{web}, []string{"block hold : disk", "warn lock : disk"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			env := &actions.Env{Ledger: tt.ledger, Now: func() time.Time { return now }}
			var got []actions.Finding
			for _, g := range actions.Guards() {
				got = append(got, g.Check(t.Context(), env, &actions.Plan{Targets: tt.targets})...)
			}
			if len(got) != len(tt.want) {
				t.Fatalf("%+v, want %q", got, tt.want)
			}
			for i, f := range got {
				head, part, _ := strings.Cut(tt.want[i], ": ")
				if fmt.Sprintf("%s %s %s", f.Level, f.Guard, f.Subject) != head || !strings.Contains(f.Text, part) {
					t.Errorf("%s %s %s: %s\nwant %s", f.Level, f.Guard, f.Subject, f.Text, tt.want[i])
				}
			}
		})
	}
}
