// Command app is the only program of the test images. It serves /healthz, writes
// logs, plays tricks on terminals, and answers to the name sh as a tiny shell.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

func main() {
	if filepath.Base(os.Args[0]) == "sh" {
		os.Exit(shell(os.Args[1:]))
	}
	var (
		probe   = flag.String("probe", "", "ask this URL; exit 0 on 200")
		addr    = flag.String("listen", "127.0.0.1:8080", "address of /healthz")
		ill     = flag.Duration("unhealthy-after", 0, "turn unhealthy after so long")
		every   = flag.Duration("every", time.Second, "pause between log lines")
		hostile = flag.Bool("hostile", false, "print control sequences")
		long    = flag.Int("long", 0, "print one line of so many bytes")
		burn    = flag.Bool("burn", false, "use the CPU")
		exit    = flag.Int("exit", -1, "exit with this code after the first lines")
		lines   = flag.Int("lines", 0, "print so many numbered lines at once")
	)
	flag.Parse()
	if *probe != "" {
		os.Exit(ask(*probe))
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	var sick atomic.Bool
	http.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		if sick.Load() {
			http.Error(w, "sick \x1b]52;c;aGk=\x07", http.StatusServiceUnavailable)
		}
	})
	go http.ListenAndServe(*addr, nil)
	if *ill > 0 {
		time.AfterFunc(*ill, func() { sick.Store(true) })
	}
	if *hostile {
		fmt.Print("\x1b]52;c;aGk=\x07clip \x1b[2J\x1b[H\x1b[31mred\x1b[0m \u202egnp.exe 日本語 👩‍💻\r\n")
		fmt.Fprint(os.Stderr, "10%\r20%\r\x9b31mdone\n")
	}
	if *long > 0 {
		fmt.Println(strings.Repeat("x", *long))
		fmt.Println("after the long line")
	}
	for i := range *lines {
		fmt.Println("line", i+1)
	}
	if *exit >= 0 {
		os.Exit(*exit)
	}
	if *burn {
		go func() {
			for {
			}
		}()
	}
	t := time.NewTicker(*every)
	for n := 1; ; n++ {
		select {
		case <-stop:
			fmt.Println("stopping")
			return
		case <-t.C:
			fmt.Println("out", n)
			fmt.Fprintln(os.Stderr, "err", n)
		}
	}
}

func ask(url string) int {
	r, err := http.Get(url)
	if err != nil || r.StatusCode != http.StatusOK {
		return 1
	}
	return 0
}

// shell runs "-c COMMAND" or reads commands: size, exit N, anything else is echoed.
func shell(args []string) int {
	if len(args) == 2 && args[0] == "-c" {
		return max(0, run(args[1]))
	}
	in := bufio.NewScanner(os.Stdin)
	fmt.Print("$ ")
	for in.Scan() {
		if code := run(in.Text()); code >= 0 {
			return code
		}
		fmt.Print("$ ")
	}
	return 0
}

// run returns the code to exit with, -1 to go on.
func run(line string) int {
	var code int
	switch f := strings.Fields(line); {
	case len(f) == 2 && f[0] == "exit":
		fmt.Sscan(f[1], &code)
		return code
	case line == "size":
		var ws struct{ rows, cols, x, y uint16 }
		syscall.Syscall(syscall.SYS_IOCTL, 0, syscall.TIOCGWINSZ, uintptr(unsafe.Pointer(&ws)))
		fmt.Printf("%dx%d\n", ws.cols, ws.rows)
	case line == "term":
		fmt.Println(os.Getenv("TERM"))
	default:
		fmt.Println("echo:", line)
	}
	return -1
}
