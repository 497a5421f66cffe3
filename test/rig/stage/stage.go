//go:build linux

// Package stage puts the whole rig up around the real program: the cloud's stand-in, a desktop, an az
// directory of its own, containers of its own, and the tray. The end-to-end tests and the demo play
// on it. Nothing of the person's own is touched, and Close takes everything down.
package stage

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"aztray/test/rig/cloud"
	"aztray/test/rig/desktop"
)

// Options say what stands on the stage.
type Options struct {
	Bin       string // the program, built; see Build
	NoDesktop bool
	Desktop   desktop.Options
	Settings  string // the settings file, TOML; containers.names is set to this stage's own
	Prefix    string // of the containers' names; "" means one that nobody else has
	Running   bool   // the tray goes to the desktop that this process runs on; there is no Desktop
}

// Stage is a rig that is up. Its methods are for one goroutine.
type Stage struct {
	Cloud     *cloud.Cloud
	Desktop   *desktop.Desktop // nil without one
	Dir       string           // everything that the run writes is below it
	AzureDir  string
	HealthURL string // where the program serves its health API and status page
	Prefix    string // of this stage's containers
	bin       string
	env       []string
	tray      *Tray

	mu         sync.Mutex
	containers []string
}

// Build builds the program into dir and returns its path.
func Build(ctx context.Context, dir string) (string, error) {
	bin := filepath.Join(dir, "aztray")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", bin, "aztray/cmd/tray")
	// Interrupted and not killed: it and what it started are gone then, and their files with dir.
	cmd.Env = append(os.Environ(), "GOTMPDIR="+dir)
	cmd.Cancel, cmd.WaitDelay = func() error { return cmd.Process.Signal(os.Interrupt) }, 10*time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building aztray: %w\n%s", err, out)
	}
	return bin, nil
}

// New puts a stage up in dir, which must exist and be empty.
func New(ctx context.Context, dir string, o Options) (*Stage, error) {
	s := &Stage{Dir: dir, AzureDir: filepath.Join(dir, "home", ".azure"), bin: o.Bin,
		Prefix: cmp.Or(o.Prefix, "aztray-rig-"+strings.ToLower(rand.Text()[:10])+"-")}
	if err := s.up(ctx, o); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Stage) up(ctx context.Context, o Options) (err error) {
	for _, d := range []string{"home", "config/aztray", "state", "run", "out", "cloud", "desktop"} {
		if err := os.MkdirAll(filepath.Join(s.Dir, d), 0o700); err != nil {
			return err
		}
	}
	if s.Cloud, err = cloud.Start(cloud.Options{Dir: filepath.Join(s.Dir, "cloud")}); err != nil {
		return err
	}
	base := os.Environ()
	if !o.NoDesktop && !o.Running {
		o.Desktop.Dir = filepath.Join(s.Dir, "desktop")
		if s.Desktop, err = desktop.Start(ctx, o.Desktop); err != nil {
			return err
		}
		base = s.Desktop.Env()
	}
	listen, err := freeAddress()
	if err != nil {
		return err
	}
	s.HealthURL = "http://" + listen + "/"
	s.env = overlay(base, append(s.Cloud.Env(s.AzureDir),
		"HOME="+filepath.Join(s.Dir, "home"), "XDG_CONFIG_HOME="+filepath.Join(s.Dir, "config"),
		"XDG_STATE_HOME="+filepath.Join(s.Dir, "state"), "AZTRAY_HEALTH_LISTEN="+listen, "DOCKER_CONFIG="+filepath.Join(s.Dir, "home", ".docker"), "AZTRAY_LOG=debug", "TZ=UTC")...)
	switch {
	case o.Running:
		s.env = overlay(s.env, onRunning(filepath.Join(s.Dir, "run"))...)
	case s.Desktop == nil:
		s.env = overlay(s.env, "XDG_RUNTIME_DIR="+filepath.Join(s.Dir, "run"), "DISPLAY=", "WAYLAND_DISPLAY=", "DBUS_SESSION_BUS_ADDRESS=")
	}
	if err := s.UseCloudBrowser(); err != nil {
		return err
	}
	return s.WriteSettings(o.Settings)
}

