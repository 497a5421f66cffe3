package containers

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestWhatAVolumeStandsFor(t *testing.T) {
	for _, c := range []struct {
		why, options, device, kind string
		want                       []string
	}{
		{"an ordinary one", "", "", "", nil},
		{"a directory of the host", "bind", "/home/ada/.azure", "none", []string{"/home/ada/.azure"}},
		{"with options beside", "ro,rbind", "/srv", "", []string{"/srv"}},
		{"in memory", "size=1m", "tmpfs", "tmpfs", nil},
		{"layers of directories", "lowerdir=/a:/b,upperdir=/c,workdir=/d", "overlay", "overlay", []string{"overlay", "/a", "/b", "/c"}},
	} {
		got := volume{Options: map[string]string{"type": c.kind, "o": c.options, "device": c.device}}.paths()
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.why, got, c.want)
		}
	}
}

// A volume's name says nothing of what it is, so the engine is asked; as seldom as will do, for it is on the way
// of a new container's first instruction.
func TestWhatAMountReallyIs(t *testing.T) {
	bound := map[string]volume{"v": {Driver: "local", Options: map[string]string{"o": "bind", "device": "/srv"}}, "plain": {Driver: "local"}}
	anonymous := "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	for _, c := range []struct {
		why             string
		mount           mount
		parts           map[string]string // as Podman tells them
		want            []string
		asked, askedFor int // how often for the volume, and for its parts
	}{
		{"a bind mount", mount{Type: "bind", Source: "/srv"}, nil, nil, 0, 0},
		{"a volume of the engine's own", mount{Type: "volume", Name: "plain"}, nil, nil, 1, 0},
		{"a volume that stands for a directory", mount{Type: "volume", Name: "v", Destination: "/x"}, nil, []string{"/srv"}, 1, 1},
		{"a part of it, as Docker tells it", mount{Type: "volume", Name: "v", Subpath: "a/b"}, nil, []string{"/srv/a/b"}, 1, 0},
		{"a part of it, as Podman tells it", mount{Type: "volume", Name: "v", Destination: "/x/"}, map[string]string{"/x": "/a"}, []string{"/srv/a"}, 1, 1},
		{"one that was made with the container", mount{Type: "volume", Name: anonymous, Plain: true}, nil, nil, 0, 0},
		{"one of a plugin", mount{Type: "volume", Name: "v", Driver: "nfs"}, nil, nil, 0, 0},
		{"an image", mount{Type: "image", Source: "docker.io/library/x"}, nil, nil, 0, 0},
	} {
		f := newFake(inspected{ID: "id", Mounts: []mount{c.mount}}, nil)
		f.vols, f.parts = bound, c.parts
		in, err := fakeHost(f, "/none").inspect(t.Context(), "id")
		if err != nil || !slices.Equal(in.Mounts[0].Paths, c.want) || f.calls["volume"] != c.asked || f.calls["subpaths"] != c.askedFor {
			t.Errorf("%s: %+v, %v; calls %v", c.why, in.Mounts, err, f.calls)
		}
	}
}

// What is known of a volume is good for as long as the engine would tell of a change.
func TestAVolumeIsAskedForOnce(t *testing.T) {
	f := newFake(inspected{ID: "id", Mounts: []mount{{Type: "volume", Name: "v"}}}, nil)
	f.vols = map[string]volume{"v": {Name: "v"}}
	e := fakeHost(f, "/none")
	asked := func(what string, want int) {
		t.Helper()
		f.calls["volume"] = 0
		for range 2 {
			if _, err := e.inspect(t.Context(), "id"); err != nil {
				t.Fatal(err)
			}
		}
		if f.calls["volume"] != want {
			t.Errorf("%s: asked %d times, want %d", what, f.calls["volume"], want)
		}
	}
	asked("nobody tells of changes", 2)
	e.volumes.follow(true)
	asked("events come", 1)
	e.recipes["r"] = target{}
	e.volumeChanged("v")
	if len(e.recipes) > 0 {
		t.Error("what was found of another container of the recipe is still believed")
	}
	asked("it was made anew", 1)
	e.volumeChanged("")
	asked("many were removed", 1)
	e.volumes.follow(false)
	asked("the connection broke", 2)
	e.volumes.follow(true)
	e.learnVolumes(t.Context())
	asked("it was learnt ahead", 0)
	_, _, asOf := e.volumes.get("v")
	e.volumeChanged("v")
	e.volumes.keep(asOf, volume{Name: "v"})
	asked("an answer from before the change came after it", 1)
}

// Nothing is written by way of a volume that is the person's, and what is advised acts on nothing of theirs.
func TestAVolumeThatIsTheHostsIsLeftAlone(t *testing.T) {
	home := t.TempDir()
	azDir, elsewhere := filepath.Join(home, ".azure"), t.TempDir()
	if err := os.Mkdir(azDir, 0o700); err != nil {
		t.Fatal(err)
	}
	theirs := map[string]string{"/bin/sh": "", "/root/.azure/" + cacheFile: theirSignIn}
	volumeOf := func(device string) map[string]volume {
		return map[string]volume{"v": {Driver: "local", Options: map[string]string{"type": "none", "o": "bind", "device": device}}}
	}
	for _, c := range []struct {
		why   string
		vols  map[string]volume
		part  string
		state State
	}{
		{"the az directory", volumeOf(azDir), "", Shared},
		{"a part of the home", volumeOf(home), ".azure", Shared},
		{"another directory of the home", volumeOf(filepath.Join(home, "work")), "", Shared},
		{"another directory of the machine", volumeOf(elsewhere), "", OwnSignIn},
		{"a volume of the engine's own", map[string]volume{}, "", OwnSignIn},
	} {
		f := newFake(inspected{ID: "id", Status: "running", Env: []string{"HOME=/root"}, Mounts: []mount{{Type: "volume", Name: "v", Source: "/engine/_data", Subpath: c.part, Destination: "/root/.azure", RW: true}}}, theirs)
		f.files["/root/.azure"] = f.files["/root"]
		f.vols = c.vols
		e := fakeHost(f, azDir)
		e.az.home = follow(home)
		one := container("id", "n", "img", "running", map[string]string{labelDeliver: "true"})
		for what, s := range map[string]Status{
			"Deliver": e.Deliver(t.Context(), one, bundle("s", time.Now().Add(time.Hour))), "Check": e.Check(t.Context(), one), "Withdraw": e.Withdraw(t.Context(), one)} {
			advice := c.state == Shared || len(c.vols) > 0
			if s.State != c.state || f.calls["extract"] > 0 || s.OnHost != (c.state == OwnSignIn && len(c.vols) > 0) || advice == strings.Contains(s.Error, "account clear") {
				t.Errorf("%s, %s: %s %q, calls %v", c.why, what, s.State, s.Error, f.calls)
			}
		}
	}
}
