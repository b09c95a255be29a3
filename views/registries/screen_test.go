package registries

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"ringside/actions"
	"ringside/backends/docker"
	"ringside/backends/fleet"
	"ringside/keymap"
	"ringside/views/kit"
	"ringside/views/screen"
)

// wants compares what was asked of the console last.
func (r *robot) wants(want any) {
	r.T.Helper()
	if !reflect.DeepEqual(r.Last(), want) {
		r.T.Errorf("asked for %+v, want %+v", r.Last(), want)
	}
}

func (r *robot) refused(why string) {
	r.T.Helper()
	if m, ok := r.Last().(screen.Toast); !ok || !m.Bad || !strings.Contains(m.Text, why) {
		r.T.Errorf("asked for %+v, want a toast of %q", r.Last(), why)
	}
}

func TestSyncNow(t *testing.T) {
	w := troubled()
	r := newRobot(t, w, 140, 37)
	r.Press("y").wants(screen.Act{Action: "sync.run", Targets: []fleet.Target{w.sync(0)}})
	r.Press("*", "y").wants(screen.Act{Action: "sync.run", Targets: []fleet.Target{w.sync(0), w.sync(1)}})

	of := func(args actions.Args) screen.Act {
		return screen.Act{Action: "sync.run", Targets: []fleet.Target{w.sync(0)}, Args: args}
	}
	r = newRobot(t, w, 140, 37)
	r.screen.Show("tag/shanghai/team/jobs:2.0.3")
	r.See("▌ ! moved   team/jobs:2.0.3")
	r.Press("y").pick("team/jobs:2.0.3")
	r.wants(of(actions.Args{"only": "team/jobs:2.0.3"}))
	r.Press("y").pick("all of team/jobs")
	r.wants(of(actions.Args{"repository": "team/jobs"}))
	r.Press("y").pick("all of the sync")
	r.wants(of(nil))
	r.Press("enter").See("Registries › team/jobs:2.0.3"[len("Registries › "):])
	r.Press("y").pick("team/jobs:2.0.3")
	r.wants(of(actions.Args{"only": "team/jobs:2.0.3"}))

	// Marks in two repositories are named one by one.
	r = newRobot(t, w, 140, 37).page(tagsPage).Press("/").Text("state:missing").Press("enter", "*", "y")
	r.pick("these 2 tags")
	r.wants(of(actions.Args{"only": "team/web:1.9.2,team/api:3.3.0"}))

	// What only the target has, or nobody, cannot be brought.
	for _, name := range []string{"team/web:1.8.0", "team/web:0.9"} {
		r = newRobot(t, w, 140, 37).page(tagsPage)
		r.screen.tags.Show(name)
		r.Press("y").refused("no sync brings it")
	}
}

// A tag that several syncs have is brought by the one that is chosen.
func TestSyncNowAsksWhich(t *testing.T) {
	w := troubled()
	r := newRobot(t, w, 140, 37).page(tagsPage)
	r.screen.tags.Show("team/web:1.9.1")
	r.Press("y")
	frame := r.Last().(screen.Overlay).Dialog
	frame.Restyle(kit.NewTheme(true, false))
	if v := frame.View(100, 40); strings.Count(v, "tyo-sha") != 3 || strings.Count(v, "tyo-osa") != 3 {
		t.Errorf("the menu is\n%s", v)
	}
}

