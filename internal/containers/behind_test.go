package containers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// dockerContext writes what docker context create does.
func dockerContext(t *testing.T, home, name, host string) {
	t.Helper()
	sum := sha256.Sum256([]byte(name))
	write(t, filepath.Join(home, ".docker", "contexts", "meta", hex.EncodeToString(sum[:]), "meta.json"),
		fmt.Sprintf(`{"Name":%q,"Endpoints":{"docker":{"Host":%q}}}`, name, host))
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Whatever chooses our own engine socket, the engine is the one that it leads to: never itself.
func TestOurOwnSocketIsNoEngine(t *testing.T) {
	run := t.TempDir()
	own := "unix://" + filepath.Join(run, "aztray", "docker.sock")
	os.Mkdir(filepath.Join(run, "aztray"), 0o700)
	if err := os.Symlink(filepath.Join(run, "aztray"), filepath.Join(run, "elsewhere")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		why   string
		set   string            // engine.hosts
		env   map[string]string // the docker command's
		in    string            // docker's current context
		kept  string            // in our file
		host  string
		from  string
		again choice // what is kept of it
	}{
		{why: "another context", in: "desktop", host: "unix:///desktop.sock", from: `context "desktop"`, again: choice{Context: "desktop"}},
		{why: "our context, of a context", in: "aztray", kept: `{"context":"desktop"}`, host: "unix:///desktop.sock", from: `context "desktop"`, again: choice{Context: "desktop"}},
		{why: "our context, of an address", in: "aztray", kept: `{"host":"tcp://far:2375"}`, host: "tcp://far:2375", from: "aztray's engine socket", again: choice{Host: "tcp://far:2375"}},
		{why: "our context, of the usual place", in: "aztray", kept: `{}`, host: defaultHost, from: "the default"},
		{why: "DOCKER_CONTEXT", env: map[string]string{"DOCKER_CONTEXT": "aztray"}, kept: `{"context":"desktop"}`, host: "unix:///desktop.sock", from: `context "desktop"`, again: choice{Context: "desktop"}},
		{why: "DOCKER_HOST", env: map[string]string{"DOCKER_HOST": own}, kept: `{"context":"desktop"}`, host: "unix:///desktop.sock", from: `context "desktop"`, again: choice{Context: "desktop"}},
		{why: "DOCKER_HOST by another name", env: map[string]string{"DOCKER_HOST": "unix://" + run + "/elsewhere/docker.sock"}, kept: `{"context":"desktop"}`, host: "unix:///desktop.sock", from: `context "desktop"`, again: choice{Context: "desktop"}},
		{why: "the settings", set: own, kept: `{"context":"desktop"}`, host: "unix:///desktop.sock", from: `context "desktop"`, again: choice{Context: "desktop"}},
		{why: "DOCKER_HOST, nothing kept, and a context", env: map[string]string{"DOCKER_HOST": own}, in: "desktop", host: "unix:///desktop.sock", from: `context "desktop"`, again: choice{Context: "desktop"}},
		{why: "DOCKER_HOST, nothing kept, and our context", env: map[string]string{"DOCKER_HOST": own}, in: "aztray", host: defaultHost, from: "the default"},
		{why: "our context, nothing kept", in: "aztray", host: defaultHost, from: "the default"},
		{why: "what was kept is gone", in: "aztray", kept: `{"context":"gone"}`, host: defaultHost, from: "the default"},
		{why: "what was kept is ours", in: "aztray", kept: `{"context":"aztray"}`, host: defaultHost, from: "the default"},
		{why: "what was kept can't be read", in: "aztray", kept: `{`, host: defaultHost, from: "the default"},
	} {
		t.Run(c.why, func(t *testing.T) {
			home := t.TempDir()
			dockerContext(t, home, "aztray", own)
			dockerContext(t, home, "desktop", "unix:///desktop.sock")
			write(t, filepath.Join(home, ".docker", "config.json"), fmt.Sprintf(`{"currentContext":%q}`, c.in))
			o := Options{Host: c.set, Own: own, Behind: filepath.Join(home, "state", "behind.json"),
				Plaintext: []string{"tcp://far:2375"}}
			if c.kept != "" {
				write(t, o.Behind, c.kept)
			}
			got, err := resolver{env: func(k string) string { return c.env[k] }, home: home}.engine(o)
			if err != nil || got.host != c.host || got.from != c.from || got.choice() != c.again {
				t.Errorf("%+v, %v; want %s from %s", got, err, c.host, c.from)
			}
		})
	}
}

// When we have ended our socket is a link to the engine's own, which is none of ours.
func TestTheEngineBehindALinkIsNotOurs(t *testing.T) {
	dir := t.TempDir()
	engine, link := filepath.Join(dir, "docker.sock"), filepath.Join(dir, "aztray", "docker.sock")
	write(t, engine, "")
	os.Mkdir(filepath.Dir(link), 0o700)
	if err := os.Symlink(engine, link); err != nil {
		t.Fatal(err)
	}
	o := Options{Own: "unix://" + link}
	if o.own("unix://" + engine) {
		t.Error("the engine's own socket is taken for ours")
	}
	if !o.own("unix://" + link) {
		t.Error("ours is taken for an engine")
	}
}

func TestKeep(t *testing.T) {
	file := filepath.Join(t.TempDir(), "behind.json")
	es := NewEngines(Options{Behind: file})
	e := newEngine(newFake(inspected{}, nil), endpoint{host: "unix:///d.sock", context: "desktop"}, azDirs{})
	es.all[0].reached.Store(e)
	if err := es.Keep(context.Background()); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(file); string(b) != `{"context":"desktop"}` || err != nil {
		t.Errorf("%s, %v", b, err)
	}
	if es.Socket() != "/d.sock" {
		t.Errorf("its own socket is %q", es.Socket())
	}
}

// Find asks the engine, and says what the selector does.
func TestFind(t *testing.T) {
	for _, c := range []struct {
		name    string
		in      inspected
		sel     Selector
		covered bool
	}{
		{"by name", inspected{ID: "1", Name: "/web"}, Selector{Names: []string{"we*"}}, true},
		{"by its service", inspected{ID: "1", Name: "/shop-web-1", Labels: map[string]string{composeService: "web"}}, Selector{Names: []string{"web"}}, true},
		{"by its label", inspected{ID: "1", Name: "/x", Labels: map[string]string{labelDeliver: "mount"}}, Selector{}, true},
		{"not at all", inspected{ID: "1", Name: "/x"}, Selector{Names: []string{"we*"}}, false},
	} {
		es := NewEngines(Options{}, "unix:///one", "unix:///two")
		es.all[0].reached.Store(newEngine(newFake(c.in, nil), endpoint{}, azDirs{}))
		got, covered, err := es.Find(context.Background(), c.sel, "x")
		if covered != c.covered || err != nil || got.ID != "1" || got.Engine != "unix:///one" {
			t.Errorf("%s: %+v, %v, %v", c.name, got, covered, err)
		}
	}
}
