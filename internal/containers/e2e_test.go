//go:build e2e

package containers

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"aztray/internal/auth"
)

// The tests here run on the engine that the docker command would use. All they make is called
// aztray-ct-<process id> and taken away again.
var (
	prefix   = fmt.Sprintf("aztray-ct-%d", os.Getpid())
	imgShell = prefix + ":shell" // busybox, users root and app
	imgBare  = prefix + ":bare"  // the same with no /etc/passwd
	imgNone  = prefix + ":none"  // no shell
	imgAz    = prefix + ":az"    // a shell, and something called az
)

func TestMain(m *testing.M) {
	if err := makeImages(); err != nil {
		fmt.Fprintln(os.Stderr, "the images for these tests:", err)
		os.Exit(1)
	}
	code := m.Run()
	for _, img := range []string{imgShell, imgBare, imgNone, imgAz} {
		exec.Command("docker", "rmi", "-f", img).Run()
	}
	os.Exit(code)
}

func makeImages() error {
	busybox, err := os.ReadFile("/bin/busybox")
	if err != nil {
		return fmt.Errorf("%w (install busybox-static)", err)
	}
	users := map[string]string{
		"etc/passwd": "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n",
		"etc/group":  "root:x:0:\napp:x:1000:\nstaff:x:50:\n",
	}
	for image, files := range map[string]map[string]string{
		imgShell: users, imgBare: {}, imgNone: nil,
		imgAz: {"etc/passwd": users["etc/passwd"], "etc/group": users["etc/group"], "usr/bin/az": "#!/bin/sh\necho the real one\n"},
	} {
		if err := importImage(image, busybox, files); err != nil {
			return err
		}
	}
	return nil
}

// importImage makes an image of busybox and files; nil files means busybox under another name and no shell.
func importImage(image string, busybox []byte, files map[string]string, env ...string) error {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	dir := func(name string, mode int64, uid int) {
		w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: mode, Uid: uid, Gid: uid})
	}
	for _, d := range []string{"bin/", "etc/", "home/", "root/", "usr/", "usr/bin/", "usr/local/", "usr/local/bin/", "opt/"} {
		dir(d, 0o755, 0)
	}
	dir("home/app/", 0o755, 1000)
	dir("tmp/", 0o1777, 0)
	put := func(name string, mode int64, text []byte) {
		w.WriteHeader(&tar.Header{Name: name, Mode: mode, Size: int64(len(text))})
		w.Write(text)
	}
	if files == nil {
		put("opt/program", 0o755, busybox)
	} else {
		put("bin/busybox", 0o755, busybox)
		for _, a := range strings.Fields("sh cat ls mkdir mv chown chmod sleep date id stat ln env true false touch rm tar head") {
			w.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: "bin/" + a, Linkname: "busybox"})
		}
	}
	for name, text := range files {
		put(name, 0o755, []byte(text))
	}
	if err := w.Close(); err != nil {
		return err
	}
	cmd := exec.Command("docker", "import", "-", image)
	cmd.Stdin, cmd.Env = &b, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// docker runs the docker command and gives its output.