func TestCopyAndDelete(t *testing.T) {
	w := troubled()
	r := newRobot(t, w, 140, 37).page(tagsPage)
	r.screen.tags.Show("team/jobs:2.0.3") // two images
	r.Press("A").pick("from shanghai")
	r.wants(screen.Act{Action: "tag.copy", Targets: []fleet.Target{w.tag("shanghai", "team/jobs:2.0.3")}})
	r.screen.tags.Show("team/web:1.9.1") // the same everywhere: no question
	r.Press("A").wants(screen.Act{Action: "tag.copy", Targets: []fleet.Target{w.tag("tokyo", "team/web:1.9.1")}})
	r.screen.tags.Show("team/web:0.9")
	r.Press("A").refused("no registry is known to have team/web:0.9")
	r.Press("M").refused("no registry is known to have team/web:0.9")

	// The target may know the repository by another name.
	r.screen.tags.Show("team/api:3.2.0")
	r.Press("M").pick("from shanghai")
	r.wants(screen.Act{Action: "tag.delete", Targets: []fleet.Target{w.tag("shanghai", "mirror/api:3.2.0")}})
	r.Press("M").pick("from all of them")
	r.wants(screen.Act{Action: "tag.delete", Targets: []fleet.Target{w.tag("tokyo", "team/api:3.2.0"), w.tag("shanghai", "mirror/api:3.2.0")}})
	r.screen.tags.Show("team/web:1.8.0") // at one place only
	r.Press("delete").wants(screen.Act{Action: "tag.delete", Targets: []fleet.Target{w.tag("shanghai", "team/web:1.8.0")}})
	r.Press("space", "space", "A").refused("a copy takes one tag")

	r.Press("esc").page(syncsPage)
	for _, id := range []keymap.ID{keymap.ActCopyTag, keymap.ActDeleteTag} {
		r.Run(r.screen.Do(id))
		r.refused("they are on the page Tags")
	}
}

func TestCancel(t *testing.T) {
	w := troubled()
	r := newRobot(t, w, 80, 21)
	r.Press("x").refused("nothing is going on")
	w = syncing()
	for _, page := range []int{syncsPage, tagsPage, transfersPage, historyPage} {
		r = newRobot(t, w, 80, 21).page(page)
		r.Press("x").wants(screen.RunAct{Run: "r3", What: "cancel"})
	}
	r.Press("down", "x").refused("this run is over")
	second := w.runs[0]
	second.ID, second.Title = "r4", "sync tyo-osa: copy 1 tag"
	w.runs = append([]actions.RunRecord{second}, w.runs...)
	r = newRobot(t, w, 80, 21).Press("x")
	r.pick("sync tyo-osa")
	r.wants(screen.RunAct{Run: "r4", What: "cancel"})
}

// Attention leads to the right line, also when it is not known yet.
func TestShow(t *testing.T) {
	w := troubled()
	for subject, want := range map[string]string{
		"sync//tyo-osa":                 "▌ ● equal        tyo-osa",
		"registry//shanghai":            "▌ ! 3 behind     tyo-sha",
		"registry//osaka":               "▌ ● equal        tyo-osa",
		"tag/tokyo/team/web:0.9":        "▌ ✗ nowhere team/web:0.9",
		"tag/tokyo/team/web:1.9.1":      "▌ ● equal   team/web:1.9.1",
		"tag/shanghai/mirror/api:3.2.0": "▌ ● equal   team/api:3.2.0",
	} {
		r := newRobot(t, w, 140, 37)
		r.page(tagsPage).Press("/").Text("nothing").Press("enter")
		r.screen.Show(subject)
		r.See(want)
		if p, ok := r.screen.pairs.Current(); r.screen.tab == syncsPage && ok {
			r.See("─ " + p.Spec.Name + " ─")
		}
	}
	r := newRobot(t, newWorld(), 80, 21)
	r.screen.Show("tag/tokyo/team/web:1.9.1")
	r.Run(r.screen.Do(keymap.Open)) // kept until there is something to open
	r.world = w
	r.Tick()
	r.See("● equal  team/web:1.9.1", "tokyo-1/web-blue", "shanghai has another one now")
}

