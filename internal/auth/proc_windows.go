package auth

import (
	"os/exec"
	"strconv"
	"syscall"
)

// ownGroup keeps a console window from flashing up for az.cmd.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{HideWindow: true, CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// stopGroup ends the tree: az.cmd starts python.exe, which has no console to be asked by.
func stopGroup(cmd *exec.Cmd) error { return killGroup(cmd) }

func killGroup(cmd *exec.Cmd) error {
	return exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(cmd.Process.Pid)).Run()
}
