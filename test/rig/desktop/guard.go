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
	p=${p%/environ}
	kill -9 "-$p" 2>/dev/null || kill -9 "$p" 2>/dev/null
done
n=0
until rm -rf "$0" 2>/dev/null || [ $((n += 1)) -gt 50 ]; do sleep 0.1; done`

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

// killAllWith kills every process that was started with this setting in its environment, with
// the group that it leads, and waits until they are gone. Those named in spare are left. The
// setting is a directory that we made, so nobody else's processes have it.
func killAllWith(setting string, spare ...int) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	groups := map[int]bool{} // kept: a leader may go first
	return until(ctx, "the desktop's processes to end", func() bool {
		left := 0
		for _, pid := range running(setting, groups) {
			if pid != os.Getpid() && !slices.Contains(spare, pid) {
				left++
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
		return left == 0
	})
}

// running lists the processes that were started with a setting, and those in the groups that
// they lead, which it adds to groups: Chromium's children write over their environment. What has
// ended and waits for its parent is not listed.
func running(setting string, groups map[int]bool) []int {
	var ours []int
	others := map[int]int{}                  // process to group
	dirs, _ := filepath.Glob("/proc/[0-9]*") // the pattern is well formed
	for _, dir := range dirs {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue
		}
		group, ended := groupOf(dir)
		if ended {
			continue
		}
		environ, err := os.ReadFile(filepath.Join(dir, "environ"))
		if err != nil || !slices.Contains(strings.Split(string(environ), "\x00"), setting) {
			others[pid] = group
			continue
		}
		ours = append(ours, pid)
		if group == pid {
			groups[group] = true
		}
	}
	for pid, group := range others {
		if groups[group] {
			ours = append(ours, pid)
		}
	}
	return ours
}

// groupOf reads a process's group, and whether it has ended.
func groupOf(dir string) (group int, ended bool) {
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return 0, true
	}
	// After the program's name, which may contain anything: state, parent, group.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 3 || fields[0] == "Z" || fields[0] == "X" {
		return 0, true
	}
	group, err = strconv.Atoi(fields[2])
	return group, err != nil
}
