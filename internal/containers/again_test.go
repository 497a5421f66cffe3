package containers

import (
	"archive/tar"
	"testing"
	"time"
)

// TestRenewalOfAContainer: what was delivered to before gets the next token by two looks and one archive,
// unless anything about it looks changed.
func TestRenewalOfAContainer(t *testing.T) {
	az := t.TempDir()
	theirs := &tar.Header{Typeflag: tar.TypeReg, Size: 3, ModTime: time.Now()}
	volume := []mount{{Type: "volume", Name: "home", Destination: "/root", RW: true}}
	for _, c := range []struct {
		why     string
		in      inspected
		between func(f *fakeEngine) // the two deliveries
		quick   bool
		want    State
	}{
		{"nothing has changed", inspected{}, func(*fakeEngine) {}, true, Fresh},
		{"somebody signed in inside", inspected{}, func(f *fakeEngine) {
			f.files["/root/.azure/"+cacheFile], f.texts["/root/.azure/"+cacheFile] = theirs, []byte("{}?")
		}, false, OwnSignIn},
		{"a managed identity was signed in inside", inspected{}, func(f *fakeEngine) {
			f.files["/root/.azure/"+profileFile], f.texts["/root/.azure/"+profileFile] = theirs, []byte("{}?")
		}, false, OwnSignIn},
		{"the files were deleted", inspected{}, func(f *fakeEngine) {
			for name := range f.files {
				if len(name) > len("/root/.azure/") {
					delete(f.files, name)
				}
			}
		}, false, Fresh},
		{"a cache as long as ours, written in place", inspected{}, func(f *fakeEngine) {
			same := *f.files["/root/.azure/"+cacheFile]
			same.ModTime = same.ModTime.Add(time.Second)
			f.files["/root/.azure/"+cacheFile], f.texts["/root/.azure/"+cacheFile] = &same, []byte(`{"RefreshToken":{"k":{"secret":"theirs"}}}`)
		}, false, OwnSignIn},
		{"a volume, in which others may write", inspected{Mounts: volume}, func(*fakeEngine) {}, false, Fresh},
		{"it controls the engine, of which the person may think otherwise by now", inspected{Privileged: true}, func(*fakeEngine) {}, false, Fresh},
	} {
		c.in.ID, c.in.Status = "id", "running"
		f := newFake(c.in, withShell)
		e := fakeHost(f, az)
		one := container("id", "n", "img", "running", map[string]string{labelDeliver: "true"})
		end := time.Now().Add(time.Hour)
		if s := e.Deliver(t.Context(), one, bundle("first", end)); s.State != Fresh {
			t.Fatalf("%s: at first %s %s", c.why, s.State, s.Error)
		}
		c.between(f)
		f.calls = map[string]int{}
		s := e.Deliver(t.Context(), one, bundle("second", end))
		quick := f.calls["inspect"] == 0 && f.calls["stat"] == 2 && f.calls["read"] == 0 && f.calls["extract"] == 1
		if s.State != c.want || quick != c.quick || s.State == Fresh && s.ExpiresOn.IsZero() {
			t.Errorf("%s: %s %s, calls %v, want quick: %v", c.why, s.State, s.Error, f.calls, c.quick)
		}
	}
}

// TestRenewalIsWhole: what the quick way has left is what a check finds, and what a second renewal goes on from.
func TestRenewalIsWhole(t *testing.T) {
	f := newFake(inspected{ID: "id", Status: "running"}, withShell)
	e := fakeHost(f, t.TempDir())
	one := container("id", "n", "img", "running", nil)
	end := time.Now().Add(time.Hour)
	for _, secret := range []string{"first", "second", "third"} {
		e.Deliver(t.Context(), one, bundle(secret, end))
	}
	if s := e.Check(t.Context(), one); s.State != Fresh || !s.ExpiresOn.Equal(end) {
		t.Errorf("a check says %s %s, until %v", s.State, s.Error, s.ExpiresOn)
	}
	if made := parseMark(f.texts["/root/.azure/"+markFile]).Made; len(made) != 1 || made[0] != "/root/.azure" {
		t.Errorf("the mark has forgotten what we made: %v", made)
	}
	if s := e.Withdraw(t.Context(), one); s.State != Missing {
		t.Errorf("withdrawn: %s %s", s.State, s.Error)
	}
	if s := e.Deliver(t.Context(), one, bundle("third", end)); s.State != Fresh {
		t.Errorf("and given again: %s %s", s.State, s.Error)
	}
}
