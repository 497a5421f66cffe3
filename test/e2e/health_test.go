//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"aztray/internal/auth"
	"aztray/test/rig/chromium"
	"aztray/test/rig/cloud"
	"aztray/test/rig/desktop"
	"aztray/test/rig/images"
	"aztray/test/rig/stage"
)

// stand is what a script reads from the health API.
type stand struct {
	Status     string
	Components struct {
		AzureAuth struct {
			Status  string
			Details struct {
				Level   string
				Renewal *struct{ State, Way string }
			}
		} `json:"azure_auth"`
		Containers struct{ Status string }
	}
}

// call asks the health API as curl does, keeps the answer for the search for secrets, and gives its status.
func (x *story) call(method, path string, headers ...string) (int, string) {
	x.t.Helper()
	r, err := http.NewRequestWithContext(x.ctx, method, x.HealthURL+strings.TrimPrefix(path, "/"), nil)
	x.must(err)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	x.must(err)
	name := filepath.Join(x.Dir, "out", fmt.Sprintf("answer-%d.txt", time.Now().UnixNano()))
	x.must(os.WriteFile(name, body, 0o600))
	return resp.StatusCode, string(body)
}

func (x *story) stand(body string) (s stand) {
	x.t.Helper()
	if err := json.Unmarshal([]byte(body), &s); err != nil {
		x.t.Fatalf("%v\n%s", err, body)
	}
	return s
}

// With no desktop: a script asks, and has a revoked sign-in renewed; ten at once get one sign-in.
func TestTheHealthAPI(t *testing.T) {
	x := begin(t, stage.Options{NoDesktop: true})
	_, err := x.Az(x.ctx, "login", "--output", "none")
	x.must(err)
	x.must(x.RunContainer(x.ctx, "az", images.Az))
	x.tray, err = x.StartTray(x.ctx, "serve")
	x.must(err)
	x.eventually(30*time.Second, "healthy", func() bool {
		code, body := x.call("GET", "/health")
		return code == 200 && x.stand(body).Status == "healthy"
	})
	held, _ := x.holdsNew(10*time.Second, "az", "")
	if code, body := x.call("GET", "/health?auto_fix=true"); code != 200 || x.stand(body).Components.AzureAuth.Details.Renewal.State != "not-needed" {
		t.Errorf("a good sign-in: %d %s", code, body)
	}
	for _, h := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://evil.example"}} {
		if code, body := x.call("POST", "/auth-renew", h...); code != 403 {
			t.Errorf("%v: %d %s", h, code, body)
		}
	}

	x.Cloud.SetPolicy(func(p *cloud.Policy) { p.Revoked = time.Now(); p.Service(cloud.Entra).Latency = 200 * time.Millisecond })
	before := len(x.Cloud.Visited())
	var all sync.WaitGroup
	answers := make([]string, 10)
	for i := range answers {
		all.Go(func() {
			code, body := x.call("POST", "/auth-renew?wait=60s")
			if r := x.stand(body).Components.AzureAuth.Details.Renewal; r != nil {
				answers[i] = fmt.Sprint(code, " ", r.State, " ", r.Way)
			}
		})
	}
	all.Wait()
	if got := slices.Compact(slices.Sorted(slices.Values(answers))); len(got) != 1 || got[0] != "200 succeeded browser" {
		t.Errorf("ten at once: %q", answers)
	}
	if n := len(x.Cloud.Visited()) - before; n != 1 {
		t.Errorf("the browser was opened %d times", n)
	}
	x.holdsNew(10*time.Second, "az", held)
	if code, body := x.call("GET", "/metrics"); code != 200 || !strings.Contains(body, `aztray_renewals_total{outcome="ok",way="browser"} 1`) {
		t.Errorf("metrics: %d\n%s", code, body)
	}
	x.eventually(10*time.Second, "healthy again", func() bool {
		code, body := x.call("GET", "/v1/health")
		return code == 200 && x.stand(body).Status == "healthy"
	})
}

