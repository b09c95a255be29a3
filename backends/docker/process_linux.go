package docker

import (
	"os/exec"
	"syscall"
)

// ownGroup keeps the terminal's signals away from the process, and lets the
// kernel end it when ringside is killed.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