// A subject that nobody has any more does not swallow the keys.
func TestShowOfWhatIsGone(t *testing.T) {
	r := newRobot(t, troubled(), 80, 21)
	r.Run(r.screen.Show("tag/tokyo/team/web:7"))
	r.refused("tokyo/team/web:7 is not known any more")
	r.Press("tab").See("[Tags]")

	r = newRobot(t, newWorld(), 80, 21) // nothing is read: it may come
	r.Run(r.screen.Show("tag/tokyo/team/web:7"))
	if r.Last() != nil {
		t.Errorf("given up before anything was read: %+v", r.Last())
	}
	r.world = troubled()
	r.Tick()
	r.refused("is not known any more")
	r.Press("tab").See("[Tags]")
}

// The problems of registries lead here, each to its subject.
func TestProblemsHaveTheirLine(t *testing.T) {
	w := troubled()
	r := newRobot(t, w, 140, 37)
	n := 0
	for _, p := range problems(w) {
		r.screen.Show(p.Key())
		if r.screen.wanted != "" {
			t.Errorf("%s leads nowhere", p.Key())
		}
		n++
	}
	if n < 5 {
		t.Errorf("only %d problems", n)
	}
}

func TestOpenAndBack(t *testing.T) {
	r := newRobot(t, troubled(), 80, 21)
	r.Press("down", "enter").See("/ sync:tyo-osa", "2/8 shown")
	r.Press("esc").Miss("/ sync").Press("esc").See("[Syncs]")
	if r.screen.Back() {
		t.Error("the first page is left for another one")
	}
	r.Press("tab", "enter").See("nowhere  team/web:0.9", "none         no registry has it")
	r.Press("/").Text("tokyo").Press("enter").See("only tokyo").Miss("osaka")
	r.Press("esc", "esc").See("[Tags]")
	r.page(historyPage).Press("enter").wants(screen.Go{Screen: "runs", Subject: "r2", Open: "detail"})
	r.Press("tab").See("[Syncs]").Press("shift+tab").See("[History]")
}

func TestFilter(t *testing.T) {
	r := newRobot(t, troubled(), 80, 21).page(tagsPage)
	for query, want := range map[string]int{
		"": 8, "web": 4, "repo:web": 4, "tag:1.9": 2, "state:behind": 3, "state:missing": 2, "!state:equal": 6, "sync:osa": 2, "on:tokyo-1": 4, "on:web-blue": 1,
		"runs:gone": 2, "runs:production": 5, "digest:ccc": 1, "2222222": 1, "~twb19": 2, "shanghai-1 state:equal": 2,
	} {
		r.screen.tags.SetQuery(query)
		if n := strings.Count(r.Frame(), "team/") - strings.Count(r.lastLine(), "team/"); n != want {
			t.Errorf("%q shows %d, want %d:\n%s", query, n, want, r.Frame())
		}
	}
}

func (r *robot) lastLine() string {
	lines := strings.Split(r.Frame(), "\n")
	return lines[len(lines)-1]
}

func TestSort(t *testing.T) {
	r := newRobot(t, troubled(), 80, 21)
	for page, kinds := range map[int][]string{syncsPage: {"fleet", "state", "sync", "missing", "moved", "matched", "read"},
		tagsPage: {"attention", "tag", "state", "runs", "since", "read", "sync"}, historyPage: {"when", "status", "what", "size", "who"}} {
		r.page(page)
		for _, id := range kinds {
			r.Press("o")
			r.Run(screen.Send(r.Last().(screen.Overlay).Answer(kit.Item{ID: id})))
			r.Frame()
		}
	}
	r.page(tagsPage).Press("o")
	r.Run(screen.Send(r.Last().(screen.Overlay).Answer(kit.Item{ID: "tag"})))
	r.See("▌ ● equal   team/api:3.2.0")
	r.Press("home", "end").See("▌ ? unknown team/worker:3.1.7")
	r.page(syncsPage).Press("o")
	r.Run(screen.Send(r.Last().(screen.Overlay).Answer(kit.Item{ID: "state"})))
	r.Press("home").See("▌ ! 3 behind")
}

