package container

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"ringside/actions"
)

// ParseCPUs reads a number of cores, "1.5", as billionths of a core; "0" is no
// limit.
func ParseCPUs(text string) (int64, error) {
	f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || math.IsNaN(f) || f < 0 || f > 1<<16 {
		return 0, errors.New("not a number of cores: write it like 1.5, or 0 for no limit")
	}
	n := int64(math.Round(f * 1e9))
	if n > 0 && n < 1e7 {
		return 0, errors.New("the engine takes 0.01 cores at least")
	}
	return n, nil
}

var memoryText = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?) ?([kmgt]?)(?:i?b)?$`)

var memoryUnits = map[string]float64{"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}

// ParseMemory reads an amount of memory, "512m", "2GiB", "1.5g", in bytes. Units
// are powers of 1024, as the docker command has them; "0" is no limit.
func ParseMemory(text string) (int64, error) {
	m := memoryText.FindStringSubmatch(strings.ToLower(strings.TrimSpace(text)))
	if m == nil {
		return 0, errors.New("not an amount of memory: write it like 512m or 2GiB, or 0 for no limit")
	}
	f, err := strconv.ParseFloat(m[1], 64)
	f *= memoryUnits[m[2]]
	switch {
	case err != nil || f >= 1<<60:
		return 0, errors.New("more than any host has")
	case f > 0 && f < 6<<20:
		return 0, errors.New("the engine takes 6 MiB at least")
	}
	return int64(f), nil
}

// FormatCPUs writes a CPU limit for people.
func FormatCPUs(nano int64) string {
	if nano == 0 {
		return "unlimited"
	}
	return strconv.FormatFloat(float64(nano)/1e9, 'f', -1, 64)
}

// FormatMemory writes a memory limit for people, in the largest unit that needs
// at most two decimals.
func FormatMemory(bytes int64) string {
	if bytes == 0 {
		return "unlimited"
	}
	f, unit := float64(bytes), 0
	for f >= 1024 && unit < 4 {
		f, unit = f/1024, unit+1
	}
	return strconv.FormatFloat(math.Round(f*100)/100, 'f', -1, 64) + " " + []string{"B", "KiB", "MiB", "GiB", "TiB"}[unit]
}

// given parses an argument that may be left empty.
func given(text string, parse func(string) (int64, error)) (*int64, error) {
	if text == "" {
		return nil, nil
	}
	n, err := parse(text)
	return &n, err
}

// checked makes a check of a parser.
func checked(parse func(string) (int64, error)) func(string) error {
	return func(text string) error { _, err := parse(text); return err }
}

func parseTimeout(a actions.Args, p *params) error {
	if a["timeout"] == "" {
		return nil
	}
	d, err := timeout(a["timeout"])
	p.Timeout = &d
	return err
}

func checkTimeout(text string) error { _, err := timeout(text); return err }

// timeout reads a duration, or a bare number of seconds as the docker command has.
func timeout(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if n, e := strconv.Atoi(text); e == nil {
		d, err = time.Duration(n)*time.Second, nil
	}
	if err != nil || d < 0 || d > time.Hour {
		return 0, errors.New("not a time from 0s to 1h: write it like 30s")
	}
	return d, nil
}

var nameText = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`)

// checkName is the engine's own rule for names.
func checkName(text string) error {
	if !nameText.MatchString(text) {
		return errors.New("a name has two characters at least: letters, digits, and after the first one also _ . -")
	}
	return nil
}

func checkBool(text string) error {
	if text != "true" && text != "false" {
		return errors.New("neither true nor false")
	}
	return nil
}

// deadly are the signals that a container is sent to end it; whether it did can be
// seen from outside. Of the others only the delivery is known.
var deadly = map[string]bool{"KILL": true, "TERM": true, "INT": true, "QUIT": true, "ABRT": true}

// signals are the names of signal(7) that make sense for a container, by number.
var signals = map[int]string{1: "HUP", 2: "INT", 3: "QUIT", 6: "ABRT", 9: "KILL", 10: "USR1", 12: "USR2", 14: "ALRM", 15: "TERM", 18: "CONT", 19: "STOP", 20: "TSTP", 21: "TTIN", 22: "TTOU", 28: "WINCH"}

// signalName reads "9", "kill" and "SIGKILL" as KILL.
func signalName(text string) string {
	if n, err := strconv.Atoi(text); err == nil {
		return signals[n]
	}
	return strings.TrimPrefix(strings.ToUpper(text), "SIG")
}

func checkSignal(text string) error {
	name := signalName(text)
	for _, s := range signals {
		if s == name {
			return nil
		}
	}
	return fmt.Errorf("not a signal for containers: use a name such as KILL, TERM, HUP, USR1")
}
