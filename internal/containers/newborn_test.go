package containers

import (
	"archive/tar"
	"testing"
	"time"
)

// Each call on the way of a first instruction counts: what one container told of the image serves the next, and what
// was found out for one reason serves the other.
func TestACallLessForEachStart(t *testing.T) {
	for _, c := range []struct {
		why    string
		found  bool // the engine socket has looked at it
		before func(*fakeEngine)
		calls  map[string]int
		state  State
	}{
		{"found by the engine socket", true, func(*fakeEngine) {}, map[string]int{"inspect": 1, "stat": 2, "extract": 1}, Fresh},
		{"told by the engine a while ago", false, func(*fakeEngine) {}, map[string]int{"inspect": 1, "stat": 2, "extract": 1}, Fresh},
		{"a sign-in was put into it", true, func(f *fakeEngine) {
			f.files["/root/.azure"] = &tar.Header{Typeflag: tar.TypeDir, Mode: 0o700}
			f.writeInside(cacheFile, theirSignIn)
		}, nil, OwnSignIn},
		{"an az was put where ours goes", true, func(f *fakeEngine) {
			f.files["/bin/az"], f.texts["/bin/az"] = &tar.Header{Typeflag: tar.TypeReg, Mode: 0o755, Size: 9}, []byte("#!python\n")
		}, nil, Fresh},
	} {
		f := newFake(inspected{ID: "first", Status: "created", Env: []string{"PATH=/bin"}}, withShell)
		es := reachedFakes(map[string]*fakeEngine{"unix:///a": f}, "unix:///a")
		e := es.all[0].reached.Load()
		e.consents = consents{}
		first := container("first", "app", "img", "created", nil)
		if s := e.Deliver(t.Context(), first, bundle("s", time.Now().Add(time.Hour))); s.State != Fresh {
			t.Fatalf("%s: %+v", c.why, s)
		}
		f = newFake(inspected{ID: "next", Name: "/app", Status: "created", Env: []string{"PATH=/bin"}}, withShell)
		e.api = f
		c.before(f)
		next := container("next", "app", "img", "created", nil)
		if c.found {
			var covered bool
			var err error
			if next, covered, err = es.Find(t.Context(), Selector{Names: []string{"app"}}, "next"); err != nil || !covered {
				t.Fatal(covered, err)
			}
		}
		s := e.Deliver(t.Context(), next, bundle("s", time.Now().Add(time.Hour)))
		if s.State != c.state {
			t.Errorf("%s: %+v", c.why, s)
		}
		for _, call := range []string{"inspect", "stat", "read", "extract"} {
			if c.calls != nil && f.calls[call] != c.calls[call] {
				t.Errorf("%s: calls %v, want %v", c.why, f.calls, c.calls)
				break
			}
		}
		if text := string(f.texts["/bin/az"]); c.state == Fresh && c.calls == nil && text != "#!python\n" {
			t.Errorf("%s: it is gone: %q, calls %v", c.why, text[:min(40, len(text))], f.calls)
		}
	}
}
