package command

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// crashed writes a report of a panic and returns the exit code. Runs that were
// going on can be resumed: the ledger has every step.
func (a *app) crashed(where string, value any, stack []byte) int {
	now := time.Now()
	text := fmt.Sprintf("ringside %s (%s %s/%s) crashed at %s in %s:\n%v\n\n%s",
		a.version(), runtime.Version(), runtime.GOOS, runtime.GOARCH, now.Format(time.RFC3339), where, value, stack)
	note := ""
	if dir := a.stateDir(); dir != "" {
		file := filepath.Join(dir, "crash-"+now.Format("20060102-150405")+".txt")
		if os.MkdirAll(dir, 0o700) == nil && os.WriteFile(file, []byte(text), 0o600) == nil {
			note = "\na report with the stack is in " + file
		}
	}
	a.complain("it crashed in %s: %v%s\nruns that were going on can be resumed: ringside runs list --unfinished", where, value, note)
	return ExitCrash
}
