package runs

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"ringside/actions"
	"ringside/backends/fleet"
	"ringside/keymap"
	"ringside/views/kit"
	"ringside/views/kit/kittest"
	"ringside/views/screen"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) time.Time { return noon.Add(-d) }

var web = fleet.Target{Kind: fleet.KindContainer, Scope: "tokyo-1", ID: "abc", Name: "web", Environment: "production"}
var shop = fleet.Target{Kind: fleet.KindContainer, Scope: "tokyo-2", ID: "def", Name: "ショップ🛒", Environment: "production"}

// history is one run of every kind, newest first.
func history() []actions.RunRecord {
	aoi := actions.Actor{User: "aoi", Host: "ops-1", PID: 4711, Console: "console"}
	ben := actions.Actor{User: "ben", Host: "ops-2", PID: 99, Console: "command"}
	steps := func(done int, s ...actions.StepRecord) []actions.StepRecord {
		for i := range s {
			s[i].Index = i
			if i < done {
				s[i].Status, s[i].Started, s[i].Ended = actions.Succeeded, ago(time.Minute), ago(58*time.Second)
			}
		}
		return s
	}
	stop := actions.StepRecord{Name: "stop tokyo-1/web", Target: web, Status: actions.Pending}
	pull := actions.StepRecord{Name: "pull shop/web:1.9.2", Target: shop, Status: actions.Running, Started: ago(5 * time.Second),
		Done: 30, Total: 120, Unit: "bytes", Output: []string{"layer 1 of 4", "layer 2 of 4"}, Final: "a pulled image stays"}
	return []actions.RunRecord{
		{ID: "r6", Kind: "container.stop", Title: "stop tokyo-1/web", Actor: aoi, Status: actions.Succeeded, Created: ago(time.Minute), Ended: ago(50 * time.Second), Targets: []fleet.Target{web}, Steps: steps(1, stop), Reason: "勤務交代 <maintenance>"},
		{ID: "r5", Kind: "container.pull", Title: "pull shop/web:1.9.2 on 2 engines", Actor: ben, Status: actions.Running, Alive: true, Created: ago(5 * time.Minute), Targets: []fleet.Target{web, shop}, Steps: steps(1, stop, pull)},
		{ID: "r4", Kind: "container.restart", Title: "restart 2 containers on 2 engines", Actor: aoi, Status: actions.Running, Created: ago(2 * time.Hour), Targets: []fleet.Target{web, shop}, Steps: steps(1, stop, stop),
			Findings: []actions.Finding{{Guard: "environment", Level: actions.Warn, Subject: "tokyo-1/web", Text: "production"}}},
		{ID: "r3", Kind: "container.stop", Title: "stop tokyo-2/ショップ🛒", Actor: ben, Status: actions.Failed, Error: "1 of 1 steps failed", Created: ago(50 * time.Hour), Ended: ago(50*time.Hour - 12*time.Second), Targets: []fleet.Target{shop},
			Steps: []actions.StepRecord{{Name: "stop tokyo-2/ショップ🛒", Target: shop, Status: actions.Failed, Error: "engine tokyo-2: stop: no answer in time", Started: ago(50 * time.Hour), Ended: ago(50*time.Hour - 12*time.Second)}}},
		{ID: "r2", Kind: "container.remove", Title: "remove tokyo-1/old", Actor: aoi, Status: actions.Cancelled, Created: ago(70 * time.Hour), Ended: ago(70 * time.Hour), Steps: steps(0, stop), Override: "the hold is stale"},
		{ID: "r1", Kind: "container.stop", Title: "stop tokyo-1/web", Actor: aoi, Status: actions.RolledBack, Created: ago(90 * time.Hour), Ended: ago(89 * time.Hour), Steps: steps(1, stop)},
	}
}

func ids(rows []Row) string {
	var out []string
	for _, r := range rows {
		out = append(out, r.ID)
	}
	return strings.Join(out, " ")
}

func TestRows(t *testing.T) {
	rows := Rows(history(), noon)
	if got := ids(rows); got != "r5 r4 r6 r3 r2 r1" {
		t.Errorf("order %s: what is going on comes first, then the unfinished", got)
	}
	if r := rows[1]; !r.Unfinished || r.Duration != nil || word(r) != "unfinished" {
		t.Errorf("%+v: the process of r4 is gone", r)
	}
	if r := rows[0]; r.Ended != 1 || r.Steps != 2 || *r.Duration != 300 {
		t.Errorf("%+v", r)
	}
	b, err := json.Marshal(rows[3])
	want := `{"id":"r3","status":"failed","kind":"container.stop","title":"stop tokyo-2/ショップ🛒","user":"ben","host":"ops-2","console":"command","targets":1,"steps":1,"steps_ended":0,"steps_failed":1,"alive":false,"unfinished":false,"created":"2026-11-21T10:00:00Z","ended":"2026-11-21T10:00:12Z","duration_seconds":12,"reason":"","override":"","error":"1 of 1 steps failed"}`
	if err != nil || string(b) != want {
		t.Errorf("%s, %v\nwant %s", b, err, want)
	}
	if s := Steps(history()[1], noon)[1]; s.Target != "tokyo-2/ショップ🛒" || s.Index != 2 || *s.Duration != 5 || s.Output != "layer 1 of 4\nlayer 2 of 4" {
		t.Errorf("%+v", s)
	}
}

