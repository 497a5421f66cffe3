package containers

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// fakeEngine is one container with files in memory, and a script of events.
type fakeEngine struct {
	mu      sync.Mutex
	in      inspected
	files   map[string]*tar.Header
	texts   map[string][]byte
	calls   map[string]int
	streams []string    // each is one connection: events as JSON; then it breaks
	since   []time.Time // what each connection was asked for
	listed  []summary
	fails   error // what list and networks answer; nil: all is well
	hangs   bool  // nothing ever happens on it

	images     map[string]map[string]string // the labels of each image there is
	arch       string                       // of them all
	imageFails error

	vols    map[string]volume // by name
	parts   map[string]string // of volumes, as Podman's own inspect tells them
	nets    []network
	options []string // of its security
}

func newFake(in inspected, files map[string]string) *fakeEngine {
	f := &fakeEngine{in: in, files: map[string]*tar.Header{}, texts: map[string][]byte{}, calls: map[string]int{}, images: map[string]map[string]string{"": {}}}
	for _, dir := range []string{"/", "/root", "/bin", "/etc"} {
		f.files[dir] = &tar.Header{Typeflag: tar.TypeDir, Mode: 0o755}
	}
	for name, text := range files {
		f.files[name], f.texts[name] = &tar.Header{Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(text))}, []byte(text)
	}
	return f
}

func (f *fakeEngine) count(call string) func() {
	f.mu.Lock()
	f.calls[call]++
	return f.mu.Unlock
}

var errNone = &apiError{http.StatusNotFound, "Could not find the file"}

func (f *fakeEngine) list(context.Context) ([]summary, error) {
	defer f.count("list")()
	return f.listed, f.fails
}
func (f *fakeEngine) inspect(context.Context, string) (inspected, error) {
	defer f.count("inspect")()
	return f.in, nil
}

func (f *fakeEngine) imageLabels(_ context.Context, id string) (imageLabels, error) {
	defer f.count("image")()
	if f.imageFails != nil {
		return imageLabels{}, f.imageFails
	}
	l, ok := f.images[id]
	if !ok {
		return imageLabels{}, errNone
	}
	return imageLabels{l, f.arch}, nil
}

func (f *fakeEngine) stat(_ context.Context, _, p string) (fileInfo, error) {
	defer f.count("stat")()
	h, ok := f.files[p]
	if !ok {
		return fileInfo{}, errNone
	}
	info := fileInfo{Size: h.Size, Mtime: h.ModTime}
	info.Mode = fs.FileMode(h.Mode).Perm()
	if h.Typeflag == tar.TypeDir {
		info.Mode |= fs.ModeDir
	}
	return info, nil
}

func (f *fakeEngine) read(_ context.Context, _, p string) (*tar.Header, []byte, error) {
	defer f.count("read")()
	if h, ok := f.files[p]; ok {
		return h, f.texts[p], nil
	}
	return nil, nil, errNone
}

func (f *fakeEngine) extract(_ context.Context, _, dir string, archive []byte) error {
	defer f.count("extract")()
	for tr := tar.NewReader(bytes.NewReader(archive)); ; {
		h, err := tr.Next()
		if err != nil {
			return nil
		}
		p := path.Join(dir, h.Name)
		if h.Typeflag == tar.TypeLink {
			of := path.Join(dir, h.Linkname)
			if f.files[of] == nil {
				return errNone
			}
			f.files[p], f.texts[p] = f.files[of], f.texts[of]
			continue
		}
		f.files[p] = h
		f.texts[p], _ = io.ReadAll(tr)
	}
}

func (f *fakeEngine) exec(context.Context, string, string, []string, []byte) (execResult, error) {
	return execResult{}, errors.New("no exec here")
}
func (f *fakeEngine) networks(context.Context) ([]network, error) { return f.nets, f.fails }

func (f *fakeEngine) volume(_ context.Context, name string) (volume, error) {
	defer f.count("volume")()
	return f.vols[name], f.fails
}
func (f *fakeEngine) volumes(context.Context) (all []volume, err error) {
	defer f.count("volumes")()
	for name, v := range f.vols {
		v.Name = name
		all = append(all, v)
	}
	return all, f.fails
}
func (f *fakeEngine) subpaths(context.Context, string) (map[string]string, error) {
	defer f.count("subpaths")()
	return f.parts, nil
}

func (f *fakeEngine) dial(context.Context) (net.Conn, error) {
	return nil, errors.New("no streams here")
}

func (f *fakeEngine) security(context.Context) ([]string, error) {
	defer f.count("security")()
	return f.options, nil
}

