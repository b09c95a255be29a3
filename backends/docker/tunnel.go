package docker

import (
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"ringside/backends/fleet"
	"ringside/backends/fleet/safe"
)

// remoteSocket is where an engine listens unless the fleet says otherwise.
const remoteSocket = "/var/run/docker.sock"

// tunnel is one system ssh that forwards a local socket to an engine's socket on
// a far host. The system's ssh is used so that ~/.ssh/config, ProxyJump, agents,
// hardware keys and known_hosts apply. It is started by the first dial, and again
// by the next dial after it ended.
type tunnel struct {
	host string // for messages
	args []string

	mu     sync.Mutex
	run    *sshRun // nil before the first dial
	closed bool
}

// newTunnel takes "ssh://user@host:port/path/of.sock"; socket overrides the path.
// Parts that ssh could take for options are refused.
func newTunnel(u *url.URL, socket string) (*tunnel, error) {
	if socket == "" {
		socket = u.Path
	}
	if socket == "" || socket == "/" {
		socket = remoteSocket
	}
	host, user := u.Hostname(), u.User.Username()
	switch {
	case host == "":
		return nil, &reason{why: "the ssh address names no host", hint: "ssh://user@host"}
	case unfit(host) || unfit(user):
		return nil, &reason{why: "the ssh address has a user or host that ssh could misread", hint: "letters, digits, dots, dashes; no dash in front"}
	case !strings.HasPrefix(socket, "/") || strings.ContainsAny(socket, ":\x00\n"):
		return nil, &reason{why: "the socket on the far side must be an absolute path without a colon"}
	}
	if _, set := u.User.Password(); set {
		return nil, &reason{why: "the ssh address holds a password", hint: "use a key or an agent"}
	}
	t := &tunnel{host: host}
	if user != "" {
		t.args = append(t.args, "-l", user)
	}
	if p := u.Port(); p != "" {
		t.args = append(t.args, "-p", p)
	}
	t.args = append(t.args, "--", host, socket)
	return t, nil
}

func unfit(s string) bool {
	return strings.HasPrefix(s, "-") || strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune("'\"`$\\;&<>|(){}*?!", r)
	})
}

// dial connects to the engine through the tunnel, starting it when needed.
func (t *tunnel) dial(ctx context.Context) (net.Conn, error) {
	r, err := t.start()
	if err != nil {
		return nil, err
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := (&net.Dialer{}).DialContext(ctx, "unix", r.socket)
		if err == nil {
			return c, nil
		}
		select {
		case <-r.done:
			return nil, r.reason(t.host)
		case <-ctx.Done():
			return nil, &reason{why: "ssh: no connection to " + t.host + " in time", hint: "is the host up, and the network?"}
		case <-tick.C:
		}
	}
}

// trouble is why a connection through the tunnel just broke: ssh has ended, or the
// far side would not open the socket. nil when neither is so. ssh says why before
// it closes the connection, but on a pipe of its own, so the words may come a
// moment after the break.
func (t *tunnel) trouble() *reason {
	t.mu.Lock()
	r := t.run
	t.mu.Unlock()
	if r == nil {
		return nil
	}
	wait := time.NewTimer(saysWithin)
	defer wait.Stop()
	for {
		said := r.stderr.next()
		select {
		case <-r.done:
			return r.reason(t.host)
		default:
		}
		if r.stderr.lately("open failed", saysWithin) {
			return &reason{why: "ssh: the engine's socket on " + t.host + " cannot be opened", hint: "is the engine running there, may the user open its socket, and does sshd allow stream forwarding?"}
		}
		select {
		case <-said:
		case <-r.done:
		case <-wait.C:
			return nil
		}
	}
}

// saysWithin is how near to the break of a connection ssh tells its reason. What
// it said earlier was about another connection.
const saysWithin = 500 * time.Millisecond

func (t *tunnel) start() (*sshRun, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, errClosed
	}
	if t.run != nil {
		select {
		case <-t.run.done:
		default:
			return t.run, nil
		}
	}
	r, err := startSSH(t.args)
	if err != nil {
		return nil, err
	}
	t.run = r
	return r, nil
}

func (t *tunnel) close() error {
	t.mu.Lock()
	r := t.run
	t.closed, t.run = true, nil
	t.mu.Unlock()
	if r == nil {
		return nil
	}
	r.stop()
	select {
	case <-r.done:
		return nil
	case <-time.After(5 * time.Second):
		return errors.New("docker: the ssh to " + t.host + " does not end")
	}
}

// sshRun is one ssh process.
type sshRun struct {
	socket string
	stderr tail
	stop   func()
	done   chan struct{} // closed when the process has ended and its files are gone
}