func TestCopyMenu(t *testing.T) {
	r := newRobot(t, troubled(), 140, 37).page(tagsPage)
	r.screen.tags.Show("team/jobs:2.0.3")
	for title, want := range map[string]string{"name": "team/jobs:2.0.3", "reference at tokyo": "registry.tyo.example:5000/team/jobs:2.0.3", "digest at shanghai": digest("d"), "digest that tokyo-1 runs": digest("d")} {
		r.Press("c").pick(title)
		r.wants(screen.Copy{What: title, Text: want})
	}
	r.Press("enter", "c").pick("this text")
	if c := r.Last().(screen.Copy); !strings.Contains(c.Text, "Run by") {
		t.Errorf("copied %q", c.Text)
	}
	r = newRobot(t, troubled(), 140, 37).Press("c")
	r.pick("name")
	r.wants(screen.Copy{What: "name", Text: "tyo-sha"})
	r.page(transfersPage).Press("c")
	if _, ok := r.Last().(screen.Copy); !ok {
		t.Errorf("the page is not copied: %+v", r.Last())
	}
}

func TestSelection(t *testing.T) {
	w := troubled()
	r := newRobot(t, w, 80, 21)
	want := func(targets ...fleet.Target) {
		t.Helper()
		if got := r.screen.Selection(); !reflect.DeepEqual(got, targets) {
			t.Errorf("selected %+v, want %+v", got, targets)
		}
	}
	want(w.sync(0))
	r.page(tagsPage)
	r.screen.tags.Show("team/jobs:2.0.3")
	want(w.tag("tokyo", "team/jobs:2.0.3"))
	r.screen.tags.Show("team/web:1.8.0") // the source has it no more
	want(w.tag("shanghai", "team/web:1.8.0"))
	r.screen.tags.Show("team/web:0.9")
	want()
	r.page(historyPage)
	want()
}

// What was deployed since the registries were looked at is not known to be anywhere:
// it is not said to be lost.
func TestDeployedSinceTheLook(t *testing.T) {
	w := troubled()
	w.ran("tokyo-2", "production", "web registry.tyo.example:5000/team/web:2.0.0 3")
	e, _ := w.store.State().Entry("docker/tokyo-2")
	e.Facts.(*docker.Facts).Containers[0].Created = noon.Add(-10 * time.Second)
	r := newRobot(t, w, 140, 37).page(tagsPage)
	r.screen.tags.Show("team/web:2.0.0")
	r.See("▌ ? unknown team/web:2.0.0", "? 1 of 1 unknown", "team/web:2.0.0: no registry had it when they were looked at last")
	r.Press("enter").See("? none         no registry had it when they were looked at last")
	r.Press("esc")
	r.screen.tags.Show("team/web:0.9")
	r.See("team/web:0.9: no registry has it")
}

// A tag that its source lost while it is run is missing there, not only too much at the
// target.
func TestLostAtTheSource(t *testing.T) {
	w := troubled()
	w.ran("tokyo-2", "production", "web registry.tyo.example:5000/team/web:1.8.0 8")
	r := newRobot(t, w, 80, 21)
	r.screen.Show("tag/tokyo/team/web:1.8.0")
	r.See("▌ ○ extra   team/web:1.8.0    ! -                     8888888  ✗ 1 run 8888888")
	r.Press("enter").See("! tokyo        not there", "tokyo does not have it any more")
}

// A picture in which nothing of registries changed keeps the list as it is; the ages
// go on all the same.
func TestOnlyWhatChangedIsMadeAnew(t *testing.T) {
	w := troubled()
	r := newRobot(t, w, 140, 37).page(tagsPage)
	before := r.screen.tags.All()[0]
	w.now = noon.Add(2 * time.Minute)
	r.Tick()
	if r.screen.tags.All()[0] != before {
		t.Error("the list was made anew")
	}
	r.See("16m")
	w.ran("tokyo-1", "production")
	r.Tick()
	if r.screen.tags.All()[0] == before {
		t.Error("what runs has changed, and the list has not")
	}
	r.Miss("tokyo-1")
}
