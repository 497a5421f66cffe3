package containers

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/docker/docker/pkg/stdcopy"
)

// server is an engine's side of the wire. It notes what it is asked.
type server struct {
	mu      sync.Mutex
	asked   []string
	version string
	answer  http.HandlerFunc // to all but a ping
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked = append(s.asked, r.Method+" "+r.URL.RequestURI())
	s.mu.Unlock()
	if r.URL.Path == "/_ping" {
		if s.version != "" {
			w.Header().Set("Api-Version", s.version)
		}
		return
	}
	s.answer(w, r)
}

// serve gives an engine whose calls, but for pings, are answered by answer.
func serve(t *testing.T, answer http.HandlerFunc) (*dockerEngine, *server) {
	t.Helper()
	s := &server{version: "1.41", answer: answer}
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	e, err := dialEngine(t.Context(), endpoint{host: "tcp://" + h.Listener.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.client.Close() })
	return e, s
}

type engineCall struct {
	name string
	call func(context.Context, engineAPI) error
	want []string
}

// calls are all that can be asked of an engine, and the requests that they are.
var calls = []engineCall{
	{"list", func(ctx context.Context, e engineAPI) error { _, err := e.list(ctx); return err },
		[]string{"GET /v1.41/containers/json?all=1"}},
	{"inspect", func(ctx context.Context, e engineAPI) error { _, err := e.inspect(ctx, "c"); return err },
		[]string{"GET /v1.41/containers/c/json"}},
	{"stat", func(ctx context.Context, e engineAPI) error { _, err := e.stat(ctx, "c", "/a b"); return err },
		[]string{"HEAD /v1.41/containers/c/archive?path=%2Fa+b"}},
	{"read", func(ctx context.Context, e engineAPI) error { _, _, err := e.read(ctx, "c", "/a"); return err },
		[]string{"GET /v1.41/containers/c/archive?path=%2Fa"}},
	{"extract", func(ctx context.Context, e engineAPI) error { return e.extract(ctx, "c", "/root", []byte("archive")) },
		[]string{"PUT /v1.41/containers/c/archive?noOverwriteDirNonDir=true&path=%2Froot"}},
	{"exec", func(ctx context.Context, e engineAPI) error {
		_, err := e.exec(ctx, "c", "1:1", []string{"sh"}, nil)
		return err
	},
		[]string{"POST /v1.41/containers/c/exec", "POST /v1.41/exec/x/start", "GET /v1.41/exec/x/json"}},
	{"volume", func(ctx context.Context, e engineAPI) error { _, err := e.volume(ctx, "v"); return err },
		[]string{"GET /v1.41/volumes/v"}},
	{"volumes", func(ctx context.Context, e engineAPI) error { _, err := e.volumes(ctx); return err },
		[]string{"GET /v1.41/volumes"}},
	{"subpaths", func(ctx context.Context, e engineAPI) error { _, err := e.subpaths(ctx, "c"); return err },
		[]string{"GET /v4.0.0/libpod/containers/c/json"}},
	{"security", func(ctx context.Context, e engineAPI) error { _, err := e.security(ctx); return err },
		[]string{"GET /v1.41/info"}},
	{"logs", func(ctx context.Context, e engineAPI) error {
		body, err := e.logs(ctx, "c", time.Unix(5, 7), 3)
		if err == nil {
			err = body.Close()
		}
		return err
	}, []string{"GET /v1.41/containers/c/logs?follow=1&since=5.000000007&stderr=1&stdout=1&tail=3&timestamps=1"}},
	{"events", func(ctx context.Context, e engineAPI) error {
		stream, err := e.events(ctx, time.Unix(5, 7))
		if err != nil {
			return err
		}
		defer stream.close()
		_, err = stream.next()
		return err
	}, []string{"GET /v1.41/events?filters=%7B%22event%22%3A%7B%22create%22%3Atrue%2C%22destroy%22%3Atrue%2C%22die%22%3Atrue%2C%22prune%22%3Atrue%2C%22remove%22%3Atrue%2C%22rename%22%3Atrue%2C%22start%22%3Atrue%7D%2C%22type%22%3A%7B%22container%22%3Atrue%2C%22volume%22%3Atrue%7D%7D&since=5.000000007"}},
}

