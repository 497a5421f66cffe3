//go:build e2e

package e2e

import (
	"html"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"aztray/internal/auth"
	"aztray/test/rig/chromium"
	"aztray/test/rig/images"
	"aztray/test/rig/stage"
)

var leadsTo = regexp.MustCompile(`content="0; url=([^"]+)"`)

// led is the page's address in the file that the browser was given, once it was given one.
func (x *story) led() (file, address string) {
	x.t.Helper()
	x.eventually(20*time.Second, "the browser was given a file", func() bool {
		visited := x.Cloud.Visited()
		i := slices.IndexFunc(visited, func(a string) bool { return strings.HasPrefix(a, "file://") })
		if i >= 0 {
			file = visited[i]
		}
		return i >= 0
	})
	u, err := url.Parse(file)
	x.must(err)
	text, err := os.ReadFile(u.Path)
	x.must(err)
	m := leadsTo.FindStringSubmatch(string(text))
	if m == nil {
		x.t.Fatalf("it leads nowhere:\n%s", text)
	}
	return file, html.UnescapeString(m[1])
}

// Another user, and a container in the machine's network that sees all its processes, may look at the page and have
// nothing done: the key is in no argument, no log, and no file of theirs to read.
func TestWhoMayCommandAcrossTheMachine(t *testing.T) {
	x := begin(t, stage.Options{})
	_, err := x.Az(x.ctx, "login", "--output", "none")
	x.must(err)
	x.must(x.RunContainer(x.ctx, "web", images.Sh))
	x.startTray()
	item := x.icon(20*time.Second, auth.OK)
	x.must(x.Desktop.ClickMenu(x.within(10*time.Second), item, "Show details"))
	file, address := x.led()
	plain, key, ok := strings.Cut(address, "#key=")
	if !ok || plain != x.HealthURL {
		t.Fatalf("it leads to %s", plain)
	}
	u, err := url.Parse(file)
	x.must(err)

	x.must(x.RunContainer(x.ctx, "guest", images.Sh, "--pid", "host", "--user", "65534:65534", "-v", filepath.Dir(u.Path)+":/theirs:ro"))
	guest := func(script string) string {
		out, err := x.Exec(x.ctx, "guest", "sh", "-c", script+"; echo \" exit $?\"")
		x.must(err)
		return out
	}
	if out := guest("busybox wget -Y off -q -O - " + plain); !strings.Contains(out, "Signed in to") || strings.Contains(out, key) {
		t.Errorf("it may look: %s", out)
	}
	for _, what := range []string{"restart", "renew", "sync", "tenant", "answer", "cancel"} {
		for _, header := range []string{"A: b", "X-Aztray-Signature: " + strings.Repeat("1", 13) + " " + strings.Repeat("a", 32) + " " + strings.Repeat("b", 64)} {
			out := guest("busybox wget -Y off -S -q -O - --header '" + header + "' --post-data tenant=" + strings.Repeat("x", 4) + " " + plain + "actions/" + what + " 2>&1")
			if !strings.Contains(out, "403 Forbidden") {
				t.Errorf("%s: %s", what, out)
			}
		}
	}
	if out := guest("cat /theirs/" + filepath.Base(u.Path)); strings.Contains(out, key) || strings.Contains(out, " exit 0") {
		t.Errorf("it reads the file: %s", out)
	}
	if out := guest("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '"); strings.Contains(out, key) || !strings.Contains(out, "aztray") {
		t.Errorf("the processes: %s", out)
	}
	if strings.Contains(x.tray.Log(), key) {
		t.Error("the log has the key")
	}

	// The person's own command has it, and the browser that it opens.
	if out, _ := x.cmd(0, "page", "--print"); strings.TrimSpace(out) != address {
		t.Error("aztray page --print has another address")
	}
	x.cmd(0, "page")
	x.eventually(20*time.Second, "the command has the browser led there too", func() bool {
		visited := x.Cloud.Visited()
		last := visited[len(visited)-1]
		return last != file && strings.HasPrefix(last, "file://")
	})
	page := chromium.Open(t)
	page.Go(file)
	page.Until("document.body.dataset.may === 'yes' && location.href === '" + plain + "'")
	page.Click("#sync")
	page.Until("document.querySelector('#said').innerText.includes('Every container')")
}
