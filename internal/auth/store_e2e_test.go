//go:build e2e && linux

package auth

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"aztray/test/rig/cloud"
)

// keyRing is a session bus of the test's own with an unlocked GNOME Keyring on it. The environment of
// the test, and of what it starts, is that session's.
func keyRing(t *testing.T) {
	t.Helper()
	home := t.TempDir()
	if err := os.Chmod(home, 0o700); err != nil { // the key ring's own demand of XDG_RUNTIME_DIR
		t.Fatal(err)
	}
	for name, value := range map[string]string{"HOME": home, "XDG_RUNTIME_DIR": home, "XDG_DATA_HOME": filepath.Join(home, "data")} {
		t.Setenv(name, value)
	}
	address, err := start(t, "", "dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1").ReadString('\n')
	if err != nil {
		t.Fatal("dbus-daemon: ", err)
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", strings.TrimSpace(address))
	start(t, "\n", "gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets") // an empty password
	conn := sessionBus(t)
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		var owned bool
		if err := conn.BusObject().Call("org.freedesktop.DBus.NameHasOwner", 0, "org.freedesktop.secrets").Store(&owned); err != nil {
			t.Fatal(err)
		}
		if owned {
			return
		}
		if time.Now().After(end) {
			t.Fatal("GNOME Keyring did not come up")
		}
	}
}

// start runs a program until the test's end and gives what it prints.
func start(t *testing.T, input, name string, args ...string) *bufio.Reader {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Stdin = strings.NewReader(input)
	ownGroup(cmd)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("these tests need %s: %v", name, err)
	}
	t.Cleanup(func() {
		killGroup(cmd)
		cmd.Wait()
	})
	return bufio.NewReader(out)
}

func sessionBus(t *testing.T) *dbus.Conn {
	t.Helper()
	conn, err := dbus.ConnectSessionBus()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// lock locks the collection that az stores in.
func lock(t *testing.T) {
	t.Helper()
	var locked []dbus.ObjectPath
	var prompt dbus.ObjectPath
	err := sessionBus(t).Object("org.freedesktop.secrets", "/org/freedesktop/secrets").
		Call(secretService+".Lock", 0, []dbus.ObjectPath{"/org/freedesktop/secrets/aliases/default"}).Store(&locked, &prompt)
	if err != nil || len(locked) != 1 {
		t.Fatalf("locked %v, %v", locked, err)
	}
}

// onRig makes the rig's cloud the one that this process and az meet, and gives az's directory in it.
func onRig(t *testing.T) (*cloud.Cloud, Dir) {
	t.Helper()
	c, err := cloud.Start(cloud.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	dir := t.TempDir()
	for _, pair := range c.Env(dir) {
		name, value, _ := strings.Cut(pair, "=")
		t.Setenv(name, value)
	}
	browser, err := c.WriteBrowser(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("BROWSER", browser)
	return c, Dir(dir)
}

func TestRealAzsCacheIsReadFromLibsecret(t *testing.T) {
	keyRing(t)
	c, dir := onRig(t)
	t.Setenv("AZURE_CORE_ENCRYPT_TOKEN_CACHE", "true")
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	if err := (CLI{}).Login(ctx, LoginOptions{TenantID: cloud.Contoso.ID, Scope: cloud.ScopeCognitive}); err != nil {
		t.Fatalf("%v: %v", err, err.(*Problem).Err)
	}
	if _, err := os.Stat(filepath.Join(string(dir), cacheFile)); err == nil {
		t.Fatal("az wrote a plain cache: this shows nothing")
	}
	f, err := dir.Read(ctx)
	if err != nil || f.Cache == nil {
		t.Fatalf("cache %v, %v, %v", f.Cache != nil, f.CacheProblem, err)
	}
	token, err := Silent{HTTP: c.HTTPClient()}.Token(ctx, f, cloud.Ada.Username, cloud.Contoso.ID, cloud.ScopeCognitive)
	if err != nil || token.Secret.IsZero() {
		t.Errorf("renewing from it in process: %v", err)
	}
	if k := f.Kind(f.Profile.Current()); k != AccountPerson {
		t.Errorf("the sign-in is %s, want a person's", k)
	}

	lock(t)
	f, err = dir.Read(ctx)
	if err != nil || f.Cache != nil || f.CacheProblem == nil || f.CacheProblem.Code != "AZ_CACHE_ENCRYPTED" || !strings.Contains(f.CacheProblem.Err.Error(), "locked") {
		t.Errorf("a locked key ring: cache %v, %v, %v; want AZ_CACHE_ENCRYPTED because it is locked", f.Cache != nil, f.CacheProblem, err)
	}
}

func TestTheItemOfLaterAzIsRead(t *testing.T) {
	keyRing(t)
	store := exec.Command("secret-tool", "store", "--label=", "xdg:schema", "Microsoft Azure CLI", "type", "Token cache")
	store.Stdin = strings.NewReader(tokenCache)
	if out, err := store.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	f, err := azDir(t, map[string]string{profileFile: profile, cacheSignal: ""}).Read(t.Context())
	if err != nil || f.Cache == nil {
		t.Fatalf("cache %v, %v, %v", f.Cache != nil, f.CacheProblem, err)
	}
	if _, ok := f.Cache.Token("oid."+contoso, contoso, scope); !ok {
		t.Error("the cache has no token")
	}
}
