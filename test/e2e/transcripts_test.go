//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"aztray/test/rig/cloud"
	"aztray/test/rig/images"
	"aztray/test/rig/stage"
)

// Every command in every state, as transcripts to be read: testdata/transcripts. With -update what the
// commands print is written into them.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/transcripts/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no transcripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			x := begin(t, stage.Options{NoDesktop: true, Prefix: "shop-"})
			testscript.Run(t, testscript.Params{Files: []string{file}, UpdateScripts: *update, RequireExplicitExec: true,
				Setup: x.transcript, Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "await": await, "signal": signal, "cloud": x.policy, "container": x.container}})
		})
	}
}

// transcript puts the stage under the script: its environment, and an aztray whose times, which differ
// from run to run, are all the same.
func (x *story) transcript(env *testscript.Env) error {
	for _, v := range x.Env() {
		if name, value, ok := strings.Cut(v, "="); ok {
			env.Setenv(name, value)
		}
	}
	bin := filepath.Join(x.Dir, "bin")
	env.Setenv("PATH", bin+":"+env.Getenv("PATH"))
	env.Setenv("CONFIG", filepath.Join(x.Dir, "config", "aztray", "config.toml"))
	env.Setenv("LOG", filepath.Join(x.Dir, "state", "aztray", "aztray.log"))
	env.Setenv("TZ", noonZone(time.Now()))
	wrapper := fmt.Sprintf(`#!/bin/sh
at=%[1]s/out/$$
%[2]s "$@" >$at.out 2>$at.err &
pid=$!
for s in HUP INT TERM; do trap "kill -$s $pid" $s; done
wait $pid
code=$?
while [ $code -gt 128 ] && kill -0 $pid 2>/dev/null; do wait $pid; code=$?; done # a signal came, and was passed on
plain() { sed -e 's#%[1]s/home#/home/ada#g; s#%[1]s/config#/home/ada/.config#g; s#%[1]s#/home/ada/rig#g; s/[0-2][0-9]:[0-5][0-9]/15:04/g; s/(in [0-9]* min)/(in 9 min)/g; s#//127.0.0.1:[0-9]*/#//127.0.0.1:8000/#' "$1"; }
plain $at.out
plain $at.err >&2
exit $code
`, x.Dir, x.Bin())
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(bin, "aztray"), []byte(wrapper), 0o755)
}

// noonZone is a time zone in which it is about noon: no token of this test ends on another day.
func noonZone(now time.Time) string {
	switch h := 12 - now.UTC().Hour(); {
	case h > 0:
		return fmt.Sprintf("Etc/GMT-%d", h) // POSIX counts westwards
	case h < 0:
		return fmt.Sprintf("Etc/GMT+%d", -h)
	}
	return "Etc/GMT"
}

// exits runs a program and wants its exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("use: exits CODE PROGRAM [ARGUMENT]...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	code := 0
	err = ts.Exec(args[1], args[2:]...)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code, err = exit.ExitCode(), nil
	}
	ts.Check(err)
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
}

// await runs a program until what it prints matches: await PATTERN PROGRAM [ARGUMENT]...
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("use: await PATTERN PROGRAM [ARGUMENT]...")
	}
	want, err := regexp.Compile(args[0])
	ts.Check(err)
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		err := ts.Exec(args[1], args[2:]...)
		if out := ts.ReadFile("stdout"); want.MatchString(out) {
			return
		} else if time.Now().After(end) {
			ts.Fatalf("%v; it never printed %q:\n%s", err, want, out)
		}
	}
}

// signal sends one to what runs in the background.
func signal(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]os.Signal{"HUP": syscall.SIGHUP, "INT": syscall.SIGINT, "TERM": syscall.SIGTERM}
	if neg || len(args) != 1 || signals[args[0]] == nil {
		ts.Fatalf("use: signal HUP|INT|TERM")
	}
	for _, c := range ts.BackgroundCmds() {
		ts.Check(c.Process.Signal(signals[args[0]]))
	}
}

// policy changes how the world behaves.
func (x *story) policy(ts *testscript.TestScript, neg bool, args []string) {
	changes := map[string]func(*cloud.Policy){
		"offline":        func(p *cloud.Policy) { p.NetworkCut = true },
		"online":         func(p *cloud.Policy) { p.NetworkCut = false },
		"revokes":        func(p *cloud.Policy) { p.Revoked = time.Now() },
		"declines":       func(p *cloud.Policy) { p.Authorize = cloud.Deny },
		"accepts":        func(p *cloud.Policy) { p.Authorize = cloud.Immediate },
		"no-device-code": func(p *cloud.Policy) { p.NoDeviceCode = true },
		"short-tokens":   func(p *cloud.Policy) { p.TokenLifetime = 9 * time.Minute },
	}
	for _, name := range args {
		change, ok := changes[name]
		if !ok {
			ts.Fatalf("the cloud knows no %q", name)
		}
		x.Cloud.SetPolicy(change)
	}
}

// container starts one: container NAME az|sh|static [OPTION OF DOCKER RUN]...
func (x *story) container(ts *testscript.TestScript, neg bool, args []string) {
	image := map[string]string{"az": images.Az, "sh": images.Sh, "static": images.Static}[args[1]]
	ts.Check(x.RunContainer(x.ctx, args[0], image, args[2:]...))
}
