//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aztray/internal/auth"
	"aztray/test/rig/cloud"
	"aztray/test/rig/desktop"
	"aztray/test/rig/images"
	"aztray/test/rig/stage"
)

// settings writes the settings file as an editor does: beside, then renamed.
func (x *story) settings(toml string) {
	x.t.Helper()
	file := filepath.Join(x.Dir, "config", "aztray", "config.toml")
	x.must(os.WriteFile(file+"~", []byte(toml), 0o600))
	x.must(os.Rename(file+"~", file))
}

// menuShows waits until a line of the menu holds a text, or none does.
func (x *story) menuShows(d time.Duration, text string, want bool) {
	x.t.Helper()
	item, err := x.Item(x.within(d), func(desktop.Item) bool { return true })
	x.must(err)
	var menu desktop.MenuNode
	_, err = x.Desktop.WaitMenu(x.within(d), item, func(n desktop.MenuNode) bool {
		menu = n
		return strings.Contains(strings.Join(strings.Fields(strings.Join(n.Lines(), " ")), " "), text) == want
	})
	if err != nil {
		x.t.Fatalf("within %v, a line with %q: want %v; the menu is\n%s", d, text, want, strings.Join(menu.Lines(), "\n"))
	}
}

// The person edits the settings while the tray runs, in the middle of a sign-in, and wrongly once.
func TestSettingsAreTakenUpWhileTheTrayRuns(t *testing.T) {
	x := begin(t, stage.Options{})
	x.Setenv("AZTRAY_CONTAINERS_NAMES", "") // counts as not set: the file says it here
	only := func(short string) string { return fmt.Sprintf("[containers]\nnames = [%q]\n", x.Name(short)) }
	x.settings(only("one"))
	_, err := x.Az(x.ctx, "login", "--scope", cloud.ScopeCognitive)
	x.must(err)
	x.must(x.RunContainer(x.ctx, "one", images.Sh))
	x.must(x.RunContainer(x.ctx, "two", images.Sh))
	x.startTray()
	item := x.icon(15*time.Second, auth.OK)
	x.holdsNew(10*time.Second, "one", "")
	if x.Held(x.ctx, "two", cloud.ScopeCognitive) != "" {
		t.Fatal("a container that is not covered holds a token")
	}

	x.settings(only("two"))
	x.holdsNew(10*time.Second, "two", "")
	x.menuShows(10*time.Second, "Containers: 1,", true)

	x.settings(only("two") + "[azure]\nsign_in_lifetime = \"10h\"\n[endpoint]\nenabled = true\nport = 18766\n")
	x.menuShows(10*time.Second, "(your setting)", true)
	x.eventually(10*time.Second, "the endpoint is served", func() bool { return listens(18766) })
	x.settings(only("two") + "[azure]\nsign_in_lifetime = \"10h\"\n[endpoint]\nenabled = true\nport = 18767\n")
	x.eventually(10*time.Second, "the endpoint moved", func() bool { return listens(18767) && !listens(18766) })

	x.settings("[azure]\nsign_in_lifetme = \"9h\"\n")
	x.menuShows(10*time.Second, "line 2: there is no setting azure.sign_in_lifetme; did you mean azure.sign_in_lifetime?", true)
	x.notification(10*time.Second, "The changed settings are not in use")
	x.menuShows(5*time.Second, "(your setting)", true)
	x.screenshot("broken")
	if !listens(18767) {
		t.Error("a broken file ended the endpoint")
	}

	// A sign-in that takes a while sees other settings come.
	x.Cloud.SetPolicy(func(p *cloud.Policy) { p.Service(cloud.Entra).Latency = time.Second })
	x.must(x.Desktop.ClickMenu(x.ctx, item, "Renew now"))
	x.icon(10*time.Second, auth.Renewing)
	x.settings(only("one"))
	x.menuShows(10*time.Second, "not in use", false)
	x.icon(time.Second, auth.Renewing)
	x.Cloud.SetPolicy(func(p *cloud.Policy) { p.Service(cloud.Entra).Latency = 0 })
	x.icon(20*time.Second, auth.OK)
	x.eventually(10*time.Second, "the endpoint is off", func() bool { return !listens(18767) })
	told := 0
	for _, n := range x.Desktop.Notifications() {
		if strings.Contains(n.Summary, "settings") {
			told++
		}
	}
	if told != 1 {
		t.Errorf("the person was told %d times of the broken file, want once", told)
	}
	if n := strings.Count(x.tray.Log(), "the sign-in failed"); n != 0 || len(x.Cloud.Visited()) != 2 {
		t.Errorf("%d sign-ins failed, %d browsers were opened; want none, and two with az login's", n, len(x.Cloud.Visited()))
	}
}

