//go:build linux

package console_test

import (
	"strings"
	"testing"
	"time"

	"ringside/backends/fleet"
	"ringside/backends/lab"
	"ringside/backends/traffic"
	"ringside/views/console/ptytest"
)

// releasing starts a lab with a service under steady traffic, and the configuration
// that names it.
func releasing(t *testing.T) (*lab.Lab, string) {
	t.Helper()
	l, err := lab.Start(lab.Options{Seed: 1, Releases: map[string]lab.Release{"team/web:2": {}, "team/web:ill": {Ill: true}},
		Engines: []lab.EngineOptions{{Name: "one", Site: "tokyo", Environment: "development", PullTakes: 24 * time.Millisecond, Containers: []lab.ContainerSpec{
			{Name: "web-blue", Image: "team/web:1", Labels: map[string]string{fleet.LabelService: "web", fleet.LabelColour: "blue", fleet.LabelImage: "team/web:1", fleet.LabelBy: "tanaka"},
				Health: &lab.HealthSpec{Test: []string{"CMD", "true"}, Interval: 30 * time.Millisecond}}}}},
		Services: []lab.ServiceOptions{{Name: "web", Engines: []string{"one"}, Image: "team/web", Rate: 20, Health: 30 * time.Millisecond,
			Gate: fleet.Gate{Times: 2, Within: 5 * time.Second}, Verify: 2 * time.Second, Drain: time.Second, Hold: 10 * time.Minute}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, write(t, t.TempDir(), string(fleet.Starter(l.Fleet())))
}

// confirm runs the plan that is shown, until something is on the screen. A dialog that
// took its time swallows the first keys.
func confirm(s *ptytest.Session, until string) {
	s.See("What will happen", "enter runs it")
	s.Insist("enter", until)
}

// A release is deployed, swapped to, rolled back and retired from the screens of
// services alone; its users are served all the while.
func TestAReleaseFromTheScreen(t *testing.T) {
	l, file := releasing(t)
	s := open(t, file, state(t))
	live := func(backend string) {
		t.Helper()
		until(t, backend+" is live", func() bool { return l.Proxies("web")[0].Live("web.example") == backend })
	}
	s.See("Services", "blue 1 live", "green empty")
	s.Press("6")
	s.See("● blue 1", "○ green empty", "healthy")
	s.Press("s")
	s.See("there is nothing in green to swap to")

	s.Press("d") // tags are known from what runs; another one is typed
	s.See("deploy web: image", "another image")
	s.Press("a", "n", "o", "enter")
	s.See("contract-migration", "what to deploy")
	s.Press("2")
	s.Insist("enter", "What will happen")
	s.See("users have", "to be deployed")
	confirm(s, "5 of 5 steps ended well")
	s.See("gate of green: 2 good previews in a row")
	s.Press("enter")
	s.See("○ green 2 ready 2/2")

	s.Press("enter", "s")
	s.See("users have", "users will have")
	confirm(s, "to the background")
	s.Press("esc") // to the background: the page shows the same
	s.See("◐ swap web from blue 1 to green 2", "left")
	live("be_web_green")
	s.See("● green live", "○ blue held 9m for a rollback", "swap green 2 was 1")
	s.Press("b")
	s.See("rollback web", "gate of blue")
	confirm(s, "5 of 5 steps ended well")
	live("be_web_blue")
	s.Press("enter")
	s.See("● blue live")

	s.Press("E")
	confirm(s, "steps ended well")
	s.Press("enter")
	s.See("○ green empty", "retire")
	if n := failures(t, l); n > 0 {
		t.Errorf("%d answers of the proxy were errors", n)
	}
	s.Press("q")
	s.Exit(60 * time.Second)
}

// A release that does not get well leaves the users where they are, and says why.
func TestAnIllReleaseFromHome(t *testing.T) {
	l, file := releasing(t)
	s := open(t, file, state(t))
	s.See("green empty", "blue 1 live")
	for range 3 {
		if !strings.Contains(s.Screen(), "▸ Services") {
			s.Press("tab")
			time.Sleep(50 * time.Millisecond)
		}
	}
	s.See("▸ Services")
	s.Press("D")
	s.See("deploy web and swap: image")
	s.Press("a", "n", "o", "enter")
	s.See("[x] yes")
	s.Press("i", "l", "l")
	s.Insist("enter", "What will happen")
	confirm(s, "steps ended well")
	s.See("is unhealthy")
	if got := l.Proxies("web")[0].Live("web.example"); got != "be_web_blue" {
		t.Errorf("%s is live", got)
	}
	s.Press("enter")
	s.See("blue 1 live")
	s.Press("q")
	s.Exit(60 * time.Second)
}

// failures counts the answers of the proxy that were errors, over both colours.
func failures(t *testing.T, l *lab.Lab) int64 {
	t.Helper()
	svc := l.Fleet().Services[0]
	v, err := traffic.New(svc, svc.Traffic[0]).Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if v.Blue.Requests+v.Green.Requests == 0 {
		t.Fatal("the service has no users")
	}
	return v.Blue.Errors + v.Green.Errors
}
