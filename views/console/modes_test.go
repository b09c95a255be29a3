//go:build linux

package console_test

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// colour matches a style sequence that sets a colour.
var colour = regexp.MustCompile(`\x1b\[([0-9]+;)*([34][0-8]|9[0-7]|10[0-7])[;m]`)

// TestReducedModes looks at every byte that is sent.
func TestReducedModes(t *testing.T) {
	for _, c := range []struct {
		name          string
		env, args     []string
		ascii, colour bool
	}{
		{"as it is", nil, nil, false, true},
		{"NO_COLOR", []string{"NO_COLOR=1"}, nil, false, false},
		{"--no-color", nil, []string{"--no-color"}, false, false},
		{"--ascii", nil, []string{"--ascii"}, true, true},
		{"both", []string{"NO_COLOR=1"}, []string{"--ascii"}, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, file := served(t, two(0))
			s := open(t, file, append(state(t), c.env...), c.args...)
			s.See("Attention")
			s.Press("3")
			s.See("web-1", "sorted by")
			s.Press("a")
			s.See("restart")
			s.Press("esc")
			s.Unsee("restart")
			s.Press("?")
			s.See("PgUp")
			s.Press("esc")
			s.Unsee("PgUp")
			s.Press(":")
			s.See("choose")
			s.Press("esc")
			s.Unsee("choose")
			s.Press("enter")
			s.See("[Overview]")
			s.Press("q")
			if code := s.Exit(60 * time.Second); code != 0 {
				t.Errorf("exit code %d", code)
			}
			raw := s.Raw()
			if wide := strings.IndexFunc(raw, func(r rune) bool { return r > 127 }); (wide < 0) != c.ascii {
				t.Errorf("characters beyond ASCII: %q", raw[max(0, wide):min(len(raw), wide+40)])
			}
			if found := colour.FindString(raw); (found != "") != c.colour {
				t.Errorf("colours: %q", found)
			}
		})
	}
}

// TestCopyGoesThroughTheTerminal finds the name in the clipboard, by OSC 52.
func TestCopyGoesThroughTheTerminal(t *testing.T) {
	_, file := served(t, two(0))
	s := open(t, file, state(t))
	s.See("Attention")
	s.Press("3")
	s.See("api-1", "sorted by")
	s.Press("c")
	s.See("digest")
	s.Press("enter")
	s.See("OSC 52")
	if sent := strings.Join(s.Strings(), "\n"); !strings.Contains(sent, "52;c;YXBpLTE=") { // api-1
		t.Errorf("the terminal was sent %q", sent)
	}
}
