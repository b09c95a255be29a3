package lab

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// builtin are the commands that exist only inside a shell.
var builtin = map[string]bool{"exit": true, "cd": true, "export": true, "command": true, "type": true, "help": true}

// commands are what the toy shell knows; each returns an exit code. The map is
// filled in init because some commands look into it.
var commands map[string]func(s *shell, argv []string) int

func init() {
	commands = map[string]func(s *shell, argv []string) int{
		"cat": cat, "cd": cd, "clear": say("\x1b[H\x1b[2J"), "command": which, "date": date, "echo": echo, "env": env,
		"exit": exit, "export": export, "false": func(*shell, []string) int { return 1 }, "help": help,
		"hostname": func(s *shell, _ []string) int { return say(s.env["HOSTNAME"]+"\n")(s, nil) },
		"id":       say("uid=0(root) gid=0(root) groups=0(root)\n"), "kill": killInside, "ls": ls, "nproc": nproc,
		"printenv": env, "ps": ps, "pwd": func(s *shell, _ []string) int { return say(s.dir+"\n")(s, nil) },
		"sleep": sleepInside, "stty": stty, "test": test, "[": test, "true": func(*shell, []string) int { return 0 },
		"tty": tty, "type": which, "uname": say("Linux\n"), "uptime": uptime, "which": which, "whoami": say("root\n"),
	}
}

func say(text string) func(*shell, []string) int {
	return func(s *shell, _ []string) int {
		s.echo(text)
		return 0
	}
}

func echo(s *shell, argv []string) int {
	words, end := argv[1:], "\n"
	if len(words) > 0 && words[0] == "-n" {
		words, end = words[1:], ""
	}
	s.echo(strings.Join(words, " ") + end)
	return 0
}

func exit(s *shell, argv []string) int {
	s.over = true
	if len(argv) > 1 {
		if n, err := strconv.Atoi(argv[1]); err == nil {
			return n & 0xff
		}
		return 2
	}
	return s.last
}

func help(s *shell, _ []string) int {
	return say("a container of the lab knows: "+strings.Join(slices.Sorted(maps.Keys(commands)), " ")+"\n")(s, nil)
}

func env(s *shell, argv []string) int {
	if len(argv) > 1 {
		if v, ok := s.env[argv[1]]; ok {
			return say(v+"\n")(s, nil)
		}
		return 1
	}
	for _, k := range s.names {
		s.echo(k + "=" + s.env[k] + "\n")
	}
	return 0
}

func export(s *shell, argv []string) int {
	for _, kv := range argv[1:] {
		if k, v, ok := strings.Cut(kv, "="); ok {
			s.set(k, v)
		}
	}
	return 0
}

// which finds a command: "command -v", "type" and "which".
func which(s *shell, argv []string) int {
	name := argv[len(argv)-1]
	base := path.Base(name)
	if _, ok := commands[base]; !ok && !slices.Contains(s.shells(), base) || len(argv) == 1 {
		return 127
	}
	if builtin[base] {
		return say(base+"\n")(s, nil)
	}
	return say("/bin/"+base+"\n")(s, nil)
}

// test knows -x, -e, -f, -n and -z, and whether a shell is a terminal's (-t).
func test(s *shell, argv []string) int {
	if len(argv) < 3 {
		return 1
	}
	arg, ok := argv[2], false
	switch argv[1] {
	case "-x", "-e", "-f":
		base := path.Base(arg)
		_, ok = commands[base]
		ok = ok || slices.Contains(s.shells(), base) || s.file(arg) != ""
	case "-n":
		ok = arg != ""
	case "-z":
		ok = arg == ""
	case "-t":
		ok = s.exec.request.Tty
	}
	if ok {
		return 0
	}
	return 1
}

var directories = map[string]string{
	"/":     "app  bin  dev  etc  home  lib  proc  root  run  srv  sys  tmp  usr  var\n",
	"/app":  "config.yaml  server  static\n",
	"/etc":  "group  hostname  hosts  os-release  passwd  resolv.conf\n",
	"/proc": "1  cpuinfo  loadavg  meminfo  self  uptime  version\n",
	"/root": "",
	"/tmp":  "",
	"/home": "",
	"/srv":  "",
	"/var":  "cache  lib  log  run  tmp\n",
	"/usr":  "bin  lib  local  sbin  share\n",
}

func (s *shell) path(p string) string {
	if !path.IsAbs(p) {
		p = path.Join(s.dir, p)
	}
	return path.Clean(p)
}

func ls(s *shell, argv []string) int {
	dir := s.dir
	for _, a := range argv[1:] {
		if !strings.HasPrefix(a, "-") {
			dir = s.path(a)
		}
	}
	list, ok := directories[dir]
	if !ok {
		s.echo("ls: " + dir + ": No such file or directory\n")
		return 1
	}
	return say(list)(s, nil)
}

