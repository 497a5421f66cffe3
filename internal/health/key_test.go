package health

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"aztray/internal/agent"
	"aztray/internal/containers"
)

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

// sent is a request as somebody on this machine sends it.
type sent struct {
	method, path, body string
	signatures         []string // each a header
}

func (b *bubble) post(s sent) *httptest.ResponseRecorder {
	r := httptest.NewRequest(s.method, b.URL()+s.path[1:], strings.NewReader(s.body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, signature := range s.signatures {
		r.Header.Add(signatureHeader, signature)
	}
	return b.send(r)
}

// Who has the page alone, as another user and a container in the machine's network have, commands nothing; and who
// overheard what the page sent has nothing of it.
func TestWhoMayCommand(t *testing.T) {
	const tenant = "tenant=11111111-aaaa-4aaa-8aaa-000000000001"
	good := func(b *bubble) sent {
		return sent{"POST", "/actions/tenant", tenant, []string{b.sign("POST", "/actions/tenant", tenant, time.Now())}}
	}
	with := func(change func(b *bubble, s *sent)) func(b *bubble) sent {
		return func(b *bubble) sent {
			s := good(b)
			change(b, &s)
			return s
		}
	}
	part := func(i int, to string) func(*bubble) sent {
		return with(func(_ *bubble, s *sent) {
			parts := strings.Split(s.signatures[0], " ")
			parts[i] = to
			s.signatures[0] = strings.Join(parts, " ")
		})
	}
	at := func(d time.Duration) func(*bubble) sent {
		return with(func(b *bubble, s *sent) { s.signatures[0] = b.sign("POST", s.path, s.body, time.Now().Add(d)) })
	}
	by := func(key func(b *bubble) string) func(*bubble) sent {
		return with(func(b *bubble, s *sent) {
			other := &Server{signed: signed{key: key(b)}}
			s.signatures[0] = other.sign("POST", s.path, s.body, time.Now())
		})
	}
	for _, c := range []struct {
		name string
		sent func(b *bubble) sent
		may  bool
	}{
		{"signed", good, true},
		{"the clock is a little behind", at(-signatureLife), true},
		{"the clock is a little ahead", at(signatureLife), true},
		{"signed long ago", at(-signatureLife - time.Second), false},
		{"signed for later", at(signatureLife + time.Second), false},
		{"not signed", with(func(_ *bubble, s *sent) { s.signatures = nil }), false},
		{"an empty signature", with(func(_ *bubble, s *sent) { s.signatures[0] = "" }), false},
		{"the key itself", with(func(b *bubble, s *sent) { s.signatures[0] = b.signed.key }), false},
		{"signed twice over", with(func(_ *bubble, s *sent) { s.signatures = append(s.signatures, s.signatures[0]) }), false},
		{"another signature", part(2, strings.Repeat("0", 64)), false},
		{"another time", part(0, "1"), false},
		{"another nonce", part(1, strings.Repeat("0", 32)), false},
		{"a time that is no number", part(0, "x"), false},
		{"a time beyond all", part(0, strings.Repeat("9", 40)), false},
		{"a nonce without end", part(1, strings.Repeat("0", 4000)), false},
		{"capitals", with(func(_ *bubble, s *sent) { s.signatures[0] = strings.ToUpper(s.signatures[0]) }), false},
		{"another body", with(func(_ *bubble, s *sent) { s.body = strings.ReplaceAll(tenant, "1", "2") }), false},
		{"more of a body", with(func(_ *bubble, s *sent) { s.body += "&x=y" }), false},
		{"another action", with(func(_ *bubble, s *sent) { s.path = "/actions/restart" }), false},
		{"a query besides", with(func(_ *bubble, s *sent) { s.path += "?x=y" }), false},
		{"an empty key", by(func(*bubble) string { return "" }), false},
		{"a part of the key", by(func(b *bubble) string { return b.signed.key[1:] }), false},
		{"the key of another start", by(func(*bubble) string { return newBubble(t).signed.key }), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBubble(t)
				s := c.sent(b)
				resp := b.post(s)
				want, code := []agent.Command{agent.UseTenant{TenantID: contoso.ID}}, 202
				if !c.may {
					want, code = nil, 403
				}
				var why refusal
				json.Unmarshal(resp.Body.Bytes(), &why)
				if resp.Code != code || !reflect.DeepEqual(b.asked, want) || !c.may && why.Error != sayWhereTheKeyIs {
					t.Errorf("%d, %s, the agent was asked for %v", resp.Code, resp.Body, b.asked)
				}
				// What was overheard is sent again, at once and later.
				for _, later := range []time.Duration{0, signatureLife, 2*signatureLife + time.Hour} {
					time.Sleep(later) // the bubble's
					if resp := b.post(s); c.may && resp.Code != 403 {
						t.Errorf("again, after %v: %d", later, resp.Code)
					}
				}
			})
		})
	}
}