// What happens while the tray does not run is made good when it starts: a container that the settings name no more,
// and a sign-out.
func TestWhatHappenedWhileTheTrayWasOff(t *testing.T) {
	x := begin(t, stage.Options{})
	x.Setenv("AZTRAY_CONTAINERS_NAMES", "") // counts as not set: the file says it here
	x.settings(fmt.Sprintf("[containers]\nnames = [%q, %q]\n", x.Name("one"), x.Name("two")))
	_, err := x.Az(x.ctx, "login", "--scope", cloud.ScopeCognitive)
	x.must(err)
	x.must(x.RunContainer(x.ctx, "one", images.Sh))
	x.must(x.RunContainer(x.ctx, "two", images.Sh))
	x.startTray()
	x.holdsNew(15*time.Second, "one", "")
	x.holdsNew(10*time.Second, "two", "")

	x.settings(fmt.Sprintf("[containers]\nnames = [%q]\n", x.Name("one")))
	x.holdsNew(10*time.Second, "one", "")
	x.eventually(10*time.Second, "the tray that runs takes it back", func() bool { return x.Held(x.ctx, "two", cloud.ScopeCognitive) == "" })
	x.settings(fmt.Sprintf("[containers]\nnames = [%q, %q]\n", x.Name("one"), x.Name("two")))
	x.holdsNew(10*time.Second, "two", "")

	x.must(x.tray.Stop())
	x.settings(fmt.Sprintf("[containers]\nnames = [%q]\n", x.Name("one")))
	x.startTray()
	x.eventually(15*time.Second, "the container is no longer covered", func() bool { return x.Held(x.ctx, "two", cloud.ScopeCognitive) == "" })
	x.holdsNew(10*time.Second, "one", "")

	x.must(x.tray.Stop())
	_, err = x.Az(x.ctx, "logout")
	x.must(err)
	if x.Held(x.ctx, "one", cloud.ScopeCognitive) == "" {
		t.Fatal("it was emptied by nobody")
	}
	x.startTray()
	x.eventually(15*time.Second, "the person has signed out", func() bool { return x.Held(x.ctx, "one", cloud.ScopeCognitive) == "" })
}

// A slip that is there when the person logs in: the tray comes, says so once and in the menu, and leaves the
// containers alone until it is mended, for nobody knows which ones the file was to name.
func TestABrokenFileAtTheStart(t *testing.T) {
	x := begin(t, stage.Options{})
	x.settings("[azure]\nsign_in_lifetme = \"9h\"\n")
	_, err := x.Az(x.ctx, "login", "--scope", cloud.ScopeCognitive)
	x.must(err)
	x.must(x.RunContainer(x.ctx, "one", images.Sh))
	x.startTray()
	x.icon(15*time.Second, auth.OK)
	x.menuShows(5*time.Second, "The settings file is not in use. config.toml, line 2: there is no setting azure.sign_in_lifetme; did you mean azure.sign_in_lifetime?", true)
	x.menuShows(time.Second, "Containers:", false)
	x.notification(10*time.Second, "The settings file is not in use")
	x.screenshot("broken-at-the-start")
	if !strings.Contains(x.tray.Log(), "aztray: "+filepath.Join(x.Dir, "config", "aztray", "config.toml")+", line 2: ") {
		t.Error("standard error does not say what is wrong")
	}
	if x.Held(x.ctx, "one", cloud.ScopeCognitive) != "" {
		t.Error("a container got a token by settings that are not the person's")
	}

	x.settings("[azure]\nsign_in_lifetime = \"9h\"\n")
	x.holdsNew(10*time.Second, "one", "")
	x.menuShows(5*time.Second, "not in use", false)
	x.menuShows(5*time.Second, "(your setting)", true)
	told := 0
	for _, n := range x.Desktop.Notifications() {
		if strings.Contains(n.Summary, "settings") {
			told++
		}
	}
	if told != 1 {
		t.Errorf("the person was told %d times of the broken file, want once", told)
	}
}

func listens(port int) bool {
	conn, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
	if err == nil {
		conn.Close()
	}
	return err == nil
}
