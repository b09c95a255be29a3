package command

import (
	"bytes"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// stream is an output that is read while it is written.
type stream struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *stream) Write(p []byte) (int, error) { s.mu.Lock(); defer s.mu.Unlock(); return s.b.Write(p) }
func (s *stream) String() string              { s.mu.Lock(); defer s.mu.Unlock(); return s.b.String() }

// Of several logs that are followed, the end of one is told while the others go on.
func TestFollowEnds(t *testing.T) {
	b := newBench(t)
	var out, errOut stream
	a := b.app(nil, nil, "", "containers", "logs", "-f", "--tail", "1", "dev/web", "test/web")
	signals := make(chan os.Signal)
	a.Out, a.Err, a.Signals = &out, &errOut, signals
	done := make(chan int, 1)
	go func() { done <- execute(t, a) }()
	until := func(what string, ok func() bool) {
		t.Helper()
		for end := time.Now().Add(60 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
			for _, name := range []string{"dev", "test"} { // the lab's own time stands still
				b.lab.Engine(name).Log("web", "stdout", "tick")
			}
			if time.Now().After(end) {
				t.Fatalf("%s: %s", what, errOut.String())
			}
		}
	}
	lines := func(name string) int { return strings.Count(out.String()+errOut.String(), name+" | ") }
	until("both logs grow", func() bool { return lines("dev/web") > 2 && lines("test/web") > 2 })
	b.lab.Engine("test").Stop()
	until("the end of one is told", func() bool { return strings.Contains(errOut.String(), "ringside: the log of test/web ") })
	n := lines("dev/web")
	until("the other goes on", func() bool { return lines("dev/web") > n+2 })
	signals <- os.Interrupt
	if code := <-done; code != ExitCancelled {
		t.Errorf("exit %d", code)
	}
}

// An engine that was begun with is completed on.
func TestCompleteOnEngine(t *testing.T) {
	b := newBench(t)
	for begun, want := range map[string]string{"d": "\ndb\t", "dev/": "\ndev/db\t"} {
		if r := b.run(t, "__complete", "containers", "stop", begun); !strings.Contains("\n"+r.out, want) {
			t.Errorf("%q: %s", begun, r.out)
		}
	}
}
