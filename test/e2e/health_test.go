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
	"sync/atomic"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

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

// saver is the desktop's screensaver, as far as it is asked whether the screen is locked.
type saver struct{ locked atomic.Bool }

// GetActive is org.freedesktop.ScreenSaver's.
func (s *saver) GetActive() (bool, *dbus.Error) { return s.locked.Load(), nil }

// screensaver puts one on the desktop's bus.
func (x *story) screensaver() *saver {
	x.t.Helper()
	var address string
	for _, v := range x.Desktop.Env() {
		if value, is := strings.CutPrefix(v, "DBUS_SESSION_BUS_ADDRESS="); is {
			address = value
		}
	}
	conn, err := dbus.Connect(address)
	x.must(err)
	x.t.Cleanup(func() { conn.Close() })
	s, name := &saver{}, "org.freedesktop.ScreenSaver"
	x.must(conn.Export(s, "/org/freedesktop/ScreenSaver", name))
	_, err = conn.RequestName(name, dbus.NameFlagDoNotQueue)
	x.must(err)
	return s
}

// A script asks, and has a revoked sign-in renewed; ten at once get one sign-in, and none while the screen is locked.
func TestTheHealthAPI(t *testing.T) {
	x := begin(t, stage.Options{})
	screen := x.screensaver()
	screen.locked.Store(true)
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
	for _, c := range []struct {
		locked bool
		answer string
		opened int
	}{{true, "503 failed silent", 0}, {false, "200 succeeded browser", 1}} {
		screen.locked.Store(c.locked)
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
		if got := slices.Compact(slices.Sorted(slices.Values(answers))); len(got) != 1 || got[0] != c.answer {
			t.Errorf("ten at once, locked %v: %q", c.locked, answers)
		}
		if n := len(x.Cloud.Visited()) - before; n != c.opened {
			t.Errorf("locked %v: the browser was opened %d times", c.locked, n)
		}
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
	file, _ := x.led()

	page := chromium.Open(t)
	page.Look(1000, 1100, "prefers-reduced-motion", "reduce")
	page.Go(file)
	page.Until("document.body.dataset.level === 'ok' && document.body.dataset.may === 'yes'")
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