// TestEachCallIsItsRequestsAndNoMore: a delivery to a new container is a race.
func TestEachCallIsItsRequestsAndNoMore(t *testing.T) {
	e, s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch body, _ := io.ReadAll(r.Body); {
		case r.Method == http.MethodPut && (string(body) != "archive" || r.ContentLength != 7 || r.Header.Get("Content-Encoding") != ""):
			t.Errorf("sent %q of %d bytes with %v, want the archive as it is", body, r.ContentLength, r.Header)
		case strings.HasSuffix(r.URL.Path, "/start"):
			streams(t, w, r, nil)
		case strings.HasSuffix(r.URL.Path, "/archive") && r.Method != http.MethodPut:
			w.Header().Set("X-Docker-Container-Path-Stat", base64.StdEncoding.EncodeToString([]byte(`{"size":7}`)))
			if a := tar.NewWriter(w); r.Method == http.MethodGet {
				a.WriteHeader(&tar.Header{Name: "a", Typeflag: tar.TypeDir})
			}
		case strings.HasSuffix(r.URL.Path, "/containers/json"):
			io.WriteString(w, `[]`)
		default:
			io.WriteString(w, `{"Id": "x", "State": {}, "Config": {}, "HostConfig": {}}`)
		}
	})
	for _, c := range calls {
		s.asked = nil
		if err := c.call(t.Context(), e); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if !slices.Equal(s.asked, c.want) {
			t.Errorf("%s asked\n%q, want\n%q", c.name, s.asked, c.want)
		}
	}
}

func TestVersion(t *testing.T) {
	for engine, want := range map[string]string{"1.41": "/v1.41/", "": "/v" + minAPI + "/", "1.99": "/v1.51/"} {
		s := &server{version: engine, answer: func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "[]") }}
		h := httptest.NewServer(s)
		e, err := dialEngine(t.Context(), endpoint{host: h.URL})
		if err == nil {
			_, err = e.list(t.Context())
		}
		if len(s.asked) != 2 || !strings.Contains(s.asked[1], want) {
			t.Errorf("an engine that says %q was asked %q, %v; want %s after one ping", engine, s.asked, err, want)
		}
		h.Close()
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		why, call string
		status    int
		body      string
		want      string
	}{
		{"no such container", "inspect", 404, `{"message": "No such container: c"}`, "No such container: c"},
		{"read-only", "extract", 400, `{"message": "container rootfs is marked read-only"}`, "container rootfs is marked read-only"},
		{"no such file", "stat", 404, "", "Not Found"},
		{"paused", "exec", 409, `{"message": "Container c is paused"}`, "Container c is paused"},
		{"a driver that keeps no log", "logs", 501, `{"message": "not supported"}`, "not supported"},
		{"the engine's own failure", "list", 500, `{"message": "oops"}`, "oops"},
		{"what stands between", "read", 502, "<html>", "<html>"},
		{"a stream", "events", 403, `{"message": "denied"}`, "denied"},
	} {
		e, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			if strings.HasPrefix(c.body, "{") {
				w.Header().Set("Content-Type", "application/json")
			}
			w.WriteHeader(c.status)
			io.WriteString(w, c.body)
		})
		i := slices.IndexFunc(calls, func(k engineCall) bool { return k.name == c.call })
		err := calls[i].call(t.Context(), e)
		if a, ok := errors.AsType[*apiError](err); !ok || a.status != c.status || a.message != c.want || notFound(err) != (c.status == 404) {
			t.Errorf("%s: %T %v, want %d %q", c.why, err, err, c.status, c.want)
		}
	}
}

// TestNoEngine: why a connection failed decides what a person is told.
func TestNoEngine(t *testing.T) {
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead.Close()
	for host, want := range map[string]error{
		"tcp://" + dead.Addr().String():                                  syscall.ECONNREFUSED,
		"unix://" + filepath.ToSlash(filepath.Join(t.TempDir(), "none")): fs.ErrNotExist,
	} {
		if _, err := dialEngine(t.Context(), endpoint{host: host}); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", host, err, want)
		}
	}
	refused := dialer(func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "unix", Err: os.NewSyscallError("connect", syscall.EACCES)}
	})
	if _, err := refused.dial(t.Context(), "", ""); !errors.Is(plain(err), fs.ErrPermission) {
		t.Errorf("%v, want permission denied", err)
	}
}

