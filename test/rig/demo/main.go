//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"aztray/test/rig/cloud"
	"aztray/test/rig/desktop"
	"aztray/test/rig/images"
	"aztray/test/rig/stage"
)

func main() {
	virtual := flag.Bool("virtual", false, "use a virtual desktop even where one runs")
	out := flag.String("out", filepath.Join("build", "demo"), "where the pictures go")
	flag.Parse()
	// Registered to the end: who presses Ctrl-C twice must not stop the cleaning up.
	ctx, _ := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	err := demo(ctx, *virtual, *out)
	left, some := errors.AsType[leftError](err)
	switch {
	case some:
		fmt.Fprintln(os.Stderr, "\nNot all that the demo started could be taken down:", left)
		os.Exit(1)
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "Interrupted. Everything that the demo started is gone.")
		os.Exit(130)
	case err != nil:
		fmt.Fprintln(os.Stderr, "\nThe demo could not go on:", err)
		os.Exit(1)
	}
}

// leftError says what could not be taken down.
type leftError struct{ error }

// loginTimeout is how long the browser may take.
const loginTimeout = 90 * time.Second

// settings make the rig's seconds count: half an hour of warning, and no pause between probes.
var settings = fmt.Sprintf(`[azure]
probe_interval = "1s"
login_timeout = %q
[notify]
warn = ["30m"]
`, loginTimeout)

// demo plays the whole story, and takes everything down before it returns.
func demo(ctx context.Context, virtual bool, out string) (err error) {
	running := !virtual && trayRuns()
	if err := needs(running); err != nil {
		return err
	}
	lock := flock.New(filepath.Join(os.TempDir(), fmt.Sprintf("aztray-demo-%d.lock", os.Getuid())))
	if free, err := lock.TryLock(); err != nil || !free {
		return errors.Join(errors.New("another demo runs; let it end first"), err)
	}
	defer lock.Unlock()
	if err := removeLeftovers(ctx); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", tempPrefix)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	t := newTold(os.Stdout)
	t.opening(running)
	t.say("Setting up: the program, two images from files of this machine, their containers ...")
	s, err := setUp(ctx, dir, running)
	if err != nil {
		return err
	}
	defer func() {
		if ctx.Err() != nil {
			fmt.Fprintln(os.Stderr, "\nInterrupted; taking everything down.")
		}
		if left := s.Close(); left != nil {
			err = errors.Join(err, leftError{left})
		}
	}()
	p := &play{Stage: s, told: t, dir: dir}
	if running {
		p.hands, err = newPerson(p)
	} else {
		p.hands, err = newRobot(p, out)
	}
	if err != nil {
		return err
	}
	defer p.hands.end()
	if err := p.all(ctx); err != nil {
		return err
	}
	return p.hands.finish()
}

// needs says what is missing, in one sentence with the next step.
func needs(running bool) error {
	programs := []string{"az", "docker", desktop.BrowserProgram()}
	if !running {
		programs = append(programs, "Xvfb", "openbox", "xfce4-panel", "dbus-daemon", "xdotool", "scrot", "hsetroot")
	}
	var missing []string
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%s not installed here; run: make setup", isOrAre(missing))
	}
	if out, err := exec.Command("docker", "version", "-f", "{{.Server.Version}}").CombinedOutput(); err != nil {
		return fmt.Errorf("no Docker engine answers (%s); run the demo with: make demo", strings.TrimSpace(string(out)))
	}
	return nil
}

func isOrAre(names []string) string {
	if len(names) == 1 {
		return names[0] + " is"
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last] + " are"
}

// The containers' names, less the prefix.
const (
	prefix = "aztray-demo-"
	api    = "api"    // az is in its image
	worker = "worker" // only a shell is
)

