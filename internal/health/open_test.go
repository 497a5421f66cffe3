package health

import (
	"bytes"
	"context"
	"encoding/json"
	"html"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"aztray/internal/agent"
	"aztray/internal/containers"
)

var (
	dataKey  = regexp.MustCompile(` data-key="([^"]+)"`)
	inputKey = regexp.MustCompile(`name="key" value="([^"]+)"`)
)

// keyIn is the key that a page was given; "" for none. A script and a browser without one find it.
func keyIn(t *testing.T, page string) string {
	t.Helper()
	script, form := dataKey.FindStringSubmatch(page), inputKey.FindStringSubmatch(page)
	switch {
	case script == nil && form == nil:
		return ""
	case script == nil || form == nil || script[1] != form[1]:
		t.Fatalf("the script has %q, the form %q", script, form)
	}
	return script[1]
}

// bubble is a server without a network, whose time is the bubble's.
type bubble struct {
	*Server
	handler http.Handler
	asked   []agent.Command
}

func newBubble(t *testing.T) *bubble {
	b := &bubble{}
	b.Server = New(Options{First: questioned(signedIn()), Do: func(c agent.Command) { b.asked = append(b.asked, c) }, Log: slog.New(slog.DiscardHandler)})
	b.where.at.Store(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8000})
	var err error
	if b.handler, err = b.Server.handler(); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bubble) send(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(b.where.at.Load()))))
	return w
}

func (b *bubble) page(address string) *httptest.ResponseRecorder {
	return b.send(httptest.NewRequest("GET", address, nil))
}

// answer says yes to the container that controls the engine.
func (b *bubble) answer(secret, key string) *httptest.ResponseRecorder {
	form := said("p1", containers.AskEngine, "allow")
	form.Set("secret", secret)
	form.Set("key", key)
	r := httptest.NewRequest("POST", b.URL()+"actions/answer", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.send(r)
}

// Who has the page alone, as a container in the machine's network has, must not answer.
func TestWhoMayAnswer(t *testing.T) {
	second := func(b *bubble) string {
		address := b.Open()
		b.page(address)
		return address
	}
	after := func(d time.Duration) func(*bubble) string {
		return func(b *bubble) string {
			address := b.Open()
			time.Sleep(d) // the bubble's
			return address
		}
	}
	before := func(more int) func(*bubble) string {
		return func(b *bubble) string {
			address := b.Open()
			for range more {
				b.Open()
			}
			return address
		}
	}
	at := func(path string) func(*bubble) string { return func(b *bubble) string { return b.URL() + path } }
	for _, c := range []struct {
		name    string
		address func(*bubble) string // of the page
		key     func(b *bubble, pages, address string) string
		may     bool
	}{
		{"the page that the tray opened", (*bubble).Open, nil, true},
		{"the past that it shows makes no difference", func(b *bubble) string { return b.Open() + "&days=7" }, nil, true},
		{"within the minute", after(codeLife - 1), nil, true},
		{"the minute is over", after(codeLife), nil, false},
		{"the code is used", second, nil, false},
		{"others were given out since", before(codesAlive - 1), nil, true},
		{"too many others were", before(codesAlive), nil, false},
		{"no code", at(""), nil, false},
		{"an empty one", at("?open="), nil, false},
		{"an empty one, though one is given out", func(b *bubble) string { b.Open(); return b.URL() + "?open=" }, nil, false},
		{"one that never was", at("?open=ABCDEFGHIJKLMNOPQRSTUVWXYZ"), nil, false},
		{"the beginning of one", func(b *bubble) string { a := b.Open(); return a[:len(a)-1] }, nil, false},
		{"one of another start", func(*bubble) string { return newBubble(t).Open() }, nil, false},
		{"the key is held back", (*bubble).Open, func(*bubble, string, string) string { return "" }, false},
		{"a wrong key", (*bubble).Open, func(_ *bubble, key, _ string) string { return key[1:] + "A" }, false},
		{"the key of another start", (*bubble).Open, func(*bubble, string, string) string { return newBubble(t).key }, false},
		{"the secret of every page", (*bubble).Open, func(b *bubble, _, _ string) string { return b.secret }, false},
		{"the code itself", (*bubble).Open, func(_ *bubble, _, address string) string { _, code, _ := strings.Cut(address, "="); return code }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBubble(t)
				address := c.address(b)
				page := b.page(address)
				key := keyIn(t, page.Body.String())
				if given := c.may || c.key != nil; page.Code != 200 || given != (key != "") {
					t.Fatalf("%d, the key %q", page.Code, key)
				}
				if c.key != nil {
					key = c.key(b, key, address)
				}
				code, want, why := 303, []agent.Command{agent.Answer{ContainerID: "p1", Question: containers.AskEngine, Allow: true}}, ""
				if !c.may {
					code, want, why = 403, nil, sayWhereToAnswer
				}
				resp := b.answer(b.secret, key)
				var said refusal
				json.Unmarshal(resp.Body.Bytes(), &said)
				if resp.Code != code || said.Error != why || !reflect.DeepEqual(b.asked, want) {
					t.Errorf("%d, %q, the agent was asked for %v", resp.Code, said.Error, b.asked)
				}
			})
		})
	}
}

