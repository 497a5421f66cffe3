//go:build linux

package stage

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"aztray/test/rig/desktop"
)

// Tray is the program running as a tray.
type Tray struct {
	cmd  *exec.Cmd
	log  string
	done chan struct{} // closed when it has ended
	err  error         // how it ended
}

// StartTray starts the program as the tray, or with arguments as what else runs until it is stopped.
func (s *Stage) StartTray(ctx context.Context, args ...string) (*Tray, error) {
	return s.StartTrayBy(ctx, nil, args...)
}

// StartTrayBy is StartTray by another program, whose command line ends with ours.
func (s *Stage) StartTrayBy(ctx context.Context, by []string, args ...string) (*Tray, error) {
	line := slices.Concat(by, []string{s.bin}, args)
	log := filepath.Join(s.Dir, "out", fmt.Sprintf("tray-%d.log", time.Now().UnixNano()))
	file, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	t := &Tray{cmd: exec.CommandContext(ctx, line[0], line[1:]...), log: log, done: make(chan struct{})}
	t.cmd.Env, t.cmd.Stdout, t.cmd.Stderr = s.env, file, file
	t.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := t.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		t.err = t.cmd.Wait()
		close(t.done)
	}()
	s.tray = t
	return t, nil
}

// PID is the tray's process.
func (t *Tray) PID() int { return t.cmd.Process.Pid }

// Done is closed when the tray has ended.
func (t *Tray) Done() <-chan struct{} { return t.done }

// Err is how it ended; ask after Done.
func (t *Tray) Err() error { return t.err }

// Log is all that the tray has printed so far.
func (t *Tray) Log() string {
	b, err := os.ReadFile(t.log)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// stopWithin is how long the tray may take to end after a signal.
const stopWithin = 10 * time.Second

// Stop asks the tray to end by a signal, and kills what is left of its group.
func (t *Tray) Stop() error {
	select {
	case <-t.done:
		return nil
	default:
	}
	t.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-t.done:
		return nil
	case <-time.After(stopWithin):
		syscall.Kill(-t.cmd.Process.Pid, syscall.SIGKILL)
		<-t.done
		return fmt.Errorf("the tray did not end within %v of a signal", stopWithin)
	}
}

// Children are the processes that the tray's own descend to, as "pid command line".
func (t *Tray) Children() []string {
	parents, lines := map[int]int{}, map[int]string{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, f := range stats {
		b, err := os.ReadFile(f)
		if err != nil {
			continue
		}
		var pid, ppid int
		var state string
		after := string(b[strings.LastIndex(string(b), ")")+1:])
		fmt.Sscan(string(b), &pid)
		fmt.Sscan(after, &state, &ppid)
		if state == "Z" {
			continue
		}
		cmdline, _ := os.ReadFile(filepath.Join(filepath.Dir(f), "cmdline"))
		parents[pid], lines[pid] = ppid, strings.ReplaceAll(string(cmdline), "\x00", " ")
	}
	var found []string
	for pid := range parents {
		for p := parents[pid]; p > 1; p = parents[p] {
			if p == t.PID() {
				found = append(found, fmt.Sprintf("%d %s", pid, lines[pid]))
				break
			}
		}
	}
	return found
}

// Item waits until the tray's icon on the panel is as wanted.
func (s *Stage) Item(ctx context.Context, want func(desktop.Item) bool) (desktop.Item, error) {
	of := desktop.Of(s.tray.PID())
	return s.Desktop.WaitItem(ctx, func(i desktop.Item) bool { return of(i) && want(i) })
}