// Another program has the port: it is said in the menu and by status, and the details can be had all the same.
func TestThePortIsTaken(t *testing.T) {
	x := begin(t, stage.Options{})
	_, err := x.Az(x.ctx, "login", "--output", "none")
	x.must(err)
	other := &http.Server{Handler: http.NotFoundHandler()}
	listener, err := net.Listen("tcp", strings.Trim(strings.TrimPrefix(x.HealthURL, "http:"), "/"))
	x.must(err)
	go other.Serve(listener)
	t.Cleanup(func() { other.Close() })
	x.startTray()
	item := x.icon(20*time.Second, auth.OK)
	_, err = x.Desktop.WaitMenu(x.within(10*time.Second), item, func(m desktop.MenuNode) bool {
		return strings.Contains(strings.Join(m.Lines(), " "), "Another program has ")
	})
	x.must(err)
	if out, _ := x.cmd(0, "service", "status"); !strings.Contains(out, "so the health API and the status page are not there") {
		t.Error("status does not say it")
	}
	x.must(x.Desktop.ClickMenu(x.within(10*time.Second), item, "Show details"))
	x.notification(10*time.Second, "The status page is not served")
	if strings.Count(x.tray.Log(), "another program has the port") != 1 {
		t.Errorf("not said once in the log")
	}
}

// The menu opens the page; it follows what happens without being loaded again, and renews.
func TestTheStatusPage(t *testing.T) {
	x := begin(t, stage.Options{Settings: "[azure]\nprobe_interval = \"1s\"\n"})
	x.Cloud.SetPolicy(func(p *cloud.Policy) { p.TokenLifetime = 8 * time.Second })
	_, err := x.Az(x.ctx, "login", "--output", "none")
	x.must(err)
	x.must(x.RunContainer(x.ctx, "sh", images.Sh))
	x.startTray()
	item := x.icon(20*time.Second, auth.OK)
	x.must(x.Desktop.ClickMenu(x.within(10*time.Second), item, "Show details"))
	address := ""
	x.eventually(10*time.Second, "the browser was given the page", func() bool {
		i := slices.IndexFunc(x.Cloud.Visited(), func(a string) bool { return strings.HasPrefix(a, x.HealthURL+"?open=") })
		if i >= 0 {
			address = x.Cloud.Visited()[i]
		}
		return i >= 0
	})
	if _, code, _ := strings.Cut(address, "="); strings.Contains(x.tray.Log(), code) {
		t.Error("the log has the code")
	}

	page := chromium.Open(t)
	page.Look(1000, 1100, "prefers-reduced-motion", "reduce")
	page.Go(x.HealthURL)
	page.Until("document.body.dataset.level === 'ok'")
	chromium.Eval[bool](page, "window.neverLoadedAgain = true")
	page.Until("document.querySelector('#containers').innerText.includes('has the token')")

	x.Cloud.SetPolicy(func(p *cloud.Policy) { p.Revoked = time.Now() })
	page.Until("document.body.dataset.level === 'expiring' && document.title.startsWith('You are needed')")
	page.Until("document.body.dataset.level === 'expired' && document.querySelector('#state').innerText.includes('has ended')")
	page.Until("document.querySelector('#problems').innerText.includes('press “Renew now” above')")
	x.Cloud.SetPolicy(func(p *cloud.Policy) {
		p.TokenLifetime, p.Service(cloud.Entra).Latency = time.Hour, 300*time.Millisecond
	})
	page.Click("#renew")
	page.Until("document.body.dataset.level === 'renewing' && !!document.querySelector('#cancel')")
	page.Until("document.body.dataset.level === 'ok' && document.querySelectorAll('#chart .person').length > 1")
	page.Until("document.querySelector('#problems').innerText === ''")
	x.icon(5*time.Second, auth.OK)
	if !chromium.Eval[bool](page, "window.neverLoadedAgain === true") {
		t.Error("the page was loaded again")
	}

	x.must(x.tray.Stop())
	page.Until("!document.querySelector('#lost').hidden")
	complaints := slices.DeleteFunc(page.Complaints(), func(c string) bool { return strings.Contains(c, "/events") }) // it has gone
	if len(complaints) > 0 {
		t.Errorf("the browser complains: %q", complaints)
	}
	html := chromium.Eval[string](page, "document.documentElement.outerHTML")
	x.must(os.WriteFile(filepath.Join(x.Dir, "out", "page.html"), []byte(html), 0o600)) // for the search for secrets
}