func docker(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("docker", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("docker %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// quietly runs the docker command for what may have been done already.
func quietly(args ...string) { exec.Command("docker", args...).Run() }

// made runs docker run or create and removes the container afterwards. It gives the container as
// List tells it.
func made(t *testing.T, e *Engine, how string, args ...string) Container {
	t.Helper()
	name := fmt.Sprintf("%s-%s", prefix, strings.NewReplacer("/", "-", " ", "-", ",", "-", "'", "").Replace(t.Name()))
	all := append(strings.Fields(how), "--name", name)
	t.Cleanup(func() { exec.Command("docker", "rm", "-fv", name).Run() })
	docker(t, append(all, args...)...)
	return listed(t, e, name)
}

func listed(t *testing.T, e *Engine, name string) Container {
	t.Helper()
	cs, err := e.List(t.Context(), Selector{Names: []string{name}})
	cs = slices.DeleteFunc(cs, func(c Container) bool { return c.Name != name }) // others on this engine may have labels
	if err != nil || len(cs) != 1 {
		t.Fatalf("List(%s) = %v, %v", name, cs, err)
	}
	return cs[0]
}

// connect gives an engine for which azDir is the host's own az directory.
func connect(t *testing.T, azDir string) *Engine {
	t.Helper()
	e, err := Connect(t.Context(), Options{AzDirs: []string{azDir}})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

const forever = "sleep 1000000"

func TestDeliverToRealContainers(t *testing.T) {
	t.Parallel()
	azDir := filepath.Join(t.TempDir(), ".azure")
	os.Mkdir(azDir, 0o700)
	e := connect(t, azDir)
	end := time.Now().Add(time.Hour)
	for _, c := range []struct {
		name  string
		how   string // docker's command with its flags
		image string
		state State
		path  string
		read  string // what its own user does to read the token; "" for cat
	}{
		{"root", "run -d", imgShell, Fresh, "/root/.azure", ""},
		{"named user", "run -d -u app", imgShell, Fresh, "/home/app/.azure", ""},
		{"name and group", "run -d -u app:staff", imgShell, Fresh, "/home/app/.azure", ""},
		{"number with an entry", "run -d -u 1000", imgShell, Fresh, "/home/app/.azure", ""},
		{"number with none", "run -d -u 4321", imgShell, Fresh, "/.azure", ""},
		{"number and group", "run -d -u 4321:99", imgShell, Fresh, "/.azure", ""},
		{"no passwd", "run -d", imgBare, Fresh, "/.azure", ""},
		{"no passwd, number", "run -d -u 77", imgBare, Fresh, "/.azure", ""},
		{"HOME that does not exist", "run -d -u 77 -e HOME=/made/for/us", imgShell, Fresh, "/made/for/us/.azure", ""},
		{"AZURE_CONFIG_DIR", "run -d -e AZURE_CONFIG_DIR=/opt/az", imgShell, Fresh, "/opt/az", ""},
		{"label", "run -d --label aztray.path=/opt/az --label aztray.uid=app", imgShell, Fresh, "/opt/az", ""},
		{"tmpfs home", "run -d -u app --tmpfs /home/app", imgShell, Fresh, "/home/app/.azure", ""},
		{"tmpfs at the place, root's", "run -d -u app --mount type=tmpfs,destination=/home/app/.azure,tmpfs-mode=0755", imgShell, Fresh, "/home/app/.azure", ""},
		{"tmpfs, created only", "create --tmpfs /root", imgShell, Missing, "/root/.azure", ""},
		{"tmpfs, read-only root, real az", "run -d --read-only --tmpfs /root", imgAz, Fresh, "/root/.azure", ""},
		{"tmpfs, read-only root, no az", "run -d --read-only --tmpfs /root", imgShell, Unwritable, "/root/.azure", ""},
		{"read-only root", "run -d --read-only", imgShell, Unwritable, "/root/.azure", ""},
		{"read-only root, volume home, real az", "run -d -u app --read-only -v /home/app", imgAz, Fresh, "/home/app/.azure", ""},
		{"volume home", "run -d -u app -v /home/app", imgShell, Fresh, "/home/app/.azure", ""},
		{"volume at the place", "run -d -u app -v /home/app/.azure", imgShell, Fresh, "/home/app/.azure", ""},
		{"own az directory mounted", "run -d -v " + azDir + ":/root/.azure", imgShell, Shared, "/root/.azure", ""},
		{"home mounted", "run -d -v " + filepath.Dir(azDir) + ":/root", imgShell, Shared, "/root/.azure", ""},
		{"own token cache mounted", "run -d -v " + azDir + ":/mnt -v " + azDir + "/none:/root/.azure/msal_token_cache.json", imgShell, Shared, "/root/.azure", ""},
		{"another directory mounted", "run -d -v " + forAll(t.TempDir()) + ":/root/.azure", imgShell, Fresh, "/root/.azure", ""},
		{"mounted read-only", "run -d -v " + t.TempDir() + ":/root/.azure:ro", imgShell, Unwritable, "/root/.azure", ""},
		{"real az", "run -d", imgAz, Fresh, "/root/.azure", ""},
		{"created only", "create -u app", imgShell, Fresh, "/home/app/.azure", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if strings.Contains(c.how, azDir+"/none") {
				os.WriteFile(azDir+"/none", nil, 0o600)
			}
			got := made(t, e, c.how, append([]string{c.image}, strings.Fields(forever)...)...)
			s := e.Deliver(t.Context(), got, bundle("secret-one", end))
			if s.State != c.state || s.Path != c.path {
				t.Fatalf("Deliver = %s at %s (%s), want %s at %s", s.State, s.Path, s.Error, c.state, c.path)
			}
			if c.state != Fresh {
				if s.Error == "" {
					t.Error("no sentence")
				}
				return
			}
			if c.name == "created only" {
				docker(t, "start", got.ID)
			}
			seesToken(t, got.ID, c.path, "secret-one", c.how, c.image)
			if again := e.Deliver(t.Context(), got, bundle("secret-one", end)); !again.DeliveredAt.Equal(s.DeliveredAt) || again.State != Fresh {
				t.Errorf("the same again: %+v, want what was delivered at %s", again, s.DeliveredAt)
			}
			for _, secret := range []string{"secret-two", "secret-three"} {
				if s = renewed(t.Context(), e, got, bundle(secret, end)); s.State != Fresh {
					t.Errorf("renewed: %s %s", s.State, s.Error)
				}
				seesToken(t, got.ID, c.path, secret, c.how, c.image)
			}
			other := connect(t, azDir)
			if s = other.Check(t.Context(), got); s.State != Fresh || !s.ExpiresOn.Equal(end.UTC()) {
				t.Errorf("Check by another process: %+v", s)
			}
			if s = e.Withdraw(t.Context(), got); s.State != Missing {
				t.Errorf("Withdraw = %s %s", s.State, s.Error)
			}
			if text := docker(t, "exec", got.ID, "sh", "-c", "cat "+c.path+"/* "+c.path+"/.[a-z]* || true"); strings.Contains(text, "secret-") {
				t.Errorf("a token is left after Withdraw: %s", text)
			}
		})
	}
	if left, _ := os.ReadDir(azDir); len(left) > 1 {
		t.Errorf("something was written into the host's az directory: %v", left)
	}
}

// renewed renews as the agent does, and looks afterwards where that is left to it.
func renewed(ctx context.Context, e *Engine, c Container, b auth.Bundle) Status {
	s := e.Renew(ctx, c, b)
	if s.Unproved {
		s = e.Confirm(ctx, c)
	}
	return s
}

// forAll opens a directory to everybody: on an engine that maps users root is nobody here.
func forAll(dir string) string {
	os.Chmod(dir, 0o777)
	return dir
}

// seesToken reads the token as the container's own user, and by our az where it should be there.
func seesToken(t *testing.T, id, dir, secret, how, image string) {
	t.Helper()
	user := []string{"exec"}
	if strings.Contains(how, "aztray.uid=app") {
		user = append(user, "-u", "app")
	}
	if text := docker(t, append(user, id, "cat", dir+"/msal_token_cache.json")...); !strings.Contains(text, secret) {
		t.Errorf("its user reads %q, want %s in it", text, secret)
	}
	docker(t, append(user, id, "touch", dir+"/lock")...)
	ls := docker(t, append(user, id, "stat", "-c", "%a", dir+"/msal_token_cache.json", dir+"/.aztray.json")...)
	if ls != "600\n600" {
		t.Errorf("modes %q, want 600", ls)
	}
	if image == imgAz {
		if out := docker(t, append(user, id, "az")...); out != "the real one" {
			t.Errorf("az says %q", out)
		}
		return
	}
	out := docker(t, append(user, id, "az", "account", "get-access-token", "--resource", "https://cognitiveservices.azure.com", "--query", "accessToken", "-o", "tsv")...)
	if out != secret {
		t.Errorf("our az says %q, want %q", out, secret)
	}
}

// TestSignInMadeInside: az login in a container, before us or after us, is left alone.
func TestSignInMadeInside(t *testing.T) {
	t.Parallel()
	e, end := connect(t, t.TempDir()), time.Now().Add(time.Hour)
	login := `mkdir -p /root/.azure && echo '{"RefreshToken":{"k":{"secret":"theirs"}}}' >/root/.azure/msal_token_cache.json`
	for name, deliverFirst := range map[string]bool{"before us": false, "after us": true} {
		t.Run(name, func(t *testing.T) {
			c := made(t, e, "run -d", imgShell, "sleep", "1000000")
			if deliverFirst {
				if s := e.Deliver(t.Context(), c, bundle("ours", end)); s.State != Fresh {
					t.Fatalf("%s %s", s.State, s.Error)
				}
			}
			docker(t, "exec", c.ID, "sh", "-c", login)
			for what, s := range map[string]Status{
				"Deliver": e.Deliver(t.Context(), c, bundle("newer", end)), "Check": e.Check(t.Context(), c), "Withdraw": e.Withdraw(t.Context(), c),
			} {
				if s.State != OwnSignIn || s.Error == "" {
					t.Errorf("%s: %s %q", what, s.State, s.Error)
				}
			}
			if text := docker(t, "exec", c.ID, "cat", "/root/.azure/msal_token_cache.json"); !strings.Contains(text, "theirs") {
				t.Errorf("their sign-in is gone: %s", text)
			}
			docker(t, "exec", c.ID, "sh", "-c", "rm /root/.azure/msal_token_cache.json")
			if s := e.Deliver(t.Context(), c, bundle("newer", end)); s.State != Fresh {
				t.Errorf("after they signed out: %s %s", s.State, s.Error)
			}
		})
	}
}

// TestSignInMadeInsideBeforeARenewal: a renewal looks after it has written, and gives back what was theirs as it
// was, to its owner.
func TestSignInMadeInsideBeforeARenewal(t *testing.T) {
	t.Parallel()
	e, end := connect(t, t.TempDir()), time.Now().Add(time.Hour)
	for name, confirm := range map[string]bool{"looked at": true, "never looked at": false} {
		t.Run(name, func(t *testing.T) {
			c := made(t, e, "run -d -u app", imgShell, "sleep", "1000000")
			for _, secret := range []string{"one", "two"} {
				if s := renewed(t.Context(), e, c, bundle(secret, end)); s.State != Fresh {
					t.Fatalf("%s %s", s.State, s.Error)
				}
			}
			docker(t, "exec", c.ID, "sh", "-c", `echo '{"RefreshToken":{"k":{"secret":"theirs"}}}' >/home/app/.azure/msal_token_cache.json`)
			s := e.Renew(t.Context(), c, bundle("three", end))
			if !s.Unproved {
				t.Fatalf("it was not renewed the quick way: %s %s", s.State, s.Error)
			}
			if confirm {
				s = e.Confirm(t.Context(), c)
			} else {
				s = connect(t, t.TempDir()).Deliver(t.Context(), c, bundle("three", end)) // by a program that was started anew
			}
			if s.State != OwnSignIn || s.Error == "" {
				t.Errorf("%s %q", s.State, s.Error)
			}
			read := func() string {
				return docker(t, "exec", c.ID, "sh", "-c", "cd ~/.azure; cat msal_token_cache.json; stat -c '%U %a' msal_token_cache.json; echo >>msal_token_cache.json")
			}
			if text := read(); !strings.Contains(text, "theirs") || !strings.HasSuffix(text, "app 600") {
				t.Errorf("their sign-in is gone: %s", text)
			}
			if s := renewed(t.Context(), e, c, bundle("four", end)); s.State != OwnSignIn || !strings.Contains(read(), "theirs") {
				t.Errorf("at the next renewal: %s %s, %s", s.State, s.Error, read())
			}
		})
	}
}

// TestRenewalOfADirectoryThatWasExchanged: the place is by now a link to this machine's az directory, which is
// never written to.
func TestRenewalOfADirectoryThatWasExchanged(t *testing.T) {
	t.Parallel()
	azDir := filepath.Join(forAll(t.TempDir()), ".azure")
	os.Mkdir(azDir, 0o700)
	os.WriteFile(filepath.Join(azDir, cacheFile), []byte("mine"), 0o600)
	os.WriteFile(filepath.Join(azDir, profileFile), []byte("mine"), 0o600)
	e, end := connect(t, azDir), time.Now().Add(time.Hour)
	c := made(t, e, "run -d -v "+azDir+":/mnt/az", imgShell, "sleep", "1000000")
	if s := renewed(t.Context(), e, c, bundle("one", end)); s.State != Fresh {
		t.Fatalf("%s %s", s.State, s.Error)
	}
	docker(t, "exec", c.ID, "sh", "-c", "rm -r /root/.azure && ln -s /mnt/az /root/.azure")
	if s := renewed(t.Context(), e, c, bundle("two", end)); s.State != Shared {
		t.Errorf("%s %s", s.State, s.Error)
	}
	left, _ := os.ReadDir(azDir)
	text, _ := os.ReadFile(filepath.Join(azDir, cacheFile))
	if len(left) != 2 || string(text) != "mine" {
		t.Errorf("the host's az directory holds %v now, and its token cache %q", left, text)
	}
}

// TestLivesOfAContainer: what a container holds through restart, pause, stop and recreation.
func TestLivesOfAContainer(t *testing.T) {
	t.Parallel()
	e, end := connect(t, t.TempDir()), time.Now().Add(time.Hour)
	c := made(t, e, "run -d", imgShell, "sleep", "1000000")
	first := e.Deliver(t.Context(), c, bundle("one", end))
	deliver := func(secret string, same bool) {
		t.Helper()
		s := renewed(t.Context(), e, c, bundle(secret, end))
		if s.State != Fresh || same != s.DeliveredAt.Equal(first.DeliveredAt) {
			t.Errorf("%s %s, delivered at %s; the same as at %s: want %v", s.State, s.Error, s.DeliveredAt, first.DeliveredAt, same)
		}
		first = s
	}
	docker(t, "restart", "-t", "0", c.ID)
	deliver("one", true)
	docker(t, "pause", c.ID)
	e.Check(t.Context(), c)
	docker(t, "unpause", c.ID)
	docker(t, "kill", c.ID)
	docker(t, "wait", c.ID)
	c = listed(t, e, c.Name)
	pastSecond(first.DeliveredAt)
	deliver("two", false)
	docker(t, "start", c.ID)
	seesToken(t, c.ID, "/root/.azure", "two", "", imgShell)

	docker(t, "rm", "-f", c.ID)
	if s := e.Deliver(t.Context(), c, bundle("two", end)); s.State != Failed || s.Error != "It is gone." {
		t.Errorf("gone: %s %q", s.State, s.Error)
	}
	docker(t, "run", "-d", "--name", c.Name, imgShell, "sleep", "1000000")
	c = listed(t, e, c.Name)
	if s := e.Check(t.Context(), c); s.State != Missing {
		t.Errorf("recreated: %s", s.State)
	}
	pastSecond(first.DeliveredAt)
	deliver("two", false)
}

// pastSecond waits until a delivery would have another time than at, which is kept in seconds.
func pastSecond(at time.Time) { time.Sleep(time.Until(at.Add(time.Second))) }

// TestPaused: the archive call works on a container that is paused.
func TestPaused(t *testing.T) {
	t.Parallel()
	e := connect(t, t.TempDir())
	c := made(t, e, "run -d", imgShell, "sleep", "1000000")
	docker(t, "pause", c.ID)
	s := e.Deliver(t.Context(), c, bundle("paused", time.Now().Add(time.Hour)))
	docker(t, "unpause", c.ID)
	if s.State != Fresh {
		t.Fatalf("%s %s", s.State, s.Error)
	}
	seesToken(t, c.ID, "/root/.azure", "paused", "", imgShell)
}

func TestNothingInTheImageCouldUseIt(t *testing.T) {
	t.Parallel()
	e := connect(t, t.TempDir())
	c := made(t, e, "run -d --entrypoint /opt/program", imgNone, "sleep", "1000000")
	if s := e.Deliver(t.Context(), c, bundle("s", time.Now().Add(time.Hour))); s.State != Unreachable || s.Error == "" {
		t.Errorf("%s %q", s.State, s.Error)
	}
}

// TestVolumeThatIsTheHostsAzDirectory: a named volume can stand for any directory of the host.
func TestVolumeThatIsTheHostsAzDirectory(t *testing.T) {
	t.Parallel()
	azDir := t.TempDir()
	e := connect(t, azDir)
	volume := prefix + "-vol"
	docker(t, "volume", "create", "-o", "type=none", "-o", "o=bind", "-o", "device="+azDir, volume)
	t.Cleanup(func() { exec.Command("docker", "volume", "rm", "-f", volume).Run() })
	c := made(t, e, "run -d -v "+volume+":/root/.azure", imgShell, "sleep", "1000000")
	if s := e.Deliver(t.Context(), c, bundle("s", time.Now().Add(time.Hour))); s.State != Shared {
		t.Errorf("%s %q", s.State, s.Error)
	}
	if left, _ := os.ReadDir(azDir); len(left) > 0 {
		t.Errorf("written: %v", left)
	}
}
