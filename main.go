// Ringside is a console over a fleet of Docker Engines. This file only starts it:
// the command line is in views/command.
package main

import (
	"context"
	"os"
	"time"

	"ringside/backends/lab"
	"ringside/views/command"
	"ringside/views/console"
)

// version is set by the release build (-ldflags "-X main.version=…").
var version string

func main() {
	os.Exit(command.Main(context.Background(), command.Options{Args: os.Args[1:], Version: version, StartDemo: startDemo}))
}

// startDemo starts the embedded fleet. It lives in real time and differently every
// time.
func startDemo() (*command.Demo, error) {
	l, err := lab.Start(lab.Options{Speed: 1, Seed: uint64(time.Now().UnixNano())})
	if err != nil {
		return nil, err
	}
	d := &command.Demo{Fleet: l.Fleet(), Close: l.Close}
	for _, f := range l.Faults() {
		d.Extra = append(d.Extra, console.Command{ID: "demo." + f.ID, Title: "Demo: " + f.Title, Run: f.Toggle})
	}
	return d, nil
}