func (f *fakeEngine) events(ctx context.Context, since time.Time) (*eventStream, error) {
	defer f.count("events")()
	f.since = append(f.since, since)
	if f.hangs {
		ctx, stop := context.WithCancel(ctx)
		return &eventStream{func() (message, error) { <-ctx.Done(); return message{}, ctx.Err() }, stop}, nil
	}
	if len(f.streams) == 0 {
		return nil, errors.New("the engine is down")
	}
	text := f.streams[0]
	f.streams = f.streams[1:]
	told := json.NewDecoder(strings.NewReader(text))
	next := func() (message, error) {
		var m struct {
			Type     string
			Action   string
			TimeNano int64
			Actor    struct {
				ID         string
				Attributes map[string]string
			}
		}
		err := told.Decode(&m)
		return message{m.Type, m.Action, m.Actor.ID, m.TimeNano, m.Actor.Attributes}, err
	}
	return &eventStream{next, func() {}}, nil
}

func fakeHost(f *fakeEngine, azDir string) *Engine {
	return newEngine(f, endpoint{host: "unix:///fake", from: "the test"}, newAzDirs([]string{azDir}, true))
}

var withShell = map[string]string{"/bin/sh": "", "/etc/passwd": "root:x:0:0::/root:/bin/sh\n"}

// TestNewContainerOfAKnownRecipe: its process starts a millisecond after create, so the archive is
// the first and only call.
func TestNewContainerOfAKnownRecipe(t *testing.T) {
	f := newFake(inspected{ID: "one", Status: "running"}, withShell)
	e := fakeHost(f, t.TempDir())
	compose := map[string]string{composeHash: "h", composeImage: "i"}
	first := container("one", "s-1", "img", "running", compose)
	end := time.Now().Add(time.Hour)
	for range 2 { // what we made ourselves the second time is not in the image
		if s := e.Deliver(t.Context(), first, bundle("secret", end)); s.State != Fresh {
			t.Fatalf("%s %s", s.State, s.Error)
		}
	}
	if f.calls["extract"] != 1 {
		t.Errorf("the same twice was sent %d times", f.calls["extract"])
	}
	for why, c := range map[string]struct {
		born     time.Duration // ago
		labels   map[string]string
		inspects int
	}{
		"the same recipe":               {0, compose, 0},
		"the same, but a while ago":     {bornFor, compose, 1},
		"another recipe":                {0, map[string]string{composeHash: "other", composeImage: "i"}, 1},
		"compose run, with what mounts": {0, map[string]string{composeHash: "h", composeImage: "i", composeOneOff: "True"}, 1},
	} {
		f = newFake(inspected{ID: "two", Status: "created"}, withShell)
		e.api = f
		next := container("two", "s-1", "img", "created", c.labels)
		next.born = time.Now().Add(-c.born)
		s := e.Deliver(t.Context(), next, bundle("secret", end))
		if s.State != Fresh || f.calls["inspect"] != c.inspects || f.calls["extract"] != 1 || c.inspects == 0 && f.calls["stat"]+f.calls["read"] > 0 {
			t.Errorf("%s: %s %s, calls %v", why, s.State, s.Error, f.calls)
		}
		if h := f.files["/root/.azure"]; h == nil || h.Mode != 0o700 || !bytes.Contains(f.texts["/root/.azure/"+cacheFile], []byte("secret")) {
			t.Errorf("%s: nothing there: %v", why, f.files)
		}
	}
}

// TestNeverWritten: what is not ours to write, by any of the calls.
func TestNeverWritten(t *testing.T) {
	azDir := t.TempDir()
	signedIn := map[string]string{"/bin/sh": "", "/root/.azure/" + cacheFile: `{"RefreshToken":{"k":{"secret":"theirs"}}}`}
	for _, c := range []struct {
		why   string
		in    inspected
		files map[string]string
		want  State
	}{
		{"the host's az directory", inspected{Mounts: []mount{{Type: "bind", Source: azDir, Destination: "/root/.azure", RW: true}}}, withShell, Shared},
		{"a sign-in made inside", inspected{Env: []string{"HOME=/root"}}, signedIn, OwnSignIn},
		{"an encrypted one", inspected{Env: []string{"HOME=/root"}}, map[string]string{"/bin/sh": "", "/root/.azure/msal_token_cache.bin": "?"}, OwnSignIn},
		{"nothing in the image could use it", inspected{}, nil, Unreachable},
		{"a read-only file system", inspected{ReadonlyRootfs: true}, withShell, Unwritable},
		{"it has ended since, and may be about to be removed", inspected{Status: "exited"}, withShell, Missing},
	} {
		f := newFake(c.in, c.files)
		f.files["/root/.azure"] = &tar.Header{Typeflag: tar.TypeDir}
		e := fakeHost(f, azDir)
		one := container("id", "n", "img", "running", nil)
		for what, s := range map[string]Status{
			"Deliver":  e.Deliver(t.Context(), one, bundle("s", time.Now().Add(time.Hour))),
			"Check":    e.Check(t.Context(), one),
			"Withdraw": e.Withdraw(t.Context(), one),
		} {
			if s.State != c.want || s.Error == "" || f.calls["extract"] > 0 {
				t.Errorf("%s, %s: %s %q, calls %v", c.why, what, s.State, s.Error, f.calls)
			}
		}
	}
}

