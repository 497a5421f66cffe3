//go:build e2e

package containers

import (
	"context"
	"flag"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	api "github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
)

var rounds = flag.Int("rounds", 20, "how many containers are raced in each way")

const probe = `[ -s /root/.azure/msal_token_cache.json ] && echo first; while :; do [ -s /root/.azure/msal_token_cache.json ] && { echo there; exit; }; sleep 0.05; done`

// watching delivers on every event of containers called as pattern says, as the agent does.
func watching(t *testing.T, e *Engine, pattern string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ready := make(chan struct{})
	var once sync.Once
	var work sync.WaitGroup
	deliver := func(c Container) {
		work.Go(func() {
			end := time.Now().Add(time.Hour)
			s := renewed(ctx, e, c, bundle("secret", end))
			for late := time.Now().Add(5 * time.Second); s.State == Failed && s.Error != "It is gone." && ctx.Err() == nil && time.Now().Before(late); {
				time.Sleep(50 * time.Millisecond) // the probe has just ended, or is being removed: Podman has no word for either
				s = renewed(ctx, e, c, bundle("secret", end))
			}
			if s.State != Fresh && ctx.Err() == nil && s.Error != "It is gone." {
				t.Errorf("%s: %s %s", c.Name, s.State, s.Error)
			}
		})
	}
	work.Go(func() {
		e.Watch(ctx, Selector{Names: []string{pattern}}, func(ev Event) {
			switch ev.Kind {
			case Listed:
				for _, c := range ev.Containers {
					deliver(c)
				}
				once.Do(func() { close(ready) })
			case Created, Started:
				deliver(ev.Container)
			}
		})
	})
	t.Cleanup(func() { cancel(); work.Wait() })
	<-ready
}

// TestFirstInstruction prints how often the token is there before a container's process does
// anything; all of them get it, for each runs until it does.
func TestFirstInstruction(t *testing.T) {
	e := connect(t, t.TempDir())
	engine := e.api.(*dockerEngine).client
	runs := *rounds
	podman := strings.Contains(docker(t, "version", "--format", "{{json .Server}}"), "Podman") // which takes longer to copy than to start
	for _, c := range []struct {
		name   string
		gap    time.Duration // between create and start; -1: docker run -d
		labels map[string]string
	}{
		{"docker run -d", -1, nil},
		{"create, start", 0, nil},
		{"create, 5 ms, start", 5 * time.Millisecond, nil},
		{"compose, known recipe", 0, map[string]string{composeHash: "h", composeImage: "i", composeProject: "p", composeService: prefix}},
	} {
		t.Run(c.name, func(t *testing.T) {
			base := prefix + "-race" + strings.NewReplacer(" ", "", ",", "", "-", "").Replace(c.name)
			watching(t, e, base+"*")
			warm := base + "-warm" // what is known of an image from any container of it
			docker(t, "create", "--name", warm, imgShell, "sh", "-c", probe)
			t.Cleanup(func() { exec.Command("docker", "rm", "-f", warm).Run() })
			if s := e.Deliver(t.Context(), listed(t, e, warm), bundle("secret", time.Now().Add(time.Hour))); s.State != Fresh {
				t.Fatal(s)
			}
			first, slow := 0, 0
			for i := range runs + 1 {
				name := fmt.Sprintf("%s-%d", base, i)
				began := time.Now()
				if c.gap < 0 {
					docker(t, "run", "-d", "--name", name, imgShell, "sh", "-c", probe)
				} else {
					createAndStart(t, engine, name, c.gap, c.labels)
				}
				docker(t, "wait", name)
				if time.Since(began) > 3*time.Second {
					slow++
				}
				if i > 0 && strings.HasPrefix(docker(t, "logs", name), "first") {
					first++
				}
				eventually(t, name+" is removed", 10*time.Second, func() bool { // which vfs refuses while we write
					return exec.Command("docker", "rm", "-f", name).Run() == nil
				})
			}
			if c.gap > 0 && first < runs/2 && !podman { // 40 of 40 on a quiet machine; fewer with the race detector
				t.Errorf("%s: there at the first instruction in %d of %d; compose leaves as much time", c.name, first, runs)
			}
			t.Attr("first-instruction", fmt.Sprintf("%s: there in %d of %d; later than 3 s in %d", c.name, first, runs, slow))
		})
	}
}

func createAndStart(t *testing.T, c *client.Client, name string, gap time.Duration, labels map[string]string) {
	t.Helper()
	made, err := c.ContainerCreate(t.Context(), &api.Config{Image: imgShell, Cmd: []string{"sh", "-c", probe}, Labels: labels}, nil, nil, nil, name)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(gap) // the gap is what is measured
	if err := c.ContainerStart(t.Context(), made.ID, api.StartOptions{}); err != nil {
		t.Fatal(err)
	}
}
