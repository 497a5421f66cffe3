//go:build unix

package enginesocket

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// engine is one that a test plays: each connection goes to serve.
func engine(t *testing.T, serve func(*net.UnixConn)) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "engine.sock")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.AcceptUnix()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c)
			}()
		}
	}()
	return path
}

// running serves before the engine at a path, and gives its own path and what ends it.
func running(t *testing.T, at string, o Options) (path string, stop func()) {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	if o.Ready == nil {
		o.Ready = func(context.Context, string) error { return nil }
	}
	o.Log = slog.New(slog.DiscardHandler)
	o.Dial = func(ctx context.Context) (net.Conn, error) { return new(net.Dialer).DialContext(ctx, "unix", at) }
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Run(ctx, o) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		done <- nil
	})
	return socketPath(o.Dir), func() { cancel(); done <- <-done }
}

// dial connects as soon as there is something to connect to.
func dial(t *testing.T, path string) *net.UnixConn {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		c, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
		if err == nil {
			t.Cleanup(func() { c.Close() })
			c.SetDeadline(time.Now().Add(20 * time.Second))
			return c
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

func send(t *testing.T, c io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

// hears reads exactly what is to come.
func hears(t *testing.T, c io.Reader, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(c, got); err != nil || string(got) != want {
		t.Fatalf("%q, %v; want %q", got[:n], err, want)
	}
}

func ends(t *testing.T, c io.Reader) {
	t.Helper()
	if rest, err := io.ReadAll(c); err != nil || len(rest) > 0 {
		t.Fatalf("%q and %v; want the end", rest, err)
	}
}

// A start waits until its container is ready, or for two seconds; nothing else waits.
func TestHeldBack(t *testing.T) {
	for _, c := range []struct {
		name   string
		stream string
		ready  time.Duration // after which the container is; -1: never
		held   time.Duration
	}{
		{"a list", list, -1, 0},
		{"a start that is ready at once", start, 0, 0},
		{"a start", start, 300 * time.Millisecond, 300 * time.Millisecond},
		{"a start of one that is never ready", start, -1, 2 * time.Second},
		{"a second start by the same connection", list + start, time.Second, time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, ours := net.Pipe()
				theirs, engine := net.Pipe()
				o := Options{Patience: patience, Log: slog.New(slog.DiscardHandler),
					Dial: func(context.Context) (net.Conn, error) { return theirs, nil },
					Ready: func(ctx context.Context, ref string) error {
						if ref != "web" {
							t.Errorf("asked for %q", ref)
						}
						ready := time.After(c.ready)
						if c.ready < 0 {
							ready = nil
						}
						select {
						case <-ready:
							return nil
						case <-ctx.Done():
							return context.Cause(ctx)
						}
					}}
				served := make(chan bool)
				go func() { o.serve(t.Context(), t.Context(), ours); close(served) }()
				began := time.Now()
				go io.WriteString(client, c.stream)
				hears(t, engine, c.stream)
				if held := time.Since(began); held != c.held {
					t.Errorf("held for %v, want %v", held, c.held)
				}
				client.Close()
				engine.Close()
				<-served
			})
		})
	}
}

// The engine sees nothing that would start the container while its start is held, and what comes after
// is in order.
func TestWhatIsHeldIsNotPassedOn(t *testing.T) {
	got := make(chan string, 10)
	at := engine(t, func(c *net.UnixConn) {
		for b := make([]byte, 4096); ; {
			n, err := c.Read(b)
			if err != nil {
				return
			}
			got <- string(b[:n])
		}
	})
	asked, ready := make(chan string), make(chan bool)
	path, _ := running(t, at, Options{Patience: time.Minute, Ready: func(_ context.Context, ref string) error {
		asked <- ref
		<-ready
		return nil
	}})
	c := dial(t, path)
	send(t, c, start[:20])
	seen := <-got
	send(t, c, start[20:]+list)
	if ref := <-asked; ref != "web" {
		t.Errorf("asked for %q", ref)
	}
	if seen != start[:20] || len(got) != 0 {
		t.Errorf("while the start is held the engine has seen %q and %d more", seen, len(got))
	}
	close(ready)
	for whole := start + list; seen != whole; seen += <-got {
		if !strings.HasPrefix(whole, seen) {
			t.Fatalf("the engine has seen %q", seen)
		}
	}
}

// A start that is held when the program ends is passed on, and answered.
func TestAHeldStartAtTheEnd(t *testing.T) {
	at := engine(t, func(c *net.UnixConn) { io.Copy(c, c) })
	asked := make(chan bool)
	path, stop := running(t, at, Options{Patience: time.Minute, Ready: func(ctx context.Context, _ string) error {
		asked <- true
		<-ctx.Done()
		return context.Cause(ctx)
	}})
	c := dial(t, path)
	send(t, c, start)
	<-asked
	go stop()
	hears(t, c, start)
}

// An attached client says that it has no more to say and still hears the rest; and the engine likewise.
func TestHalvesEndOneByOne(t *testing.T) {
	at := engine(t, func(c *net.UnixConn) {
		head := make([]byte, len(attach))
		io.ReadFull(c, head)
		io.WriteString(c, "HTTP/1.1 101 UPGRADED\r\n\r\n")
		if c.CloseWrite(); bytes.HasSuffix(head, []byte("first\r\n\r\n")) {
			return
		}
		said, _ := io.ReadAll(c)
		os.WriteFile(filepath.Join(filepath.Dir(c.LocalAddr().String()), "said"), said, 0o600)
	})
	path, _ := running(t, at, Options{})
	c := dial(t, path)
	send(t, c, attach)
	hears(t, c, "HTTP/1.1 101 UPGRADED\r\n\r\n")
	ends(t, c)
	send(t, c, "still here")
	c.CloseWrite()
	said := filepath.Join(filepath.Dir(at), "said")
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		if b, _ := os.ReadFile(said); string(b) == "still here" {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the engine did not hear the rest")
		}
	}

	at = engine(t, func(c *net.UnixConn) {
		said, _ := io.ReadAll(c)
		fmt.Fprintf(c, "%d bytes", len(said))
	})
	path, _ = running(t, at, Options{})
	c = dial(t, path)
	send(t, c, attach+"input")
	c.CloseWrite()
	hears(t, c, fmt.Sprintf("%d bytes", len(attach)+5))
	ends(t, c)
}

