package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
)

// shell is a toy: enough of sh to look around in a container that does not
// exist. It has words, quotes, variables, ;, && and ||, and throws away what is
// redirected.
type shell struct {
	ctx    context.Context
	engine *Engine
	exec   *execution
	spec   *ContainerSpec
	in     *bufio.Reader
	out    io.Writer
	env    map[string]string
	names  []string // of env, in order
	dir    string
	name   string // sh, ash or bash
	last   int    // exit code of the last command
	over   bool   // exit was called
	before string // the line before, for the up key
}

func newShell(ctx context.Context, e *Engine, x *execution, in io.Reader, out io.Writer) *shell {
	s := &shell{ctx: ctx, engine: e, exec: x, spec: x.container.spec, in: bufio.NewReader(in), out: out, env: map[string]string{}, dir: "/"}
	base := []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME=" + x.container.id[:12], "HOME=/root"}
	if x.request.Tty {
		base = append(base, "TERM=xterm")
	}
	for _, kv := range slices.Concat(base, s.spec.Env, x.request.Env) {
		k, v, _ := strings.Cut(kv, "=")
		s.set(k, v)
	}
	if d := x.request.WorkingDir; d != "" {
		s.dir = d
	}
	return s
}

func (s *shell) set(k, v string) {
	if _, ok := s.env[k]; !ok {
		s.names = append(s.names, k)
	}
	s.env[k] = v
}

func (s *shell) shells() []string {
	if s.spec.Shells != nil {
		return s.spec.Shells
	}
	return []string{"sh", "ash"}
}

// command runs what an exec request names, without a shell around it. What is
// not there is reported in the stream, as dockerd does.
func (s *shell) command(argv []string) int {
	name := path.Base(argv[0])
	if slices.Contains(s.shells(), name) {
		return s.asShell(name, argv[1:])
	}
	if run, ok := commands[name]; ok && !builtin[name] && len(s.shells()) > 0 {
		return run(s, argv)
	}
	why := "executable file not found in $PATH"
	if strings.Contains(argv[0], "/") {
		why = "stat " + argv[0] + ": no such file or directory"
	}
	fmt.Fprintf(s.out, "OCI runtime exec failed: exec failed: unable to start container process: exec: %q: %s: unknown\r\n", argv[0], why)
	if s.engine.old() {
		return 126
	}
	return 127
}

// asShell is sh [-c script], or a session.
func (s *shell) asShell(name string, args []string) int {
	s.name = name
	for i, a := range args {
		if strings.HasPrefix(a, "-") && strings.HasSuffix(a, "c") && i+1 < len(args) {
			return s.script(args[i+1])
		}
	}
	s.last = 0
	for !s.over {
		text, err := s.readLine()
		switch {
		case errors.Is(err, errInterrupted):
			s.last = 130
			continue
		case err != nil:
			return s.last
		}
		s.script(text)
	}
	return s.last
}

func (s *shell) prompt() string {
	if s.name == "bash" {
		return "root@" + s.env["HOSTNAME"] + ":" + s.dir + "# "
	}
	return s.dir + " # "
}

// script runs the commands of a line or of several and returns the last code.
func (s *shell) script(text string) int {
	skip := false
	for _, st := range parse(text, s.variable) {
		if !skip && len(st.words) > 0 {
			s.last = s.simple(st)
		}
		if s.over || s.ctx.Err() != nil {
			break
		}
		skip = st.then == "&&" && s.last != 0 || st.then == "||" && s.last == 0
	}
	return s.last
}

func (s *shell) variable(name string) string {
	if name == "?" {
		return strconv.Itoa(s.last)
	}
	return s.env[name]
}

