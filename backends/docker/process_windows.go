package docker

import (
	"os/exec"
	"syscall"
)

// ownGroup keeps the console's signals away from the process.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP, HideWindow: true}
}

func killGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