func TestFilterAndSort(t *testing.T) {
	for query, want := range map[string]string{
		"": "r5 r4 r6 r3 r2 r1", "stop": "r6 r3 r1", "STOP !web": "r3", "user:ben": "r5 r3", "!user:ben stop": "r6 r1",
		"status:unfinished": "r4", "~rst2": "r4", "id:r2": "r2", "ショップ": "r3", "勤務": "r6", "nobody": "",
	} {
		if got := ids(arrange(Rows(history(), noon), query, "", false)); got != want {
			t.Errorf("%q: %s, want %s", query, got, want)
		}
	}
	for by, want := range map[string]string{"took": "r4 r2 r6 r3 r5 r1", "status": "r2 r6 r3 r1 r5 r4", "id": "r1 r2 r3 r4 r5 r6"} {
		if got := ids(arrange(Rows(history(), noon), "", by, false)); got != want {
			t.Errorf("by %s: %s, want %s", by, got, want)
		}
	}
}

func shown(w, h int, ascii bool) *Screen {
	s := New()
	s.Resize(w, h)
	s.Restyle(screen.Look{Theme: kit.NewTheme(true, ascii)})
	s.Refresh(screen.Snapshot{Runs: history(), Now: noon})
	return s
}

func TestFrames(t *testing.T) {
	for _, size := range [][2]int{{80, 21}, {140, 37}} {
		s := shown(size[0], size[1], false)
		check := func(name string) {
			kittest.Check(t, s.View(), size[0], size[1])
			kittest.Golden(t, fmt.Sprintf("%s-%dx%d", name, size[0], size[1]+3), s.View())
		}
		check("list")
		s.Show("r5")
		check("run")
		s.Back()
		s.Do(keymap.Filter)
		for _, k := range []string{"s", "t", "o", "p"} {
			s.Type(kittest.Key(k))
		}
		check("filter")
	}
	s := shown(80, 21, true)
	kittest.Check(t, s.View(), 80, 21)
	for _, r := range kittest.Plain(strings.ReplaceAll(s.View(), "ショップ🛒", "")) {
		if r > 0x7e {
			t.Errorf("%q in the ASCII theme", r)
		}
	}
	for _, size := range [][2]int{{0, 0}, {1, 1}, {20, 2}, {300, 100}} {
		if s := shown(size[0], size[1], false); size[0] > 0 {
			kittest.Check(t, s.View(), size[0], size[1])
		}
	}
}

func TestKeys(t *testing.T) {
	s := shown(80, 21, false)
	said := func(id keymap.ID) tea.Msg {
		if cmd := s.Do(id); cmd != nil {
			return cmd()
		}
		return nil
	}
	// The cursor is on r5, which is going on.
	if got := said(keymap.CancelRun); got != (screen.RunAct{Run: "r5", What: "cancel"}) {
		t.Errorf("cancel: %#v", got)
	}
	if toast, ok := said(keymap.ResumeRun).(screen.Toast); !ok || !toast.Bad {
		t.Error("a run that is going on was offered for resume")
	}
	s.Do(keymap.Down)
	s.Do(keymap.Open)
	if got := said(keymap.RollbackRun); got != (screen.RunAct{Run: "r4", What: "rollback"}) {
		t.Errorf("rollback: %#v", got)
	}
	if got := said(keymap.Copy).(screen.Copy); !strings.Contains(got.Text, "restart 2 containers") || strings.Contains(got.Text, "\x1b") {
		t.Errorf("copied %q", got.Text)
	}
	if !s.Back() || s.open != "" {
		t.Error("esc did not leave the run")
	}
	if got := said(keymap.Copy); got != (screen.Copy{What: "run ID", Text: "r4"}) {
		t.Errorf("copy: %#v", got)
	}
	s.Do(keymap.Mark)
	s.Do(keymap.Mark)
	if got := said(keymap.Copy); got != (screen.Copy{What: "2 run IDs", Text: "r4\nr6"}) {
		t.Errorf("copy of marked: %#v", got)
	}
	if !s.Back() || s.Back() {
		t.Error("esc clears the marks, then leaves the screen")
	}
	s.Update(said(keymap.Sort).(screen.Overlay).Answer(kit.Item{ID: "id"}))
	if s.table.Jump(false); s.table.Key() != "r1" {
		t.Errorf("sorted by ID: %s", s.table.Key())
	}
	s.Show("gone")
	if s.open != "" {
		t.Error("a run that is not there was opened")
	}
}