// TestOurAzAndARealOne: ours is kept up to date, a real one is never replaced.
func TestOurAzAndARealOne(t *testing.T) {
	for _, c := range []struct {
		why, az string
		ours    bool
	}{
		{"none", "", true},
		{"ours, of an older version", "#!/bin/sh\n" + shimMarker + ", 0.1\n", true},
		{"a real one that was installed later", "#!/usr/bin/env python3\n", false},
	} {
		f := newFake(inspected{ID: "id", Status: "running", Env: []string{"PATH=/bin"}}, withShell)
		e := fakeHost(f, t.TempDir())
		one := container("id", "n", "img", "running", nil)
		if s := e.Check(t.Context(), one); s.State != Missing { // the image is known from now on
			t.Fatalf("%s %s", s.State, s.Error)
		}
		if c.az != "" {
			f.files["/bin/az"], f.texts["/bin/az"] = &tar.Header{Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(c.az))}, []byte(c.az)
		}
		if s := e.Deliver(t.Context(), one, bundle("s", time.Now().Add(time.Hour))); s.State != Fresh {
			t.Errorf("%s: %s %s", c.why, s.State, s.Error)
		}
		if got := string(f.texts["/bin/az"]) == string(shimText("/root/.azure")); got != c.ours {
			t.Errorf("%s: /bin/az is ours: %v, want %v", c.why, got, c.ours)
		}
	}
}

func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		event := func(action, id, name string, nano int) string {
			b, _ := json.Marshal(map[string]any{"Action": action, "timeNano": nano,
				"Actor": map[string]any{"ID": id, "Attributes": map[string]string{"name": name, "image": "img"}}})
			return string(b) + "\n"
		}
		f := newFake(inspected{}, nil)
		f.listed = []summary{{ID: "a", Names: []string{"/app-1"}, State: "running"}, {ID: "x", Names: []string{"/other"}}}
		f.streams = []string{
			event("create", "b", "app-2", 10) + event("create", "x", "other", 11) + event("start", "b", "app-2", 12),
			event("start", "b", "app-2", 12) + event("die", "b", "app-2", 20) + event("rename", "b", "app-3", 21) + event("destroy", "b", "app-3", 22),
		}
		ctx, cancel := context.WithCancel(t.Context())
		var got []string
		var pauses []time.Duration
		last := time.Now()
		done := make(chan error)
		go func() {
			done <- fakeHost(f, "/none").Watch(ctx, Selector{Names: []string{"app-*"}}, func(e Event) {
				got = append(got, strings.TrimSpace(string(e.Kind)+" "+e.Container.Name))
				if e.Kind == Lost && (e.Problem == nil || e.Problem.Message == "") {
					t.Error("lost without a sentence")
				}
				if e.Kind == Listed {
					pauses = append(pauses, time.Since(last))
					last = time.Now()
					if len(e.Containers) != 1 || e.Containers[0].Name != "app-1" {
						t.Errorf("listed %v", e.Containers)
					}
				}
			})
		}()
		time.Sleep(10 * time.Minute) // the bubble's
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Watch = %v", err)
		}
		want := []string{"listed", "created app-2", "started app-2", "lost", "listed", "stopped app-2", "listed", "removed app-3", "lost"}
		if !slices.Equal(got, want) {
			t.Errorf("got  %v\nwant %v", got, want)
		}
		if f.since[1] != time.Unix(0, 12) || pauses[1] < firstPause || pauses[1] > 2*firstPause {
			t.Errorf("second connection since %v, after %v", f.since[1], pauses[1])
		}
		if n := f.calls["events"]; n < 15 || n > 40 {
			t.Errorf("%d attempts in ten minutes of an engine that is down", n)
		}
	})
}
