package fleet

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"ringside/backends/fleet/safe"
)

func TestSecret(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs sh and mode bits")
	}
	t.Setenv("RINGSIDE_TEST_SECRET", "from env\n")
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(p, mode); err != nil {
			t.Fatal(err)
		}
		return p
	}
	sh := func(s string) Secret { return Secret{Command: []string{"sh", "-c", s}} }
	for name, c := range map[string]struct {
		s    Secret
		want string
		err  string // a part of the error
	}{
		"env":              {Secret{Env: "RINGSIDE_TEST_SECRET"}, "from env\n", ""},
		"env missing":      {Secret{Env: "RINGSIDE_TEST_NONE"}, "", "the environment variable RINGSIDE_TEST_NONE is not set"},
		"file":             {Secret{File: file("a", " hunter2 \n", 0o600)}, " hunter2 ", ""},
		"file CR LF":       {Secret{File: file("b", "hunter2\r\n", 0o400)}, "hunter2", ""},
		"one line end":     {Secret{File: file("c", "hunter2\n\n", 0o600)}, "hunter2\n", ""},
		"file open to all": {Secret{File: file("d", "hunter2", 0o640)}, "", "can be read by others (mode 0640); run: chmod 600 "},
		"file missing":     {Secret{File: filepath.Join(dir, "none")}, "", "no such file"},
		"file is empty":    {Secret{File: file("e", "\n", 0o600)}, "", "the secret is empty"},
		"file is large":    {Secret{File: file("f", strings.Repeat("x", maxSecret+1), 0o600)}, "", "longer than 65536 bytes"},
		"directory":        {Secret{File: dir}, "", "is no regular file"},
		"command":          {Secret{Command: []string{"printf", "%s", "hunter 2"}}, "hunter 2", ""},
		"shell":            {sh("echo hunter2 | tr 2 3"), "hunter3", ""},
		"command fails":    {sh("echo hunter2; printf 'no \\033[31mkey hunter2\\n' >&2; exit 3"), "", `the command sh: exit status 3: no key ********`},
		"command missing":  {Secret{Command: []string{"/none/such", "hunter2"}}, "", "no such file"},
		"command is quiet": {sh("true"), "", "the secret is empty"},
		"command is large": {sh("head -c 200000 /dev/zero | tr '\\0' x"), "", "longer than 65536 bytes"},
		"nothing":          {Secret{}, "", "neither env nor file nor command"},
	} {
		got, err := Credential{Name: "bmc", Password: c.s}.Secret(t.Context())
		if c.err == "" {
			if got != c.want || err != nil {
				t.Errorf("%s = %q, %v", name, got, err)
			}
			continue
		}
		if got != "" || err == nil || !strings.Contains(err.Error(), c.err) || !strings.HasPrefix(err.Error(), `credential "bmc": `) ||
			strings.Contains(err.Error(), "hunter") {
			t.Errorf("%s = %q, %v", name, got, err)
		}
	}
}

// A command that was given up ends, also when a child of it keeps the pipe open.
func TestSecretCommandIsCancelled(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs sh")
	}
	ctx, cancel := context.WithCancel(t.Context())
	started := filepath.Join(t.TempDir(), "started")
	done := make(chan error, 1)
	safe.Go("secret", func() {
		_, err := Secret{Command: []string{"sh", "-c", "sleep 5 & touch " + started + "; wait"}}.Read(ctx)
		done <- err
	})
	for end := time.Now().Add(60 * time.Second); ; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(started); err == nil {
			break
		} else if time.Now().After(end) {
			t.Fatal("the command did not start: ", err)
		}
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
}
