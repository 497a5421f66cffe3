//go:build e2e

package health

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"aztray/test/rig/chromium"
)

// listener is what a container with raw sockets in the machine's network is: it hears every byte of loopback.
type listener struct {
	mu    sync.Mutex
	heard map[net.Conn]*bytes.Buffer // by connection: what the browser sent
	back  bytes.Buffer               // what it was answered
}

func (l *listener) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.back.Write(b)
}

// between passes on what goes to a server, on the same port of another loopback address.
func (l *listener) between(t *testing.T, server string) (address string) {
	t.Helper()
	_, port, err := net.SplitHostPort(server)
	if err != nil {
		t.Fatal(err)
	}
	front, err := net.Listen("tcp", "127.0.0.2:"+port)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	t.Cleanup(func() { front.Close(); all.Wait() })
	all.Go(func() {
		for {
			in, err := front.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", server)
			if err != nil {
				in.Close()
				continue
			}
			l.mu.Lock()
			heard := &bytes.Buffer{}
			l.heard[in] = heard
			l.mu.Unlock()
			all.Go(func() { io.Copy(io.MultiWriter(in, l), out); in.Close() })
			all.Go(func() {
				defer out.Close()
				b := make([]byte, 1<<16)
				for {
					n, err := in.Read(b)
					l.mu.Lock()
					heard.Write(b[:n])
					l.mu.Unlock()
					if err != nil {
						return
					}
					out.Write(b[:n])
				}
			})
		}
	})
	return front.Addr().String()
}

// requests are the POSTs that were heard, each as it was sent.
func (l *listener) requests(t *testing.T) (all [][]byte) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, heard := range l.heard {
		r := bufio.NewReader(bytes.NewReader(heard.Bytes()))
		for {
			req, err := http.ReadRequest(r)
			if err != nil {
				break
			}
			body, err := io.ReadAll(req.Body)
			if err != nil {
				break
			}
			if req.Method == "POST" {
				var raw bytes.Buffer
				req.Body = io.NopCloser(bytes.NewReader(body))
				req.Write(&raw)
				all = append(all, raw.Bytes())
			}
		}
	}
	return all
}

// Who hears all that the browser and the program say to each other has no key of it, and what is heard is good for
// nothing when it is said again.
func TestWhoListensOnLoopbackInChromium(t *testing.T) {
	x := start(t, signedIn()).served()
	l := &listener{heard: map[net.Conn]*bytes.Buffer{}}
	server := strings.Trim(strings.TrimPrefix(x.URL(), "http:"), "/")
	address := l.between(t, server)
	tab := chromium.Open(t)
	tab.Go("http://" + address + "/#" + strings.SplitN(x.Open(), "#", 2)[1])
	tab.Until("document.body.dataset.may === 'yes'")
	tab.Click("#sync")
	tab.Click("#restart")
	x.until("both are done", func() bool { return len(x.commands()) == 2 })
	tab.Go("about:blank")

	heard := l.requests(t)
	if len(heard) != 3 {
		t.Fatalf("%d requests were heard", len(heard))
	}
	l.mu.Lock()
	for _, b := range l.heard {
		if bytes.Contains(b.Bytes(), []byte(x.signed.key)) {
			t.Errorf("the key was sent:\n%s", b)
		}
	}
	if bytes.Contains(l.back.Bytes(), []byte(x.signed.key)) {
		t.Error("the key was answered")
	}
	l.mu.Unlock()
	for _, raw := range heard {
		for _, to := range []string{"", "POST /actions/restart", "POST /actions/renew"} {
			again := raw
			if to != "" {
				_, rest, _ := strings.Cut(string(raw), " HTTP/")
				again = []byte(to + " HTTP/" + rest)
			}
			conn, err := net.Dial("tcp", server)
			if err != nil {
				t.Fatal(err)
			}
			conn.SetDeadline(time.Now().Add(10 * time.Second))
			conn.Write(again)
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil || resp.StatusCode != 403 {
				t.Errorf("%s: %v, %v", again, resp, err)
			}
			conn.Close()
		}
	}
	if n := len(x.commands()); n != 2 {
		t.Errorf("the agent was asked for %v", x.commands())
	}
}
