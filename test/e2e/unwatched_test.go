//go:build e2e

package e2e

import (
	"strings"
	"testing"
	"time"

	"aztray/test/rig/cloud"
	"aztray/test/rig/images"
	"aztray/test/rig/stage"
)

// withoutInotify starts a program in a user namespace that may have no inotify instance.
var withoutInotify = []string{"unshare", "--user", "--map-root-user", "sh", "-c", `echo 0 > /proc/sys/user/max_inotify_instances && exec "$@"`, "sh"}

// TestWhereInotifyIsRefused: the system tells of no change, and still a sign-out ends what the container has, new
// settings are taken up, and a sign-in is noticed, each within a minute.
func TestWhereInotifyIsRefused(t *testing.T) {
	t.Parallel() // it waits most of the time
	x := begin(t, stage.Options{NoDesktop: true})
	_, err := x.Az(x.ctx, "login", "--scope", cloud.ScopeCognitive)
	x.must(err)
	x.must(x.RunContainer(x.ctx, "sh", images.Sh))
	x.tray, err = x.StartTrayBy(x.ctx, withoutInotify, "serve")
	x.must(err)
	x.holdsNew(30*time.Second, "sh", "")
	if !strings.Contains(x.tray.Log(), "looked at every half minute") {
		t.Fatalf("it could watch:\n%s", x.tray.Log())
	}
	_, err = x.Az(x.ctx, "logout")
	x.must(err)
	x.eventually(time.Minute, "the container's token is taken back", func() bool { return x.Held(x.ctx, "sh", cloud.ScopeCognitive) == "" })
	x.settings("[azure]\nsign_in_lifetime = \"10h\"\n")
	x.eventually(time.Minute, "the settings are taken up", func() bool { return strings.Contains(x.tray.Log(), "taking up the settings") })
	_, err = x.Az(x.ctx, "login", "--scope", cloud.ScopeCognitive)
	x.must(err)
	x.holdsNew(time.Minute, "sh", "")
	x.must(x.tray.Stop())
}
