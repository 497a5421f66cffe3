package containers

import (
	"archive/tar"
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// theirSignIn is a token cache as a sign-in made inside leaves it.
const theirSignIn = `{"RefreshToken":{"k":{"secret":"theirs"}}}`

// writeInside does what a program in the container does to a file: it writes it in place.
func (f *fakeEngine) writeInside(name, text string) {
	p := "/root/.azure/" + name
	f.files[p], f.texts[p] = &tar.Header{Typeflag: tar.TypeReg, Size: int64(len(text)), ModTime: time.Now()}, []byte(text)
}

// holdsInside is what the container's az finds.
func (f *fakeEngine) holdsInside(name string) string { return string(f.texts["/root/.azure/"+name]) }

// TestRenewalOfAContainer: what was delivered to before gets the next token by one archive and two looks after
// it, unless something is known about it that needs more care; and who signed in inside keeps that.
func TestRenewalOfAContainer(t *testing.T) {
	az := t.TempDir()
	volume := []mount{{Type: "volume", Name: "home", Destination: "/root", RW: true}}
	const otherProfile = `{"subscriptions":[{"user":{"name":"systemAssignedIdentity"}}]}`
	for _, c := range []struct {
		why     string
		in      inspected
		between func(f *fakeEngine) // the two deliveries
		quick   bool                // one archive, and nothing before it
		looks   int                 // calls after it
		want    State
	}{
		{"nothing has changed", inspected{}, func(*fakeEngine) {}, true, 2, Fresh},
		{"somebody signed in inside", inspected{}, func(f *fakeEngine) { f.writeInside(cacheFile, theirSignIn) }, true, 0, OwnSignIn},
		{"a managed identity was signed in inside", inspected{}, func(f *fakeEngine) { f.writeInside(profileFile, otherProfile) }, true, 0, OwnSignIn},
		{"a program inside wrote the same account's profile anew", inspected{}, func(f *fakeEngine) {
			f.writeInside(profileFile, f.holdsInside(profileFile)+" ")
		}, true, 0, Fresh},
		{"a cache as long as ours, written in place", inspected{}, func(f *fakeEngine) {
			f.writeInside(cacheFile, theirSignIn+strings.Repeat(" ", len(f.holdsInside(cacheFile))-len(theirSignIn)))
		}, true, 0, OwnSignIn},
		{"the files were deleted", inspected{}, func(f *fakeEngine) {
			for name := range f.files {
				if len(name) > len("/root/.azure/") {
					delete(f.files, name)
				}
			}
		}, false, 0, Fresh},
		{"a sign-in without a mark of ours", inspected{}, func(f *fakeEngine) {
			f.writeInside(cacheFile, theirSignIn)
			delete(f.files, "/root/.azure/"+markFile)
		}, false, 0, OwnSignIn},
		{"a volume, in which others may write", inspected{Mounts: volume}, func(*fakeEngine) {}, false, 0, Fresh},
		{"it controls the engine, of which the person may think otherwise by now", inspected{Privileged: true}, func(*fakeEngine) {}, false, 0, Fresh},
	} {
		t.Run(c.why, func(t *testing.T) {
			c.in.ID, c.in.Status = "id", "running"
			f := newFake(c.in, withShell)
			e := fakeHost(f, az)
			one := container("id", "n", "img", "running", map[string]string{labelDeliver: "true"})
			e.consents = consents{filepath.Join(t.TempDir(), "consents.json")}
			if err := e.consents.set(AskEngine, one, true, time.Now()); err != nil {
				t.Fatal(err)
			}
			end := time.Now().Add(time.Hour)
			if s := e.Renew(t.Context(), one, bundle("first", end)); s.State != Fresh || s.Unproved {
				t.Fatalf("at first %s %s, to be looked at: %v", s.State, s.Error, s.Unproved)
			}
			c.between(f)
			theirs := map[string]string{}
			for _, name := range []string{cacheFile, profileFile} {
				if h := f.files["/root/.azure/"+name]; h != nil && !h.ModTime.Equal(h.ModTime.Truncate(time.Second)) { // not written by us
					theirs[name] = f.holdsInside(name)
				}
			}
			f.calls = map[string]int{}
			s := e.Renew(t.Context(), one, bundle("second", end))
			quick := f.calls["inspect"]+f.calls["stat"]+f.calls["read"] == 0 && f.calls["extract"] == 1
			if quick != c.quick || s.Unproved != c.quick || s.State == Fresh && s.ExpiresOn.IsZero() {
				t.Errorf("%s %s, calls %v, to be looked at: %v; want quick: %v", s.State, s.Error, f.calls, s.Unproved, c.quick)
			}
			if s.Unproved {
				f.calls = map[string]int{}
				s = e.Confirm(t.Context(), one)
				if looks := f.calls["stat"] + f.calls["read"] + f.calls["extract"]; c.looks > 0 && looks != c.looks {
					t.Errorf("looked by %v, want %d calls", f.calls, c.looks)
				}
			}
			if s.State != c.want || s.Unproved {
				t.Errorf("in the end %s %s, to be looked at: %v; want %s", s.State, s.Error, s.Unproved, c.want)
			}
			for name, text := range theirs {
				if c.want == OwnSignIn && f.holdsInside(name) != text {
					t.Errorf("their %s is %s", name, f.holdsInside(name))
				}
			}
			if c.want == Fresh && !strings.Contains(f.holdsInside(cacheFile), "second") {
				t.Errorf("it holds %s", f.holdsInside(cacheFile))
			}
			if s := e.Renew(t.Context(), one, bundle("third", end)); s.State != c.want {
				t.Errorf("at the next renewal: %s %s", s.State, s.Error)
			}
		})
	}
}

// TestASignInThatARenewalReplacedComesBack: by whoever comes next, even if the program ended before it looked,
// and once only.
func TestASignInThatARenewalReplacedComesBack(t *testing.T) {
	end := time.Now().Add(time.Hour)
	one := container("id", "n", "img", "running", nil)
	for _, c := range []struct {
		why  string
		next func(e *Engine) Status
		back bool
	}{
		{"Confirm", func(e *Engine) Status { return e.Confirm(t.Context(), one) }, true},
		{"the next renewal", func(e *Engine) Status { return e.Renew(t.Context(), one, bundle("third", end)) }, true},
		{"a delivery of the same", func(e *Engine) Status { return e.Deliver(t.Context(), one, bundle("second", end)) }, true},
		{"a sign-out", func(e *Engine) Status { return e.Withdraw(t.Context(), one) }, true},
		{"a check, which changes nothing", func(e *Engine) Status { return e.Check(t.Context(), one) }, false},
	} {
		for _, same := range []bool{true, false} {
			if !same && c.why == "Confirm" { // which is for who has renewed
				continue
			}
			f := newFake(inspected{ID: "id", Status: "running"}, withShell)
			az := t.TempDir()
			e := fakeHost(f, az)
			e.Deliver(t.Context(), one, bundle("first", end))
			f.writeInside(cacheFile, theirSignIn)
			if s := e.Renew(t.Context(), one, bundle("second", end)); !s.Unproved {
				t.Fatalf("%s: %+v", c.why, s)
			}
			if !same { // a program that was started anew
				e = fakeHost(f, az)
			}
			if s := c.next(e); s.State != OwnSignIn {
				t.Errorf("%s, in the same program %v: %s %s", c.why, same, s.State, s.Error)
			}
			if back := f.holdsInside(cacheFile) == theirSignIn; back != c.back {
				t.Errorf("%s, in the same program %v: their sign-in is back: %v", c.why, same, back)
			}
			if !c.back {
				continue
			}
			f.writeInside(cacheFile, "{}") // az account clear
			f.writeInside(profileFile, `{"subscriptions":[]}`)
			if s := e.Deliver(t.Context(), one, bundle("third", end)); s.State != Fresh || strings.Contains(f.holdsInside(cacheFile), "theirs") {
				t.Errorf("%s, in the same program %v: after they signed out %s %s, with %s", c.why, same, s.State, s.Error, f.holdsInside(cacheFile))
			}
		}
	}
}

// TestASignInDuringARenewal: of what a login writes, some may come before the archive and some after it.
func TestASignInDuringARenewal(t *testing.T) {
	const theirProfile = `{"subscriptions":[{"user":{"name":"grace@contoso.example"}}]}`
	f := newFake(inspected{ID: "id", Status: "running"}, withShell)
	e := fakeHost(f, t.TempDir())
	one := container("id", "n", "img", "running", nil)
	e.Deliver(t.Context(), one, bundle("first", time.Now().Add(time.Hour)))
	f.writeInside(cacheFile, theirSignIn)
	e.Renew(t.Context(), one, bundle("second", time.Now().Add(time.Hour)))
	f.writeInside(profileFile, theirProfile)
	if s := e.Confirm(t.Context(), one); s.State != OwnSignIn || f.holdsInside(cacheFile) != theirSignIn || f.holdsInside(profileFile) != theirProfile {
		t.Errorf("%s %s: %s %s", s.State, s.Error, f.holdsInside(cacheFile), f.holdsInside(profileFile))
	}
}

// TestAnotherAztrayDeliveredBetween: what a renewal replaces then is not what it remembers, and no sign-in
// either: the tray and the command line each deliver.
func TestAnotherAztrayDeliveredBetween(t *testing.T) {
	f := newFake(inspected{ID: "id", Status: "running"}, withShell)
	az := t.TempDir()
	e, other := fakeHost(f, az), fakeHost(f, az)
	one := container("id", "n", "img", "running", nil)
	end := time.Now().Add(time.Hour)
	e.Deliver(t.Context(), one, bundle("first", end))
	other.Deliver(t.Context(), one, bundle("from elsewhere", end))
	if s := e.Renew(t.Context(), one, bundle("second", end)); !s.Unproved {
		t.Fatalf("%+v", s)
	}
	if s := e.Confirm(t.Context(), one); s.State != Fresh || !strings.Contains(f.holdsInside(cacheFile), "second") {
		t.Errorf("%s %s", s.State, s.Error)
	}
}

// TestRenewalIsWhole: what the quick way has left is what a check finds, what a second renewal goes on from, and
// what a sign-out empties.
func TestRenewalIsWhole(t *testing.T) {
	f := newFake(inspected{ID: "id", Status: "running"}, withShell)
	e := fakeHost(f, t.TempDir())
	one := container("id", "n", "img", "running", nil)
	end := time.Now().Add(time.Hour)
	for _, secret := range []string{"secret-1", "secret-2", "secret-3"} {
		e.Renew(t.Context(), one, bundle(secret, end))
		e.Confirm(t.Context(), one)
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
	for name, text := range f.texts {
		for _, secret := range []string{"secret-1", "secret-2", "secret-3"} {
			if bytes.Contains(text, []byte(secret)) {
				t.Errorf("after the sign-out %s holds %q", name, secret)
			}
		}
	}
	if s := e.Renew(t.Context(), one, bundle("secret-3", end)); s.State != Fresh {
		t.Errorf("and given again: %s %s", s.State, s.Error)
	}
}
