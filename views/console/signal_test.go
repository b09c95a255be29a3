//go:build unix

package console

import (
	"errors"
	"strings"
	"syscall"
	"testing"
)

func TestSignalsEndTheConsole(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGHUP, syscall.SIGTERM} {
		p := start(t)
		if err := syscall.Kill(syscall.Getpid(), s); err != nil {
			t.Fatal(err)
		}
		if err := p.end(); !errors.Is(err, ErrInterrupted) || !strings.Contains(err.Error(), s.String()) || !p.runner.interrupted {
			t.Errorf("%v: %v, runs interrupted: %v", s, err, p.runner.interrupted)
		}
	}
}
