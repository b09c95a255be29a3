package command

import (
	"context"
	"errors"

	"ringside/actions"
	"ringside/views/console"
)

// codes give the errors of other packages their exit code; the first that fits.
var codes = []struct {
	is   error
	code int
}{
	{console.ErrInterrupted, ExitCancelled},
	{console.ErrNoTerminal, ExitUsage},
	{actions.ErrBlocked, ExitBlocked},
	{actions.ErrReadOnly, ExitBlocked},
	{actions.ErrNotConfirmed, ExitUsage},
	{actions.ErrStopping, ExitCancelled},
	{context.Canceled, ExitCancelled},
}

// withCode gives an error the exit code that fits it.
func withCode(err error) error {
	var c *coded
	if err == nil || errors.As(err, &c) {
		return err
	}
	for _, x := range codes {
		if errors.Is(err, x.is) {
			return &coded{x.code, err}
		}
	}
	var held *actions.HeldError
	if errors.As(err, &held) {
		return &coded{ExitBlocked, err}
	}
	var argument *actions.ArgumentError
	if errors.As(err, &argument) {
		return &coded{ExitUsage, err}
	}
	var crash *console.CrashError
	if errors.As(err, &crash) {
		return &coded{ExitCrash, err}
	}
	return &coded{ExitFailed, err}
}
