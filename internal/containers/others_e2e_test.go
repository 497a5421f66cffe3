//go:build e2e && linux

package containers

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"aztray/test/rig/engine"
)

// ownEngine keeps an engine of a test's own until its end.
func ownEngine(t *testing.T, e *engine.Engine, err error) *engine.Engine {
	t.Helper()
	t.Cleanup(func() {
		if err := e.Remove(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// scratch is a directory with a short name, for the socket in it, which Remove deletes.
func scratch(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "aztray-engine-")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// again runs tests of this package once more, on another engine.
func again(t *testing.T, host, run string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", run, "-test.v", "-test.count=1", "-rounds=3")
	cmd.Env = append(os.Environ(), "DOCKER_HOST="+host)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Errorf("on %s: %v", host, err)
	}
}

// some is what shows in little time whether an engine is good for us: each form of a user, a tmpfs, a
// volume, what is never written, a mount, a reader, events, and the race. make engines runs everything.
const some = "^(TestPublishedPorts|TestDeliverToRealContainers|TestMountInRealContainers|TestPaused|TestReaderNeverSeesHalfAFile|TestAnImageThatChoosesItself|TestFirstInstruction|TestABrokenConnectionLosesNothing|TestVolumesThatAreTheHosts|TestAPartOfAVolume)$/" +
	"^(root|named_user|number_with_none|tmpfs_home|volume_home|read-only_root|own_az_directory_mounted|home_mounted|docker_run_-d|az_directory|home|another_directory_of_the_home|elsewhere|signed_in_elsewhere|sockets.*|privileged|administers)$"

func TestPodman(t *testing.T) {
	t.Parallel()
	e, err := engine.Podman(t.Context(), scratch(t))
	again(t, ownEngine(t, e, err).Host, some)
}

// TestSwarm: the tasks of a service on this node are covered by its name and have the credential, one
// that takes another's place too, and what is left of the other is no longer shown.
func TestSwarm(t *testing.T) {
	started, err := engine.Docker(t.Context(), scratch(t), "")
	e := ownEngine(t, started, err)
	do := func(args ...string) string {
		t.Helper()
		out, err := e.CLI(args...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	busybox, err := os.ReadFile("/bin/busybox")
	if err != nil {
		t.Fatal(err)
	}
	users := map[string]string{"etc/passwd": "root:x:0:0:root:/root:/bin/sh\n"}
	if err := importImage(imgShell, busybox, users, "DOCKER_HOST="+e.Host); err != nil {
		t.Fatal(err)
	}
	do("swarm", "init", "--advertise-addr", "127.0.0.1", "--listen-addr", "127.0.0.1")
	far, err := Connect(t.Context(), Options{Host: e.Host, AzDirs: []string{t.TempDir()}})
	if err != nil {
		t.Fatal(err)
	}
	watching(t, far, "web*")
	tasks := func() []Container {
		all, err := far.List(t.Context(), Selector{Names: []string{"web"}})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	running := func(not string) (c Container) {
		t.Helper()
		eventually(t, "one task runs and has the credential", 20*time.Second, func() bool {
			all := tasks()
			if len(all) != 1 || !all[0].Running || all[0].ID == not {
				return false
			}
			c = all[0]
			return far.Check(t.Context(), c).State == Fresh
		})
		return c
	}
	do("service", "create", "--detach", "--no-resolve-image", "--name", "web", "--stop-grace-period", "0s", imgShell, "sh", "-c", "[ -s /root/.azure/msal_token_cache.json ] && echo there; sleep 1000000")
	first := running("")
	if first.Service != "web" || dirName(first) != "web" {
		t.Errorf("it is of service %q, with the directory %q", first.Service, dirName(first))
	}
	do("service", "update", "--detach", "--force", "web")
	second := running(first.ID)
	t.Attr("first-instruction", "swarm: "+do("logs", first.ID)+", "+do("logs", second.ID))
	if left := do("ps", "-aq", "--no-trunc", "--filter", "id="+first.ID); left != first.ID {
		t.Error("the swarm keeps no ended task, so that nothing was tried")
	}
}
