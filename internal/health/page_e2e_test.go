//go:build e2e

package health

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/internal/browser"
	"aztray/internal/containers"
	"aztray/test/rig/chromium"
)

// week is a past with something of each kind in it.
func week(s agent.Snapshot) agent.Snapshot {
	at := func(hours float64) time.Time { return s.At.Add(time.Duration(hours * float64(time.Hour))) }
	add := func(m agent.Moment) {
		m.Times = max(m.Times, 1)
		s.Past.Moments = append(s.Past.Moments, m)
	}
	for _, begin := range []float64{-74, -52, -27, -7} {
		add(agent.Moment{At: at(begin), Kind: agent.SignedIn, Tenant: contoso.ID, Outcome: "ok"})
		add(agent.Moment{At: at(begin), Kind: agent.Renewed, Way: "browser", Tenant: contoso.ID, Outcome: "ok", Until: at(begin + 1.1)})
		add(agent.Moment{At: at(begin), Kind: agent.Delivered, Outcome: "fresh", Times: 3})
		for h := begin + 0.55; h < min(begin+12, 0); h += 0.55 {
			add(agent.Moment{At: at(h), Kind: agent.Renewed, Way: "silent", Tenant: contoso.ID, Outcome: "ok", Until: at(h + 1.1)})
			add(agent.Moment{At: at(h), Kind: agent.Delivered, Outcome: "fresh", Times: 3})
		}
		if begin+12 < 0 {
			add(agent.Moment{At: at(begin + 12.1), Kind: agent.Renewed, Way: "silent", Tenant: contoso.ID, Outcome: "refused", Times: 2, Last: at(begin + 12.8)})
		}
	}
	add(agent.Moment{At: at(-3), Kind: agent.Renewed, Way: "az", Tenant: contoso.ID, Outcome: "ok"})
	add(agent.Moment{At: at(-2), Kind: agent.Delivered, Outcome: string(containers.Unwritable), Names: []string{"code-story-batch"}})
	s.SignedInAt = at(-7)
	fabrikam := auth.Tenant{ID: "22222222-bbbb-4bbb-8bbb-000000000002", Name: "Fabrikam", Domain: "fabrikam.example"}
	s.Tenants = []auth.Tenant{contoso, fabrikam}
	one := s.Containers[0]
	one.Project = "codestory"
	two, three := one, one
	two.Name, three.Name = "codestory-worker", "code-story-batch"
	three.State, three.Error, three.ExpiresOn = containers.Unwritable, "Its file system is read-only: let it mount a directory (docs/mount.md).", time.Time{}
	s.Containers = []containers.Status{three, one, two}
	return s
}

// left is s after a sign-out so many hours ago.
func left(s agent.Snapshot, hours int) agent.Snapshot {
	at := s.At.Add(-time.Duration(hours) * time.Hour)
	s.Level, s.Account = auth.SignedOut, ""
	s.Past.Moments = slices.DeleteFunc(s.Past.Moments, func(m agent.Moment) bool { return m.At.After(at) })
	s.Past.Moments = append(s.Past.Moments, agent.Moment{At: at, Kind: agent.SignedOut, Outcome: "ok", Times: 1})
	s.Containers = slices.Clone(s.Containers)
	for i, b := range s.Containers {
		s.Containers[i] = containers.Status{Name: b.Name, ID: b.ID, Project: b.Project, Delivery: b.Delivery, State: containers.Missing, Running: true}
	}
	return s
}

