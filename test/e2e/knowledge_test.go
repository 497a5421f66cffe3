//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"aztray/internal/auth"
	"aztray/internal/cli"
	"aztray/test/rig/cloud"
	"aztray/test/rig/images"
	"aztray/test/rig/stage"
)

// A refusal teaches how long a sign-in lasts; from then on the end is predicted, and the person warned
// before it, while renewal still works. Time is scaled: the policy is a minute, the shortest
// that is believed.
func TestALearntLifetime(t *testing.T) {
	t.Parallel() // with what also waits for the clock most of the time
	const frequency = time.Minute
	x := begin(t, stage.Options{Settings: "[azure]\nprobe_interval = \"1s\"\n[notify]\nwarn = [\"40s\"]\n"})
	x.Cloud.SetPolicy(func(p *cloud.Policy) {
		p.TokenLifetime = 20 * time.Second
		p.Tenant(cloud.Contoso).SignInFrequency = frequency
	})
	_, err := x.Az(x.ctx, "login", "--scope", cloud.ScopeCognitive)
	x.must(err)
	x.startTray()
	x.icon(10*time.Second, auth.OK)
	item := x.icon(frequency+20*time.Second, auth.Expiring) // refused, and learnt
	x.must(x.Desktop.ClickMenu(x.ctx, item, "Renew now"))
	x.icon(20*time.Second, auth.OK)
	signedIn := time.Now()
	x.menuSays(3*time.Second, item, "learned")
	x.must(x.Desktop.OpenMenu(x.ctx, item))
	x.screenshot("predicted")
	x.must(x.Desktop.CloseMenu(x.ctx))
	out, _ := x.cmd(0, "service", "status")
	if !strings.Contains(out, "Signed in, until") || !strings.Contains(out, "(learned: 1 minute)") {
		t.Error("status does not say until when")
	}
	item = x.icon(frequency, auth.Expiring)
	if early := frequency - time.Since(signedIn); early < 3*time.Second {
		t.Errorf("the warning came %v before the end", early)
	}
	x.menuSays(time.Second, item, "learned")
	x.screenshot("warned")
}

// Each tenant in use stands for itself: one that is blocked by policy turns the icon, offers no sign-in
// that would not help, and holds up no other.
func TestSeveralTenantsInUse(t *testing.T) {
	x := begin(t, stage.Options{Settings: "[azure]\nprobe_interval = \"1s\"\n"})
	_, err := x.Az(x.ctx, "login")
	x.must(err)
	x.must(x.RunContainer(x.ctx, "here", images.Sh))
	x.must(x.RunContainer(x.ctx, "there", images.Sh, "--label", "aztray.tenant="+cloud.Fabrikam.Domain))
	x.startTray()
	item := x.icon(10*time.Second, auth.OK)
	if _, tok := x.holdsNew(5*time.Second, "here", ""); tok.Tenant != cloud.Contoso.ID {
		t.Errorf("here has a token of %s", tok.Tenant)
	}
	held, tok := x.holdsNew(5*time.Second, "there", "")
	if tok.Tenant != cloud.Contoso.ID {
		t.Errorf("a label alone got there a token of %s", tok.Tenant)
	}
	x.must(x.Desktop.ClickMenu(x.within(10*time.Second), item, x.submenu(item, "Containers"), "    Let it act as you in the tenant "+cloud.Fabrikam.Domain))
	if _, tok := x.holdsNew(10*time.Second, "there", held); tok.Tenant != cloud.Fabrikam.ID {
		t.Errorf("allowed, there has a token of %s", tok.Tenant)
	}
	x.menuSays(3*time.Second, item, "Also in use: Fabrikam")

	x.must(x.tray.Stop())
	x.Cloud.SetPolicy(func(p *cloud.Policy) { p.Tenant(cloud.Fabrikam).ConditionalAccess = 53003 })
	x.startTray()
	item = x.icon(15*time.Second, auth.Expired)
	x.menuSays(3*time.Second, item, "Also in use: Contoso, signed in")
	menu, err := x.Desktop.Menu(x.ctx, item)
	x.must(err)
	if line, ok := menu.Find("Renew now"); !ok || line.Enabled {
		t.Error("a sign-in is offered that would not help")
	}
	x.must(x.Desktop.OpenMenu(x.ctx, item))
	x.screenshot("blocked")
	x.must(x.Desktop.CloseMenu(x.ctx))
}

