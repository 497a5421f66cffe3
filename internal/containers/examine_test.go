package containers

import (
	"fmt"
	"io/fs"
	"testing"
)

func TestReadableBy(t *testing.T) {
	for _, tc := range []struct {
		what     string
		f        FileFact
		uid, gid int
		want     bool
	}{
		{"root reads all", FileFact{UID: 5, Mode: 0}, 0, 0, true},
		{"the owner", FileFact{UID: 1000, Mode: 0o400}, 1000, 0, true},
		{"the owner, who may not", FileFact{UID: 1000, GID: 1000, Mode: 0o044}, 1000, 1000, false},
		{"the group", FileFact{GID: 1000, Mode: 0o040}, 1000, 1000, true},
		{"others", FileFact{Mode: 0o004}, 1000, 1000, true},
		{"root's", FileFact{Mode: 0o600}, 1000, 1000, false},
		{"a directory that may be listed and not entered", FileFact{UID: 1000, Mode: fs.ModeDir | 0o600}, 1000, 0, false},
		{"a directory", FileFact{UID: 1000, Mode: fs.ModeDir | 0o700}, 1000, 0, true},
	} {
		if got := tc.f.ReadableBy(tc.uid, tc.gid); got != tc.want {
			t.Errorf("%s: %v", tc.what, got)
		}
	}
}

// Of a container's environment nothing is taken that was not asked for.
func TestChosenVariables(t *testing.T) {
	env := []string{"AZURE_CLIENT_ID=first", "DB_PASSWORD=x", "AZURE_CLIENT_ID=last", "broken"}
	got := chosen(env, func(name string) bool { return name == "AZURE_CLIENT_ID" })
	if fmt.Sprint(got) != "map[AZURE_CLIENT_ID:last]" {
		t.Errorf("%v", got)
	}
}

// An engine that answers elsewhere is named; each place is looked at once.
func TestOtherPlaces(t *testing.T) {
	r := resolver{home: "/home/ada", env: func(name string) string { return map[string]string{"XDG_RUNTIME_DIR": "/run/user/1000"}[name] }}
	seen := map[string]bool{}
	for _, ep := range r.others([]endpoint{{host: "unix:///run/user/1000/docker.sock"}}) {
		if seen[ep.host] || ep.host == "unix:///run/user/1000/docker.sock" {
			t.Errorf("%s twice", ep.host)
		}
		seen[ep.host] = true
	}
	for _, want := range []string{defaultHost, "unix:///run/user/1000/podman/podman.sock", "unix:///run/podman/podman.sock", "unix:///home/ada/.docker/desktop/docker.sock"} {
		if !seen[want] {
			t.Errorf("%s is not looked at", want)
		}
	}
}