// looks are the page's states that are looked at, each as a screenshot.
var looks = []struct {
	name        string
	width, high int
	scheme      string
	change      func(*agent.Snapshot)
}{
	{"light", 1000, 1180, "light", func(s *agent.Snapshot) {
		s.Deadline, s.DeadlineSource, s.Lifetime = s.At.Add(5*time.Hour), auth.DeadlineLearned, 12*time.Hour
	}},
	{"dark", 1000, 1180, "dark", func(s *agent.Snapshot) {
		s.Level, s.Deadline, s.DeadlineSource, s.Lifetime = auth.Expiring, s.At.Add(22*time.Minute+30*time.Second), auth.DeadlineLearned, 12*time.Hour
	}},
	{"narrow", 420, 1500, "light", func(s *agent.Snapshot) {
		s.Deadline, s.DeadlineSource, s.Lifetime = s.At.Add(5*time.Hour), auth.DeadlineLearned, 12*time.Hour
	}},
	{"expired", 1000, 1180, "light", func(s *agent.Snapshot) {
		gone := s.At.Add(-9 * time.Minute)
		s.Level, s.Before, s.Refreshable, s.Deadline, s.DeadlineSource, s.TokenExpires = auth.Expired, auth.Expired, false, gone, auth.DeadlineAccessToken, gone
		p := *refusedProblem
		p.Message, p.Err = "Your organisation wants you to sign in again every 12 hours.", fmt.Errorf("AADSTS70043: The refresh token has expired or is invalid due to sign-in frequency checks by conditional access.")
		s.Problem = &p
		for i, m := range s.Past.Moments {
			if m.Until.After(gone) {
				s.Past.Moments[i].Until = gone
			}
		}
		for i := range s.Containers {
			s.Containers[i].State, s.Containers[i].ExpiresOn, s.Containers[i].Error = containers.Stale, gone, ""
		}
		s.Past.Moments = append(s.Past.Moments, agent.Moment{At: s.At.Add(-40 * time.Minute), Kind: agent.Renewed, Way: "silent", Tenant: contoso.ID, Outcome: "refused", Times: 2, Last: gone})
	}},
	{"renewing-dark-narrow", 360, 1500, "dark", func(s *agent.Snapshot) {
		s.Level, s.Before, s.Renewal = auth.Renewing, auth.OK, &agent.Renewal{Way: "browser", Tenant: contoso, Since: s.At}
	}},
	{"asks", 1000, 1560, "light", func(s *agent.Snapshot) { *s = questioned(*s) }},
	{"asks-dark", 1000, 1560, "dark", func(s *agent.Snapshot) { *s = questioned(*s) }},
	{"asks-narrow", 360, 2300, "light", func(s *agent.Snapshot) { *s = questioned(*s) }},
	{"out", 1000, 1200, "light", func(s *agent.Snapshot) { *s = left(*s, 3) }},
	{"out-dark", 1000, 1200, "dark", func(s *agent.Snapshot) { *s = left(*s, 3) }},
	{"out-narrow", 360, 1200, "light", func(s *agent.Snapshot) {
		kept := s.Containers
		*s = left(*s, 4)
		s.Containers = kept
		s.Level, s.Account = auth.OK, "ada@contoso.example"
		s.Past.Moments = append(s.Past.Moments, agent.Moment{At: s.At.Add(-2 * time.Hour), Kind: agent.SignedIn, Tenant: contoso.ID, Outcome: "ok", Times: 1},
			agent.Moment{At: s.At.Add(-2 * time.Hour), Kind: agent.Renewed, Way: "browser", Tenant: contoso.ID, Outcome: "ok", Until: s.TokenExpires, Times: 1})
	}},
	{"new", 1000, 900, "light", func(s *agent.Snapshot) { *s = agent.Snapshot{At: s.At, Level: auth.SignedOut} }},
}

func TestThePageInChromium(t *testing.T) {
	tab := chromium.Open(t)
	for _, l := range looks {
		t.Run(l.name, func(t *testing.T) {
			s := week(signedIn())
			l.change(&s)
			x := start(t, s).served()
			t.Cleanup(func() { tab.Go("about:blank") }) // before the server ends, which an open page would complain of
			tab.Look(l.width, l.high, "prefers-color-scheme", l.scheme, "prefers-reduced-motion", "reduce")
			tab.Go(x.Open())
			tab.Until("!!document.querySelector('#state h2') && document.body.dataset.may === 'yes'")
			shot(t, tab, l.name)
			if wide := chromium.Eval[int](tab, "document.documentElement.scrollWidth"); wide > l.width {
				t.Errorf("the page is %d wide in a window of %d", wide, l.width)
			}
			for _, low := range chromium.Eval[[]string](tab, contrastScript) {
				t.Errorf("hard to read: %s", low)
			}
			for _, nameless := range chromium.Eval[[]string](tab, namelessScript) {
				t.Errorf("without a name: %s", nameless)
			}
			for _, bad := range tab.Complaints() {
				t.Errorf("the browser complains: %s", bad)
			}
		})
	}
}

