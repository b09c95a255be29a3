//go:build !windows

package docker

import (
	"os/exec"
	"syscall"
)

// killGroup ends the process and what it started, such as the ssh of a ProxyJump.
func killGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
