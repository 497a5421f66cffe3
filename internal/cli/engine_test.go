package cli

import (
	"strings"
	"testing"
)

// Where there is no docker command the address serves other programs.
func TestEngineContextWithoutDocker(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	out, msg, code := runEndpoint(t, t.TempDir(), "engine", "context")
	if code != ExitPersonNeeded || out != "" || !strings.Contains(msg, "The docker command is not there") || !strings.Contains(msg, "DOCKER_HOST=") {
		t.Errorf("exit %d\n%s%s", code, out, msg)
	}
}
