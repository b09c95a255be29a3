package bmc

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func startLab(t testing.TB, o Options) *BMCs {
	t.Helper()
	s, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// until waits for a condition.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("never happened: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// TestFleet: what the lab says of itself is what a configuration would say.
func TestFleet(t *testing.T) {
	dir := t.TempDir()
	s := startLab(t, Options{Dir: dir, Hosts: []Spec{
		{Name: "a", Site: "tokyo", Rack: "t01", Environment: "production", Tags: []string{"swift"}},
		{Name: "b", Protocol: Redfish}, {Name: "c", Protocol: Both}, {Name: "d", Operator: true, Driver: "auto"},
	}})
	hosts := s.Hosts()
	ports := map[int]bool{}
	for i, want := range []struct {
		driver, privilege string
		tls               bool
	}{{"ipmi", "", false}, {"redfish", "", true}, {"auto", "", true}, {"auto", "operator", false}} {
		b := hosts[i].BMC
		if b.Address != "127.0.0.1" || b.Port == 0 || ports[b.Port] || b.Credential != Credential {
			t.Errorf("%s: %+v", hosts[i].Name, b)
		}
		ports[b.Port] = true
		if b.Driver != want.driver || b.Privilege != want.privilege || (b.TLS != nil) != want.tls {
			t.Errorf("%s: %+v, want %+v", hosts[i].Name, b, want)
		}
	}
	if h := hosts[0]; h.Site != "tokyo" || h.Rack != "t01" || h.Environment != "production" || h.Tags[0] != "swift" {
		t.Errorf("%+v", h)
	}
	c := s.Credentials()[Credential]
	if secret, err := c.Secret(t.Context()); err != nil || secret != s.password || c.Username != Username {
		t.Errorf("credential %+v: %v", c, err)
	}
	if info, err := os.Stat(c.Password.File); err != nil || info.Mode().Perm() != 0o600 || filepath.Dir(c.Password.File) != dir {
		t.Errorf("the password's file: %v, %v", info, err)
	}
	if _, err := Start(Options{Hosts: []Spec{{Name: "a"}, {Name: "a"}}}); err == nil || !strings.Contains(err.Error(), `two hosts named "a"`) {
		t.Errorf("two hosts of one name: %v", err)
	}
}

// TestNothingStays starts and closes labs in the middle of everything.
func TestNothingStays(t *testing.T) {
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	var dir string
	for range 5 {
		s, err := Start(Options{Speed: 1, Hosts: []Spec{{Name: "a"}, {Name: "b", Protocol: Both}, {Name: "c"}, {Name: "d", Protocol: Redfish}}})
		if err != nil {
			t.Fatal(err)
		}
		dir = s.ownDir
		c, err := connect(t, s, s.Host("a"))
		if err != nil {
			t.Fatal(err)
		}
		v := visit(t, s, s.Host("b"))
		v.logIn()
		s.Host("c").Set(Silent, true)
		s.Host("d").Set(Silent, true)
		w := visit(t, s, s.Host("d"))
		w.http.Timeout = 50 * time.Millisecond
		if _, _, err := w.ask("GET", "/redfish/v1/", nil); err == nil {
			t.Error("a silent BMC answered")
		}
		s.Host("a").Slow(time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if _, err := c.GetChassisStatus(ctx); err == nil {
			t.Error("a BMC that takes an hour answered")
		}
		_ = c.Close(ctx)
		cancel()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there: %v", dir, err)
		}
		v.http.CloseIdleConnections()
		w.http.CloseIdleConnections()
	}
	until(t, "goroutines end", func() bool { return runtime.NumGoroutine() <= goroutines })
	until(t, "files are closed", func() bool { return openFiles(t) <= files })
}

// openFiles counts this process's open files, where that can be told.
func openFiles(t *testing.T) int {
	t.Helper()
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(names)
}
