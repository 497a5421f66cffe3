package containers

import (
	"archive/tar"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestDirName(t *testing.T) {
	for _, c := range []struct {
		why, name, project, service, want string
	}{
		{"its own", "app", "", "", "app"},
		{"its compose service, the same when it is made anew", "p-web-1", "p", "web", "p-web"},
		{"a project's name comes from a label, and may not lead elsewhere", "app", "../..", "web", "app"},
		{"nor the service's", "app", "p", "a/b", "app"},
		{"no container is called like our own files", ".bin", "", "", ""},
		{"nor like nothing", "", "", "", ""},
	} {
		if got := dirName(Container{Name: c.name, Project: c.project, Service: c.service}); got != c.want {
			t.Errorf("%s: %q, want %q", c.why, got, c.want)
		}
	}
}

func TestDeliveryByLabelAndSetting(t *testing.T) {
	for _, c := range []struct{ setting, label, want string }{
		{"", "", "copy"}, {"copy", "", "copy"}, {"mount", "", "mount"}, {"mount", "true", "mount"},
		{"mount", "copy", "copy"}, {"copy", "Mount", "mount"}, {"mount", "endpoint", "endpoint"},
	} {
		got := Selector{Delivery: c.setting}.container("id", "n", "i", "running", map[string]string{labelDeliver: c.label})
		if got.Delivery != c.want {
			t.Errorf("setting %q, label %q: %s, want %s", c.setting, c.label, got.Delivery, c.want)
		}
	}
}

func TestJudgeMount(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	ours := mount{Type: "bind", Source: dir, Destination: "/root/.azure", RW: true}
	at := func(m mount, destination string) mount { m.Destination = destination; return m }
	readOnly := ours
	readOnly.RW = false
	for _, c := range []struct {
		why    string
		mounts []mount
		realAz bool
		state  State // "" where it will do
		says   string
	}{
		{"mounted where its az looks", []mount{ours}, true, "", ""},
		{"not mounted", nil, true, Missing, "- " + dir + ":/root/.azure"},
		{"another directory there", []mount{{Type: "bind", Source: other, Destination: "/root/.azure", RW: true}}, true, Missing, "- " + dir + ":/root/.azure"},
		{"a volume of that path is none", []mount{{Type: "volume", Source: dir, Destination: "/root/.azure", RW: true}}, true, Missing, dir},
		{"mounted elsewhere", []mount{at(ours, "/az")}, true, Missing, "looks in /root/.azure"},
		{"as Docker Desktop tells it", []mount{{Type: "bind", Source: "/host_mnt" + dir, Destination: "/root/.azure", RW: true}}, true, "", ""},
		{"as it was asked for, from a VM", []mount{{Type: "bind", Source: "/elsewhere", Asked: dir, Destination: "/root/.azure/", RW: true}}, true, "", ""},
		{"read-only, and az must write", []mount{readOnly}, true, Unwritable, "without :ro"},
		{"read-only, and our az does not write", []mount{readOnly}, false, "", ""},
		{"a file over one of ours", []mount{ours, {Type: "bind", Source: other, Destination: "/root/.azure/" + cacheFile}}, true, Unwritable, cacheFile},
	} {
		v := judgeMount(inspected{Mounts: c.mounts}, target{asked: "/root/.azure", place: "/root/.azure"}, dir, c.realAz)
		if v.state != c.state || (v.way == noWay) != (c.state != "") || !strings.Contains(v.reason, c.says) {
			t.Errorf("%s: %+v, want %q saying %q", c.why, v, c.state, c.says)
		}
	}
}

func TestMayUse(t *testing.T) {
	here := mount{Type: "bind", Source: "/home/ada/dir"}
	hardened, again := inspected{CapDrop: []string{"ALL"}}, inspected{CapDrop: []string{"CAP_DAC_OVERRIDE"}, CapAdd: []string{"cap_dac_override"}}
	for _, c := range []struct {
		why   string
		me    int
		uid   int
		in    inspected
		m     mount
		users engineUsers
		give  bool
		says  string // "": it may
	}{
		{"we are root: it is given to whoever it is", 0, 4321, inspected{}, here, engineUsers{}, true, ""},
		{"the same user", 1000, 1000, hardened, here, engineUsers{}, false, ""},
		{"root there reads all", 1000, 0, inspected{}, here, engineUsers{}, false, ""},
		{"root without its powers does not", 1000, 0, hardened, here, engineUsers{}, false, `user: "1000:`},
		{"dropped and given back", 1000, 0, again, here, engineUsers{}, false, ""},
		{"privileged", 1000, 0, inspected{Privileged: true, CapDrop: []string{"ALL"}}, here, engineUsers{}, false, ""},
		{"another user", 1000, 33, inspected{}, here, engineUsers{}, false, `user: "1000:`},
		{"rootless: its root is you", 1000, 0, hardened, here, engineUsers{rootless: true}, false, ""},
		{"rootless: no other is, not even the same number", 1000, 1000, inspected{}, here, engineUsers{rootless: true}, false, `user: "0:0"`},
		{"mapped", 0, 0, inspected{}, here, engineUsers{remapped: true}, false, `userns_mode: "host"`},
		{"mapped, but not this one", 0, 5, inspected{UsernsMode: "host"}, here, engineUsers{remapped: true}, true, ""},
		{"in a VM files are everyone's own", 1000, 33, inspected{}, mount{Source: "/host_mnt/Users/ada/dir"}, engineUsers{}, false, ""},
		{"no numbers here: Windows", -1, 33, inspected{}, here, engineUsers{}, false, ""},
	} {
		give, v := mayUse(c.me, owner{uid: c.uid, gid: 7}, c.in, c.m, c.users)
		if (give != nil) != c.give || (v.way == noWay) != (c.says != "") || !strings.Contains(v.reason, c.says) {
			t.Errorf("%s: given %v, %+v", c.why, give, v)
		}
		if give != nil && *give != (owner{uid: c.uid, gid: 7}) {
			t.Errorf("%s: given to %+v", c.why, give)
		}
		if c.says != "" && v.state != Unwritable {
			t.Errorf("%s: %s", c.why, v.state)
		}
	}
}

// mounting is a fake engine whose one container mounts its directory, so that what we write there is
// what the engine shows.
type mounting struct {
	*fakeEngine
	dir  string
	host *Engine
}

func newMounting(t *testing.T, files map[string]string) *mounting {
	t.Helper()
	state := filepath.Join(t.TempDir(), "mounts")
	m := &mounting{newFake(inspected{ID: "id", Status: "running", Started: time.Now().Add(time.Minute), Env: []string{"PATH=/bin"}}, files), filepath.Join(state, "app"), nil}
	m.in.Mounts = []mount{{Type: "bind", Source: m.dir, Destination: "/root/.azure", RW: true}}
	m.files["/root/.azure"] = &tar.Header{Typeflag: tar.TypeDir}
	m.host = fakeHost(m.fakeEngine, t.TempDir())
	m.host.api, m.host.dirs = m, hostDirs{state, os.Geteuid()}
	return m
}

// stat shows what lies in the directory.
func (m *mounting) stat(ctx context.Context, id, p string) (fileInfo, error) {
	name, in := strings.CutPrefix(p, "/root/.azure/")
	if !in {
		return m.fakeEngine.stat(ctx, id, p)
	}
	info, err := os.Lstat(filepath.Join(m.dir, name))
	if err != nil {
		return fileInfo{}, errNone
	}
	return fileInfo{Size: info.Size(), Mode: info.Mode(), Mtime: info.ModTime()}, nil
}

func (m *mounting) one() Container {
	return Selector{Delivery: "mount"}.container("id", "app", "img", "running", nil)
}

func (m *mounting) text(name string) string {
	b, _ := os.ReadFile(filepath.Join(m.dir, name))
	return string(b)
}

func TestDeliverCheckAndWithdrawByMount(t *testing.T) {
	m := newMounting(t, map[string]string{"/bin/az": "#!/usr/bin/python3\n", "/bin/sh": "", "/etc/passwd": withShell["/etc/passwd"]})
	e, one, end := m.host, m.one(), time.Now().Add(time.Hour).UTC()
	if s := e.Check(t.Context(), one); s.State != Missing || s.Error == "" {
		t.Errorf("before anything: %+v", s)
	}
	if left, err := os.ReadDir(filepath.Dir(m.dir)); err == nil {
		t.Errorf("a look made %v", left)
	}
	s := e.Deliver(t.Context(), one, bundle("one", end))
	if s.State != Fresh || s.Path != "/root/.azure" || !s.ExpiresOn.Equal(end) || s.Delivery != "mount" {
		t.Fatalf("%+v", s)
	}
	if !strings.Contains(m.text(cacheFile), "one") || !strings.Contains(m.text(tokensFile), "one") || m.text(profileFile) == "" {
		t.Error("the files are not all there")
	}
	if m.calls["extract"]+m.calls["exec"] > 0 {
		t.Errorf("something was written by the engine: %v", m.calls)
	}
	before, _ := os.Stat(filepath.Join(m.dir, cacheFile))
	if again := e.Deliver(t.Context(), one, bundle("one", end)); again.State != Fresh {
		t.Errorf("again: %+v", again)
	}
	if after, _ := os.Stat(filepath.Join(m.dir, cacheFile)); !os.SameFile(before, after) {
		t.Error("the same was written twice")
	}
	if s = e.Deliver(t.Context(), one, bundle("two", end)); s.State != Fresh || !strings.Contains(m.text(cacheFile), "two") {
		t.Errorf("renewed: %+v", s)
	}
	m.write(profileFile, strings.Replace(string(bundle("", end).ProfileJSON()), `"isDefault":true`, `"isDefault":false`, 1)) // az account set, inside
	if s = e.Check(t.Context(), one); s.State != Stale {
		t.Errorf("changed by its own az: %+v", s)
	}
	if s = e.Deliver(t.Context(), one, bundle("two", end)); s.State != Fresh || strings.Contains(m.text(profileFile), "false") {
		t.Errorf("and delivered again: %+v", s)
	}
	os.WriteFile(filepath.Join(m.dir, "az.sess"), []byte("az's"), 0o600)
	if s = e.Withdraw(t.Context(), one); s.State != Missing {
		t.Errorf("withdrawn: %+v", s)
	}
	if left, _ := os.ReadDir(m.dir); len(left) != 1 || left[0].Name() != "az.sess" {
		t.Errorf("after the withdrawal there is %v", left)
	}
}

// What is no longer covered is not prepared for the next of its name either.
func TestReleaseByMount(t *testing.T) {
	m := newMounting(t, map[string]string{"/bin/az": "#!/usr/bin/python3\n", "/bin/sh": "", "/etc/passwd": withShell["/etc/passwd"]})
	e, one, b := m.host, m.one(), bundle("one", time.Now().Add(time.Hour))
	if s := e.Deliver(t.Context(), one, b); s.State != Fresh {
		t.Fatalf("%+v", s)
	}
	if s := e.Release(t.Context(), one); s.State != Missing {
		t.Errorf("released: %+v", s)
	}
	if err := Prepare(t.Context(), Options{Mounts: filepath.Dir(m.dir), AzDirs: []string{t.TempDir()}}, Selector{}, nil, b); err != nil || m.text(cacheFile) != "" {
		t.Errorf("prepared all the same: %v", err)
	}
}

func TestByMountStates(t *testing.T) {
	az := map[string]string{"/bin/az": "#!/usr/bin/python3\n", "/bin/sh": ""}
	shell := map[string]string{"/bin/sh": ""}
	theirs := `{"RefreshToken":{"k":{"secret":"theirs"}}}`
	for _, c := range []struct {
		why   string
		files map[string]string
		set   func(m *mounting)
		want  State
		says  string
	}{
		{"no az, and a file system that can be written to: ours goes there", shell, func(*mounting) {}, Fresh, ""},
		{"no az, and a read-only file system", shell, func(m *mounting) { m.in.ReadonlyRootfs = true }, Unwritable, filepath.Join(".bin", "az") + ":/bin/az:ro"},
		{"the same with our az mounted", shell, func(m *mounting) {
			m.in.ReadonlyRootfs = true
			m.in.Mounts = append(m.in.Mounts, mount{Type: "bind", Source: m.host.dirs.az(), Destination: "/bin/az"})
		}, Fresh, ""},
		{"no shell", map[string]string{"/etc/passwd": ""}, func(*mounting) {}, Unreachable, "neither az nor a shell"},
		{"not mounted", az, func(m *mounting) { m.in.Mounts = nil }, Missing, ":/root/.azure"},
		{"the host's own az directory there", az, func(m *mounting) { m.in.Mounts[0].Source = m.host.az.dirs[0] }, Shared, "left alone"},
		{"a sign-in made inside", az, func(m *mounting) { m.write(cacheFile, theirs) }, OwnSignIn, "signed in inside"},
		{"a service principal's", az, func(m *mounting) { m.write(signInFiles[1], "{}") }, OwnSignIn, "signed in inside"},
		{"an engine that does not see this directory", az, func(m *mounting) { m.dir += "-of-the-vm" }, Missing, "can't see"},
		{"a directory that was replaced while it runs", az, func(m *mounting) { m.in.Started = time.Now().Add(-time.Hour) }, Missing, "restart it"},
		{"a directory that was made before it started", az, func(m *mounting) { m.in.Started = time.Now().Add(time.Hour) }, Fresh, ""},
		{"an engine elsewhere", az, func(m *mounting) { m.host.local = false }, Unreachable, "another machine"},
		{"no state directory", az, func(m *mounting) { m.host.dirs.dir = "" }, Unreachable, "no directory"},
		{"mapped users", az, func(m *mounting) { m.options = []string{"name=userns"} }, Unwritable, "userns_mode"},
	} {
		m := newMounting(t, c.files)
		if _, ok := c.files["/etc/passwd"]; !ok {
			m.files["/etc/passwd"], m.texts["/etc/passwd"] = &tar.Header{Size: 5}, []byte("root:x:0:0::/root:/bin/sh\n")
		} else {
			m.in.Env = append(m.in.Env, "HOME=/root")
		}
		c.set(m)
		s := m.host.Deliver(t.Context(), m.one(), bundle("ours", time.Now().Add(time.Hour)))
		if s.State != c.want || !strings.Contains(s.Error, c.says) || (c.want == Fresh) != (s.Error == "") {
			t.Errorf("%s: %s %q, want %s saying %q", c.why, s.State, s.Error, c.want, c.says)
		}
		if checked := m.host.Check(t.Context(), m.one()); checked.State != c.want && c.want != Unreachable {
			t.Errorf("%s: then Check says %s %q", c.why, checked.State, checked.Error)
		}
		if c.want == OwnSignIn {
			if s = m.host.Withdraw(t.Context(), m.one()); s.State != OwnSignIn || m.text(cacheFile) != "" && m.text(cacheFile) != theirs {
				t.Errorf("%s: then Withdraw says %s; there is %q", c.why, s.State, m.text(cacheFile))
			}
		}
	}
}

func (m *mounting) write(name, text string) {
	os.MkdirAll(m.dir, 0o700)
	os.WriteFile(filepath.Join(m.dir, name), []byte(text), 0o600)
}
