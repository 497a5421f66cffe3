//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"aztray/internal/auth"
	"aztray/internal/containers"
	"aztray/test/rig/cloud"
	"aztray/test/rig/desktop"
	"aztray/test/rig/images"
	"aztray/test/rig/stage"
)

// sight is what a container's process saw of its token cache at its first instruction.
type sight struct {
	Exists bool
	SHA256 string
}

// firstSight waits for what a container that runs "probe firstread" printed.
func (x *story) firstSight(short string) sight {
	x.t.Helper()
	var s sight
	x.eventually(10*time.Second, short+" tells what it saw", func() bool {
		out, err := exec.CommandContext(x.ctx, "docker", "logs", x.Name(short)).Output()
		return err == nil && json.Unmarshal(out, &s) == nil
	})
	return s
}

// 4. A container that is created after the sign-in has its token within a second of its start, most
// before their first instruction.
func TestContainersCreatedLater(t *testing.T) {
	const cache = "/root/.azure/msal_token_cache.json"
	x := begin(t, stage.Options{})
	_, err := x.Az(x.ctx, "login", "--scope", cloud.ScopeCognitive)
	x.must(err)
	x.startTray()
	x.icon(10*time.Second, auth.OK)
	x.must(x.RunContainer(x.ctx, "warm", images.Sh)) // the tray knows the image from now on
	x.holdsNew(5*time.Second, "warm", "")

	const rounds = 10
	created := func(short string, gap time.Duration) {
		name := x.Name(short)
		x.Cleanup(name)
		run(x, "create", "--name", name, "--network", "none", images.Sh, "/probe", "firstread", cache)
		<-time.After(gap) // the time that compose spends between the two, the matter of this test
		run(x, "start", name)
	}
	for _, way := range []struct {
		name  string
		start func(short string)
	}{
		{"docker run -d", func(short string) { x.must(x.RunContainer(x.ctx, short, images.Sh+" /probe firstread "+cache)) }},
		{"create and start, as compose does", func(short string) { created(short, 20*time.Millisecond) }},
		{"the same containers made anew", func(short string) {
			x.must(x.RemoveContainer(x.ctx, short))
			created(short, 20*time.Millisecond)
		}},
	} {
		inTime := 0
		for i := range rounds {
			short := fmt.Sprintf("%c-%d", way.name[0], i)
			if strings.HasPrefix(way.name, "the same") {
				short = fmt.Sprintf("c-%d", i)
			}
			way.start(short)
			began := time.Now()
			x.eventually(time.Second, short+" has its token within a second of its start", func() bool {
				return x.Held(x.ctx, short, cloud.ScopeCognitive) != ""
			})
			if x.firstSight(short).Exists {
				inTime++
			}
			t.Logf("%s: token seen %v after the start", short, time.Since(began).Round(time.Millisecond))
		}
		t.Attr(strings.ReplaceAll(way.name, " ", "-"), fmt.Sprintf("%d of %d had their token before their first instruction", inTime, rounds))
		if way.name != "docker run -d" && inTime <= rounds/2 {
			t.Errorf("%s: only %d of %d had their token before their first instruction", way.name, inTime, rounds)
		}
	}
}

