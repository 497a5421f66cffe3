//go:build linux && e2e

package main

import (
	"bufio"
	"bytes"
	"context"
	"image/gif"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"aztray/test/rig/desktop"
)

// run is a demo under way, with a temporary directory of its own, by which what it leaves is known.
type run struct {
	t     *testing.T
	cmd   *exec.Cmd
	tmp   string
	lines chan string
	said  bytes.Buffer
}

func begin(t *testing.T, env []string, args ...string) *run {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "demo")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	tmp, err := os.MkdirTemp("", "demo-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(tmp) })
	r := &run{t: t, tmp: tmp, lines: make(chan string, 1000), cmd: exec.Command(bin, args...)}
	r.cmd.Env = append(env, "TMPDIR="+tmp)
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.cmd.Stdout, r.cmd.Stderr = in, in
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	in.Close()
	go func() {
		defer out.Close()
		for s := bufio.NewScanner(out); s.Scan(); {
			r.lines <- s.Text()
		}
		close(r.lines)
	}()
	return r
}

// until reads the demo's words up to a line that contains a text; to the end for "".
func (r *run) until(text string) {
	r.t.Helper()
	for end := time.After(2 * time.Minute); ; {
		select {
		case line, more := <-r.lines:
			r.said.WriteString(line + "\n")
			switch {
			case !more && text == "":
				return
			case !more:
				r.t.Fatalf("it never said %q:\n%s", text, &r.said)
			case text != "" && strings.Contains(line, text):
				return
			}
		case <-end:
			syscall.Kill(-r.cmd.Process.Pid, syscall.SIGTERM)
			r.t.Fatalf("after two minutes it had not said %q:\n%s", text, &r.said)
		}
	}
}

// ends waits for the demo's end, and looks for what it left.
func (r *run) ends(code int) {
	r.t.Helper()
	r.until("")
	r.cmd.Wait()
	if got := r.cmd.ProcessState.ExitCode(); got != code {
		r.t.Errorf("exit code %d, want %d:\n%s", got, code, &r.said)
	}
	if strings.Contains(r.said.String(), "eyJ") {
		r.t.Error("it told a token")
	}
	if out, err := exec.Command("docker", "ps", "-aq", "--filter", "label="+label).Output(); err != nil || len(out) > 0 {
		r.t.Errorf("containers left: %s (%v)", out, err)
	}
	if left := r.left(); len(left) > 0 {
		r.t.Errorf("processes left: %q", left)
	}
	files, _ := filepath.Glob(filepath.Join(r.tmp, "*"))
	for _, f := range files {
		if !strings.HasSuffix(f, ".lock") {
			r.t.Errorf("%s is left", f)
		}
	}
}

// left are the processes that have the demo's directory in their environment or arguments.
func (r *run) left() (left []string) {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		environ, _ := os.ReadFile(filepath.Join(dir, "environ")) // none of a process that ends
		cmdline, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		if strings.Contains(string(environ)+string(cmdline), r.tmp) {
			left = append(left, string(cmdline))
		}
	}
	return left
}

func TestDemoOnAVirtualDesktop(t *testing.T) {
	out := t.TempDir()
	began := time.Now()
	r := begin(t, os.Environ(), "-virtual", "-out", out)
	r.ends(0)
	took := time.Since(began)
	t.Attr("demo", took.Round(time.Second).String())
	if took > 90*time.Second { // half a minute on two idle cores; busy ones get time
		t.Errorf("it took %v", took)
	}
	for _, name := range []string{"1-signed-out.png", "12-menu-renewed.png", "aztray.png", "demo.gif"} {
		path := filepath.Join(out, name)
		if info, err := os.Stat(path); err != nil || info.Size() < 10_000 || info.Size() > 1_500_000 {
			t.Errorf("%s: %+v, %v", name, info, err)
		}
		if !strings.Contains(r.said.String(), path) {
			t.Errorf("the path of %s is not printed", name)
		}
	}
	f, err := os.Open(filepath.Join(out, "demo.gif"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if g, err := gif.DecodeAll(f); err != nil || len(g.Image) < 8 {
		t.Errorf("demo.gif: %v", err)
	}
}

// Ctrl-C reaches the whole group, as from a terminal.
func TestDemoIsInterrupted(t *testing.T) {
	for name, at := range map[string]string{
		"while it is set up": "Ctrl-C ends it", "while the browser asks": "Chromium asks", "between the scenes": "goes dark",
	} {
		t.Run(name, func(t *testing.T) {
			r := begin(t, os.Environ(), "-virtual", "-out", t.TempDir())
			r.until(at)
			syscall.Kill(-r.cmd.Process.Pid, syscall.SIGINT)
			r.ends(130)
		})
	}
}

// Where a desktop runs, the tray is on it and the person presses the buttons.
func TestDemoOnTheRunningDesktop(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	d, err := desktop.Start(ctx, desktop.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	env := append(d.Env(), "HOME="+os.Getenv("HOME"), "XDG_CACHE_HOME=") // where Go keeps what it has built
	r := begin(t, env, "-out", filepath.Join(t.TempDir(), "none"))
	for _, step := range []struct{ asked, summary, button string }{
		{`Press "Sign in"`, "Not signed in", "Sign in"}, {`Press "Renew now"`, "Azure sign-in ends", "Renew now"},
	} {
		r.until(step.asked)
		n, err := d.WaitNotification(ctx, func(n desktop.Notification) bool {
			return n.Shown() && strings.Contains(n.Summary, step.summary)
		})
		if err == nil {
			err = d.PressButton(ctx, n, step.button)
		}
		if err != nil {
			t.Fatal(err)
		}
		r.until("Click Ada")
		if err := d.ClickBrowserCentre(ctx); err != nil {
			t.Fatal(err)
		}
	}
	r.ends(0)
}
