package bmc

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"ringside/backends/fleet"
)

const patience = 60 * time.Second

func opened(t testing.TB, c *Controller) *Controller {
	t.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return c
}

var accounts atomic.Int32

// account makes a credential.
func account(t testing.TB, user, password string) fleet.Credential {
	env := fmt.Sprintf("RINGSIDE_TEST_SECRET_%d", accounts.Add(1))
	must(t, os.Setenv(env, password))
	t.Cleanup(func() { _ = os.Unsetenv(env) })
	return fleet.Credential{Name: "sim", Username: user, Password: fleet.Secret{Env: env}}
}

func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// New makes the controller of a host that is in no set.
func New(h fleet.Host, cred fleet.Credential) *Controller {
	return newController(h, cred, newSecrets())
}

// until waits for a condition.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); {
		if time.Now().After(end) {
			t.Fatalf("timed out: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// stopwatch begins to measure. The returned function says how long it took, without
// the time in which the machine was too busy to let this process run: a goroutine
// that only sleeps tells how much that was.
func stopwatch() func() time.Duration {
	const nap = 5 * time.Millisecond
	began, end, lost := time.Now(), make(chan struct{}), make(chan time.Duration)
	go func() {
		var late time.Duration
		for {
			slept := time.Now()
			select {
			case <-end:
				lost <- late
				return
			case <-time.After(nap):
				late += time.Since(slept) - nap
			}
		}
	}()
	return func() time.Duration {
		took := time.Since(began)
		close(end)
		return took - <-lost
	}
}