// run runs docker and fails the test where it does.
func run(x *story, args ...string) {
	x.t.Helper()
	if out, err := exec.CommandContext(context.WithoutCancel(x.ctx), "docker", args...).CombinedOutput(); err != nil {
		x.t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// A real sign-in that somebody put into a container since the last renewal is there after the next one, with all that
// belongs to it, while the others hold the new token.
func TestASignInMadeInsideOutlivesARenewal(t *testing.T) {
	x := begin(t, stage.Options{})
	_, err := x.Az(x.ctx, "login", "--scope", cloud.ScopeCognitive)
	x.must(err)
	x.must(x.RunContainer(x.ctx, "theirs", images.Az))
	x.must(x.RunContainer(x.ctx, "ours", images.Az))
	x.startTray()
	item := x.icon(10*time.Second, auth.OK)
	held, _ := x.holdsNew(5*time.Second, "ours", "")
	x.holdsNew(5*time.Second, "theirs", "")

	files, want := []string{"msal_token_cache.json", "azureProfile.json"}, map[string]string{}
	inside := func(name string) string {
		out, err := x.Exec(x.ctx, "theirs", "cat", "/root/.azure/"+name)
		x.must(err)
		return out
	}
	dir, _, err := x.Run(x.ctx, "sh", "-c", "printf %s $AZURE_CONFIG_DIR")
	x.must(err)
	for _, name := range files {
		_, _, err := x.Run(x.ctx, "docker", "cp", filepath.Join(dir, name), x.Name("theirs")+":/root/.azure/"+name)
		x.must(err)
		want[name] = inside(name)
	}
	x.must(x.Desktop.ClickMenu(x.ctx, item, "Renew now"))
	x.holdsNew(30*time.Second, "ours", held)
	x.menuShows(10*time.Second, "1 of 2 have the token", true)
	for _, name := range files {
		if got := inside(name); got != want[name] {
			t.Errorf("their %s is not what it was: %d bytes, %d before", name, len(got), len(want[name]))
		}
	}
	if got := x.states()["theirs"]; got != "copy "+string(containers.OwnSignIn) {
		t.Errorf("the command line says %q of it", got)
	}
	x.must(x.Desktop.OpenMenu(x.ctx, item))
	x.must(x.Desktop.PointAtMenu(x.ctx, item, x.submenu(item, "Containers")))
	x.screenshot("menu")
	x.must(x.Desktop.CloseMenu(x.ctx))
	x.must(x.RemoveContainer(x.ctx, "theirs")) // before every file is searched for what must not be there
}

// 5. The tenant submenu: silently where az can, with the browser where not; az agrees.
func TestSwitchingTheTenant(t *testing.T) {
	x := begin(t, stage.Options{})
	_, err := x.Az(x.ctx, "login")
	x.must(err)
	x.must(x.RunContainer(x.ctx, "az", images.Az))
	x.startTray()
	item := x.icon(10*time.Second, auth.OK)
	held, tok := x.holdsNew(5*time.Second, "az", "")
	if tok.Tenant != cloud.Contoso.ID {
		t.Fatalf("the container starts with a token of %s", tok.Tenant)
	}
	visits := len(x.Cloud.Visited())
	for _, to := range []struct {
		tenant  cloud.Tenant
		browser int
	}{{cloud.Fabrikam, 0}, {cloud.Northwind, 1}, {cloud.Contoso, 0}} {
		x.must(x.Desktop.ClickMenu(x.within(10*time.Second), item, x.submenu(item, "Tenant"), to.tenant.Name))
		x.eventually(30*time.Second, "the tick moves to "+to.tenant.Name, func() bool {
			menu, err := x.Desktop.Menu(x.ctx, item)
			if err != nil {
				return false
			}
			line, ok := menu.Find(x.submenu(item, "Tenant"), to.tenant.Name)
			return ok && line.Checked && levelOf(x.icon(20*time.Second, auth.OK).Icon) == auth.OK
		})
		held, tok = x.holdsNew(3*time.Second, "az", held)
		if tok.Tenant != to.tenant.ID {
			t.Errorf("the container has a token of %s, want %s", tok.Tenant, to.tenant.Name)
		}
		shown, err := x.Az(x.ctx, "account", "show", "--query", "tenantId", "-o", "tsv")
		x.must(err)
		if strings.TrimSpace(shown) != to.tenant.ID {
			t.Errorf("az account show says %s, want %s", shown, to.tenant.ID)
		}
		if n := len(x.Cloud.Visited()) - visits; n != to.browser {
			t.Errorf("to %s: %d browsers, want %d", to.tenant.Name, n, to.browser)
		}
		visits = len(x.Cloud.Visited())
		got, err := x.AzToken(x.ctx, "az", cloud.ScopeCognitive)
		x.must(err)
		if got != held {
			t.Errorf("in %s az in the container gives another token than the one delivered", to.tenant.Name)
		}
	}
	x.must(x.Desktop.OpenMenu(x.ctx, item))
	x.must(x.Desktop.PointAtMenu(x.ctx, item, x.submenu(item, "Tenant")))
	x.screenshot("menu")
	x.must(x.Desktop.CloseMenu(x.ctx))
}

// submenu is the whole label of a submenu, which goes on with what is in use.
func (x *story) submenu(item desktop.Item, begins string) string {
	x.t.Helper()
	menu, err := x.Desktop.WaitMenu(x.within(5*time.Second), item, func(m desktop.MenuNode) bool {
		return slices.ContainsFunc(m.Lines(), func(l string) bool { return strings.HasPrefix(l, begins) })
	})
	x.must(err)
	lines := menu.Lines()
	return lines[slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, begins) })]
}
