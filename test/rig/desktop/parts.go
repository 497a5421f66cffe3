//go:build linux

package desktop

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/godbus/dbus/v5"
)

// part is one program of the desktop, in a process group of its own.
type part struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended and was waited for
}

// start runs a part with its output in a log file. extra files become descriptors 3 and up.
func (d *Desktop) start(name string, env []string, extra []*os.File, program string, args ...string) error {
	log, err := os.OpenFile(filepath.Join(d.opts.Dir, "log", name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(program, args...)
	cmd.Env, cmd.Dir = env, filepath.Join(d.opts.Dir, "home")
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = log, log, extra
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	p := &part{cmd, make(chan struct{})}
	go func() {
		defer close(p.done)
		_ = cmd.Wait() // how it ended is in its log
	}()
	d.mu.Lock()
	d.parts[name] = p
	d.mu.Unlock()
	return nil
}

// stop ends a part and its children: asked first, killed two seconds later.
func (d *Desktop) stop(name string) {
	d.mu.Lock()
	p := d.parts[name]
	delete(d.parts, name)
	d.mu.Unlock()
	if p == nil {
		return
	}
	group := -p.cmd.Process.Pid
	_ = syscall.Kill(group, syscall.SIGTERM) // it may have ended by itself
	select {
	case <-p.done:
	case <-time.After(2 * time.Second):
	}
	_ = syscall.Kill(group, syscall.SIGKILL)
	<-p.done
}

// pid of a running part; 0 where there is none.
func (d *Desktop) pid(name string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if p := d.parts[name]; p != nil {
		return p.cmd.Process.Pid
	}
	return 0
}

// startX starts the X server on a display number that it finds itself, and paints the wall.
func (d *Desktop) startX(ctx context.Context) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	screen := fmt.Sprintf("%dx%dx24", d.opts.Size.X, d.opts.Size.Y)
	err = d.start("X", d.baseEnv(), []*os.File{w}, "Xvfb", "-displayfd", "3", "-screen", "0", screen, "-nolisten", "tcp", "-noreset")
	w.Close()
	if err != nil {
		return err
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = r.SetReadDeadline(deadline) // pipes have deadlines on Linux
	}
	number, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		return fmt.Errorf("no display was named by Xvfb: %w", err)
	}
	d.display = ":" + strings.TrimSpace(number)
	return d.paintWall(ctx)
}

func (d *Desktop) paintWall(ctx context.Context) error {
	from, to := "#dfe7ee", "#9db7cc"
	if d.opts.Dark {
		from, to = "#1f3b57", "#3c6e8f"
	}
	_, err := d.tool(ctx, "hsetroot", "-add", from, "-add", to, "-gradient", "30")
	return err
}

func (d *Desktop) busAddress() string { return "unix:path=" + filepath.Join(d.runtime, "bus") }

// startBus starts the session bus, connects to it and begins to record notifications. Only the
// settings daemon and the accessibility bus are started by it on demand: with the machine's own
// service files, a desktop without a notification daemon would get one at the first call.
func (d *Desktop) startBus(ctx context.Context) error {
	config := filepath.Join(d.opts.Dir, "bus.conf")
	if err := d.start("bus", d.baseEnv(), nil, "dbus-daemon", "--config-file="+config, "--nofork", "--nopidfile"); err != nil {
		return err
	}
	err := until(ctx, "the session bus", func() bool {
		conn, err := dbus.Connect(d.busAddress())
		d.conn = conn
		return err == nil
	})
	if err != nil {
		return err
	}
	d.monitor, err = startMonitor(d.busAddress())
	return err
}

func (d *Desktop) startWindows(ctx context.Context) error {
	if err := d.start("openbox", d.baseEnv(), nil, "openbox", "--sm-disable"); err != nil {
		return err
	}
	return until(ctx, "the window manager", func() bool {
		out, err := d.tool(ctx, "xprop", "-root", "_NET_SUPPORTING_WM_CHECK")
		return err == nil && strings.Contains(out, "window id")
	})
}

// StartPanel starts the panel and waits until its tray takes icons.
func (d *Desktop) StartPanel(ctx context.Context) error {
	if err := d.start("panel", d.baseEnv(), nil, "xfce4-panel", "--disable-wm-check"); err != nil {
		return err
	}
	return d.waitOwner(ctx, watcherName, true)
}

// StopPanel ends the panel as a crash would: icons are gone until StartPanel.
func (d *Desktop) StopPanel(ctx context.Context) error {
	d.stop("panel")
	return d.waitOwner(ctx, watcherName, false)
}

// StartNotifications starts the notification daemon and waits until it answers.
func (d *Desktop) StartNotifications(ctx context.Context) error {
	const service = "/usr/share/dbus-1/services/org.xfce.xfce4-notifyd.Notifications.service"
	text, err := os.ReadFile(service)
	if err != nil {
		return fmt.Errorf("xfce4-notifyd is not installed: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if program, ok := strings.CutPrefix(strings.TrimSpace(line), "Exec="); ok {
			if err := d.start("notifications", d.baseEnv(), nil, program); err != nil {
				return err
			}
			return d.waitOwner(ctx, notifyName, true)
		}
	}
	return fmt.Errorf("%s names no program", service)
}

// StopNotifications ends the notification daemon; what it showed is gone.
func (d *Desktop) StopNotifications(ctx context.Context) error {
	d.stop("notifications")
	return d.waitOwner(ctx, notifyName, false)
}

// waitOwner waits until a name on the session bus has an owner, or none.
func (d *Desktop) waitOwner(ctx context.Context, name string, want bool) error {
	what := name + " on the bus"
	if !want {
		what = name + " to leave the bus"
	}
	return until(ctx, what, func() bool {
		var has bool
		err := d.conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.NameHasOwner", 0, name).Store(&has)
		return err == nil && has == want
	})
}

// tool runs a short-lived program on the desktop and returns what it printed.
func (d *Desktop) tool(ctx context.Context, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = d.Env()
	var msg strings.Builder
	cmd.Stderr = &msg
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(msg.String()))
	}
	return string(out), nil
}
