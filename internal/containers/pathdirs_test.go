package containers

import (
	"archive/tar"
	"strings"
	"testing"
	"time"
)

// TestWhereOurAzGoes: into a directory that the container's own user can enter and run from.
func TestWhereOurAzGoes(t *testing.T) {
	const passwd = "root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n"
	for _, c := range []struct {
		why, user, path string
		mounts          []mount
		az              string // a real one
		want            string // "" for none
	}{
		{"the usual", "", "/usr/local/sbin:/usr/local/bin:/bin", nil, "", "/usr/local/bin/az"},
		{"root's own first, and another user", "app", "/root/.local/bin:/bin", nil, "", "/bin/az"},
		{"root's own first, and root: where another user finds it too", "", "/root/.local/bin:/bin", nil, "", "/bin/az"},
		{"root's own alone, and root", "", "/root/.local/bin", nil, "", "/root/.local/bin/az"},
		{"root's own alone, and another user", "app", "/root/.local/bin", nil, "", ""},
		{"the user's own alone", "app", "/home/app/bin", nil, "", "/home/app/bin/az"},
		{"the user's group may enter", "1001:1000", "/home/group/bin", nil, "", "/home/group/bin/az"},
		{"the user's group may not", "1001:1001", "/home/group/bin", nil, "", ""},
		{"a venv first, which login shells don't look into", "app", "/opt/venv/bin:/usr/local/bin:/bin", nil, "", "/usr/local/bin/az"},
		{"a venv alone", "app", "/opt/venv/bin", nil, "", "/opt/venv/bin/az"},
		{"a mount first, which may allow nothing to be run", "app", "/usr/local/bin:/bin",
			[]mount{{Type: "tmpfs", Destination: "/usr/local/bin", RW: true}}, "", "/bin/az"},
		{"a volume around it", "app", "/opt/venv/bin:/bin", []mount{{Type: "volume", Destination: "/opt", RW: true}}, "", "/bin/az"},
		{"a real az where the user finds it", "app", "/opt/venv/bin:/bin", nil, "/opt/venv/bin/az", ""},
		{"a real az where the user can't enter", "app", "/root/.local/bin:/bin", nil, "/root/.local/bin/az", "/bin/az"},
	} {
		in := inspected{ID: "id", Status: "running", User: c.user, Env: []string{"PATH=" + c.path, "HOME=/home/app"}, Mounts: c.mounts}
		f := newFake(in, map[string]string{"/bin/sh": "", "/etc/passwd": passwd})
		for name, h := range map[string]tar.Header{
			"/root": {Mode: 0o700}, "/root/.local": {Mode: 0o755}, "/root/.local/bin": {Mode: 0o755},
			"/home": {Mode: 0o755}, "/home/app": {Mode: 0o700, Uid: 1000, Gid: 1000}, "/home/app/bin": {Mode: 0o755, Uid: 1000, Gid: 1000},
			"/home/group": {Mode: 0o750, Gid: 1000}, "/home/group/bin": {Mode: 0o755},
			"/opt": {Mode: 0o755}, "/opt/venv": {Mode: 0o755}, "/opt/venv/bin": {Mode: 0o755},
			"/usr": {Mode: 0o755}, "/usr/local": {Mode: 0o755}, "/usr/local/bin": {Mode: 0o755}, "/usr/local/sbin": {Mode: 0o755},
		} {
			h.Typeflag = tar.TypeDir
			f.files[name] = &h
		}
		if c.az != "" {
			f.files[c.az], f.texts[c.az] = &tar.Header{Typeflag: tar.TypeReg, Mode: 0o755, Size: 8}, []byte("real az\n")
		}
		e := fakeHost(f, t.TempDir())
		s := e.Deliver(t.Context(), container("id", "n", "img", "running", nil), bundle("secret", time.Now().Add(time.Hour)))
		got := ""
		for name, text := range f.texts {
			if isShim(text) && !strings.HasSuffix(name, freshSuffix) {
				got += name
			}
		}
		wantState := Fresh
		if c.want == "" && c.az == "" {
			wantState = Unwritable
		}
		if got != c.want || s.State != wantState {
			t.Errorf("%s: our az is at %q, want %q; %s %s", c.why, got, c.want, s.State, s.Error)
		}
	}
}
