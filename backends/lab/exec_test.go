package lab

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"
)

// runExec runs a command without a terminal and returns what it wrote and its
// exit code.
func (r *rig) runExec(input string, argv ...string) (string, int) {
	r.Helper()
	x, err := r.cl.ExecCreate(r.ctx, "web", client.ExecCreateOptions{AttachStdin: true, AttachStdout: true, AttachStderr: true, Cmd: argv, Env: []string{"GREETING=hi"}})
	if err != nil {
		r.Fatal(err)
	}
	a, err := r.cl.ExecAttach(r.ctx, x.ID, client.ExecAttachOptions{})
	if err != nil {
		r.Fatal(err)
	}
	defer a.Close()
	_ = a.Conn.SetDeadline(time.Now().Add(60 * time.Second))
	_, _ = io.WriteString(a.Conn, input) // a command that does not read may be over already
	_ = a.CloseWrite()
	var out bytes.Buffer
	if _, err := stdcopy.StdCopy(&out, &out, a.Reader); err != nil {
		r.Fatal(err)
	}
	in, err := r.cl.ExecInspect(r.ctx, x.ID, client.ExecInspectOptions{})
	if err != nil || in.Running {
		r.Fatalf("after the end: %+v, %v", in, err)
	}
	return out.String(), in.ExitCode
}

func TestExec(t *testing.T) {
	r := newRig(t, EngineOptions{}, ContainerSpec{Name: "web", Env: []string{"DB_PASSWORD=x"}, Shells: []string{"sh"}}, ContainerSpec{Name: "bare", Shells: []string{}})
	for _, tt := range []struct {
		input string
		argv  []string
		want  string
		code  int
	}{
		{"", []string{"echo", "a", "b"}, "a b\n", 0},
		{"", []string{"sh", "-c", `echo $GREETING "$DB_PASSWORD" '$X' && false || exit 3`}, "hi x $X\n", 3},
		{"", []string{"sh", "-c", "command -v bash >/dev/null 2>&1 && exec bash; exec sh -c 'echo sh'"}, "sh\n", 0},
		{"", []string{"/bin/sh", "-c", "[ -x /bin/bash ] || echo none 2>/dev/null; nonsense"}, "none\nsh: nonsense: not found\n", 127},
		{"", []string{"bash"}, "OCI runtime exec failed: exec failed: unable to start container process: exec: \"bash\": executable file not found in $PATH: unknown\r\n", 127},
		{"cd /etc\npwd\nexit 4\n", []string{"sh"}, "/etc\n", 4},
		{"one\ntwo", []string{"cat"}, "one\ntwo", 0},
		{"", []string{"tty"}, "not a tty\n", 1},
	} {
		if got, code := r.runExec(tt.input, tt.argv...); got != tt.want || code != tt.code {
			t.Errorf("%q: %q and %d, want %q and %d", tt.argv, got, code, tt.want, tt.code)
		}
	}
	for path, there := range map[string]bool{"/bin/sh": true, "/bin/bash": false, "/etc/hostname": true} {
		if _, err := r.cl.ContainerStatPath(r.ctx, "web", client.ContainerStatPathOptions{Path: path}); (err == nil) != there {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := r.cl.ContainerStatPath(r.ctx, "bare", client.ContainerStatPathOptions{Path: "/bin/sh"}); err == nil {
		t.Error("a container without a shell has one")
	}
}

// TestTerminal types at a shell as a person does.
func TestTerminal(t *testing.T) {
	r := newRig(t, EngineOptions{}, ContainerSpec{Name: "web"})
	x, err := r.cl.ExecCreate(r.ctx, "web", client.ExecCreateOptions{TTY: true, AttachStdin: true, AttachStdout: true, Cmd: []string{"sh"}, ConsoleSize: client.ConsoleSize{Height: 40, Width: 140}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := r.cl.ExecAttach(r.ctx, x.ID, client.ExecAttachOptions{TTY: true, ConsoleSize: client.ConsoleSize{Height: 40, Width: 140}})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	_ = a.Conn.SetDeadline(time.Now().Add(60 * time.Second))
	expect := func(typed, want string) {
		t.Helper()
		if _, err := io.WriteString(a.Conn, typed); err != nil {
			t.Fatal(err)
		}
		var got []byte
		for !strings.HasSuffix(string(got), want) {
			b, err := a.Reader.ReadByte()
			if err != nil {
				t.Fatalf("after %q: %q, %v; want %q", typed, got, err, want)
			}
			got = append(got, b)
		}
	}
	expect("", "/ # ")
	expect("stty size\r", "stty size\r\n40 140\r\n/ # ")
	if _, err := r.cl.ExecResize(r.ctx, x.ID, client.ExecResizeOptions{Height: 24, Width: 80}); err != nil {
		t.Fatal(err)
	}
	expect("tty\r", "(80x24)\r\n/ # ")
	expect("echo 東x\x7f\x7fy\r", "echo 東x\b \b\b \b\b \by\r\ny\r\n/ # ")
	expect("half a li\x03", "^C\r\n/ # ")
	expect("\x1b[A\x15cat /proc/uptime\r", "\r\n/ # ")
	expect("exit 7\r", "exit 7\r\n")
	if rest, err := io.ReadAll(a.Reader); len(rest) > 0 || err != nil {
		t.Errorf("after the end: %q, %v", rest, err)
	}
	in, err := r.cl.ExecInspect(r.ctx, x.ID, client.ExecInspectOptions{})
	if err != nil || in.ExitCode != 7 || in.Running {
		t.Errorf("%+v, %v", in, err)
	}
}

// TestTerminalEnds: a shell does not outlive its container.
func TestTerminalEnds(t *testing.T) {
	r := newRig(t, EngineOptions{}, ContainerSpec{Name: "web"})
	x, err := r.cl.ExecCreate(r.ctx, "web", client.ExecCreateOptions{TTY: true, AttachStdin: true, AttachStdout: true, Cmd: []string{"sh"}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := r.cl.ExecAttach(r.ctx, x.ID, client.ExecAttachOptions{TTY: true})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	_ = a.Conn.SetDeadline(time.Now().Add(60 * time.Second))
	r.Crash("web")
	if _, err := io.ReadAll(a.Reader); err != nil {
		t.Error(err)
	}
	in, err := r.cl.ExecInspect(r.ctx, x.ID, client.ExecInspectOptions{})
	if err != nil || in.ExitCode != 137 {
		t.Errorf("%+v, %v", in, err)
	}
}

// FuzzParse: no script makes the toy shell's parser fail or lose its place.
func FuzzParse(f *testing.F) {
	for _, s := range []string{`a "b $c" 'd' && e || f; g 2>&1 >x`, "$", "${", "'", "\\", ">&", "a#b #c\nd"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, st := range parse(s, func(string) string { return "v" }) {
			if len(strings.Join(st.words, "")) > 2*len(s)+1 {
				t.Errorf("%q became %+v", s, st)
			}
		}
	})
}
