//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"aztray/internal/auth"
	"aztray/internal/tray"
	"aztray/test/rig/cloud"
	"aztray/test/rig/desktop"
	"aztray/test/rig/images"
	"aztray/test/rig/stage"
)

// bin is the program under test, built once.
var bin string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "aztray-e2e-*")
		if err == nil {
			defer os.RemoveAll(dir)
			bin, err = stage.Build(context.Background(), dir)
		}
		if err == nil {
			err = images.Ensure(context.Background(), images.Az, images.Sh, images.Static)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "the rig cannot be set up:", err)
			return 1
		}
		return m.Run()
	}())
}

// story is one test's stage with what is asked of it again and again.
type story struct {
	*stage.Stage
	t    testing.TB
	ctx  context.Context
	tray *stage.Tray
}

// begin puts up a stage. Whatever happens, no secret may be in what the run wrote.
func begin(t testing.TB, o stage.Options) *story {
	t.Helper()
	limit := 4 * time.Minute
	if _, long := t.(*testing.B); long {
		limit = time.Hour
	}
	ctx, stop := context.WithTimeout(t.Context(), limit)
	dir, err := os.MkdirTemp("", "aztray-story-*")
	if err != nil {
		t.Fatal(err)
	}
	o.Bin = bin
	s, err := stage.New(ctx, dir, o)
	if err != nil {
		t.Fatal(err)
	}
	x := &story{Stage: s, t: t, ctx: ctx}
	t.Cleanup(func() {
		if t.Failed() {
			x.screenshot("failed")
			if x.tray != nil {
				t.Logf("the tray's log:\n%s", tail(x.tray.Log(), 40))
			}
		}
		if x.tray != nil {
			if err := x.tray.Stop(); err != nil {
				t.Error(err)
			}
		}
		x.findSecrets()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		stop()
		os.RemoveAll(dir)
	})
	return x
}

// patience gives a story that takes long its own time.
func (x *story) patience(d time.Duration) {
	ctx, stop := context.WithTimeout(x.t.Context(), d)
	x.t.Cleanup(stop)
	x.ctx = ctx
}