// contrastScript finds text with less than WCAG AA's contrast, 4.5:1, to the ground that it stands on.
const contrastScript = `(() => {
  const rgb = c => (c.match(/[\d.]+/g) || [0, 0, 0, 0]).map(Number);
  const lum = c => { const [r, g, b] = c.map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b };
  const ground = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c } return [255, 255, 255] };
  const low = [];
  const walk = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  for (let n; n = walk.nextNode();) {
    const e = n.parentElement;
    if (!n.data.trim() || e.closest("title, option, :disabled") || !e.getClientRects().length) continue;
    const s = getComputedStyle(e), text = e instanceof SVGElement ? s.fill : s.color;
    const a = lum(rgb(text).slice(0, 3)), b = lum(ground(e instanceof SVGElement ? e.closest("section") : e).slice(0, 3));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) low.push(n.data.trim() + " " + ratio.toFixed(2) + ":1");
  }
  return low;
})()`

// namelessScript finds what is used and has no name for a screen reader.
const namelessScript = `[...document.querySelectorAll("button, a, select, summary, [role=img]")].filter(e =>
	!(e.textContent.trim() || e.getAttribute("aria-label") || (e.labels && e.labels.length))).map(e => e.outerHTML).concat(
	document.querySelectorAll("h1").length === 1 ? [] : ["h1"], document.documentElement.lang ? [] : ["lang"])`

// By keys alone, and the page's changes do not take the focus away.
func TestTheKeyboardInChromium(t *testing.T) {
	x := start(t, week(signedIn())).served()
	tab := chromium.Open(t)
	tab.Look(1000, 1100)
	tab.Go(x.Open())
	tab.Until("document.body.dataset.level === 'ok' && document.body.dataset.may === 'yes'")
	tab.Press("\t")
	tab.Until("document.activeElement.id === 'renew'")
	s := week(expired())
	x.show(s)
	tab.Until("document.body.dataset.level === 'expired'")
	tab.Until("document.activeElement.id === 'renew'")
	tab.Press("\r")
	x.until("the agent is asked to renew", func() bool { return slices.Contains(x.commands(), agent.Command(agent.Renew{})) })
	tab.Until("document.querySelector('#said').innerText.includes('Signing in')")

	// A choice that is not sent yet stays, and what was opened stays open.
	tab.Click("#chart details summary")
	chromium.Eval[bool](tab, "(s => { s.selectedIndex = 1; s.dispatchEvent(new Event('change', {bubbles: true})); return true })(document.querySelector('#tenant'))")
	s.Tenants = append(slices.Clone(s.Tenants), auth.Tenant{ID: "33333333-cccc-4ccc-8ccc-000000000003", Name: "Third"})
	s.Past.Moments = append(slices.Clone(s.Past.Moments), agent.Moment{At: time.Now().UTC(), Kind: agent.Renewed, Way: "silent", Tenant: contoso.ID, Outcome: "offline", Times: 1})
	x.show(s)
	tab.Until("document.querySelectorAll('#tenant option').length === 3 && document.querySelector('#list').innerText.includes('found no network')")
	if !chromium.Eval[bool](tab, "document.querySelector('#tenant').selectedIndex === 1 && document.querySelector('#list').open") {
		t.Error("the choice was taken back, or the list closed")
	}
	tab.Click("#switch")
	x.until("the agent is asked to switch", func() bool {
		return slices.ContainsFunc(x.commands(), func(c agent.Command) bool { u, ok := c.(agent.UseTenant); return ok && u.TenantID == s.Tenants[1].ID })
	})
	for _, bad := range tab.Complaints() {
		t.Errorf("the browser complains: %s", bad)
	}
}

// answers has the agent show s and take up the person's answers.
func (x *run) answers(s agent.Snapshot) {
	x.mu.Lock()
	x.do = x.taking(s)
	x.mu.Unlock()
	x.show(s)
}

