//go:build e2e && linux

package containers

import (
	"os"
	"os/exec"
	"testing"

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
const some = "^(TestDeliverToRealContainers|TestMountInRealContainers|TestPaused|TestReaderNeverSeesHalfAFile|TestFirstInstruction|TestABrokenConnectionLosesNothing)$/" +
	"^(root|named_user|number_with_none|tmpfs_home|volume_home|read-only_root|own_az_directory_mounted|home_mounted|docker_run_-d)$"

func TestPodman(t *testing.T) {
	t.Parallel()
	e, err := engine.Podman(t.Context(), scratch(t))
	again(t, ownEngine(t, e, err).Host, some)
}
