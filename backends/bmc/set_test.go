package bmc

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ringside/backends/fleet"
	lab "ringside/backends/lab/bmc"
)

func TestSet(t *testing.T) {
	s := NewSet(&fleet.Fleet{Hosts: []fleet.Host{{Name: "a", BMC: &fleet.BMC{Address: "x"}}, {Name: "b"}, {Name: "c", BMC: &fleet.BMC{Address: "y"}}}})
	if n := s.All(); len(n) != 2 || n[0].Name() != "bmc/a" || n[1].Host().Name != "c" {
		t.Errorf("%v", n)
	}
	if _, ok := s.Controller("b"); ok {
		t.Error("b has no BMC")
	}
	if c, ok := s.Controller("c"); !ok || c.Host().Name != "c" {
		t.Error("c is missing")
	}
	must(t, s.Close())
	must(t, s.Close())
}

func TestSweep(t *testing.T) {
	hosts := lab.Many(20)
	for i := range 4 {
		hosts[i].Protocol = lab.Redfish
	}
	l := start(t, 1, hosts...)
	l.Host("sw007").Cut()
	l.Host("sw009").Set(lab.Refused, true)
	seen := map[string]Power{}
	l.Sweep(soon(t), nil, 8, func(host string, f *Facts, err error) { // one call at a time
		if err != nil {
			seen[host] = Power(trouble(t, err).Trouble)
			return
		}
		seen[host] = f.Power
	})
	if len(seen) != 20 || seen["sw007"] != Off || seen["sw009"] != "refused" || seen["sw001"] != On || seen["sw020"] != On {
		t.Errorf("%v", seen)
	}
	var some []string
	l.Sweep(soon(t), []string{"sw002", "nobody", "sw003"}, 0, func(host string, f *Facts, err error) { some = append(some, host) })
	slices.Sort(some)
	if !slices.Equal(some, []string{"nobody", "sw002", "sw003"}) {
		t.Errorf("%v", some)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	n := 0
	l.Sweep(ctx, nil, 4, func(_ string, _ *Facts, err error) {
		if err != nil {
			n++
		}
	})
	if n != 20 {
		t.Errorf("%d of 20 were told that the sweep was cancelled", n)
	}
}

// BMCs that say nothing do not hold up the others, nor the end.
func TestSilentOnesDoNotHoldUp(t *testing.T) {
	l := start(t, 1, lab.Many(60)...)
	l.Sweep(soon(t), nil, 8, func(_ string, _ *Facts, err error) { must(t, err) })
	for i, b := range l.BMCs.All() {
		b.Set(lab.Silent, i%3 == 0)
	}
	took := stopwatch()
	var last time.Duration
	answers := 0
	ctx, cancel := context.WithCancel(soon(t))
	silent := 0
	l.Sweep(ctx, nil, 8, func(_ string, f *Facts, err error) {
		if err != nil {
			silent++
			return
		}
		if answers++; answers == 40 {
			last = took()
		}
		if f.Power != On {
			t.Errorf("%+v", f)
		}
	})
	cancel()
	if silent != 20 || answers != 40 || last > 2*time.Second {
		t.Errorf("%d silent ones, the %d others took %v", silent, answers, last)
	}
	took = stopwatch()
	_ = l.Set.Close()
	if d := took(); d > 2*time.Second {
		t.Errorf("Close took %v", d)
	}
}

// One command gives the secret to a whole fleet, once.
func TestSecretCommandRunsOnce(t *testing.T) {
	l := start(t, 1, lab.Many(40)...)
	log := filepath.Join(t.TempDir(), "runs")
	password, err := l.Credentials()[lab.Credential].Secret(soon(t))
	must(t, err)
	cred := l.Credentials()[lab.Credential]
	cred.Password = fleet.Secret{Command: []string{"sh", "-c", fmt.Sprintf("echo run >>%s; sleep 0.1; cat %s", log, write(t, password))}}
	s := NewSet(&fleet.Fleet{Hosts: l.Hosts(), Credentials: map[string]fleet.Credential{lab.Credential: cred}})
	defer s.Close()
	s.Sweep(soon(t), nil, 40, func(_ string, _ *Facts, err error) { must(t, err) })
	if b, _ := os.ReadFile(log); strings.Count(string(b), "run") != 1 {
		t.Errorf("it ran %d times", strings.Count(string(b), "run"))
	}
	must(t, s.Close())
	if len(s.secrets.held) != 0 {
		t.Error("the secret is kept after Close")
	}
}

// A secret that a BMC refuses is read again when it is not fresh any more, and a
// caller that leaves does not end the reading for the others.
func TestSecrets(t *testing.T) {
	s := newSecrets()
	gate := filepath.Join(t.TempDir(), "gate")
	cred := fleet.Credential{Name: "x", Password: fleet.Secret{Command: []string{"sh", "-c", "while [ ! -e " + gate + " ]; do sleep 0.01; done; echo secret"}}}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Add(1)
	var first error
	go func() { defer wg.Done(); _, first = s.get(ctx, cred) }()
	until(t, "the command runs", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.held["x"] != nil })
	cancel()
	wg.Wait()
	if first != context.Canceled {
		t.Errorf("%v", first)
	}
	must(t, os.WriteFile(gate, nil, 0o600))
	got, err := s.get(soon(t), cred)
	if err != nil || got != "secret" {
		t.Errorf("%q %v", got, err)
	}
	s.refused(cred)
	if s.held["x"] == nil {
		t.Error("a fresh secret is dropped")
	}
	s.held["x"].at = time.Now().Add(-time.Minute)
	s.refused(cred)
	if s.held["x"] != nil {
		t.Error("a refused secret is kept")
	}
}
