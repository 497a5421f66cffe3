//go:build linux

// Package engine starts container engines of a test's own, with files of their own, beside the one that
// the machine has: to be stopped and started at will, or of another kind. Each has a network of its own,
// with no way out: on the machine's, an engine changes bridges and firewall rules under the other's feet.
// It needs root, which it takes by sudo where this process is not root. It knows nothing of what the
// tests do with them. test/engines.sh runs whole packages on engines of other kinds.
package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Engine is one engine. Its methods are for one goroutine.
type Engine struct {
	Host string // its address, as DOCKER_HOST has it
	dir  string
	argv []string
	env  []string
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
}

// Docker is dockerd, the one called program or with "" the one on PATH, with what it writes in dir and
// more arguments.
func Docker(ctx context.Context, dir, program string, args ...string) (*Engine, error) {
	if program == "" {
		program = "dockerd"
	}
	e := newEngine(dir)
	e.argv = append([]string{program, "--data-root", e.file("data"), "--exec-root", e.file("exec"), "--pidfile", e.file("pid"),
		"--group", strconv.Itoa(os.Getgid()), "-H", e.Host}, args...)
	return e, e.Up(ctx)
}

// Podman is Podman's service, root's, with what it writes in dir.
func Podman(ctx context.Context, dir string) (*Engine, error) {
	e := newEngine(dir)
	e.argv = []string{"podman", "--root", e.file("data"), "--runroot", e.file("exec"), "system", "service", "-t", "0", e.Host}
	return e, errors.Join(e.podmanSettings(), e.Up(ctx))
}

func newEngine(dir string) *Engine {
	done := make(chan struct{})
	close(done)
	return &Engine{Host: "unix://" + filepath.Join(dir, "engine.sock"), dir: dir, done: done}
}

func (e *Engine) file(name string) string { return filepath.Join(e.dir, name) }

// podmanSettings keep Podman within this process's limits, which it would raise, and its files to dir. The
// runtime is Docker's: crun, which Podman prefers, refuses a machine that has both versions of cgroups.
func (e *Engine) podmanSettings() error {
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		return err
	}
	e.env = append(e.env, "CONTAINERS_CONF="+e.file("containers.conf"))
	return os.WriteFile(e.file("containers.conf"), fmt.Appendf(nil, `[containers]
default_ulimits = ["nofile=%d:%d", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = %q
`, files.Max, files.Max, e.file("tmp")), 0o600)
}

// Up starts the engine, again after Down, and waits until it answers.
func (e *Engine) Up(ctx context.Context) error {
	log, err := os.OpenFile(e.file("log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	argv := append([]string{"unshare", "--net", "sh", "-c", `ip link set lo up && exec "$@"`, "sh"}, e.argv...)
	if os.Geteuid() != 0 {
		argv = append(append([]string{"sudo", "-n", "env"}, e.env...), argv...)
	}
	e.cmd = exec.Command(argv[0], argv[1:]...)
	e.cmd.Env = append(os.Environ(), e.env...)
	e.cmd.Stdout, e.cmd.Stderr = log, log
	e.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := e.cmd.Start(); err != nil {
		return err
	}
	e.done = make(chan struct{})
	go func(cmd *exec.Cmd, done chan struct{}) {
		cmd.Wait()
		close(done)
	}(e.cmd, e.done)
	ctx, stop := context.WithTimeout(ctx, 30*time.Second)
	defer stop()
	for {
		err := e.ping(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-e.done:
			return fmt.Errorf("%s has ended:\n%s", e.argv[0], e.Log())
		case <-ctx.Done():
			return errors.Join(err, e.Down())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (e *Engine) ping(ctx context.Context) error {
	tr := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", strings.TrimPrefix(e.Host, "unix://"))
	}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://engine/_ping", nil)
	if err != nil {
		return err
	}
	answer, err := (&http.Client{Transport: tr}).Do(request)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// Log is what the engine has said.
func (e *Engine) Log() string {
	text, err := os.ReadFile(e.file("log"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// stopWithin is how long an engine may take to stop its containers and itself.
const stopWithin = 20 * time.Second

// Down stops the engine, with its containers where it is one that does so.
func (e *Engine) Down() error {
	select {
	case <-e.done:
		return nil
	default:
	}
	signal := func(s syscall.Signal) error { return syscall.Kill(-e.cmd.Process.Pid, s) }
	if os.Geteuid() != 0 { // they are root's
		signal = func(s syscall.Signal) error {
			return exec.Command("sudo", "-n", "kill", "-"+strconv.Itoa(int(s)), "--", "-"+strconv.Itoa(e.cmd.Process.Pid)).Run()
		}
	}
	if err := signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-e.done:
		return nil
	case <-time.After(stopWithin):
		return errors.Join(fmt.Errorf("%s did not end within %v", e.argv[0], stopWithin), signal(syscall.SIGKILL))
	}
}

// Remove stops the engine, removes its containers before, and deletes all that it wrote.
func (e *Engine) Remove() error {
	var errs []error
	select {
	case <-e.done:
	default:
		if ids, err := e.CLI("ps", "-aq"); err == nil && ids != "" {
			_, err = e.CLI(append([]string{"rm", "-f", "-v"}, strings.Fields(ids)...)...)
			errs = append(errs, err)
		}
	}
	errs = append(errs, e.Down())
	rm := []string{"rm", "-rf", "--one-file-system", e.dir}
	if os.Geteuid() != 0 {
		rm = append([]string{"sudo", "-n"}, rm...)
	}
	for _, at := range mounted(e.dir) {
		syscall.Unmount(at, syscall.MNT_DETACH) // what an engine leaves behind when it is stopped
	}
	return errors.Join(append(errs, exec.Command(rm[0], rm[1:]...).Run())...)
}

// mounted are the mounts below dir, the innermost first.
func mounted(dir string) []string {
	text, _ := os.ReadFile("/proc/self/mounts")
	var all []string
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 1 && strings.HasPrefix(f[1], dir+"/") {
			all = append([]string{f[1]}, all...)
		}
	}
	return all
}

// CLI runs the docker command on the engine and gives its output.
func (e *Engine) CLI(args ...string) (string, error) {
	cmd := exec.Command("docker", append([]string{"-H", e.Host}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("docker %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out)), nil
}
