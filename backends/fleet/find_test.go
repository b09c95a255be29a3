package fleet

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write := func(p string) {
		if err := WriteNew(p, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	env := map[string]string{"HOME": filepath.Join(dir, "home")}
	find := func(explicit, want string) {
		t.Helper()
		got, found, err := Find(explicit, func(k string) string { return env[k] })
		if got != want || found != (want != "") || err != nil {
			t.Errorf("Find(%q) with %v = %q, %v, %v; want %q", explicit, env, got, found, err, want)
		}
	}
	find("", "")
	home := filepath.Join(dir, "home", ".config", "ringside", FileName)
	write(home)
	find("", home)
	env["XDG_CONFIG_HOME"] = "relative"
	find("", home)
	env["XDG_CONFIG_HOME"] = filepath.Join(dir, "xdg")
	find("", "")
	xdg := filepath.Join(dir, "xdg", "ringside", FileName)
	write(xdg)
	find("", xdg)
	write(FileName)
	find("", FileName)
	write("named.yaml")
	env["RINGSIDE_CONFIG"] = "named.yaml"
	find("", "named.yaml")
	find(xdg, xdg)

	env["RINGSIDE_CONFIG"] = "none.yaml"
	for explicit, want := range map[string]string{"": "$RINGSIDE_CONFIG", "nope.yaml": "--config"} {
		_, found, err := Find(explicit, func(k string) string { return env[k] })
		if found || !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), want) {
			t.Errorf("Find(%q) = %v, %v", explicit, found, err)
		}
	}
	if p := UserFile(func(string) string { return "" }); p != "" {
		t.Errorf("UserFile without a home = %q", p)
	}
}

func TestLoadErrors(t *testing.T) {
	if _, err := Load(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	p := filepath.Join(t.TempDir(), FileName)
	if err := os.WriteFile(p, make([]byte, maxBytes+100), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(p); err == nil || !strings.Contains(err.Error(), "is larger than 4 MiB") {
		t.Errorf("large: %v", err)
	}
}
