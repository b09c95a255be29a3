package fleet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

const (
	maxSecret     = 64 << 10
	secretTimeout = 10 * time.Second
)

// Secret reads the credential's secret, now. It is never in an error.
func (c Credential) Secret(ctx context.Context) (string, error) {
	s, err := c.Password.Read(ctx)
	if err != nil {
		return "", fmt.Errorf("credential %q: %w", c.Name, err)
	}
	return s, nil
}

// Read reads the secret from where it is kept, without the line end after it. A
// command gets 10 seconds and no input.
func (s Secret) Read(ctx context.Context) (string, error) {
	var text string
	var err error
	switch {
	case s.Env != "":
		text = os.Getenv(s.Env)
		if text == "" {
			return "", fmt.Errorf("the environment variable %s is not set", s.Env)
		}
		return text, nil
	case s.File != "":
		text, err = readSecretFile(s.File)
	case len(s.Command) > 0:
		text, err = runSecretCommand(ctx, s.Command)
	default:
		return "", errors.New("it has neither env nor file nor command")
	}
	if err != nil {
		return "", err
	}
	if len(text) > maxSecret {
		return "", fmt.Errorf("the secret is longer than %d bytes", maxSecret)
	}
	text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	if text == "" {
		return "", errors.New("the secret is empty")
	}
	return text, nil
}

func readSecretFile(path string) (string, error) {
	// A pipe would block the open for ever, so look before.
	if info, err := os.Stat(path); err != nil {
		return "", err
	} else if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is no regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	// Windows keeps access lists instead, and makes these bits up.
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return "", fmt.Errorf("%s can be read by others (mode %04o); run: chmod 600 %s", path, mode, path)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	return string(b), err
}

func runSecretCommand(ctx context.Context, argv []string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, secretTimeout)
	defer cancel()
	var out, complaint limited
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = &out, &complaint
	cmd.WaitDelay = time.Second // a grandchild may keep the pipes open
	err := cmd.Run()
	if err == nil {
		return string(out.b), nil
	}
	if ctx.Err() == context.DeadlineExceeded {
		err = fmt.Errorf("no answer within %v", secretTimeout)
	} else if ctx.Err() != nil {
		err = ctx.Err()
	}
	said := string(complaint.b)
	if secret := strings.TrimSpace(string(out.b)); secret != "" {
		said = strings.ReplaceAll(said, secret, "********") // sh -x tells all it knows
	}
	if said = strings.TrimSpace(Clean(said)); said != "" {
		return "", fmt.Errorf("the command %s: %w: %s", argv[0], err, said)
	}
	return "", fmt.Errorf("the command %s: %w", argv[0], err)
}

// limited keeps the beginning of what is written to it, a little more than a
// secret may have.
type limited struct{ b []byte }

func (l *limited) Write(p []byte) (int, error) {
	l.b = append(l.b, p[:min(len(p), maxSecret+1-len(l.b))]...)
	return len(p), nil
}