func tail(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

func (x *story) must(err error) {
	x.t.Helper()
	if err != nil {
		x.t.Fatal(err)
	}
}

// startTray starts the tray and waits for its icon.
func (x *story) startTray() {
	x.t.Helper()
	var err error
	x.tray, err = x.StartTray(x.ctx)
	x.must(err)
}

// within is a context for one wait.
func (x *story) within(d time.Duration) context.Context {
	ctx, stop := context.WithTimeout(x.ctx, d)
	x.t.Cleanup(stop)
	return ctx
}

// eventually waits until a condition holds.
func (x *story) eventually(d time.Duration, what string, holds func() bool) {
	x.t.Helper()
	for end := time.Now().Add(d); !holds(); {
		if time.Now().After(end) || x.ctx.Err() != nil {
			x.t.Fatalf("not within %v: %s", d, what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// icon waits until the icon shows a level, whatever its arc, and returns the item.
func (x *story) icon(d time.Duration, level auth.Level) desktop.Item {
	x.t.Helper()
	var last desktop.Item
	item, err := x.Item(x.within(d), func(i desktop.Item) bool { last = i; return levelOf(i.Icon) == level })
	if err != nil {
		x.t.Fatalf("the icon did not turn %v within %v; it is %v, title %q: %v", level, d, levelOf(last.Icon), last.Title, err)
	}
	return item
}

// drawings are all that the icon can show at a size.
var drawings = sync.OnceValue(func() map[auth.Level][]image.Image {
	all := map[auth.Level][]image.Image{}
	for _, l := range []auth.Level{auth.Unknown, auth.OK, auth.Expiring, auth.Expired, auth.SignedOut, auth.Renewing} {
		all[l] = append(all[l], tray.Icon(l, tray.NoLife, tray.AnyGround, iconPixels))
		for step := 1; step <= 12; step++ {
			all[l] = append(all[l], tray.Icon(l, float64(step)/12, tray.AnyGround, iconPixels))
		}
	}
	return all
})

// iconPixels is the size that the tray hands to the panel on Linux.
const iconPixels = 44

// levelOf tells by its pixels which level a picture is drawn for; -1 for none.
func levelOf(shown image.Image) auth.Level {
	best, least := auth.Level(-1), 1<<62
	if shown == nil || shown.Bounds().Dx() != iconPixels {
		return best
	}
	for level, pictures := range drawings() {
		for _, p := range pictures {
			if d := distance(shown, p); d < least {
				best, least = level, d
			}
		}
	}
	return best
}

func distance(a, b image.Image) int {
	sum := 0
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			ar, ag, ab, aa := a.At(a.Bounds().Min.X+x, a.Bounds().Min.Y+y).RGBA()
			br, bg, bb, ba := b.At(b.Bounds().Min.X+x, b.Bounds().Min.Y+y).RGBA()
			for _, d := range []int{int(ar) - int(br), int(ag) - int(bg), int(ab) - int(bb), int(aa) - int(ba)} {
				sum += d * d >> 16
			}
		}
	}
	return sum
}

// screenshot keeps what the screen shows below build/e2e, to be looked at.
func (x *story) screenshot(name string) {
	if x.Desktop == nil {
		return
	}
	dir := filepath.Join("..", "..", "build", "e2e")
	os.MkdirAll(dir, 0o755)
	path := filepath.Join(dir, strings.ReplaceAll(x.t.Name(), "/", "_")+"-"+name+".png")
	if err := x.Desktop.Screenshot(context.WithoutCancel(x.ctx), path); err != nil {
		x.t.Log("no screenshot:", err)
	}
}

// notification waits for a shown one whose summary contains a text.
func (x *story) notification(d time.Duration, summary string) desktop.Notification {
	x.t.Helper()
	n, err := x.Desktop.WaitNotification(x.within(d), func(n desktop.Notification) bool {
		return n.Shown() && strings.Contains(n.Summary, summary)
	})
	if err != nil {
		x.t.Fatalf("no notification %q within %v: %v; there were %v", summary, d, err, summaries(x.Desktop.Notifications()))
	}
	return n
}

func summaries(ns []desktop.Notification) (out []string) {
	for _, n := range ns {
		out = append(out, n.Summary)
	}
	return out
}

// shown are the notifications on the screen now.
func (x *story) shown() (out []desktop.Notification) {
	for _, n := range x.Desktop.Notifications() {
		if n.Shown() {
			out = append(out, n)
		}
	}
	return out
}

// holdsNew waits until a container holds a token that is not old, and returns what the cloud knows of it.
func (x *story) holdsNew(d time.Duration, short, old string) (string, cloud.IssuedToken) {
	x.t.Helper()
	var held string
	x.eventually(d, short+" holds a new token", func() bool {
		held = x.Held(x.ctx, short, cloud.ScopeCognitive)
		return held != "" && held != old
	})
	t, ok := x.TokenOf(held)
	if !ok {
		x.t.Fatalf("%s holds a token of %d bytes that the cloud never gave out", short, len(held))
	}
	return held, t
}

// findSecrets searches all that the run wrote for tokens, by value.
func (x *story) findSecrets() {
	x.t.Helper()
	secrets := map[string]string{}
	for _, t := range x.Cloud.Issued() {
		secrets[t.Value] = t.Kind
	}
	searched, mounts := 0, filepath.Join(x.Dir, "state", "aztray", "mounts")+"/" // which are there to hold access tokens
	filepath.WalkDir(x.Dir, func(path string, d os.DirEntry, err error) error {
		// az's own files, and Chromium's, which is the person's browser, are not ours
		if err != nil || d.IsDir() && (path == x.AzureDir || strings.Contains(path, "chromium")) {
			return filepath.SkipDir
		}
		if d.IsDir() || !d.Type().IsRegular() {
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return nil
		}
		searched++
		for value, kind := range secrets {
			if mounted := strings.HasPrefix(path, mounts) && kind != cloud.RefreshToken; !mounted && strings.Contains(string(b), value) {
				x.t.Errorf("%s holds a %s token", path, kind)
			}
		}
		return nil
	})
	for _, name := range x.Containers() {
		held := string(x.Files(context.WithoutCancel(x.ctx), name, "/root/.azure"))
		logs, _ := exec.Command("docker", "logs", name).CombinedOutput()
		for value, kind := range secrets {
			if kind == cloud.RefreshToken && strings.Contains(held, value) || strings.Contains(string(logs), value) {
				x.t.Errorf("container %s holds a %s token where it must not", name, kind)
			}
		}
	}
	x.t.Logf("searched %d files for %d tokens", searched, len(secrets))
}