// The endpoint's own tenant is found, named, and switched to.
func TestAnEndpointOfAnotherTenant(t *testing.T) {
	x := begin(t, stage.Options{Settings: "[openai]\nendpoint = \"" + cloud.FabrikamOpenAI + "\"\n"})
	_, err := x.Az(x.ctx, "login")
	x.must(err)
	x.startTray()
	item := x.icon(10*time.Second, auth.OK)
	x.menuSays(5*time.Second, item, "belongs to Fabrikam")
	x.must(x.Desktop.OpenMenu(x.ctx, item))
	x.screenshot("wrong-tenant")
	x.must(x.Desktop.CloseMenu(x.ctx))
	if out, _ := x.cmd(0, "service", "status"); !strings.Contains(out, "refuses your calls") {
		t.Error("status does not say that the endpoint refuses")
	}
	x.must(x.Desktop.ClickMenu(x.ctx, item, x.submenu(item, "Tenant"), cloud.Fabrikam.Name))
	x.eventually(20*time.Second, "the endpoint is content", func() bool {
		menu, err := x.Desktop.Menu(x.ctx, item)
		return err == nil && !strings.Contains(strings.Join(menu.Lines(), " "), "endpoint")
	})
	for _, r := range x.Cloud.Requests() {
		if r.Service == cloud.OpenAI && r.Status == 200 && strings.Contains(r.Path, "completions") {
			t.Error("a probe was answered with a completion, which is billed")
		}
	}
}

// tenant list and tenant use, with near misses named and nobody sent to a browser just to list.
func TestTenantCommands(t *testing.T) {
	x := begin(t, stage.Options{NoDesktop: true})
	x.cmd(1, "tenant", "list")
	_, err := x.Az(x.ctx, "login")
	x.must(err)
	visits := len(x.Cloud.Visited())
	out, _ := x.cmd(0, "tenant", "list")
	for _, want := range []string{"Contoso", "Fabrikam", "no AADSTS50076"} {
		if !strings.Contains(out, want) {
			t.Errorf("tenant list does not say %q", want)
		}
	}
	out, _ = x.cmd(0, "tenant", "list", "-o", "json")
	var rows []cli.TenantReport
	if err := json.Unmarshal([]byte(out), &rows); err != nil || len(rows) != 4 {
		t.Errorf("%d tenants, %v", len(rows), err)
	}
	if len(x.Cloud.Visited()) != visits {
		t.Error("a browser was opened to list the tenants")
	}
	if _, msg := x.cmd(2, "tenant", "use", "Fabricam"); !strings.Contains(msg, `did you mean "Fabrikam"`) {
		t.Error("a near miss is not named")
	}
	x.cmd(0, "tenant", "use", "fabrikam")
	x.cmd(0, "tenant", "use", cloud.Northwind.Domain) // with the browser
	shown, err := x.Az(x.ctx, "account", "show", "--query", "tenantId", "-o", "tsv")
	x.must(err)
	if strings.TrimSpace(shown) != cloud.Northwind.ID {
		t.Errorf("az account show says %s, want Northwind", shown)
	}
	x.Cloud.SetPolicy(func(p *cloud.Policy) { p.Authorize = cloud.Deny })
	x.cmd(1, "tenant", "use", cloud.Tailspin.ID)
	if now, err := x.Az(x.ctx, "account", "show", "--query", "tenantId", "-o", "tsv"); err != nil || now != shown {
		t.Errorf("a switch that failed left az in %s (%v)", now, err)
	}
}

// A container whose log tells that it got no credential is given a new one, and the menu says so.
func TestAFailureInAContainersLog(t *testing.T) {
	x := begin(t, stage.Options{Settings: "[azure]\nprobe_interval = \"1s\"\n"})
	_, err := x.Az(x.ctx, "login")
	x.must(err)
	x.must(x.RunContainer(x.ctx, "sh", images.Sh))
	x.must(x.RunContainer(x.ctx, "willing", images.Sh, "--label", "aztray.restart=true"))
	x.Cleanup("aaa-" + x.Prefix) // which no pattern of the settings fits
	run(x, "run", "-d", "--name", "aaa-"+x.Prefix, "-e", "AZURE_OPENAI_ENDPOINT=https://x.example", images.Sh, "/probe", "sleep")
	x.startTray()
	item := x.icon(10*time.Second, auth.OK)
	held, _ := x.holdsNew(5*time.Second, "sh", "")
	x.holdsNew(5*time.Second, "willing", "")
	complain := func(short string) {
		_, err = x.Exec(x.ctx, short, "sh", "-c", "echo 'azure.core.exceptions.ClientAuthenticationError: DefaultAzureCredential failed to retrieve a token from the included credentials.' > /proc/1/fd/1")
		x.must(err)
	}
	before := map[string]time.Time{"sh": x.startedAt("sh"), "willing": x.startedAt("willing")}
	<-time.After(3 * time.Second) // what fails now, fails beyond doubt with the token there
	complain("sh")
	x.holdsNew(5*time.Second, "sh", held)
	offer := x.notification(10*time.Second, "does not take up its token")
	x.screenshot("offer")
	x.must(x.Desktop.OpenMenu(x.ctx, item))
	x.must(x.Desktop.PointAtMenu(x.ctx, item, x.submenu(item, "Containers")))
	x.screenshot("log")
	x.must(x.Desktop.CloseMenu(x.ctx))
	menu, err := x.Desktop.Menu(x.ctx, item)
	x.must(err)
	containers, _ := menu.Find(x.submenu(item, "Containers"))
	if lines := strings.Join(containers.Lines(), "\n"); !strings.Contains(lines, "its log tells") {
		t.Errorf("the menu does not say what the log said:\n%s", lines)
	} else if !strings.Contains(lines, "Not covered: aaa-"+x.Prefix) {
		t.Errorf("the menu does not name a container that looks as if it were forgotten:\n%s", lines)
	} else if !strings.Contains(lines, "    Restart "+x.Name("sh")) {
		t.Errorf("the menu does not offer to restart it:\n%s", lines)
	}

	complain("willing")
	x.eventually(20*time.Second, "the one whose label allows it is restarted", func() bool { return x.startedAt("willing").After(before["willing"]) })
	if !x.startedAt("sh").Equal(before["sh"]) {
		t.Error("one without a label was restarted though nobody asked for it")
	}
	x.must(x.Desktop.PressButton(x.ctx, offer, "Restart "+x.Name("sh")))
	x.eventually(20*time.Second, "the other one is restarted by the notification's button", func() bool { return x.startedAt("sh").After(before["sh"]) })
	x.eventually(20*time.Second, "the menu offers it no more", func() bool {
		menu, err := x.Desktop.Menu(x.ctx, item)
		return err == nil && !strings.Contains(strings.Join(menu.Lines(), "\n"), "    Restart "+x.Name("sh"))
	})
}

