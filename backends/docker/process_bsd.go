//go:build !linux && !windows

package docker

import (
	"os/exec"
	"syscall"
)

// ownGroup keeps the terminal's signals away from the process.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
