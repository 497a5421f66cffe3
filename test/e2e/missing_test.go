//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"aztray/internal/auth"
	"aztray/test/rig/cloud"
	"aztray/test/rig/desktop"
	"aztray/test/rig/images"
	"aztray/test/rig/stage"
)

// menuSays waits until the menu holds a text.
func (x *story) menuSays(d time.Duration, item desktop.Item, text string) {
	x.t.Helper()
	var last desktop.MenuNode
	_, err := x.Desktop.WaitMenu(x.within(d), item, func(m desktop.MenuNode) bool {
		last = m
		return strings.Contains(strings.Join(strings.Fields(strings.Join(m.Lines(), " ")), " "), text) // however it is wrapped
	})
	if err != nil {
		x.t.Fatalf("the menu does not say %q:\n%s", text, strings.Join(last.Lines(), "\n"))
	}
}

// 8. Without Docker the tray says so in a sentence and does the rest.
func TestWithoutDocker(t *testing.T) {
	x := begin(t, stage.Options{})
	x.Setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
	_, err := x.Az(x.ctx, "login", "--scope", cloud.ScopeCognitive)
	x.must(err)
	x.startTray()
	item := x.icon(10*time.Second, auth.OK)
	x.menuSays(5*time.Second, item, "Docker")
	x.must(x.Desktop.OpenMenu(x.ctx, item))
	x.screenshot("menu")
	x.must(x.Desktop.CloseMenu(x.ctx))
	out, _, code, err := x.Aztray(x.ctx, "service", "status")
	x.must(err)
	if code != 0 || !strings.Contains(out, "Docker") || !strings.Contains(out, "Signed in") {
		t.Errorf("status without Docker: exit code %d\n%s", code, out)
	}
}

// 8. Without az: what is signed in already goes on, and the sentence says what to install.
func TestWithoutAz(t *testing.T) {
	x := begin(t, stage.Options{})
	_, err := x.Az(x.ctx, "login", "--scope", cloud.ScopeCognitive)
	x.must(err)
	x.must(x.RunContainer(x.ctx, "sh", images.Sh))
	x.Setenv("PATH", pathWithout(t, "az"))
	x.startTray()
	item := x.icon(10*time.Second, auth.OK)
	x.holdsNew(5*time.Second, "sh", "")
	x.menuSays(5*time.Second, item, "Azure CLI")
	_, msg, code, err := x.Aztray(x.ctx, "service", "auth-renew")
	x.must(err)
	if code != 1 || !strings.Contains(msg, "Azure CLI") || strings.Count(msg, "\n") > 2 {
		t.Errorf("auth-renew without az: exit code %d\n%s", code, msg)
	}
}

// pathWithout is a PATH that has all that this one has but one program.
func pathWithout(t testing.TB, program string) string {
	dir := t.TempDir()
	for _, d := range filepath.SplitList(os.Getenv("PATH")) {
		entries, _ := os.ReadDir(d)
		for _, e := range entries {
			if e.Name() != program {
				os.Symlink(filepath.Join(d, e.Name()), filepath.Join(dir, e.Name())) // the first of a name wins
			}
		}
	}
	return dir
}

// 8. Without a tray host a notification says so, everything else goes on, and the icon appears when a
// panel does.
func TestWithoutATrayHost(t *testing.T) {
	x := begin(t, stage.Options{Desktop: desktop.Options{NoTray: true}})
	_, err := x.Az(x.ctx, "login", "--scope", cloud.ScopeCognitive)
	x.must(err)
	x.must(x.RunContainer(x.ctx, "sh", images.Sh))
	x.startTray()
	x.holdsNew(10*time.Second, "sh", "")
	n, err := x.Desktop.WaitNotification(x.within(20*time.Second), func(n desktop.Notification) bool { return n.Shown() })
	x.must(err)
	t.Logf("%s: %s", n.Summary, n.Body)
	x.screenshot("no-tray")
	x.must(x.Desktop.StartPanel(x.ctx))
	x.icon(10*time.Second, auth.OK)
}

// 8. With a token cache that cannot be read, az is asked.
func TestWithAnUnreadableCache(t *testing.T) {
	x := begin(t, stage.Options{})
	_, err := x.Az(x.ctx, "login", "--service-principal", "-u", cloud.RobotID, "-p", cloud.RobotSecret, "--tenant", cloud.Contoso.ID)
	x.must(err)
	cache := filepath.Join(x.AzureDir, "msal_token_cache.json")
	x.must(os.RemoveAll(cache))
	x.must(os.WriteFile(filepath.Join(x.AzureDir, "msal_token_cache.bin"), []byte{1, 0, 0, 0}, 0o600))
	x.must(x.RunContainer(x.ctx, "sh", images.Sh))
	x.startTray()
	x.icon(15*time.Second, auth.OK)
	x.holdsNew(5*time.Second, "sh", "")
	x.must(os.RemoveAll(filepath.Join(x.AzureDir, "azureProfile.json")))
	x.must(os.Mkdir(filepath.Join(x.AzureDir, "azureProfile.json"), 0o700))
	item := x.icon(3*time.Second, auth.OK) // what was known stays known
	x.menuSays(5*time.Second, item, "cannot be read")
}

// One instance for each person; the icon comes back with the panel; a signal ends all cleanly.
func TestOneTrayThatStays(t *testing.T) {
	x := begin(t, stage.Options{})
	x.startTray()
	x.icon(15*time.Second, auth.SignedOut)
	x.notification(5*time.Second, "Not signed in")
	out, _, code, err := x.Aztray(x.ctx)
	x.must(err)
	if code != 0 || !strings.Contains(out, "running") {
		t.Errorf("a second start: exit code %d, %q", code, out)
	}
	x.notification(5*time.Second, "aztray is running")
	x.screenshot("second-start")
	x.must(x.Desktop.StopPanel(x.ctx))
	x.must(x.Desktop.StartPanel(x.ctx))
	item := x.icon(10*time.Second, auth.SignedOut)
	if _, err := x.Desktop.WaitShown(x.within(5*time.Second), item); err != nil {
		t.Error(err)
	}
	syscall.Kill(x.tray.PID(), syscall.SIGTERM)
	select {
	case <-x.tray.Done():
	case <-time.After(5 * time.Second):
		t.Fatal("a signal does not end the tray")
	}
	if err := x.tray.Err(); err != nil {
		t.Errorf("the tray ended with %v", err)
	}
	x.eventually(3*time.Second, "no dead button stays on the screen", func() bool {
		return !slices.ContainsFunc(x.shown(), func(n desktop.Notification) bool { return len(n.Actions) > 0 })
	})
}

// Without a session bus it says so in a sentence.
func TestWithoutASessionBus(t *testing.T) {
	x := begin(t, stage.Options{NoDesktop: true})
	_, msg, code, err := x.Aztray(x.ctx)
	x.must(err)
	if code == 0 || strings.Contains(msg, "panic") || !strings.Contains(msg, "session") {
		t.Errorf("exit code %d\n%s", code, msg)
	}
	t.Log(msg)
}