// Every action needs the key, also one that there is not.
func TestEveryActionNeedsTheKey(t *testing.T) {
	for _, what := range []string{"renew", "cancel", "sync", "restart", "tenant", "answer", "check", "format"} {
		b := newBubble(t)
		if resp := b.post(sent{"POST", "/actions/" + what, said("p1", containers.AskEngine, "allow").Encode(), nil}); resp.Code != 403 || len(b.asked) != 0 {
			t.Errorf("%s: %d, the agent was asked for %v", what, resp.Code, b.asked)
		}
	}
	b := newBubble(t)
	if resp := b.post(sent{"POST", "/actions/check", "", []string{b.sign("POST", "/actions/check", "", time.Now())}}); resp.Code != 200 || len(b.asked) != 0 {
		t.Errorf("the check: %d, %v", resp.Code, b.asked)
	}
}

// Nothing that is served has the key in it, nor a form that would do something without it.
func TestNothingThatIsServedHasTheKey(t *testing.T) {
	b := newBubble(t)
	ctx, stop := context.WithCancel(t.Context())
	stop() // the events end after the first
	for _, path := range []string{"/", "/?days=7", "/?key=x", "/events", "/health", "/metrics", "/openapi.json", "/icon.svg", "/nowhere"} {
		resp := b.send(httptest.NewRequest("GET", b.URL()+path[1:], nil).WithContext(ctx))
		text := fmt.Sprint(resp.Header(), resp.Body)
		if strings.Contains(text, b.signed.key) || strings.Contains(text, `method="post"`) || resp.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s: %s", path, text)
		}
	}
	if address := b.Open(); address != b.URL()+"#key="+b.signed.key {
		t.Errorf("the address is %s", address)
	}
	if (&Server{}).Open() != "" {
		t.Error("an address where nothing is served")
	}
}

// A browser comes from a file of no site to the page, and to nothing else.
func TestTheLanding(t *testing.T) {
	navigates := []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}
	for _, c := range []struct {
		name, method, path string
		headers            []string
		code               int
	}{
		{"from a file", "GET", "/", navigates, 200},
		{"with a parameter", "GET", "/?days=7", navigates, 403},
		{"to the health API", "GET", "/health", navigates, 403},
		{"to renew", "GET", "/health?auto_fix=true", navigates, 403},
		{"a form of another site", "POST", "/", navigates, 403},
		{"a form of another site, to an action", "POST", "/actions/renew", navigates, 403},
		{"in a frame", "GET", "/", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, 403},
		{"a picture", "GET", "/", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"}, 403},
		{"a script that reads it", "GET", "/", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"}, 403},
		{"a link of another site", "GET", "/", append([]string{"Referer", "https://evil.example/"}, navigates...), 403},
		{"by another name", "GET", "/", append([]string{"Host", "evil.example:8000"}, navigates...), 403},
	} {
		b := newBubble(t)
		r := httptest.NewRequest(c.method, b.URL()+c.path[1:], nil)
		for i := 0; i < len(c.headers); i += 2 {
			if c.headers[i] == "Host" {
				r.Host = c.headers[i+1]
			}
			r.Header.Set(c.headers[i], c.headers[i+1])
		}
		resp := b.send(r)
		if resp.Code != c.code || len(b.asked) != 0 {
			t.Errorf("%s: %d, %v", c.name, resp.Code, b.asked)
		}
		if h := resp.Header(); c.code == 200 && (h.Get("Cross-Origin-Opener-Policy") != "same-origin" || !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'")) {
			t.Errorf("%s: %v", c.name, h)
		}
	}
}

// The log of all that is said does not say the key.
func TestTheKeyIsNotLogged(t *testing.T) {
	var log bytes.Buffer
	x := start(t, questioned(signedIn()), func(o *Options) {
		o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}).served()
	x.Open()
	x.act("answer", said("p1", containers.AskEngine, "allow"))
	x.act("nothing", nil)
	x.ask("GET", "/nowhere")
	x.end()
	if text := log.String(); strings.Contains(text, x.signed.key) || !strings.Contains(text, "are served") {
		t.Errorf("the log:\n%s", text)
	}
}

// Who has the key can't fill the memory.
func TestNoncesAreBounded(t *testing.T) {
	var s signed
	now := time.Now()
	for i := range noncesKept {
		if !s.first(fmt.Sprint(i), now) {
			t.Fatalf("%d is refused", i)
		}
	}
	if s.first("one more", now) || !s.first("one more", now.Add(2*signatureLife+time.Second)) || len(s.used) != 1 {
		t.Errorf("%d are kept", len(s.used))
	}
}
