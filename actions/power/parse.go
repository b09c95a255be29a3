package power

import (
	"errors"
	"strconv"
	"time"

	"ringside/actions"
)

// patience is how long a host may take where nobody says otherwise: servers need
// minutes to shut down, and some BMCs half a minute to show it.
const patience = "3m"

var timeoutArg = actions.Arg{Name: "timeout", Default: patience, Check: checkTimeout,
	Help: "how long a host may take until its BMC shows the change, such as 5m"}

// waveArgs are the arguments of every act on many hosts. Where hosts start, the
// current that they draw then asks for waves.
func waveArgs(surge bool) []actions.Arg {
	wave, pause := "", ""
	if surge {
		wave, pause = strconv.Itoa(surgeOf), "10s"
	}
	return []actions.Arg{
		{Name: "wave", Default: wave, Check: checkCount, Help: "hosts that are worked on at once, the next ones after them; empty: no waves"},
		{Name: "pause", Default: pause, Check: checkPause, Help: "rest between two waves, such as 30s; empty: none"},
		{Name: "stop-after", Default: "3", Check: checkCount, Help: "start no more hosts after so many failures; empty: at the first"},
	}
}

// parseAll reads the act's own arguments and those of waves.
func (a act) parseAll(args actions.Args, p *params) error {
	var err error
	if p.Wave, err = count(args["wave"]); err != nil {
		return err
	}
	if p.StopAfter, err = count(args["stop-after"]); err != nil {
		return err
	}
	if p.Pause, err = pause(args["pause"]); err != nil {
		return err
	}
	if a.parse != nil {
		return a.parse(args, p)
	}
	return nil
}

func parseTimeout(a actions.Args, p *params) (err error) {
	p.Timeout, err = timeout(a["timeout"])
	return err
}

func checkTimeout(text string) error { _, err := timeout(text); return err }

// timeout reads a duration, or a bare number of seconds; empty is the default.
func timeout(text string) (time.Duration, error) {
	if text == "" {
		text = patience
	}
	d, err := duration(text)
	if err != nil || d < time.Second || d > time.Hour {
		return 0, errors.New("not a time from 1s to 1h: write it like 5m")
	}
	return d, nil
}

func checkPause(text string) error { _, err := pause(text); return err }

func pause(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := duration(text)
	if err != nil || d < 0 || d > time.Hour {
		return 0, errors.New("not a time from 0s to 1h: write it like 30s")
	}
	return d, nil
}

func duration(text string) (time.Duration, error) {
	if n, err := strconv.Atoi(text); err == nil && n >= 0 && n <= 3600 {
		return time.Duration(n) * time.Second, nil
	}
	return time.ParseDuration(text)
}

func checkCount(text string) error { _, err := count(text); return err }

// count reads a number of hosts or failures; empty is 0, which stands for none.
func count(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 100_000 {
		return 0, errors.New("not a number from 1 on")
	}
	return n, nil
}

func checkBool(text string) error {
	if text != "true" && text != "false" {
		return errors.New("neither true nor false")
	}
	return nil
}