// startSSH starts ssh; args end with host and remote socket. The program is
// "ssh" from PATH, or what RINGSIDE_SSH names.
func startSSH(args []string) (*sshRun, error) {
	program := os.Getenv("RINGSIDE_SSH")
	if program == "" {
		program = "ssh"
	}
	dir, err := socketDir()
	if err != nil {
		return nil, &reason{why: "no directory for the ssh tunnel: " + fleet.Clean(err.Error())}
	}
	r := &sshRun{socket: filepath.Join(dir, "s"), done: make(chan struct{})}
	n := len(args) - 1
	full := append([]string{
		"-N", "-T",
		"-o", "BatchMode=yes", // no question behind the screen
		"-o", "ExitOnForwardFailure=yes",
		"-o", "StreamLocalBindUnlink=yes",
		"-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=2",
		"-o", "ConnectTimeout=8",
		// A shared master would keep the forward, and so the way to root on that
		// host, after ringside has ended.
		"-o", "ControlMaster=no", "-o", "ControlPath=none",
		"-L", r.socket + ":" + args[n],
	}, args[:n]...)
	cmd := exec.Command(program, full...)
	cmd.Stderr = &r.stderr
	cmd.WaitDelay = time.Second // a ProxyJump's ssh may hold stderr open for longer
	ownGroup(cmd)
	r.stop = func() {
		select {
		case <-r.done:
		default:
			killGroup(cmd)
		}
	}
	started := make(chan error, 1)
	safe.Go("ssh tunnel", func() {
		// The kernel ends the process when the thread that started it ends
		// (ownGroup), so that thread has to stay.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(r.done)
		defer os.RemoveAll(dir)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
	})
	if err := <-started; err != nil {
		return nil, &reason{why: "ssh cannot be started: " + fleet.Clean(err.Error()), hint: "is an OpenSSH client installed?", lasting: true}
	}
	return r, nil
}

// socketDir makes a private directory whose path is short: a socket's path ends
// at 107 bytes on Linux, at 103 on macOS.
func socketDir() (string, error) {
	for _, base := range []string{os.Getenv("XDG_RUNTIME_DIR"), os.TempDir(), "/tmp"} {
		if base == "" || len(base) > 80 {
			continue
		}
		if dir, err := os.MkdirTemp(base, "ringside-"); err == nil {
			return dir, nil // MkdirTemp gives mode 0700
		}
	}
	return "", errors.New("neither XDG_RUNTIME_DIR nor the temporary directory can be used")
}

// sshSays explains what ssh prints when it gives up.
var sshSays = []struct {
	text, why, hint string
	lasting         bool
}{
	{"REMOTE HOST IDENTIFICATION HAS CHANGED", "the host key of HOST has changed", "somebody may be in between; if the host was reinstalled: ssh-keygen -R HOST", true},
	{"Host key verification failed", "the host key of HOST is not known", "connect once by hand and compare the fingerprint: ssh HOST", true},
	{"Permission denied", "HOST does not let us in: permission denied", "is the key in the agent, and allowed there? try: ssh HOST", true},
	{"Too many authentication failures", "HOST does not let us in: too many keys were tried", "name one in ~/.ssh/config: IdentityFile and IdentitiesOnly", true},
	{"Could not resolve hostname", "the host HOST is not known", "check the address", false},
	{"Connection refused", "HOST turns connections down", "is sshd running there?", false},
	{"timed out", "no answer from HOST", "is the host up, and the network?", false},
	{"Bad owner or permissions", "ssh refuses its own configuration: bad owner or permissions", "fix the mode of ~/.ssh/config", true},
	{"Could not request local forwarding", "HOST: the forward could not be set up", "see ssh -v HOST", false},
}

func (r *sshRun) reason(host string) *reason {
	out := r.stderr.String()
	for _, row := range sshSays {
		if strings.Contains(out, row.text) {
			in := strings.NewReplacer("HOST", host)
			return &reason{why: "ssh: " + in.Replace(row.why), hint: in.Replace(row.hint), lasting: row.lasting}
		}
	}
	lines := strings.Split(strings.TrimSpace(fleet.CleanLines(out)), "\n")
	if last := lines[len(lines)-1]; last != "" {
		return &reason{why: "ssh to " + host + " ended: " + last}
	}
	return &reason{why: "ssh to " + host + " ended"}
}

// tail keeps the last 4 KiB that were written, and when the last write was.
type tail struct {
	mu   sync.Mutex
	buf  []byte
	last []byte // of the latest write
	at   time.Time
	more chan struct{} // closed by the next write; nil when nobody waits
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if extra := len(t.buf) - 4<<10; extra > 0 {
		t.buf = append(t.buf[:0], t.buf[extra:]...)
	}
	t.last, t.at = append(t.last[:0], p...), time.Now()
	if t.more != nil {
		close(t.more)
		t.more = nil
	}
	return len(p), nil
}

// next returns a channel that the next write closes.
func (t *tail) next() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.more == nil {
		t.more = make(chan struct{})
	}
	return t.more
}

// lately says whether the latest write held text and is not older than limit.
func (t *tail) lately(text string, limit time.Duration) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return time.Since(t.at) <= limit && strings.Contains(string(t.last), text)
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.buf)
}
