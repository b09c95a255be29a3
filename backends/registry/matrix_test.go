package registry

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ringside/backends/fleet"
)

func TestMatrix(t *testing.T) {
	now := time.Now()
	all := func(_, tag string) bool { return !strings.HasPrefix(tag, "dev") }
	facts := []*Facts{{
		From: Side{Registry: "tokyo"}, To: Side{Registry: "shanghai"}, picks: all,
		Repositories: []*Repository{
			{Name: "team/api", Target: "mirror/api", Checked: now, Tags: []Tag{{Name: "1", State: Moved, Source: "sha256:a2", Target: "sha256:a1"}}},
			{Name: "team/web", Target: "team/web", Checked: now, Tags: []Tag{
				{Name: "1", State: Equal, Source: "sha256:w1", Target: "sha256:w1"}, {Name: "2", State: Gone, Source: "sha256:w2"}, {Name: "3", State: Unknown, Source: "sha256:w3"}}},
		}}, {
		From: Side{Registry: "tokyo"}, To: Side{Registry: "osaka"}, picks: all,
		Repositories: []*Repository{{Name: "team/web", Target: "team/web", Checked: now, Tags: []Tag{{Name: "1", State: Equal, Source: "sha256:w1", Target: "sha256:w1"}}}},
	}}
	registries := []fleet.Registry{{Name: "tokyo", Address: "reg.tyo:5000", Names: []string{"tyo"}}, {Name: "shanghai", Address: "127.0.0.1:1", Names: []string{"Reg.SHA:5000"}}, {Name: "hub", Address: "docker.io"}}
	runs := func(engine, image, tag, digest string) Running {
		return Running{Engine: engine, Image: image, Tag: tag, Digest: digest}
	}
	columns, rows := Matrix(facts, registries, []Running{
		runs("e2", "reg.tyo:5000/team/web", "1", "sha256:w1"),
		runs("e1", "reg.tyo:5000/team/web", "1", "sha256:w0"),
		runs("e3", "reg.sha:5000/team/web", "2", "sha256:w2"),
		runs("e3", "reg.sha:5000/team/web", "3", "sha256:w3"),
		runs("e3", "reg.sha:5000/mirror/api", "1", "sha256:a1"),
		runs("e4", "reg.tyo:5000/team/web", "0.9", "sha256:w9"),    // nobody has it any more
		runs("e4", "reg.tyo:5000/team/web", "dev-x", "sha256:w9"),  // not part of the sync
		runs("e4", "reg.tyo:5000/team/other", "1", "sha256:w9"),    // a repository nobody named
		runs("e4", "reg.tyo:5000/team/web", "", "sha256:w9"),       // named by digest
		runs("e4", "elsewhere.example/team/web", "1", "sha256:w1"), // another registry
		runs("e5", "reg.tyo:5000/team/web", "1", ""),
	})
	var out []string
	for _, r := range rows {
		line := r.Repository + ":" + r.Tag
		for _, c := range r.Cells {
			switch {
			case !c.Known:
				line += " ?"
			case c.Digest == "":
				line += " -"
			default:
				line += " " + c.Digest[7:]
			}
		}
		for _, x := range r.Running {
			line += fmt.Sprintf(" %s/%s=%s", x.Engine, x.Registry, x.State)
		}
		for _, in := range r.In {
			if in.Repository.Name != r.Repository || in.Name != r.Tag {
				t.Errorf("%s is in the sync as %s:%s", line, in.Repository.Name, in.Name)
			}
			line += " " + in.Sync.To.Registry + ":" + string(in.State)
		}
		out = append(out, line)
	}
	wants(t, "columns", columns, "[tokyo shanghai osaka]")
	wants(t, "rows", strings.Join(out, "\n"), strings.Join([]string{
		"team/api:1 a2 a1 ? e3/shanghai=same shanghai:moved",
		"team/web:0.9 - - - e4/tokyo=gone",
		"team/web:1 w1 w1 w1 e1/tokyo=moved e2/tokyo=same e5/tokyo=unknown shanghai:equal osaka:equal",
		"team/web:2 w2 - ? e3/shanghai=gone shanghai:missing",
		"team/web:3 w3 ? ? e3/shanghai=unknown shanghai:unknown",
	}, "\n"))
}

func TestSplitImage(t *testing.T) {
	regs := []fleet.Registry{{Name: "tokyo", Address: "reg.tyo:5000"}, {Name: "hub", Address: "docker.io"}, {Name: "here", Address: "localhost"}}
	for image, want := range map[string]string{
		"reg.tyo:5000/team/web": "tokyo team/web", "postgres": "hub library/postgres", "prom/node-exporter": "hub prom/node-exporter",
		"docker.io/library/redis": "hub library/redis", "localhost/x": "here x", "other.example/x": " x",
	} {
		r, repository := SplitImage(image, regs)
		wants(t, image, r+" "+repository, want)
	}
}

// What was deployed since a registry was looked at is not known to be gone or another
// image; the last of several looks at a registry counts.
func TestJoinKnowsWhenItLooked(t *testing.T) {
	noon := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	looked := func(to string, at time.Time, tags ...Tag) *Facts {
		return &Facts{From: Side{Registry: "tokyo"}, To: Side{Registry: to}, picks: func(_, _ string) bool { return true },
			Repositories: []*Repository{{Name: "team/web", Target: "team/web", Checked: at, Tags: tags}}}
	}
	registries := []fleet.Registry{{Name: "tokyo", Address: "tyo:5000"}}
	two := Tag{Name: "2", State: Gone, Source: "sha256:w2"}
	for name, c := range map[string]struct {
		syncs   []*Facts
		created time.Time
		digest  string
		want    RunState
	}{
		"made after the look":     {[]*Facts{looked("osaka", noon)}, noon.Add(time.Second), "sha256:w2", RunsOther},
		"made before it":          {[]*Facts{looked("osaka", noon)}, noon.Add(-time.Second), "sha256:w2", RunsGone},
		"pushed again since":      {[]*Facts{looked("osaka", noon, two)}, noon.Add(time.Second), "sha256:w3", RunsOther},
		"the same since":          {[]*Facts{looked("osaka", noon, two)}, noon.Add(time.Second), "sha256:w2", Runs},
		"nobody knows when":       {[]*Facts{looked("osaka", noon, two)}, time.Time{}, "sha256:w3", RunsMoved},
		"another look has it":     {[]*Facts{looked("osaka", noon), looked("kyoto", noon.Add(time.Minute), two)}, noon, "sha256:w2", Runs},
		"another look had it not": {[]*Facts{looked("osaka", noon.Add(time.Minute), two), looked("kyoto", noon)}, noon.Add(-time.Hour), "sha256:w2", Runs},
	} {
		got := Join(c.syncs, registries, []Running{{Image: "tyo:5000/team/web", Tag: "2", Digest: c.digest, Created: c.created}})
		if len(got) != 1 || got[0].State != c.want {
			t.Errorf("%s: %+v, want %s", name, got, c.want)
		}
	}
}