// setUp builds the program and the images while the desktop comes up, and starts the containers. It is
// not interrupted half way: it takes seconds, and what stands can be taken down.
func setUp(ctx context.Context, dir string, running bool) (*stage.Stage, error) {
	made := make(chan error, 1)
	go func() { made <- images.Ensure(ctx, images.Az, images.Sh) }()
	bin, err := stage.Build(ctx, dir)
	if err != nil {
		return nil, errors.Join(err, <-made)
	}
	o := stage.Options{Bin: bin, Settings: settings, Prefix: prefix, Running: running}
	o.Desktop.Size = screen
	home := filepath.Join(dir, "stage")
	s, err := stage.New(context.WithoutCancel(ctx), home, o)
	if err = errors.Join(err, <-made); err == nil {
		err = startContainers(ctx, s)
	}
	if err != nil && s != nil {
		err = errors.Join(err, s.Close())
	}
	return s, err
}

func startContainers(ctx context.Context, s *stage.Stage) error {
	for short, image := range map[string]string{api: images.Az, worker: images.Sh} {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.RunContainer(ctx, short, image, "--label", label); err != nil {
			return err
		}
	}
	return nil
}

// label marks the demo's containers with whose they are.
var label = fmt.Sprintf("aztray-demo.uid=%d", os.Getuid())

// tempPrefix begins the name of the directory that a demo works in.
const tempPrefix = "aztray-demo-"

// removeLeftovers removes what a demo that was killed has left. Only one runs at a time.
func removeLeftovers(ctx context.Context) error {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), tempPrefix+"*", "stage")) // the pattern is well formed
	for _, dir := range dirs {
		_ = os.RemoveAll(filepath.Dir(dir)) // another person's stays
	}
	out, err := exec.CommandContext(ctx, "docker", "ps", "-aq", "--filter", "label="+label).Output()
	if err != nil {
		return fmt.Errorf("asking docker for its containers: %w", err)
	}
	if ids := strings.Fields(string(out)); len(ids) > 0 {
		return exec.CommandContext(ctx, "docker", append([]string{"rm", "-f", "-v"}, ids...)...).Run()
	}
	return nil
}

// play is the story with what it is played on.
type play struct {
	*stage.Stage
	told  *told
	hands hands
	tray  *stage.Tray
	dir   string
}

// hands is who uses the desktop: a person at their own, or the demo at a virtual one.
type hands interface {
	// notice waits for a notification whose summary has a text, and keeps a picture.
	notice(ctx context.Context, summary string, s shot) error
	// press presses a button of that notification.
	press(ctx context.Context, button string) error
	// pickAccount clicks the account on the browser's page.
	pickAccount(ctx context.Context, s shot) error
	// wait waits until the icon says a text.
	wait(ctx context.Context, text string) error
	// closeBrowser closes it as a person does who has signed in.
	closeBrowser(ctx context.Context) error
	// darken makes a virtual desktop dark.
	darken(ctx context.Context) error
	// look keeps a picture of the desktop.
	look(ctx context.Context, s shot) error
	// lookAtMenu keeps a picture with a submenu open, by the beginning of its label.
	lookAtMenu(ctx context.Context, label string, s shot) error
	// finish tells where the pictures are.
	finish() error
	// end closes what was opened.
	end()
}

// shot is a picture: the file's name, what is said below it in the animated one, and for how long; no
// time means that it is not part of that.
type shot struct {
	name, caption string
	time          time.Duration
}

// What the icon says in its tooltip and to screen readers.
const (
	saysSignedOut = "Nobody is signed in"
	saysSigningIn = "Signing in to"
	saysSignedIn  = "Signed in to"
	saysExpiring  = "again by"
)

// within bounds one wait.
const within = 40 * time.Second

// holds waits until both containers hold a token that is good for at least d, other than those in old.
func (p *play) holds(ctx context.Context, d time.Duration, old map[string]string) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	held := map[string]string{}
	for _, c := range []string{api, worker} {
		for held[c] == "" {
			now := p.Held(ctx, c, cloud.ScopeCognitive)
			t, ok := p.TokenOf(now)
			switch {
			case ok && now != old[c] && time.Until(t.ExpiresOn) > d:
				held[c] = now
			case ctx.Err() != nil:
				return nil, fmt.Errorf("the container %s did not get the token: %w", p.Name(c), context.Cause(ctx))
			}
		}
	}
	return held, nil
}