// az's own cache is kept rolling by az, so that no idle limit catches a person who only uses aztray.
func TestAzsCacheIsKeptRolling(t *testing.T) {
	x := begin(t, stage.Options{})
	_, err := x.Az(x.ctx, "login")
	x.must(err)
	asked := func() (n int) {
		for _, tok := range x.Cloud.Issued() {
			if tok.Kind == cloud.RefreshToken {
				n++
			}
		}
		return n
	}
	before := asked()
	cache := filepath.Join(x.AzureDir, "msal_token_cache.json")
	was, err := os.ReadFile(cache)
	x.must(err)
	x.startTray()
	x.icon(10*time.Second, auth.OK)
	x.eventually(15*time.Second, "az has renewed by itself", func() bool {
		is, err := os.ReadFile(cache)
		return err == nil && len(is) > 0 && !bytes.Equal(is, was) && asked() > before
	})
}

// A clock that is so wrong that tokens break is reported, and nothing turns red for it.
func TestAWrongClock(t *testing.T) {
	x := begin(t, stage.Options{})
	x.Cloud.SetPolicy(func(p *cloud.Policy) { p.ClockSkew = -20 * time.Minute })
	_, err := x.Az(x.ctx, "login")
	x.must(err)
	x.startTray()
	item := x.icon(10*time.Second, auth.OK)
	x.menuSays(5*time.Second, item, "minutes ahead of Microsoft's")
}

// What a browser cannot renew is said, with what can.
func TestAServicePrincipal(t *testing.T) {
	x := begin(t, stage.Options{Settings: "[azure]\nprobe_interval = \"1s\"\n"})
	_, err := x.Az(x.ctx, "login", "--service-principal", "-u", cloud.RobotID, "-p", cloud.RobotSecret, "--tenant", cloud.Contoso.ID)
	x.must(err)
	x.must(x.RunContainer(x.ctx, "sh", images.Sh))
	x.startTray()
	item := x.icon(15*time.Second, auth.OK)
	x.holdsNew(5*time.Second, "sh", "")
	x.menuSays(3*time.Second, item, "a service principal with a secret")
	menu, err := x.Desktop.Menu(x.ctx, item)
	x.must(err)
	if line, ok := menu.Find("Renew now"); !ok || line.Enabled {
		t.Error("a browser is offered that cannot renew a service principal")
	}
	x.must(x.Desktop.OpenMenu(x.ctx, item))
	x.screenshot("menu")
	x.must(x.Desktop.CloseMenu(x.ctx))
}

// A service that says of itself that its credential fails, in Code Story's words, has its containers
// given a new one.
func TestAServiceThatLacksItsCredential(t *testing.T) {
	var failing atomic.Bool
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if failing.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			io.WriteString(w, `{"status": "unhealthy", "components": {"openai": {"status": "unhealthy", "details": {"error": "DefaultAzureCredential failed to retrieve a token from the included credentials."}}}}`)
			return
		}
		io.WriteString(w, `{"status": "healthy", "components": {"openai": {"status": "healthy", "details": {}}}}`)
	}))
	defer service.Close()
	x := begin(t, stage.Options{Settings: "[azure]\nprobe_interval = \"1s\"\n[health]\nwatch = [\"" + service.URL + "/health\"]\n"})
	_, err := x.Az(x.ctx, "login")
	x.must(err)
	x.must(x.RunContainer(x.ctx, "sh", images.Sh))
	x.startTray()
	x.icon(10*time.Second, auth.OK)
	held, _ := x.holdsNew(5*time.Second, "sh", "")
	failing.Store(true)
	x.holdsNew(60*time.Second, "sh", held)
}