// TestAnEngineThatHangs: whatever it is asked, the end of the context is the end of the call.
func TestAnEngineThatHangs(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	stalled := func(name string, call func(context.Context, engineAPI) error, answer http.HandlerFunc) {
		t.Helper()
		e, _ := serve(t, answer)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		began := time.Now()
		if err := call(ctx, e); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 5*time.Second {
			t.Errorf("%s: %v after %v", name, err, time.Since(began))
		}
	}
	hang := func(http.ResponseWriter, *http.Request) { <-release }
	startingBy := func(start http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/start") {
				start(w, r)
				return
			}
			io.WriteString(w, `{"Id": "x"}`)
		}
	}
	for _, c := range calls {
		stalled(c.name, c.call, hang)
	}
	big := make([]byte, 8<<20) // more than a connection holds
	stalled("an archive that is not read", func(ctx context.Context, e engineAPI) error { return e.extract(ctx, "c", "/", big) }, hang)
	exec := func(ctx context.Context, e engineAPI) error { _, err := e.exec(ctx, "c", "", nil, big); return err }
	stalled("an exec that is not started", exec, startingBy(hang))
	stalled("an exec that neither reads nor ends", exec, startingBy(func(w http.ResponseWriter, r *http.Request) {
		streams(t, w, r, func(net.Conn) { <-release })
	}))
}

// TestOpening: a stream has no end, but must begin.
func TestOpening(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel, begun := opening(t.Context(), quickCall)
		defer cancel()
		time.Sleep(quickCall - 1)
		if !begun() {
			t.Error("too early")
		}
		time.Sleep(time.Hour)
		if ctx.Err() != nil {
			t.Error("a stream that began was ended")
		}
		late, cancel, begun := opening(t.Context(), quickCall)
		defer cancel()
		time.Sleep(quickCall + 1)
		if late.Err() == nil || begun() {
			t.Error("no end to the wait")
		}
	})
}

// streams answers the start of an exec and gives its connection to talk, then closes it.
func streams(t *testing.T, w http.ResponseWriter, r *http.Request, talk func(net.Conn)) {
	io.Copy(io.Discard, r.Body)
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	io.WriteString(conn, "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
	if talk != nil {
		talk(conn)
	}
}

// said is an exec's output on the wire: streams and texts in turn.
func said(parts ...any) []byte {
	var b bytes.Buffer
	for ; len(parts) > 1; parts = parts[2:] {
		io.WriteString(stdcopy.NewStdWriter(&b, parts[0].(stdcopy.StdType)), parts[1].(string))
	}
	return b.Bytes()
}

func TestExec(t *testing.T) {
	var refuse int
	var say []byte
	heard := make([]byte, len("to its input"))
	answer := func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodGet:
			io.WriteString(w, `{"ExitCode": 3}`)
		case !strings.HasSuffix(r.URL.Path, "/start"):
			io.WriteString(w, `{"Id": "x"}`)
		case refuse != 0:
			w.WriteHeader(refuse)
		default:
			streams(t, w, r, func(c net.Conn) { io.ReadFull(c, heard); c.Write(say) })
		}
	}
	plainly, _ := serve(t, answer)
	for how, e := range map[string]*dockerEngine{"plainly": plainly, "TLS": serveTLS(t, answer)} {
		refuse, say = 0, said(stdcopy.Stdout, "out", stdcopy.Stderr, "err", stdcopy.Stdout, "", stdcopy.Stdout, "put")
		r, err := e.exec(t.Context(), "c", "", nil, []byte("to its input"))
		if err != nil || string(r.stdout) != "output" || string(r.stderr) != "err" || r.code != 3 || string(heard) != "to its input" {
			t.Errorf("%s: %q %q %d, %v; it heard %q", how, r.stdout, r.stderr, r.code, err, heard)
		}
		for why, text := range map[string][]byte{"cut in a frame": say[:len(say)-1], "cut in a frame's head": say[:15]} {
			say = text
			if _, err := e.exec(t.Context(), "c", "", nil, []byte("to its input")); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s, %s: %v", how, why, err)
			}
		}
		say = said(stdcopy.Stdout, strings.Repeat("x", maxFile), stdcopy.Stdout, "x")
		if _, err := e.exec(t.Context(), "c", "", nil, []byte("to its input")); err == nil {
			t.Errorf("%s: output without end was taken", how)
		}
		refuse = http.StatusNotFound // it went between the two calls
		if _, err := e.exec(t.Context(), "c", "", nil, nil); !notFound(err) {
			t.Errorf("%s: a start that is refused: %v", how, err)
		}
	}
}

