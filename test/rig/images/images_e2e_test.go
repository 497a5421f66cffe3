//go:build e2e

package images

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestMain makes the images once, and says what that cost.
func TestMain(m *testing.M) {
	begun := time.Now()
	if err := Ensure(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("images ready in %v\n", time.Since(begun).Round(time.Millisecond))
	os.Exit(m.Run())
}

// docker runs the command line and returns what it printed, standard error too.
func docker(t *testing.T, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, "docker", args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

func mustRun(t *testing.T, args ...string) string {
	t.Helper()
	out, err := docker(t, append([]string{"run", "--rm"}, args...)...)
	if err != nil {
		t.Fatalf("docker run %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func TestUsers(t *testing.T) {
	type person struct {
		UID, GID int
		Home     string
	}
	for _, image := range All() {
		for _, c := range []struct {
			user string
			want person
		}{
			{"", person{0, 0, "/root"}},
			{"app", person{1000, 1000, "/home/app"}},
			{"4242", person{4242, 0, "/"}}, // in no passwd
		} {
			var got person
			out := mustRun(t, "--user", c.user, image, "/probe", "id")
			if err := json.Unmarshal([]byte(out), &got); err != nil {
				t.Fatalf("%s: %v: %s", image, err, out)
			}
			if got != c.want {
				t.Errorf("%s as %q: %+v, want %+v", image, c.user, got, c.want)
			}
		}
	}
}

func TestFirstRead(t *testing.T) {
	for _, image := range All() {
		t.Run(image, func(t *testing.T) {
			out, err := docker(t, "create", image, "/probe", "firstread", "/home/app/word")
			if err != nil {
				t.Fatal(out)
			}
			id := strings.TrimSpace(out)
			defer docker(t, "rm", "-f", id)
			word := t.TempDir() + "/word"
			if err := os.WriteFile(word, []byte("abc"), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{{"cp", word, id + ":/home/app/word"}, {"start", id}} {
				if out, err := docker(t, args...); err != nil {
					t.Fatal(out)
				}
			}
			var seen struct {
				Exists bool
				Mode   string
				Size   int
				SHA256 string
			}
			out = logged(t, id)
			if err := json.Unmarshal([]byte(out), &seen); err != nil {
				t.Fatalf("%v: %q", err, out)
			}
			const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
			if !seen.Exists || seen.Mode != "0600" || seen.Size != 3 || seen.SHA256 != abc {
				t.Errorf("first read: %+v", seen)
			}
			begun := time.Now()
			if out, err := docker(t, "stop", id); err != nil || time.Since(begun) > 8*time.Second {
				t.Errorf("stop took %v (the probe must end at SIGTERM): %v %s", time.Since(begun), err, out)
			}
		})
	}
}

// logged waits for a container's first line.
func logged(t *testing.T, id string) string {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if out, err := docker(t, "logs", id); err == nil && strings.HasSuffix(out, "\n") {
			return out
		}
	}
	t.Fatal("the container logged nothing")
	return ""
}

func TestShells(t *testing.T) {
	const script = `set -eu; umask 077; date >/tmp/x; mv /tmp/x /tmp/y; stat -c %a /tmp/y; cat /tmp/y >/dev/null; id -u; ls / >/dev/null; sleep 0`
	for _, image := range []string{Sh, Az} {
		if got := mustRun(t, "--user", "app", image, "sh", "-c", script); got != "600\n1000\n" {
			t.Errorf("%s: %q", image, got)
		}
	}
	if out, err := docker(t, "run", "--rm", Static, "sh", "-c", "true"); err == nil {
		t.Errorf("the static image has a shell: %s", out)
	}
	if out, err := docker(t, "run", "--rm", Sh, "az", "--version"); err == nil {
		t.Errorf("the sh image has az: %s", out)
	}
}

func TestAz(t *testing.T) {
	out := mustRun(t, "--network", "host", Az, "az", "--version")
	if !strings.Contains(out, "azure-cli  ") || strings.Contains(out, "Traceback") {
		t.Errorf("az --version: %s", out)
	}
	// All command modules load; one that cannot says so in an error line.
	out = mustRun(t, "--user", "app", Az, "az", "--help")
	if strings.Contains(out, "ERROR") || strings.Contains(out, "Traceback") || !strings.Contains(out, "account ") {
		t.Errorf("az --help: %s", out)
	}
	out, err := docker(t, "run", "--rm", "--user", "app", Az, "az", "account", "get-access-token")
	if err == nil || !strings.Contains(out, "az login") || strings.Contains(out, "Traceback") {
		t.Errorf("az account get-access-token without a sign-in: %v: %s", err, out)
	}
	// Python finds the certificate bundle that a test overrides by REQUESTS_CA_BUNDLE or appends to.
	out = mustRun(t, Az, "python3", "-c", "import ssl, certifi; ssl.create_default_context(cafile=certifi.where()); print('ok')")
	if out != "ok\n" {
		t.Errorf("certificates: %s", out)
	}
}

// An image that is as it should be is not made again: the second call is a matter of milliseconds.
func TestEnsureAgain(t *testing.T) {
	before := imageIDs(t)
	begun := time.Now()
	if err := Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
	if after := imageIDs(t); after != before {
		t.Errorf("made again: %s, before %s", after, before)
	}
}

func imageIDs(t *testing.T) string {
	t.Helper()
	out, err := docker(t, append([]string{"image", "inspect", "-f", "{{.Id}}"}, All()...)...)
	if err != nil {
		t.Fatal(out)
	}
	return out
}

func TestEnsureUnknown(t *testing.T) {
	if err := Ensure(t.Context(), "aztray-rig/none"); err == nil || !strings.Contains(err.Error(), Az) {
		t.Errorf("an unknown name: %v, want an error that lists the names", err)
	}
}