// The key is not all: what keeps other sites out does so still.
func TestTheKeyAloneIsNotEnough(t *testing.T) {
	b := newBubble(t)
	if resp := b.answer("", b.key); resp.Code != 403 || len(b.asked) != 0 {
		t.Errorf("%d, the agent was asked for %v", resp.Code, b.asked)
	}
}

func TestThePageWithTheKeyAndThePageWithout(t *testing.T) {
	for _, c := range []struct {
		name             string
		page             func(*bubble) string
		key, buttons     bool
		referrer, answer string
	}{
		{"opened by the tray", (*bubble).Open, true, true, "no-referrer", ""},
		{"opened plainly", (*bubble).URL, false, false, "same-origin", sayWhereToAnswer},
	} {
		b := newBubble(t)
		resp := b.page(c.page(b))
		page := html.UnescapeString(resp.Body.String())
		if got := strings.Contains(page, b.key); got != c.key {
			t.Errorf("%s: it has the key: %v", c.name, got)
		}
		if got := strings.Contains(page, `action="/actions/answer"`); got != c.buttons {
			t.Errorf("%s: it has the buttons: %v", c.name, got)
		}
		if h := resp.Header(); h.Get("Referrer-Policy") != c.referrer || h.Get("Cache-Control") != "no-store" || h.Get("Set-Cookie") != "" {
			t.Errorf("%s: %v", c.name, h)
		}
		if got := strings.Contains(page, sayWhereToAnswer); got == c.buttons {
			t.Errorf("%s: it says where to answer: %v", c.name, got)
		}
		for _, command := range []string{"aztray service sync --allow proxy", "aztray service sync --allow runner", "aztray service sync --allow-refresh-token nightly", "aztray service sync --allow-refresh-token weekly"} {
			if !strings.Contains(page, command) {
				t.Errorf("%s: it does not name %s", c.name, command)
			}
		}
	}
	b := newBubble(t)
	b.now.newest = signedIn()
	if strings.Contains(html.UnescapeString(b.page(b.URL()).Body.String()), sayWhereToAnswer) {
		t.Error("it says where to answer, and nothing is asked")
	}
}

// The events keep both pages as they are, and give nobody the key.
func TestTheEventsHaveNoKey(t *testing.T) {
	for _, c := range []struct {
		query   string
		buttons bool
	}{{"", false}, {"?answers", true}, {"?answers&open=CODE", true}} {
		b := newBubble(t)
		address := strings.Replace(c.query, "CODE", url.QueryEscape(strings.TrimPrefix(b.Open(), b.URL()+"?open=")), 1)
		ctx, stop := context.WithCancel(t.Context())
		stop() // after the first
		resp := b.send(httptest.NewRequest("GET", b.URL()+"events"+address, nil).WithContext(ctx))
		text := resp.Body.String()
		if !strings.Contains(text, "runner") || strings.Contains(text, b.key) || strings.Contains(text, "/actions/answer") != c.buttons {
			t.Errorf("%q: %d, %s", c.query, resp.Code, text)
		}
	}
}

// The log of all that is said says neither code nor key, nor does anything else that is served.
func TestTheCodeAndTheKeyAreNotLogged(t *testing.T) {
	var log bytes.Buffer
	x := start(t, questioned(signedIn()), func(o *Options) {
		o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}).served()
	path := "/?" + strings.SplitN(x.Open(), "?", 2)[1]
	_, page := x.ask("GET", path)
	key := keyIn(t, string(page))
	x.ask("GET", path+";")
	x.ask("GET", "/nowhere"+path[1:])
	x.act("answer", x.secret, said("p1", containers.AskEngine, "allow"))
	x.act("answer", "", said("p1", containers.AskEngine, "allow"))
	for _, other := range []string{"/", "/health", "/metrics", "/openapi.json", "/icon.svg"} {
		if _, body := x.ask("GET", other); key == "" || bytes.Contains(body, []byte(key)) {
			t.Errorf("%s has the key %q", other, key)
		}
	}
	x.end()
	text := log.String()
	_, code, _ := strings.Cut(path, "=")
	if strings.Contains(text, code) || strings.Contains(text, key) || strings.Contains(text, x.secret) || !strings.Contains(text, "are served") {
		t.Errorf("the log:\n%s", text)
	}
}

func TestCodes(t *testing.T) {
	if (&Server{}).Open() != "" {
		t.Error("an address where nothing is served")
	}
	c, now := &codes{}, time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	seen := map[string]bool{}
	for range 100 {
		code := c.issue(now)
		if len(code) < 26 || seen[code] || url.QueryEscape(code) != code { // base 32: 5 bits each
			t.Fatalf("the code %q, had before: %v", code, seen[code])
		}
		seen[code] = true
	}
	if len(c.alive) > codesAlive {
		t.Errorf("%d codes are alive", len(c.alive))
	}
	if c.use("", now) || len(c.alive) != codesAlive {
		t.Error("none is one")
	}
}