func (x *run) taking(s agent.Snapshot) func(agent.Command) {
	return func(c agent.Command) {
		a, ok := c.(agent.Answer)
		if !ok {
			return
		}
		s.Containers = slices.Clone(s.Containers)
		for i, b := range s.Containers {
			switch {
			case b.ID != a.ContainerID:
				continue
			case !a.Allow:
				b.Consent.Never, b.Error = true, ""
			case a.Question == containers.AskRefresh:
				b.Consent, b.Refresh, b.Error = containers.Consent{}, true, ""
			default:
				b.Consent, b.State, b.ExpiresOn, b.Error = containers.Consent{}, containers.Fresh, s.TokenExpires, ""
			}
			s.Containers[i] = b
		}
		x.show(s)
	}
}

// A question is answered on the page, by the mouse and by keys alone, and the page shows what came of it.
func TestTheAnswersInChromium(t *testing.T) {
	s := questioned(week(signedIn()))
	x := start(t, s).served()
	x.answers(s)
	tab := chromium.Open(t)
	tab.Look(1000, 1100)
	tab.Go(x.Open())
	tab.Until("document.body.dataset.level === 'ok'")
	chromium.Eval[bool](tab, "window.notLoadedAnew = true")
	asked := func(a agent.Answer) {
		t.Helper()
		x.until(fmt.Sprintf("the agent is told %+v", a), func() bool { return slices.Contains(x.commands(), agent.Command(a)) })
	}

	for id, name := range map[string]string{"allow-p1": "Give it the token, though it controls the engine: proxy", "never-p1": "Never give the token to proxy",
		"allow-r1": "Give it your refresh token: nightly", "never-r1": "Never give your refresh token to nightly"} {
		if got := chromium.Eval[string](tab, "document.querySelector('#"+id+"').textContent"); got != name {
			t.Errorf("%s is called %q", id, got)
		}
	}

	tab.Click("#allow-p1")
	asked(agent.Answer{ContainerID: "p1", Question: containers.AskEngine, Allow: true})
	tab.Until("document.querySelector('#box-p1').innerText.includes('has the token') && !document.querySelector('#box-p1 button')")
	tab.Until("document.querySelector('#said').innerText.includes('proxy gets the token')")
	tab.Click("#allow-r1")
	asked(agent.Answer{ContainerID: "r1", Question: containers.AskRefresh, Allow: true})
	tab.Until("document.querySelector('#box-r1').innerText.includes('holds your refresh token')")
	tab.Click("#allow-p2")
	asked(agent.Answer{ContainerID: "p2", Question: containers.AskEngine, Allow: true})
	tab.Until("document.querySelector('#box-p2').innerText.includes('has the token')")

	// By keys: what has the focus is gone with its answer, and Enter does not fall on another button.
	x.answers(s)
	tab.Until("!!document.querySelector('#never-r1')")
	chromium.Eval[bool](tab, "document.querySelector('#allow-r1').focus(); true")
	tab.Press("\t")
	tab.Until("document.activeElement.id === 'never-r1'")
	tab.Press("\r")
	asked(agent.Answer{ContainerID: "r1", Question: containers.AskRefresh})
	tab.Until("document.activeElement.id === 'box-r1' && !document.querySelector('#never-r1')")
	tab.Press("\r")
	tab.Press("\t")
	tab.Until("document.activeElement.id === 'allow-r1'")
	if !chromium.Eval[bool](tab, "window.notLoadedAnew === true") {
		t.Error("the page was loaded anew")
	}
	if n := len(x.commands()); n != 4 {
		t.Errorf("asked for %v", x.commands())
	}

	// One that lags behind is told so.
	gone := s
	gone.Containers = s.Containers[:1]
	chromium.Eval[bool](tab, "events.close(); true")
	x.show(gone)
	tab.Click("#allow-p2")
	tab.Until("document.querySelector('#said').innerText.includes('no such container')")
}

// shot keeps a picture of the page.
func shot(t *testing.T, tab *chromium.Tab, name string) {
	t.Helper()
	dir := filepath.Join("..", "..", "build", "e2e")
	err := os.MkdirAll(dir, 0o755)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "page-"+name+".png"), tab.Screenshot(), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// What the tray opened has buttons, also when it was loaded again or showed another time; the key is in no address by
