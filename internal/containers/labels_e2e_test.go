//go:build e2e

package containers

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// greedy makes an image that says of itself that its containers are to have the person's tokens.
func greedy(t *testing.T) string {
	t.Helper()
	name := prefix + ":greedy"
	docker(t, "create", "--name", name[:len(prefix)]+"-plain", imgShell, "true")
	t.Cleanup(func() { exec.Command("docker", "rm", "-f", prefix+"-plain").Run() })
	files, err := exec.Command("docker", "export", prefix+"-plain").Output()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("docker", "import", "--change", "LABEL aztray.deliver=true", "--change", "LABEL aztray.scopes="+vault,
		"--change", "LABEL aztray.path=/srv/azure", "--change", "LABEL com.docker.compose.service=codestory-service", "-", name)
	cmd.Stdin = bytes.NewReader(files)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Cleanup(func() { exec.Command("docker", "rmi", "-f", name).Run() })
	return name
}

// TestAnImageThatChoosesItself: on a real engine, which merges an image's labels into its containers, what the image
// says counts for nothing, by the list, by events and in the engine socket's look; what the person says counts.
func TestAnImageThatChoosesItself(t *testing.T) {
	e, image := connect(t, t.TempDir()), greedy(t)
	es := NewEngines(Options{AzDirs: []string{t.TempDir()}, Env: os.Getenv})
	es.all[0].reached.Store(e)
	sel := Selector{Names: []string{prefix + "-named", "codestory-service"}}
	events := make(chan Container, 100)
	go e.Watch(t.Context(), sel, func(ev Event) {
		if ev.Kind == Created {
			events <- ev.Container
		}
		if ev.Kind == Listed && len(events) == 0 {
			events <- Container{Name: "ready"}
		}
	})
	if c := <-events; c.Name != "ready" {
		t.Fatal(c)
	}
	for _, c := range []struct {
		name, options string
		covered       bool
		scopes, path  string
	}{
		{"theirs", "", false, "", ""},
		{"named", "", true, "", ""},
		{"mine", "--label aztray.deliver=copy --label aztray.path=/opt/azure", true, "", "/opt/azure"},
		{"same", "--label aztray.deliver=true", false, "", ""}, // nobody can tell it from the image's
		{"refused", "--label aztray.deliver=false", false, "", ""},
	} {
		name := prefix + "-" + c.name
		docker(t, strings.Fields("create --name "+name+" "+c.options+" "+image+" sleep 1000")...)
		t.Cleanup(func() { exec.Command("docker", "rm", "-f", name).Run() })
		found, covered, err := es.Find(t.Context(), sel, name)
		if covered != c.covered || err != nil || covered && (strings.Join(found.Scopes, " ") != c.scopes || found.path != c.path) {
			t.Errorf("%s: the engine socket's look: %+v, %v, %v; want %v", c.name, found, covered, err, c.covered)
		}
		all, err := e.List(t.Context(), sel)
		if err != nil {
			t.Fatal(err)
		}
		listed := false
		for _, l := range all {
			if l.Name == name {
				listed = true
				if strings.Join(l.Scopes, " ") != c.scopes || l.path != c.path {
					t.Errorf("%s: listed as %+v", c.name, l)
				}
			}
		}
		if listed != c.covered {
			t.Errorf("%s: listed: %v, want %v", c.name, listed, c.covered)
		}
		if c.covered {
			select {
			case told := <-events:
				if told.Name != name || strings.Join(told.Scopes, " ") != c.scopes || told.path != c.path {
					t.Errorf("%s: told %+v", c.name, told)
				}
			case <-time.After(10 * time.Second):
				t.Errorf("%s: its creation is not told", c.name)
			}
		}
	}
	select {
	case told := <-events:
		t.Errorf("told of %s, which nobody chose", told.Name)
	default:
	}
	why := map[string]string{}
	for _, i := range es.Ignored(t.Context(), sel) {
		if strings.HasPrefix(i.Container, prefix) {
			why[i.Container+" "+i.Label] = i.Why
		}
	}
	for _, label := range []string{"-theirs aztray.deliver", "-theirs aztray.scopes", "-same aztray.deliver", "-mine aztray.scopes", "-named aztray.path"} {
		if !strings.Contains(why[prefix+label], "comes from the image") {
			t.Errorf("of %s it is said %q", label, why[prefix+label])
		}
	}
}