func cd(s *shell, argv []string) int {
	dir := "/root"
	if len(argv) > 1 {
		dir = s.path(argv[1])
	}
	if _, ok := directories[dir]; !ok {
		s.echo(s.name + ": cd: can't cd to " + dir + ": No such file or directory\n")
		return 2
	}
	s.dir = dir
	return 0
}

// file is the content of the few files there are, "" of all others.
func (s *shell) file(p string) string {
	e, c := s.engine, s.exec.container
	switch s.path(p) {
	case "/proc/uptime":
		up := e.now().Sub(e.booted).Seconds() + 3600
		return fmt.Sprintf("%.2f %.2f\n", up, up*float64(e.opts.CPUs)*0.9)
	case "/proc/loadavg":
		return "0.42 0.37 0.31 1/214 99\n"
	case "/etc/hostname":
		return s.env["HOSTNAME"] + "\n"
	case "/etc/hosts":
		return "127.0.0.1\tlocalhost\n172.20.0.3\t" + s.env["HOSTNAME"] + "\n"
	case "/etc/os-release":
		return "NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=3.22.1\nPRETTY_NAME=\"Alpine Linux v3.22\"\n"
	case "/app/config.yaml":
		return "service: " + cmp.Or(c.spec.Service, c.spec.Name) + "\nlisten: :8080\n"
	}
	return ""
}

func cat(s *shell, argv []string) int {
	code := 0
	if len(argv) == 1 {
		for {
			text, err := s.in.ReadString('\n')
			s.echo(text)
			if err != nil {
				return 0
			}
		}
	}
	for _, p := range argv[1:] {
		text := s.file(p)
		if text == "" {
			s.echo("cat: can't open '" + p + "': No such file or directory\n")
			code = 1
		}
		s.echo(text)
	}
	return code
}

func ps(s *shell, _ []string) int {
	s.engine.mu.Lock()
	rows := s.engine.processes(s.exec.container)
	s.engine.mu.Unlock()
	s.echo("PID   USER     TIME  COMMAND\n")
	for i, r := range rows {
		s.echo(fmt.Sprintf("%5d root     %s %s\n", i+1, r[6], r[7]))
	}
	s.echo(fmt.Sprintf("%5d root     00:00:00 %s\n%5d root     00:00:00 ps\n", 40, s.name, 47))
	return 0
}

func (s *shell) size() (height, width int) {
	s.engine.mu.Lock()
	defer s.engine.mu.Unlock()
	return s.exec.height, s.exec.width
}

func tty(s *shell, _ []string) int {
	if !s.exec.request.Tty {
		s.echo("not a tty\n")
		return 1
	}
	h, w := s.size()
	s.echo(fmt.Sprintf("/dev/pts/0 (%dx%d)\n", w, h))
	return 0
}

func stty(s *shell, argv []string) int {
	if !s.exec.request.Tty {
		s.echo("stty: standard input: Not a tty\n")
		return 1
	}
	h, w := s.size()
	if len(argv) > 1 && argv[1] == "size" {
		s.echo(fmt.Sprintf("%d %d\n", h, w))
		return 0
	}
	s.echo(fmt.Sprintf("speed 38400 baud; rows %d; columns %d; line = 0;\n", h, w))
	return 0
}

func date(s *shell, _ []string) int {
	return say(s.engine.now().UTC().Format("Mon Jan  2 15:04:05 UTC 2006")+"\n")(s, nil)
}

func nproc(s *shell, _ []string) int { return say(strconv.Itoa(s.engine.opts.CPUs)+"\n")(s, nil) }

func uptime(s *shell, _ []string) int {
	return say(" "+s.engine.now().UTC().Format("15:04:05")+" up 41 days,  3:12,  load average: 0.42, 0.37, 0.31\n")(s, nil)
}

func sleepInside(s *shell, argv []string) int {
	if len(argv) < 2 {
		s.echo("usage: sleep SECONDS\n")
		return 1
	}
	seconds, err := strconv.ParseFloat(argv[1], 64)
	if err != nil {
		s.echo("sleep: invalid number '" + argv[1] + "'\n")
		return 1
	}
	if !sleep(s.ctx, time.Duration(seconds*float64(time.Second))) {
		return 143
	}
	return 0
}

// killInside ends the container when its first process is meant.
func killInside(s *shell, argv []string) int {
	if len(argv) < 2 || argv[len(argv)-1] != "1" {
		s.echo(s.name + ": kill: no such process\n")
		return 1
	}
	s.engine.mu.Lock()
	defer s.engine.mu.Unlock()
	if s.exec.container.up() {
		s.engine.die(s.exec.container, 143, false)
	}
	return 0
}
