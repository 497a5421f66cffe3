//go:build linux

package desktop

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// guardScript waits for its input to end, which it does when our process does, however that
// happens; then it kills what the desktop in $0 left behind.
const guardScript = `cat >/dev/null
for e in $(grep -lzxF "XDG_RUNTIME_DIR=$0" /proc/[0-9]*/environ 2>/dev/null); do
	p=${e#/proc/}
	kill -9 "${p%/environ}" 2>/dev/null
done
rm -rf "$0"`

// guard is a process that outlives ours, so that a test that panics, or is killed, leaves no
// desktop behind.
type guard struct {
	cmd   *exec.Cmd
	input io.Closer
}

func startGuard(runtime string) (*guard, error) {
	cmd := exec.Command("sh", "-c", guardScript, runtime)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt from the keyboard is not for it
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	return &guard{cmd, input}, cmd.Start()
}

// end lets the guard do its work, and waits for it.
func (g *guard) end() error {
	return errors.Join(g.input.Close(), g.cmd.Wait())
}

// killAllWith kills every process that was started with this setting in its environment, and
// waits until they are gone. Those named in spare are left. The setting is a directory that we
// made, so nobody else's processes have it.
func killAllWith(setting string, spare ...int) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return until(ctx, "the desktop's processes to end", func() bool {
		left := 0
		for _, pid := range withEnviron(setting) {
			if pid != os.Getpid() && !slices.Contains(spare, pid) {
				left++
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
		return left == 0
	})
}

// withEnviron lists the processes that were started with a setting. A process that has ended and
// waits for its parent has no environment any more, and is not listed.
func withEnviron(setting string) []int {
	var pids []int
	environs, _ := filepath.Glob("/proc/[0-9]*/environ") // the pattern is well formed
	for _, path := range environs {
		environ, err := os.ReadFile(path)
		if errors.Is(err, os.ErrPermission) || !slices.Contains(strings.Split(string(environ), "\x00"), setting) {
			continue
		}
		if pid, err := strconv.Atoi(strings.Split(path, "/")[2]); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
