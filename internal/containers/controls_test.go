package containers

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A label gives nothing to a container that controls the engine, by whatever way.
func TestNoLabelAnswersForThePerson(t *testing.T) {
	run := map[string]volume{"v": {Driver: "local", Options: map[string]string{"type": "none", "o": "bind", "device": "/var/run"}}}
	for why, in := range map[string]inspected{
		"privileged":                     {Privileged: true},
		"an engine's socket":             {Mounts: []mount{{Type: "bind", Source: "/var/run/docker.sock", Destination: "/s"}}},
		"its directory, behind a volume": {Mounts: []mount{{Type: "volume", Name: "v", Destination: "/host"}}},
	} {
		for _, way := range []string{"copy", "mount"} {
			m := newMounting(t, withShell)
			m.vols = run
			m.in.Privileged, m.in.Mounts = in.Privileged, in.Mounts
			if way == "mount" {
				m.in.Mounts = append(m.in.Mounts, mount{Type: "bind", Source: m.dir, Destination: "/root/.azure", RW: true})
			}
			e := m.host
			if way == "copy" {
				e.api = m.fakeEngine
			}
			e.consents = consents{filepath.Join(t.TempDir(), "consents.json")}
			one := container("id", "app", "img", "running", map[string]string{labelDeliver: way})
			b := bundle("the-token", time.Now().Add(time.Hour))
			ahead := func() {
				t.Helper()
				if err := Prepare(t.Context(), Options{Mounts: filepath.Dir(m.dir), AzDirs: []string{t.TempDir()}}, Selector{Names: []string{"app"}, Delivery: way}, nil, b); err != nil {
					t.Fatal(err)
				}
			}
			nothing := func(what string) {
				t.Helper()
				if m.calls["extract"] > 0 || m.text(cacheFile) != "" {
					t.Errorf("%s by %s, %s: it was given the credential", why, way, what)
				}
			}
			if way == "mount" {
				ahead() // its name alone is in the settings
			}
			if s := e.Deliver(t.Context(), one, b); s.State != Missing || s.Consent != (Consent{AskEngine, false}) || !strings.Contains(s.Error, "--allow app") {
				t.Errorf("%s by %s: %+v", why, way, s)
			}
			nothing("delivered")
			ahead()
			nothing("prepared for the next of its name")
			if s := e.Check(t.Context(), one); s.State != Missing || s.Consent != (Consent{AskEngine, false}) {
				t.Errorf("%s by %s, looked at: %+v", why, way, s)
			}
			if err := e.consents.set(AskEngine, one, true, time.Now()); err != nil {
				t.Fatal(err)
			}
			if s := e.Deliver(t.Context(), one, b); s.State != Fresh || s.Consent != (Consent{}) {
				t.Errorf("%s by %s, allowed: %+v", why, way, s)
			}
			os.Remove(e.consents.file)
			if s := e.Withdraw(t.Context(), one); way == "copy" && strings.Contains(string(m.texts["/root/.azure/"+cacheFile]), "the-token") || way == "mount" && m.text(cacheFile) != "" {
				t.Errorf("%s by %s: what it held is not taken away while the question is open: %+v", why, way, s)
			}
		}
	}
}

func TestQuestionOfOneThatAsksByItself(t *testing.T) {
	f := newFake(inspected{ID: "id", Privileged: true}, nil)
	e := fakeHost(f, "/none")
	e.consents = consents{filepath.Join(t.TempDir(), "consents.json")}
	one := container("id", "app", "img", "running", map[string]string{labelDeliver: "endpoint"})
	wants := func(want Consent) {
		t.Helper()
		if got, why, err := e.Question(t.Context(), one); got != want || err != nil || (why == "") != (want == Consent{}) {
			t.Errorf("%+v, %q, %v; want %+v", got, why, err, want)
		}
	}
	wants(Consent{AskEngine, false})
	e.consents.set(AskEngine, one, true, time.Now())
	wants(Consent{})
	e.consents.set(AskEngine, one, false, time.Now())
	wants(Consent{AskEngine, true})
	if err := os.WriteFile(e.consents.file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	wants(Consent{AskEngine, false})
	if _, why, _ := e.Question(t.Context(), one); !strings.Contains(why, "damaged") {
		t.Errorf("it is not said why it is asked again: %q", why)
	}
	if err := e.consents.set(AskEngine, one, true, time.Now()); err != nil {
		t.Errorf("a damaged file can't be answered over: %v", err)
	}
	wants(Consent{})
	if f.calls["inspect"] != 1 {
		t.Errorf("it was inspected %d times, though what it may do is its own for good", f.calls["inspect"])
	}
}
