package swift

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"ringside/backends/fleet"
)

// remote is ring files on a host behind ssh: listed by their MD5, fetched as one
// tar when that changed. The system's ssh is used, so ~/.ssh/config, agents and
// known_hosts apply, and it asks no question behind the screen.
type remote struct {
	ssh  fleet.SSH
	path string
	conf string // path of swift.conf, "" for the one beside the rings
}

const maxTar = 256 << 20

var sumLine = regexp.MustCompile(`^\\?([0-9a-f]{32}) [ *](.+)$`)

func (r *remote) confPath() string { return cmp.Or(r.conf, path.Join(r.path, confName)) }

func (r *remote) list(ctx context.Context) ([]file, error) {
	out, err := r.run(ctx, "cd -- "+quote(r.path)+" || exit 9; md5sum -- *.ring.gz *.builder 2>/dev/null; md5sum -- "+quote(r.confPath())+" 2>/dev/null; true", 1<<20)
	if err != nil {
		return nil, err
	}
	var files []file
	for line := range strings.Lines(string(out)) {
		m := sumLine.FindStringSubmatch(strings.TrimSpace(line))
		switch {
		case m == nil:
		case m[2] == r.confPath():
			files = append(files, file{name: confName, stamp: m[1]})
		case ringFileName.MatchString(m[2]):
			files = append(files, file{name: m[2], stamp: m[1]})
		}
	}
	return files, nil
}

func (r *remote) read(ctx context.Context, names []string) (map[string]content, error) {
	out := map[string]content{}
	if len(names) == 0 {
		return out, nil
	}
	command := "cd -- " + quote(r.path) + " || exit 9; tar -chf - --"
	for _, name := range names {
		if name == confName {
			name = r.confPath()
		}
		command += " " + quote(name)
	}
	data, err := r.run(ctx, command, maxTar)
	if err != nil {
		return nil, err
	}
	for t := tar.NewReader(bytes.NewReader(data)); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, &reason{Garbled, "the ring files did not arrive whole: " + fleet.Clean(err.Error()), ""}
		}
		name := path.Base(h.Name)
		if "/"+strings.TrimPrefix(h.Name, "/") == r.confPath() {
			name = confName
		}
		if h.Typeflag != tar.TypeReg || !slices.Contains(names, name) || h.Size > maxRingFile {
			continue
		}
		b, err := io.ReadAll(t)
		if err != nil {
			return nil, &reason{Garbled, "the ring files did not arrive whole: " + fleet.Clean(err.Error()), ""}
		}
		out[name] = content{b, h.ModTime}
	}
}

// backup knows nothing: the backups of a builder are not fetched.
func (r *remote) backup(string, string) (int, bool) { return 0, false }

// quote makes one word for a shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// run runs a command on the host and returns at most so many bytes of its output.
// RINGSIDE_SSH names another program than ssh.
func (r *remote) run(ctx context.Context, command string, limit int) ([]byte, error) {
	if strings.HasPrefix(r.ssh.Address, "-") || strings.HasPrefix(r.ssh.User, "-") {
		return nil, &reason{Other, "the ssh target could be misread as an option", "no dash in front"}
	}
	args := []string{"-T",
		"-o", "BatchMode=yes",
		"-o", "ConnectTimeout=8",
		"-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=2"}
	if r.ssh.User != "" {
		args = append(args, "-l", r.ssh.User)
	}
	if r.ssh.Port > 0 {
		args = append(args, "-p", strconv.Itoa(r.ssh.Port))
	}
	args = append(args, "--", r.ssh.Address, command)
	out, complaint := &kept{limit: limit}, &kept{limit: 4 << 10}
	cmd := exec.CommandContext(ctx, cmp.Or(os.Getenv("RINGSIDE_SSH"), "ssh"), args...)
	cmd.Stdout, cmd.Stderr = out, complaint
	cmd.WaitDelay = time.Second // a ProxyJump's ssh may hold the pipes open for longer
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil && out.lost:
		return nil, &reason{Garbled, fmt.Sprintf("more than %d bytes came", limit), ""}
	case err == nil:
		return out.b, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.As(err, &exit) && exit.ExitCode() == 9:
		return nil, &reason{BadFile, r.path + " does not exist there, or cannot be entered", `see "rings" of the cluster`}
	case errors.As(err, &exit):
		return nil, r.says(string(complaint.b))
	}
	return nil, &reason{Other, "ssh cannot be started: " + fleet.Clean(err.Error()), "is an OpenSSH client installed?"}
}

// sshSays explains what ssh prints when it gives up; HOST is the host's address.
var sshSays = []struct {
	text    string
	trouble Trouble
	why     string
	hint    string
}{
	{"REMOTE HOST IDENTIFICATION HAS CHANGED", BadLogin, "the host key of HOST has changed", "somebody may be in between; if the host was reinstalled: ssh-keygen -R HOST"},
	{"Host key verification failed", BadLogin, "the host key of HOST is not known", "connect once by hand and compare the fingerprint: ssh HOST"},
	{"Permission denied (", BadLogin, "HOST does not let us in: permission denied", "is the key in the agent, and allowed there? try: ssh HOST"},
	{"Could not resolve hostname", Unreachable, "the host HOST is not known", "check the address"},
	{"Connection refused", Refused, "HOST turns connections down", "is sshd running there?"},
	{"timed out", Silent, "no answer from HOST", "is the host up, and the network?"},
}

func (r *remote) says(text string) error {
	in := strings.NewReplacer("HOST", r.ssh.Address)
	for _, row := range sshSays {
		if strings.Contains(text, row.text) {
			return &reason{row.trouble, "ssh: " + in.Replace(row.why), in.Replace(row.hint)}
		}
	}
	lines := strings.Split(strings.TrimSpace(fleet.CleanLines(text)), "\n")
	return &reason{Other, "ssh to " + r.ssh.Address + ": " + cmp.Or(lines[len(lines)-1], "it failed without a word"), ""}
}

// kept keeps the beginning of what is written to it.
type kept struct {
	mu    sync.Mutex
	b     []byte
	limit int
	lost  bool
}

func (k *kept) Write(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	n := min(len(p), k.limit-len(k.b))
	k.b = append(k.b, p[:n]...)
	k.lost = k.lost || n < len(p)
	return len(p), nil
}