// then, and not in what is saved of the page.
func TestThePageThatTheTrayOpensInChromium(t *testing.T) {
	s := questioned(signedIn())
	x := start(t, s).served()
	x.answers(s)
	tab := chromium.Open(t)
	tab.Look(1000, 1100)
	tab.Go(x.Open())
	const unlocked = "document.body.dataset.may === 'yes' && document.querySelector('#locked').hidden && document.querySelector('#allow-p1').offsetParent !== null"
	tab.Until(unlocked + " && location.href === '" + x.URL() + "'")
	for name, again := range map[string]string{"loaded again": "location.reload(); true", "another time": "document.querySelector('#days-4').click(); true"} {
		chromium.Eval[bool](tab, "window.old = true")
		chromium.Eval[bool](tab, again)
		tab.Until("!window.old && " + unlocked)
		if chromium.Eval[bool](tab, "location.href.includes('key') || document.documentElement.outerHTML.includes('"+x.signed.key+"')") {
			t.Errorf("%s: the key is in the address or in the page", name)
		}
	}
	tab.Click("#allow-p1")
	tab.Until("document.querySelector('#said').innerText.includes('proxy gets the token')")
	x.until("the agent is told", func() bool {
		return slices.Contains(x.commands(), agent.Command(agent.Answer{ContainerID: "p1", Question: containers.AskEngine, Allow: true}))
	})
	for _, bad := range tab.Complaints() {
		t.Errorf("the browser complains: %s", bad)
	}

	// Another tab has it only by the address; and takes it where that is pasted over the page.
	other := chromium.Open(t)
	other.Go(x.URL())
	other.Until("document.body.dataset.may === 'no' && !document.querySelector('#locked').hidden && document.querySelector('#renew').offsetParent === null")
	chromium.Eval[bool](other, "location.href = '"+x.URL()+"#key=ABCDEFGHIJKLMNOPQRSTUVWXYZ'; true")
	other.Until("location.hash === '' && document.body.dataset.may === 'no'")
	chromium.Eval[bool](other, "location.href = '"+x.Open()+"'; true")
	other.Until("document.body.dataset.may === 'yes' && document.querySelector('#renew').offsetParent !== null && location.hash === ''")
}

// A browser is led to the page by a file, as it is on a desktop; and the file's page leaves no trace of the key.
func TestTheFileThatLeadsOnInChromium(t *testing.T) {
	x := start(t, signedIn()).served()
	dir := t.TempDir()
	t.Setenv("BROWSER", "/bin/true")
	if err := browser.Open(dir, x.Open(), ""); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	tab := chromium.Open(t)
	tab.Go("file://" + filepath.Join(dir, files[0].Name()))
	tab.Until("location.href === '" + x.URL() + "' && document.body.dataset.may === 'yes'")
	tab.Click("#sync")
	x.until("the agent is asked", func() bool { return len(x.commands()) == 1 })
}

// Who opens the page by its address sees all, and reads how to get buttons.
func TestThePageOpenedPlainlyInChromium(t *testing.T) {
	for _, l := range []struct {
		name        string
		width, high int
		scheme      string
		s           agent.Snapshot
	}{
		{"plain", 1000, 1250, "light", week(signedIn())}, {"plain-dark", 1000, 1250, "dark", week(signedIn())}, {"plain-narrow", 420, 1700, "light", week(signedIn())},
		{"plain-expired", 1000, 1350, "light", week(expired())}, {"plain-asks", 1000, 1400, "light", questioned(week(signedIn()))},
	} {
		x := start(t, l.s).served()
		tab := chromium.Open(t)
		tab.Look(l.width, l.high, "prefers-color-scheme", l.scheme, "prefers-reduced-motion", "reduce")
		tab.Go(x.URL())
		tab.Until("document.body.dataset.may === 'no'")
		shot(t, tab, l.name)
		if n := chromium.Eval[int](tab, "[...document.querySelectorAll('button, select')].filter(e => e.offsetParent !== null).length"); n != 0 {
			t.Errorf("%s: %d buttons", l.name, n)
		}
		text := chromium.Eval[string](tab, "document.querySelector('main').innerText")
		for _, want := range []string{"You can look here, and not act", "Show details", "aztray page", "Contoso (contoso.example)"} {
			if strings.Count(text, want) == 0 {
				t.Errorf("%s: it does not say %q", l.name, want)
			}
		}
		if strings.Contains(text, "above.") {
			t.Errorf("%s: it tells to press what is not there", l.name)
		}
		if wide := chromium.Eval[int](tab, "document.documentElement.scrollWidth"); wide > l.width {
			t.Errorf("%s: the page is %d wide", l.name, wide)
		}
		for _, low := range append(chromium.Eval[[]string](tab, contrastScript), tab.Complaints()...) {
			t.Errorf("%s: %s", l.name, low)
		}
		// Nothing that the page has is enough.
		chromium.Eval[bool](tab, `fetch("/actions/restart", {method: "POST", body: ""}).then(r => { window.answered = r.status }); true`)
		tab.Until("window.answered === 403")
		if len(x.commands()) != 0 {
			t.Errorf("the agent was asked for %v", x.commands())
		}
	}
}

