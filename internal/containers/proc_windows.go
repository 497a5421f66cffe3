package containers

import (
	"os/exec"
	"strconv"
	"syscall"
)

// ownGroup keeps a console window from flashing up.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{HideWindow: true, CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// killGroup ends ssh.exe and what it started, such as a jump's ssh.exe.
func killGroup(cmd *exec.Cmd) error {
	return exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(cmd.Process.Pid)).Run()
}
