//go:build unix

package cli

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aztray/internal/instance"
)

// service status names an engine socket that the aztray that runs is to serve and does not.
func TestSocketProblem(t *testing.T) {
	listen := func(t *testing.T, at string) {
		l, err := net.Listen("unix", at)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
	}
	for _, c := range []struct {
		name         string
		off, running bool
		there        func(t *testing.T, at string)
		wrong        bool
	}{
		{name: "served", running: true, there: listen},
		{name: "nothing is there", running: true, wrong: true},
		{name: "the link to the engine's own that an earlier run left", running: true, wrong: true, there: func(t *testing.T, at string) {
			listen(t, at+".engine")
			if err := os.Symlink(at+".engine", at); err != nil {
				t.Fatal(err)
			}
		}},
		{name: "aztray does not run", there: nil},
		{name: "it is off", off: true, running: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
			dir, err := instance.Dir()
			if err != nil {
				t.Fatal(err)
			}
			at := filepath.Join(dir, "docker.sock")
			if c.there != nil {
				c.there(t, at)
			}
			if c.running {
				one, err := instance.Acquire(dir)
				if err != nil {
					t.Fatal(err)
				}
				defer one.Close()
			}
			x := &command{}
			x.settings.Engine.Socket = !c.off
			p := x.socketProblem(t.Context())
			if (p != nil) != c.wrong || p != nil && (p.Code != "ENGINE_SOCKET_NOT_OPEN" || !strings.Contains(p.Message, at)) {
				t.Errorf("%+v; want one: %v", p, c.wrong)
			}
		})
	}
}