// freeAddress is one on loopback that nobody listens on: the usual one may be taken on this machine.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// onRunning leads the tray to the desktop that this process runs on, and away from a tray that the
// person may have there: what tells one tray of another is in the runtime directory.
func onRunning(runtime string) []string {
	own := os.Getenv("XDG_RUNTIME_DIR")
	env := []string{"XDG_RUNTIME_DIR=" + runtime,
		"DBUS_SESSION_BUS_ADDRESS=" + cmp.Or(os.Getenv("DBUS_SESSION_BUS_ADDRESS"), "unix:path="+filepath.Join(own, "bus"))}
	if socket := os.Getenv("WAYLAND_DISPLAY"); socket != "" && !filepath.IsAbs(socket) {
		env = append(env, "WAYLAND_DISPLAY="+filepath.Join(own, socket))
	}
	if os.Getenv("XAUTHORITY") == "" {
		if home, err := os.UserHomeDir(); err == nil {
			env = append(env, "XAUTHORITY="+filepath.Join(home, ".Xauthority"))
		}
	}
	return env
}

// overlay puts variables above an environment.
func overlay(env []string, above ...string) []string {
	out := make([]string, 0, len(env)+len(above))
	for _, e := range env {
		name, _, _ := strings.Cut(e, "=")
		replaced := false
		for _, a := range above {
			replaced = replaced || strings.HasPrefix(a, name+"=")
		}
		if !replaced {
			out = append(out, e)
		}
	}
	return append(out, above...)
}

// WriteSettings writes the settings file. Only this stage's containers are covered.
func (s *Stage) WriteSettings(toml string) error {
	s.Setenv("AZTRAY_CONTAINERS_NAMES", s.Prefix+"*")
	return os.WriteFile(filepath.Join(s.Dir, "config", "aztray", "config.toml"), []byte(toml), 0o600)
}

// Bin is the program under test.
func (s *Stage) Bin() string { return s.bin }

// Env is the environment that the program runs in.
func (s *Stage) Env() []string { return s.env }

// Setenv changes a variable for programs started from now on.
func (s *Stage) Setenv(name, value string) { s.env = overlay(s.env, name+"="+value) }

// Unsetenv takes a variable away from programs started from now on.
func (s *Stage) Unsetenv(name string) {
	s.env = slices.DeleteFunc(s.env, func(pair string) bool { return strings.HasPrefix(pair, name+"=") })
}

// UseCloudBrowser makes az's browser one that signs in by itself.
func (s *Stage) UseCloudBrowser() error {
	path, err := s.Cloud.WriteBrowser(filepath.Join(s.Dir, "cloud"))
	s.Setenv("BROWSER", path)
	return err
}

// UseChromium makes az's browser real Chromium on the desktop.
func (s *Stage) UseChromium() error {
	path, err := s.Desktop.WriteBrowser(filepath.Join(s.Dir, "desktop"), s.Cloud.ProxyURL())
	s.Setenv("BROWSER", path)
	return err
}

// Run runs a program in the stage's environment, keeps what it printed below Dir, and returns it.
func (s *Stage) Run(ctx context.Context, name string, args ...string) (stdout, stderr string, err error) {
	var out, msg bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = s.env, &out, &msg
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	err = cmd.Run()
	if errors.Is(err, exec.ErrWaitDelay) {
		err = nil
	}
	return out.String(), msg.String(), err
}

// Aztray runs the command line, keeps what it printed for the search for secrets, and gives its exit
// code.
func (s *Stage) Aztray(ctx context.Context, args ...string) (stdout, stderr string, code int, err error) {
	stdout, stderr, err = s.Run(ctx, s.bin, args...)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code, err = exit.ExitCode(), nil
	}
	name := filepath.Join(s.Dir, "out", fmt.Sprintf("%d.txt", time.Now().UnixNano()))
	return stdout, stderr, code, errors.Join(err, os.WriteFile(name, []byte(stdout+stderr), 0o600))
}

// Az runs the host's az.
func (s *Stage) Az(ctx context.Context, args ...string) (string, error) {
	out, msg, err := s.Run(ctx, "az", args...)
	if err != nil {
		return "", fmt.Errorf("az %s: %w\n%s", strings.Join(args, " "), err, msg)
	}
	return out, nil
}

// Close takes everything down: the tray, the containers, the desktop, the cloud.
func (s *Stage) Close() error {
	var errs []error
	if s.tray != nil {
		errs = append(errs, s.tray.Stop())
	}
	s.mu.Lock()
	names := s.containers
	s.mu.Unlock()
	if len(names) > 0 {
		errs = append(errs, remove(names...))
	}
	if s.Desktop != nil {
		errs = append(errs, s.Desktop.Close())
	}
	if s.Cloud != nil {
		errs = append(errs, s.Cloud.Close())
	}
	return errors.Join(errs...)
}