// A page of another site may open ours, and has nothing of it: no key, no window, no frame, no request of its own.
func TestAHostileSiteInChromium(t *testing.T) {
	x := start(t, signedIn()).served()
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, "<!doctype html><meta name=referrer content=no-referrer><title>evil</title><iframe id=f src='%s'></iframe>", x.URL())
	}))
	defer evil.Close()
	at := strings.Replace(evil.URL, "127.0.0.1", "localhost", 1) // another site
	tab := chromium.Open(t)
	tab.Go(at)
	tab.Until("document.title === 'evil'")
	for name, try := range map[string]string{
		"fetch":     fmt.Sprintf("fetch('%s', {mode: 'no-cors', credentials: 'include'}).then(() => 'had', e => 'refused')", x.URL()+"health?auto_fix=true"),
		"an action": fmt.Sprintf("fetch('%sactions/restart', {method: 'POST', mode: 'cors', headers: {'X-Aztray-Signature': '1 2 3'}}).then(() => 'had', e => 'refused')", x.URL()),
		"a form":    fmt.Sprintf("fetch('%sactions/restart', {method: 'POST', mode: 'no-cors', body: 'a=b'}).then(() => 'had', e => 'refused')", x.URL()),
	} {
		chromium.Eval[bool](tab, "window.result = ''; "+try+".then(r => { window.result = r }); true")
		tab.Until("window.result !== ''")
		if got := chromium.Eval[string](tab, "window.result"); got == "had" && name != "a form" && name != "fetch" { // opaque: it learns nothing
			t.Errorf("%s: %s", name, got)
		}
	}
	tab.Complaints()
	// It leads the browser there itself, with a key of its own making: the page does not take it.
	chromium.Eval[bool](tab, fmt.Sprintf("location.href = '%s#key=EVILEVILEVILEVILEVILEVILEV'; true", x.URL()))
	tab.Until("location.href === '" + x.URL() + "' && document.body.dataset.may === 'no'")
	if len(x.commands()) != 0 {
		t.Errorf("the agent was asked for %v", x.commands())
	}
}

// Started anew, the program gives its page new secrets: an old page loads itself again, and cannot answer.
func TestThePageOfAnEarlierStartInChromium(t *testing.T) {
	first := start(t, questioned(signedIn()))
	first.served()
	at := strings.Trim(strings.TrimPrefix(first.URL(), "http:"), "/")
	tab := chromium.Open(t)
	tab.Go(first.Open())
	tab.Until("document.body.dataset.level === 'ok' && document.body.dataset.may === 'yes'")
	old := chromium.Eval[string](tab, "document.body.dataset.start")
	first.end()
	tab.Until("!document.querySelector('#lost').hidden")
	second := start(t, questioned(expired()), func(o *Options) { o.Listen = at }).served()
	tab.Until("document.body.dataset.level === 'expired' && document.querySelector('#lost').hidden")
	if chromium.Eval[string](tab, "document.body.dataset.start") == old {
		t.Error("the page is still the old one")
	}
	tab.Until("events.readyState === EventSource.OPEN && document.body.dataset.may === 'no'")
	tab.Go(second.Open())
	tab.Until("document.body.dataset.may === 'yes'")
	tab.Click("#renew")
	second.until("the agent is asked to renew", func() bool { return slices.Contains(second.commands(), agent.Command(agent.Renew{})) })
}
