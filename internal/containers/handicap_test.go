package containers

import (
	"strings"
	"testing"
)

func TestHandicap(t *testing.T) {
	tmp := mount{Type: "tmpfs", Destination: "/tmp", RW: true}
	for _, c := range []struct {
		name string
		in   inspected
		az   string
		want string // a word of the sentence
	}{
		{"an ordinary one", inspected{NetworkMode: "bridge"}, "/usr/bin/az", ""},
		{"no network", inspected{NetworkMode: "none"}, "/usr/bin/az", "no network"},
		{"no network, our az", inspected{NetworkMode: "none"}, "", ""},
		{"read-only", inspected{ReadonlyRootfs: true}, "/usr/bin/az", "tmpfs at /tmp"},
		{"read-only, our az", inspected{ReadonlyRootfs: true}, "", ""},
		{"read-only, /tmp in memory", inspected{ReadonlyRootfs: true, Mounts: []mount{tmp}}, "/usr/bin/az", ""},
		{"read-only, /tmp too", inspected{ReadonlyRootfs: true, Mounts: []mount{{Destination: "/tmp"}}}, "/usr/bin/az", "tmpfs at /tmp"},
		{"read-only, a volume for what TMPDIR names", inspected{ReadonlyRootfs: true, Env: []string{"TMPDIR=/data/t"}, Mounts: []mount{{Destination: "/data", RW: true}}}, "/usr/bin/az", ""},
	} {
		got := handicap(c.in, c.az != "")
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if s := (Status{State: Stale}).handicapped(target{handicap: got}); s.Error != "" || s.Handicapped {
			t.Errorf("%s: said of one that has no credential: %q", c.name, s.Error)
		}
	}
}
