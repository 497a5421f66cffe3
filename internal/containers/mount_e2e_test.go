//go:build e2e

package containers

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// mountEngine is an engine with a directory for mounts, and options as Prepare takes them.
func mountEngine(t *testing.T, azDir string) (*Engine, Options) {
	t.Helper()
	o := Options{AzDirs: []string{azDir}, Mounts: filepath.Join(t.TempDir(), "state", "mounts")}
	e, err := Connect(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return e, o
}

// mountName is the name that made gives.
func mountName(t *testing.T) string {
	return fmt.Sprintf("%s-%s", prefix, strings.NewReplacer("/", "-", " ", "-", ",", "-", "'", "").Replace(t.Name()))
}

func TestMountInRealContainers(t *testing.T) {
	t.Parallel()
	azDir := filepath.Join(t.TempDir(), ".azure")
	os.Mkdir(azDir, 0o700)
	end := time.Now().Add(time.Hour)
	for _, c := range []struct {
		name  string
		how   string // @DIR is its directory, @AZ our az
		image string
		state State
		path  string
		says  string
		uid   int // of its user, where it is not root
	}{
		{"read-only root, real az", "run -d --read-only -v @DIR:/root/.azure", imgAz, Fresh, "/root/.azure", "", 0},
		{"read-only root, our az mounted", "run -d --read-only -v @DIR:/root/.azure -v @AZ:/usr/local/bin/az:ro", imgShell, Fresh, "/root/.azure", "", 0},
		{"read-only root, no az", "run -d --read-only -v @DIR:/root/.azure", imgShell, Unwritable, "/root/.azure", "/az:ro", 0},
		{"root, no az", "run -d -v @DIR:/root/.azure", imgShell, Fresh, "/root/.azure", "", 0},
		{"named user", "run -d -u app -v @DIR:/home/app/.azure", imgShell, Fresh, "/home/app/.azure", "", 1000},
		{"number with none", "run -d -u 4321 --read-only -v @DIR:/.azure -v @AZ:/usr/local/bin/az:ro", imgShell, Fresh, "/.azure", "", 4321},
		{"no powers at all", "run -d -u 4321 --cap-drop ALL -v @DIR:/.azure", imgShell, Fresh, "/.azure", "", 4321},
		{"AZURE_CONFIG_DIR", "run -d -u 77 -e AZURE_CONFIG_DIR=/az -v @DIR:/az", imgBare, Fresh, "/az", "", 77},
		{"by --mount", "run -d --mount type=bind,source=@DIR,target=/root/.azure", imgAz, Fresh, "/root/.azure", "", 0},
		{"no network, created only", "create --network none -v @DIR:/root/.azure", imgAz, Fresh, "/root/.azure", "", 0},
		{"not mounted", "run -d", imgAz, Missing, "/root/.azure", "/root/.azure and make it anew", 0},
		{"mounted elsewhere", "run -d -v @DIR:/mnt", imgAz, Missing, "/root/.azure", "looks in /root/.azure", 0},
		{"read-only mount, real az", "run -d -v @DIR:/root/.azure:ro", imgAz, Unwritable, "/root/.azure", "without :ro", 0},
		{"own az directory", "run -d -v " + azDir + ":/root/.azure", imgAz, Shared, "/root/.azure", "left alone", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if me := os.Geteuid(); me != 0 && c.uid != 0 && c.uid != me { // only root can give a directory away
				c.state, c.says = Unwritable, `user: "`
			}
			e, o := mountEngine(t, azDir)
			if users, err := e.users(t.Context()); err != nil {
				t.Fatal(err)
			} else if users.remapped && (c.state == Fresh || c.says == "/az:ro") { // nobody in it is anybody here
				c.state, c.says = Unwritable, "userns_mode"
			}
			dir := e.dirs.path(mountName(t))
			sel := Selector{Names: []string{mountName(t)}, Delivery: "mount"}
			if err := Prepare(t.Context(), o, sel, []*Engine{e}, bundle("secret-zero", end)); err != nil {
				t.Fatal(err)
			}
			how := strings.NewReplacer("@DIR", dir, "@AZ", e.dirs.az()).Replace(c.how)
			got := made(t, e, how, c.image, "sleep", "1000000")
			got.Delivery = "mount"
			s := e.Deliver(t.Context(), got, bundle("secret-one", end))
			if s.State != c.state || s.Path != c.path || !strings.Contains(s.Error, c.says) {
				t.Fatalf("Deliver = %s at %s (%s), want %s at %s", s.State, s.Path, s.Error, c.state, c.path)
			}
			if c.state != Fresh {
				return
			}
			if strings.HasPrefix(how, "create") {
				docker(t, "start", got.ID)
			}
			seesToken(t, got.ID, c.path, "secret-one", how, c.image)
			if s = e.Deliver(t.Context(), got, bundle("secret-two", end)); s.State != Fresh {
				t.Errorf("renewed: %s %s", s.State, s.Error)
			}
			seesToken(t, got.ID, c.path, "secret-two", how, c.image)
			other, err := Connect(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if s = other.Check(t.Context(), got); s.State != Fresh || !s.ExpiresOn.Equal(end.UTC()) {
				t.Errorf("Check by another process: %+v", s)
			}
			if s = e.Withdraw(t.Context(), got); s.State != Missing {
				t.Errorf("Withdraw = %s %s", s.State, s.Error)
			}
			if left := docker(t, "exec", got.ID, "sh", "-c", "ls -A "+c.path); left != "lock" {
				t.Errorf("after Withdraw it sees %q, want what its own process made", left)
			}
		})
	}
	t.Cleanup(func() {
		if left, _ := os.ReadDir(azDir); len(left) > 0 {
			t.Errorf("something was written into the host's az directory: %v", left)
		}
	})
}

// TestSignInMadeInsideAMount: az login in a container stays in its directory.
func TestSignInMadeInsideAMount(t *testing.T) {
	t.Parallel()
	e, o := mountEngine(t, t.TempDir())
	end := time.Now().Add(time.Hour)
	if err := Prepare(t.Context(), o, Selector{Names: []string{mountName(t)}, Delivery: "mount"}, []*Engine{e}, bundle("ours", end)); err != nil {
		t.Fatal(err)
	}
	c := made(t, e, "run -d -v "+e.dirs.path(mountName(t))+":/root/.azure", imgAz, "sleep", "1000000")
	c.Delivery = "mount"
	if s := e.Deliver(t.Context(), c, bundle("ours", end)); s.State != Fresh {
		t.Errorf("before anybody signed in: %s %s", s.State, s.Error)
	}
	docker(t, "exec", c.ID, "sh", "-c", `echo '{"RefreshToken":{"k":{"secret":"theirs"}}}' >/root/.azure/msal_token_cache.json`)
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
}

// TestDirectoryThatIsNotTheOneItMounts: removed and made again on the host, it is another; a restart
// mounts the new one.
func TestDirectoryThatIsNotTheOneItMounts(t *testing.T) {
	t.Parallel()
	e, o := mountEngine(t, t.TempDir())
	end := time.Now().Add(time.Hour)
	sel := Selector{Names: []string{mountName(t)}, Delivery: "mount"}
	if err := Prepare(t.Context(), o, sel, []*Engine{e}, bundle("one", end)); err != nil {
		t.Fatal(err)
	}
	dir := e.dirs.path(mountName(t))
	c := made(t, e, "run -d -v "+dir+":/root/.azure", imgAz, "sleep", "1000000")
	c.Delivery = "mount"
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if s := e.Deliver(t.Context(), c, bundle("two", end)); s.State != Missing || !strings.Contains(s.Error, "restart it") {
		t.Errorf("it does not see this: %+v", s)
	}
	docker(t, "restart", "-t", "0", c.ID)
	if s := e.Deliver(t.Context(), c, bundle("two", end)); s.State != Fresh {
		t.Errorf("after a restart: %+v", s)
	}
	seesToken(t, c.ID, "/root/.azure", "two", "", imgAz)
}

// TestReaderInAContainerNeverSeesHalfAFile: nor none, while its directory is written again and again.
func TestReaderInAContainerNeverSeesHalfAFile(t *testing.T) {
	t.Parallel()
	e, o := mountEngine(t, t.TempDir())
	end := time.Now().Add(time.Hour)
	sel := Selector{Names: []string{mountName(t)}, Delivery: "mount"}
	if err := Prepare(t.Context(), o, sel, []*Engine{e}, bundle("zero", end)); err != nil {
		t.Fatal(err)
	}
	c := made(t, e, "run -d -v "+e.dirs.path(mountName(t))+":/root/.azure", imgShell, "sh", "-c", `while :; do
		s=$(cat /root/.azure/msal_token_cache.json)
		case $s in "{"*"}") ;; *) echo "half: ${#s}" ;; esac
	done`)
	c.Delivery = "mount"
	long := strings.Repeat("x", 100_000)
	for i := range 10 {
		if s := e.Deliver(t.Context(), c, bundle(fmt.Sprint(i, long), end)); s.State != Fresh {
			t.Fatalf("%s %s", s.State, s.Error)
		}
	}
	if out := docker(t, "logs", c.ID); out != "" {
		t.Errorf("%s", out)
	}
}
