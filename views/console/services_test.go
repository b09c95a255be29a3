package console

import (
	"context"
	"strings"
	"testing"
	"time"

	"ringside/actions"
	"ringside/actions/service"
	"ringside/backends/fleet"
	"ringside/backends/impact"
	"ringside/views/kit"
	"ringside/views/kit/kittest"
	"ringside/views/screen"
)

// A plan with two sides shows both digests whole, beside each other, and does not say
// them again below.
func TestPlanDialogHasSides(t *testing.T) {
	defer func(l *time.Location) { time.Local = l }(time.Local)
	time.Local = time.UTC
	r := newRig(t)
	r.press("X")
	d := r.topPlan()
	hex := func(s string) string { return "sha256:" + strings.Repeat(s, 64/len(s)) }
	d.plan.Sides = service.Sides(service.Side{Title: "users have", Colour: fleet.Blue, Release: impact.Release{Version: "1.9.1", Digest: hex("01234567"), By: "tanaka", At: noon}},
		service.Side{Title: "users will have", Colour: fleet.Green, Release: impact.Release{Version: "1.9.2", Digest: hex("89abcdef")}})
	d.plan.Findings = []actions.Finding{{Guard: "digest", Level: actions.Note, Subject: "web", Text: "users have blue 1.9.1"}, {Guard: "digest", Level: actions.Block, Subject: "web", Text: "the engines differ"}}
	d.plan.Confirm = actions.Confirm{Kind: actions.TypeOut, Word: "web", Why: "production"}
	d.form = newConfirmForm(d.plan, false, d.theme)
	for _, size := range []struct {
		name string
		w, h int
	}{{"plan-sides-80x24", 78, 22}, {"plan-sides", 138, 38}} {
		frame := d.View(size.w, size.h)
		kittest.Within(t, frame, size.w, size.h)
		kittest.Golden(t, size.name, frame)
		text := strings.Join(strings.Fields(kittest.Plain(frame)), " ")
		for _, want := range []string{strings.Repeat("01234567", 4) + " " + strings.Repeat("89abcdef", 4), "the engines differ"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", size.name, want, text)
			}
		}
		if strings.Contains(text, "users have blue 1.9.1") {
			t.Errorf("%s: said twice\n%s", size.name, text)
		}
	}
	d.Restyle(kit.NewTheme(true, true))
	if text := kittest.Plain(d.View(58, 14)); !strings.Contains(text, "version") || !strings.Contains(text, "type web") {
		t.Errorf("small:\n%s", text)
	}
}

// deploying adds an action that needs an image, of which some are known.
func deploying(planned *actions.Args) func(*Options) {
	return func(o *Options) {
		o.Registry.Add(actions.Action{ID: "service.deploy", Verb: "deploy", Takes: fleet.KindService,
			Args: []actions.Arg{{Name: "image", Help: "what", Required: true, Choices: func(*actions.Env, []fleet.Target) []actions.Choice {
				return []actions.Choice{{Value: "1.9.3", Note: "in tokyo"}, {Value: "1.9.2", Note: "live"}}
			}}, {Name: "swap", Help: "swap too", Default: "false", Flag: true}},
			Build: func(_ context.Context, _ *actions.Env, targets []fleet.Target, args actions.Args) (*actions.Plan, error) {
				*planned = args
				return &actions.Plan{Kind: "service.deploy", Title: "deploy", Targets: targets, Steps: []actions.Step{{Target: targets[0], Name: "deploy"}}}, nil
			}})
	}
}

// Known values are offered first; another one can be typed, with the arguments that
// are given already.
func TestChoicesAreOffered(t *testing.T) {
	var planned actions.Args
	r := newRig(t, deploying(&planned))
	web := fleet.Target{Kind: fleet.KindService, Name: "web"}
	r.home.selection = []fleet.Target{web}
	r.send(screen.Act{Action: "service.deploy", Targets: r.home.selection})
	if text := kittest.Plain(r.View().Content); !strings.Contains(text, "deploy web: image") || !strings.Contains(text, "in tokyo") || !strings.Contains(text, "another image") {
		t.Fatalf("the menu:\n%s", text)
	}
	r.press("1", ".", "9", ".", "2", "enter")
	if planned["image"] != "1.9.2" || planned["swap"] != "false" {
		t.Errorf("planned with %v", planned)
	}
	r.press("esc")
	r.send(screen.Act{Action: "service.deploy", Targets: r.home.selection, Args: actions.Args{"swap": "true"}})
	if text := kittest.Plain(r.View().Content); !strings.Contains(text, "deploy web and swap: image") {
		t.Fatalf("the menu:\n%s", text)
	}
	r.press("down", "down", "enter")
	if text := kittest.Plain(r.View().Content); !strings.Contains(text, "[x] yes") {
		t.Fatalf("the form does not have what was given:\n%s", text)
	}
	r.press("2", ".", "0", "enter", "enter")
	if planned["image"] != "2.0" || planned["swap"] != "true" {
		t.Errorf("planned with %v", planned)
	}
}