// serveTLS is serve over TLS, with the certificate authority in docker's way of keeping it.
func serveTLS(t *testing.T, answer http.HandlerFunc) *dockerEngine {
	t.Helper()
	h := httptest.NewUnstartedServer(&server{version: "1.41", answer: answer})
	h.Config.ErrorLog = log.New(io.Discard, "", 0)
	h.StartTLS()
	t.Cleanup(h.Close)
	dir, empty := t.TempDir(), t.TempDir()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.Certificate().Raw})
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), ca, 0o600); err != nil {
		t.Fatal(err)
	}
	host := "tcp://" + h.Listener.Addr().String()
	if _, err := dialEngine(t.Context(), endpoint{host: host, tlsDir: empty}); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown certificate: %v", err)
	}
	if _, err := dialEngine(t.Context(), endpoint{host: host, tlsDir: empty, trust: true}); err != nil {
		t.Errorf("a certificate that is not to be checked: %v", err)
	}
	e, err := dialEngine(t.Context(), endpoint{host: host, tlsDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.client.Close() })
	return e
}

// TestEventsOfTheEngine: more of them than anybody takes, then the engine's end, then ours.
func TestEventsOfTheEngine(t *testing.T) {
	const many = queued + 50
	die := make(chan struct{})
	e, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for i := range many {
			fmt.Fprintf(w, `{"Type": "container", "Action": "start", "Actor": {"ID": "c", "Attributes": {"name": "n"}}, "timeNano": %d}`, i+1)
		}
		w.(http.Flusher).Flush()
		select {
		case <-die:
			panic(http.ErrAbortHandler)
		case <-r.Context().Done():
		}
	})
	stream, err := e.events(t.Context(), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range many {
		if m, err := stream.next(); err != nil || m.TimeNano != int64(i+1) || m.Action != "start" || m.ID != "c" || m.Attributes["name"] != "n" {
			t.Fatalf("event %d: %+v, %v", i, m, err)
		}
	}
	die <- struct{}{}
	if _, err := stream.next(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the engine's end: %v", err)
	}
	stream.close()
	stream, _ = e.events(t.Context(), time.Time{})
	stream.close() // with events that nobody took
	stream.close()
	if _, err := stream.next(); !errors.Is(err, context.Canceled) {
		t.Errorf("after close: %v", err)
	}
}

// TestInspect: what is told of mounts in three places is one list.
func TestInspect(t *testing.T) {
	e, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"Id": "c", "Image": "sha256:i", "State": {"Status": "running", "StartedAt": "2026-11-23T10:00:00.5Z", "ExitCode": 3, "Health": {"Status": "starting"}},
			"RestartCount": 2, "Config": {"User": "app", "Env": ["A=b"], "Tty": true, "StopTimeout": 20, "Healthcheck": {"Interval": 1000000000, "Retries": 4}},
			"HostConfig": {"ReadonlyRootfs": true, "Tmpfs": {"/t": ""}, "Binds": ["/home/a:/x/:ro", "vol:/v"], "Mounts": [{"Source": "C:\\b", "Target": "/y"}]},
			"Mounts": [{"Type": "bind", "Source": "/vm/a", "Destination": "/x"}, {"Type": "bind", "Source": "/vm/b", "Destination": "/y", "RW": true},
				{"Type": "volume", "Name": "vol", "Source": "/var/lib/vol", "Destination": "/v", "RW": true}]}`)
	})
	got, err := e.inspect(t.Context(), "c")
	want := inspected{ID: "c", ImageID: "sha256:i", User: "app", Status: "running", Env: []string{"A=b"}, ReadonlyRootfs: true, Tty: true,
		Grace: 20 * time.Second, ExitCode: 3, Restarts: 2, Health: "starting", Check: healthCheck{Interval: time.Second, Retries: 4}, Started: time.Date(2026, 11, 23, 10, 0, 0, 5e8, time.UTC), Mounts: []mount{
			{Type: "bind", Source: "/vm/a", Asked: "/home/a", Destination: "/x"},
			{Type: "bind", Source: "/vm/b", Asked: `C:\b`, Destination: "/y", RW: true},
			{Type: "volume", Name: "vol", Source: "/var/lib/vol", Destination: "/v", RW: true},
			{Type: "tmpfs", Destination: "/t", RW: true},
		}}
	if err != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Errorf("%+v, %v\nwant %+v", got, err, want)
	}
	e, _ = serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{}`) })
	if _, err := e.inspect(t.Context(), "c"); err == nil {
		t.Error("a description without anything was taken")
	}
}
