// Command svc is the service of the tests on real engines: it answers as a release of
// its own name, and can be one that never gets well, ends at once, falls ill when it
// has users, or answers with errors.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

func main() {
	listen := flag.String("listen", ":8080", "address")
	probe := flag.String("probe", "", "ask this URL; exit 0 on 200")
	flag.Parse()
	if *probe != "" {
		res, err := http.Get(*probe)
		if err != nil || res.StatusCode != http.StatusOK {
			fmt.Println("the probe of", *probe, "says", err)
			os.Exit(1)
		}
		return
	}
	name, behave := os.Getenv("RELEASE")+" "+os.Getenv("COLOUR"), os.Getenv("BEHAVE")
	if behave == "dies" {
		fmt.Fprintln(os.Stderr, "cannot connect to db:5432: no such host")
		os.Exit(7)
	}
	var sick atomic.Bool
	sick.Store(behave == "ill")
	var users atomic.Int64
	srv := &http.Server{Addr: *listen, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Served-By", name)
		if r.URL.Path == "/healthz" {
			if sick.Load() {
				http.Error(w, "sick", http.StatusServiceUnavailable)
			}
			return
		}
		n := users.Add(1)
		if behave == "sick" && n > 30 {
			sick.Store(true)
		}
		switch {
		case r.URL.Path == "/stream":
			stream(w, r)
		case behave == "errors" && n%3 == 0:
			http.Error(w, "something went wrong", http.StatusInternalServerError)
		case r.URL.Path == "/slow":
			ms, _ := strconv.Atoi(r.URL.Query().Get("ms"))
			time.Sleep(time.Duration(ms) * time.Millisecond)
			fmt.Fprintln(w, name)
		default:
			fmt.Fprintln(w, name)
		}
	})}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	done := make(chan struct{})
	go func() {
		defer close(done)
		<-stop
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		srv.Shutdown(ctx)
	}()
	fmt.Println("release", name, "listens on", *listen)
	if err := srv.ListenAndServe(); err != http.ErrServerClosed {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	<-done
}

// stream upgrades a connection and keeps it busy until the client leaves.
func stream(w http.ResponseWriter, r *http.Request) {
	protocol := r.Header.Get("Upgrade")
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil || protocol == "" {
		return
	}
	defer conn.Close()
	fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", strings.TrimSpace(protocol))
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		bufio.NewReader(rw).ReadByte()
	}()
	for {
		select {
		case <-gone:
			return
		case <-time.After(20 * time.Millisecond):
			if _, err := conn.Write([]byte(".")); err != nil {
				return
			}
		}
	}
}