func (s *shell) simple(st statement) int {
	argv := st.words
	if st.silent {
		out := s.out
		s.out = io.Discard
		defer func() { s.out = out }()
	}
	if argv[0] == "exec" && len(argv) > 1 {
		argv = argv[1:]
		defer func() { s.over = true }()
	}
	name := path.Base(argv[0])
	if k, v, ok := strings.Cut(argv[0], "="); ok && len(argv) == 1 {
		s.set(k, v)
		return 0
	}
	if slices.Contains(s.shells(), name) {
		inner := newShell(s.ctx, s.engine, s.exec, s.in, s.out)
		inner.dir, inner.in = s.dir, s.in
		return inner.asShell(name, argv[1:])
	}
	if run, ok := commands[name]; ok {
		return run(s, argv)
	}
	fmt.Fprintf(s.out, "%s: %s: not found\n", s.name, argv[0])
	return 127
}

// statement is a simple command and what joins it to the next.
type statement struct {
	words  []string
	then   string // "", ";", "&&", "||"
	silent bool   // its output goes to a file
}

// parse splits a script into statements. Variables are expanded outside single
// quotes. An unclosed quote ends with the text.
func parse(text string, variable func(string) string) []statement {
	var out []statement
	var cur statement
	var word strings.Builder
	inWord, redirect := false, false
	endWord := func() {
		if inWord && !redirect {
			cur.words = append(cur.words, word.String())
		}
		if inWord {
			redirect = false
		}
		word.Reset()
		inWord = false
	}
	endStatement := func(then string) {
		endWord()
		cur.then, redirect = then, false
		out = append(out, cur)
		cur = statement{}
	}
	for i := 0; i < len(text); i++ {
		switch ch := text[i]; {
		case ch == '\'' || ch == '"':
			inWord = true
			for i++; i < len(text) && text[i] != ch; i++ {
				if text[i] == '$' && ch == '"' {
					value, n := expand(text[i:], variable)
					word.WriteString(value)
					i += n - 1
					continue
				}
				word.WriteByte(text[i])
			}
		case ch == '\\' && i+1 < len(text):
			i++
			inWord = true
			word.WriteByte(text[i])
		case ch == '$':
			value, n := expand(text[i:], variable)
			word.WriteString(value)
			inWord = true
			i += n - 1
		case ch == ' ' || ch == '\t':
			endWord()
		case ch == ';' || ch == '\n':
			endStatement(";")
		case strings.HasPrefix(text[i:], "&&"), strings.HasPrefix(text[i:], "||"):
			endStatement(text[i : i+2])
			i++
		case strings.HasPrefix(text[i:], ">&"):
			dropNumber(&word, &inWord)
			endWord()
			redirect = true
			i++
		case ch == '>' || ch == '<':
			fd := dropNumber(&word, &inWord)
			endWord()
			redirect = true
			cur.silent = cur.silent || ch == '>' && fd != "2"
		case ch == '#' && !inWord:
			for i+1 < len(text) && text[i+1] != '\n' {
				i++
			}
		default:
			inWord = true
			word.WriteByte(ch)
		}
	}
	endStatement("")
	return out
}

// dropNumber takes the file descriptor off a redirection such as 2>.
func dropNumber(word *strings.Builder, inWord *bool) string {
	fd := word.String()
	if fd == "1" || fd == "2" {
		word.Reset()
		*inWord = false
		return fd
	}
	return ""
}

// expand reads a variable at the start of s, which is a $, and says how long its
// name was, the $ included.
func expand(s string, variable func(string) string) (value string, n int) {
	if strings.HasPrefix(s, "$?") {
		return variable("?"), 2
	}
	if strings.HasPrefix(s, "${") {
		if end := strings.IndexByte(s, '}'); end > 0 {
			return variable(s[2:end]), end + 1
		}
		return "$", 1
	}
	n = 1
	for n < len(s) && (s[n] == '_' || s[n] >= 'a' && s[n] <= 'z' || s[n] >= 'A' && s[n] <= 'Z' || n > 1 && s[n] >= '0' && s[n] <= '9') {
		n++
	}
	if n == 1 {
		return "$", 1
	}
	return variable(s[1:n]), n
}
