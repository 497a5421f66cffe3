//go:build linux

package desktop

import (
	"context"
	"fmt"
	"image"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// browserScript is what $BROWSER names: as a desktop's browser does, it returns at once. Every
// setting of the desktop is in it, since whoever calls it may have none of them.
const browserScript = `#!/bin/sh
# Opens real Chromium on the rig's desktop.
exec </dev/null >>%[1]s/browser.log 2>&1
%[2]s
setsid %[8]s --no-sandbox --test-type --no-first-run --no-default-browser-check \
	--disable-gpu --disable-quic --disable-background-networking --disable-component-update \
	--disable-sync --disable-extensions --disable-default-apps --disable-breakpad \
	--disable-features=Translate,OptimizationHints,MediaRouter,DialMediaRouteProvider,AutofillServerCommunication \
	--password-store=basic --ignore-certificate-errors \
	%[3]s --user-data-dir=%[1]s/profile \
	--window-size=%[4]d,%[5]d --window-position=%[6]d,%[7]d --app="$1" &
echo $! >>%[1]s/pids
`

// WriteBrowser writes a program for $BROWSER into dir and returns its path. It opens an address
// in real Chromium on this desktop, in a window without tabs, through the proxy (none where
// proxyURL is ""), and takes any certificate. Close ends what it opened.
func (d *Desktop) WriteBrowser(dir, proxyURL string) (string, error) {
	d.mu.Lock()
	d.browsers++
	own := filepath.Join(d.opts.Dir, "browser-"+strconv.Itoa(d.browsers))
	d.mu.Unlock()
	if err := os.MkdirAll(own, 0o700); err != nil {
		return "", err
	}
	proxy := "--no-proxy-server"
	if proxyURL != "" {
		if _, err := url.Parse(proxyURL); err != nil {
			return "", fmt.Errorf("proxy: %w", err)
		}
		proxy = "--proxy-server=" + quote(proxyURL) + " --proxy-bypass-list='localhost;127.0.0.1'"
	}
	var env strings.Builder
	fmt.Fprintf(&env, "export TMPDIR=%s\n", quote(d.runtime)) // Chromium leaves things there
	for _, setting := range d.Env() {
		name, value, _ := strings.Cut(setting, "=")
		if strings.HasPrefix(name, "XDG_") || strings.Contains("DISPLAY DBUS_SESSION_BUS_ADDRESS HOME LC_ALL NO_AT_BRIDGE", name) {
			fmt.Fprintf(&env, "export %s=%s\n", name, quote(value))
		}
	}
	path := filepath.Join(dir, "browser")
	at := d.browserFrame()
	script := fmt.Sprintf(browserScript, quote(own), env.String(), proxy, at.Dx(), at.Dy(), at.Min.X, at.Min.Y, BrowserProgram())
	return path, os.WriteFile(path, []byte(script), 0o700)
}

// BrowserProgram is the name of this machine's Chromium, the usual one where there is none.
func BrowserProgram() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if _, err := exec.LookPath(name); err == nil {
			return name
		}
	}
	return "chromium"
}

// browserFrame is where a browser opens: four fifths of the screen, 1000x640 of 1280x800.
func (d *Desktop) browserFrame() image.Rectangle {
	w, h := d.opts.Size.X, d.opts.Size.Y
	at := image.Pt(w*7/64, h*3/40)
	return image.Rectangle{at, at.Add(image.Pt(w*25/32, h*4/5))}
}

// quote makes one word of the shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// browserPids are the browsers that were opened and still run.
func (d *Desktop) browserPids() []int {
	var pids []int
	lists, _ := filepath.Glob(filepath.Join(d.opts.Dir, "browser-*", "pids"))
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			continue
		}
		for line := range strings.FieldsSeq(string(text)) {
			pid, err := strconv.Atoi(line)
			if err == nil && d.ours(pid) {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// ours says whether a process is a browser of this desktop: the number may long be another's. Its
// arguments tell, for Chromium writes them over its environment where they are long.
func (d *Desktop) ours(pid int) bool {
	cmdline, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	return err == nil && strings.Contains(string(cmdline), "--user-data-dir="+d.opts.Dir+"/browser-")
}

// WaitWindow waits for a window whose title contains a text, and returns where it is.
func (d *Desktop) WaitWindow(ctx context.Context, title string) (image.Rectangle, error) {
	var at image.Rectangle
	err := until(ctx, fmt.Sprintf("a window %q", title), func() bool {
		for _, w := range d.windows(ctx, "--name", title) {
			if w.frame.Dx() > 100 && w.frame.Dy() > 100 {
				at = w.frame
				return true
			}
		}
		return false
	})
	return at, err
}

// WaitPainted waits until a window with that title shows something, and has shown the same for
// two looks, and returns where it is.
func (d *Desktop) WaitPainted(ctx context.Context, title string) (image.Rectangle, error) {
	at, err := d.WaitWindow(ctx, title)
	if err != nil {
		return at, err
	}
	var before []uint32
	err = until(ctx, fmt.Sprintf("the window %q to be painted", title), func() bool {
		again, err := d.WaitWindow(ctx, title)
		if err != nil {
			return false
		}
		screen, err := d.Capture(ctx)
		if err != nil {
			return false
		}
		now := middle(screen, again)
		settled := again == at && slices.Equal(before, now) && varied(now)
		at, before = again, now
		return settled
	})
	return at, err
}

// middle samples the inner half of a window: the edge is painted before the page is.
func middle(screen image.Image, frame image.Rectangle) []uint32 {
	inner := image.Rectangle{frame.Min.Add(frame.Size().Div(4)), frame.Max.Sub(frame.Size().Div(4))}.Intersect(screen.Bounds())
	var samples []uint32
	for y := inner.Min.Y; y < inner.Max.Y; y += 3 {
		for x := inner.Min.X; x < inner.Max.X; x += 3 {
			r, g, b, _ := screen.At(x, y).RGBA()
			samples = append(samples, r>>8<<16|g>>8<<8|b>>8)
		}
	}
	return samples
}

// varied says whether there is more than plain ground.
func varied(samples []uint32) bool {
	seen := map[uint32]bool{}
	for _, s := range samples {
		seen[s] = true
	}
	return len(seen) > 3
}

// SignInTitle is part of the title of the page that ClickBrowserCentre waits for.
const SignInTitle = "Sign in"

// ClickBrowserCentre waits until the sign-in page is painted and clicks the middle of its window,
// where the page has the account.
func (d *Desktop) ClickBrowserCentre(ctx context.Context) error {
	at, err := d.WaitPainted(ctx, SignInTitle)
	if err != nil {
		return err
	}
	return d.Click(ctx, centre(at))
}

// closeGrace is how long a browser may take to close by itself.
const closeGrace = 5 * time.Second

// CloseBrowser closes all browsers, which takes their windows along, and returns when both are gone;
// what stays open for long is killed.
func (d *Desktop) CloseBrowser(ctx context.Context) error {
	for _, pid := range d.browserPids() {
		_ = syscall.Kill(pid, syscall.SIGTERM) // as at the end of a session; it may have closed by itself
	}
	gone := func() bool { return len(d.browserPids()) == 0 && len(d.windows(ctx, "--class", "chromium")) == 0 }
	polite, cancel := context.WithTimeout(ctx, closeGrace)
	defer cancel()
	if until(polite, "the browser to close", gone) == nil {
		return nil
	}
	for _, pid := range d.browserPids() {
		_ = syscall.Kill(-pid, syscall.SIGKILL) // each leads a group of its own
	}
	return until(ctx, "the browser to end", gone)
}