// Bodies of any size go through whole, both ways at once.
func TestLargeBodies(t *testing.T) {
	at := engine(t, func(c *net.UnixConn) { io.Copy(c, c) })
	path, _ := running(t, at, Options{})
	c := dial(t, path)
	body := make([]byte, 16<<20)
	rand.Read(body)
	want := append([]byte("PUT /containers/web/archive HTTP/1.1\r\nContent-Length: 16777216\r\n\r\n"), body...)
	go func() {
		c.Write(want)
		c.CloseWrite()
	}()
	if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d of %d bytes, %v", len(got), len(want), err)
	}
}

// An engine that answers before it has read the body, and hangs up, is heard.
func TestAnEngineThatReadsNoMore(t *testing.T) {
	const answer = "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
	at := engine(t, func(c *net.UnixConn) {
		io.ReadFull(c, make([]byte, 10))
		io.WriteString(c, answer)
	})
	path, _ := running(t, at, Options{})
	c := dial(t, path)
	wrote := make(chan error, 1)
	go func() {
		_, err := c.Write(append([]byte("POST /build HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n"), make([]byte, 8<<20)...))
		wrote <- err
	}()
	hears(t, c, answer)
	if err := <-wrote; err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("writing on: %v", err)
	}
}

// An attach that is refused leaves a connection on which the next start is held as ever; after one that
// is not, nothing is taken for a request.
func TestAfterAnAttach(t *testing.T) {
	const refused = "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}"
	for answer, want := range map[string]bool{refused: true, "HTTP/1.1 101 UPGRADED\r\n\r\n": false} {
		at := engine(t, func(c *net.UnixConn) {
			io.ReadFull(c, make([]byte, len(attach)))
			io.WriteString(c, answer)
			io.Copy(c, c)
		})
		var asked atomic.Bool
		path, _ := running(t, at, Options{Ready: func(context.Context, string) error { asked.Store(true); return nil }})
		c := dial(t, path)
		send(t, c, attach)
		hears(t, c, answer)
		send(t, c, start)
		hears(t, c, start)
		if asked.Load() != want {
			t.Errorf("after %q it was asked: %v", answer, asked.Load())
		}
	}
}

// Without an engine docker is told why, in the engine's own form.
func TestNoEngine(t *testing.T) {
	path, _ := running(t, filepath.Join(t.TempDir(), "none.sock"), Options{})
	dial(t, path).Close()
	h := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}}
	defer h.CloseIdleConnections()
	r, err := h.Post("http://docker/v1.41/containers/web/start", "text/plain", strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if b, _ := io.ReadAll(r.Body); r.StatusCode != http.StatusServiceUnavailable || !strings.HasPrefix(string(b), `{"message":"aztray's engine socket: dial unix`) {
		t.Errorf("%d %s", r.StatusCode, b)
	}
}

// The socket is its owner's alone, takes the place of what a crash left, and in the end leads to the
// engine's own, or is gone.
func TestTheSocketsFile(t *testing.T) {
	at := engine(t, func(c *net.UnixConn) { io.Copy(c, c) })
	for _, c := range []struct {
		name  string
		left  func(path string) error // by an earlier run
		leave string                  // the engine's own socket
	}{
		{"nothing there", func(string) error { return nil }, at},
		{"an engine elsewhere", func(string) error { return nil }, ""},
		{"a dead socket", func(path string) error {
			l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
			l.SetUnlinkOnClose(false)
			return errors.Join(err, l.Close())
		}, at},
		{"the link of an earlier run", func(path string) error { return os.Symlink(at, path) }, at},
		{"a link to nowhere", func(path string) error {
			return errors.Join(os.Symlink("/nowhere", path), os.Symlink("/nowhere", path+".new"))
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			path := socketPath(dir)
			if err := c.left(path); err != nil {
				t.Fatal(err)
			}
			if Look(dir) == nil {
				t.Error("what an earlier run left is taken for ours")
			}
			_, stop := running(t, at, Options{Dir: dir, Leave: func() string { return c.leave }})
			info, err := os.Lstat(path)
			for end := time.Now().Add(5 * time.Second); err != nil || info.Mode() != os.ModeSocket|0o600; info, err = os.Lstat(path) {
				if time.Now().After(end) {
					t.Fatalf("%v, %v", info, err)
				}
				time.Sleep(time.Millisecond)
			}
			conn := dial(t, path)
			send(t, conn, "hello")
			hears(t, conn, "hello")
			if err := Look(dir); err != nil {
				t.Errorf("nobody is seen to serve it: %v", err)
			}
			stop()
			if Look(dir) == nil {
				t.Error("what we leave is taken for ours")
			}
			if n, err := conn.Read(make([]byte, 1)); err == nil {
				t.Errorf("a connection outlives it: %d bytes", n)
			}
			if c.leave == "" {
				if left, _ := os.ReadDir(filepath.Dir(path)); len(left) > 0 {
					t.Errorf("left: %v", left)
				}
				return
			}
			conn = dial(t, path)
			send(t, conn, "by myself")
			hears(t, conn, "by myself")
		})
	}
}
