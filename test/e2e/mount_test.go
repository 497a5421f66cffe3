//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aztray/internal/auth"
	"aztray/test/rig/cloud"
	"aztray/test/rig/images"
	"aztray/test/rig/stage"
)

// A container that nothing can be copied into mounts its directory: the token is there at its first
// instruction, is renewed in its place, and is gone when the person signs out.
func TestReadOnlyContainerWithAMount(t *testing.T) {
	const life = 24 * time.Second
	x := begin(t, stage.Options{Settings: "[azure]\nprobe_interval = \"1s\"\n[containers]\ndelivery = \"mount\"\n"})
	x.Setenv("AZTRAY_CONTAINERS_NAMES", x.Name("ro")) // by its name, so that its directory is made ahead of it
	x.Cloud.SetPolicy(func(p *cloud.Policy) { p.TokenLifetime = life })
	_, err := x.Az(x.ctx, "login", "--scope", cloud.ScopeCognitive)
	x.must(err)
	x.startTray()
	x.icon(10*time.Second, auth.OK)
	mounts := filepath.Join(x.Dir, "state", "aztray", "mounts")
	dir := filepath.Join(mounts, x.Name("ro"))
	x.eventually(5*time.Second, "the directory is filled ahead of the container", func() bool {
		_, err := os.Stat(filepath.Join(dir, "msal_token_cache.json"))
		return err == nil
	})
	x.must(x.RunContainer(x.ctx, "ro", images.Sh+" /probe firstread /root/.azure/msal_token_cache.json", "--read-only",
		"-v", dir+":/root/.azure", "-v", filepath.Join(mounts, ".bin", "az")+":/usr/local/bin/az:ro"))
	if !x.firstSight("ro").Exists {
		t.Error("the token was not there at the first instruction")
	}
	held, tok := x.holdsNew(time.Second, "ro", "")
	for range 2 {
		if left := time.Until(tok.ExpiresOn); left < life/4 {
			t.Errorf("the container's token has %v of %v left", left, life)
		}
		held, tok = x.holdsNew(life, "ro", held)
	}
	said, err := x.Exec(x.ctx, "ro", "az", "account", "get-access-token", "--scope", cloud.ScopeCognitive, "--query", "accessToken", "-o", "tsv")
	x.must(err)
	if got, ok := x.TokenOf(strings.TrimSpace(said)); !ok || got.Tenant != cloud.Contoso.ID {
		t.Error("az in the container gives no token of the cloud's")
	}
	for _, issued := range x.Cloud.Issued() {
		if issued.Kind == cloud.RefreshToken && strings.Contains(string(x.Files(x.ctx, x.Name("ro"), "/root/.azure")), issued.Value) {
			t.Error("a refresh token is in the directory that the container mounts")
		}
	}
	x.statusIs("fresh")

	_, err = x.Az(x.ctx, "logout")
	x.must(err)
	x.icon(10*time.Second, auth.SignedOut)
	x.eventually(5*time.Second, "the container holds no token after the sign-out", func() bool {
		left, err := os.ReadDir(dir)
		return err == nil && len(left) == 0
	})
	x.statusIs("missing")
}

// statusIs asks the command line how the one container stands.
func (x *story) statusIs(want string) {
	x.t.Helper()
	out, msg, _, err := x.Aztray(x.ctx, "service", "status", "-o", "json")
	x.must(err)
	var report struct {
		Containers []struct{ Delivery, State, Path string }
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil || len(report.Containers) != 1 {
		x.t.Fatalf("status: %v\n%s%s", err, out, msg)
	}
	if c := report.Containers[0]; c.Delivery != "mount" || c.State != want || c.Path != "/root/.azure" {
		x.t.Errorf("status shows %+v, want %s", c, want)
	}
}

// TestWhatAContainerDoesToItsMountIsNoticed: it deletes its credential, and has it back long before the token's end.
func TestWhatAContainerDoesToItsMountIsNoticed(t *testing.T) {
	x := begin(t, stage.Options{NoDesktop: true, Settings: "[containers]\ndelivery = \"mount\"\n"})
	x.Setenv("AZTRAY_CONTAINERS_NAMES", x.Name("az"))
	_, err := x.Az(x.ctx, "login", "--scope", cloud.ScopeCognitive)
	x.must(err)
	x.tray, err = x.StartTray(x.ctx, "serve")
	x.must(err)
	dir := filepath.Join(x.Dir, "state", "aztray", "mounts", x.Name("az"))
	file := filepath.Join(dir, "msal_token_cache.json")
	x.eventually(20*time.Second, "the directory is filled ahead of the container", func() bool { _, err := os.Stat(file); return err == nil })
	x.must(x.RunContainer(x.ctx, "az", images.Sh, "-v", dir+":/root/.azure"))
	x.holdsNew(10*time.Second, "az", "")
	for range 2 {
		_, err = x.Exec(x.ctx, "az", "rm", "/root/.azure/msal_token_cache.json")
		x.must(err)
		x.eventually(20*time.Second, "the container has its credential back", func() bool { return x.Held(x.ctx, "az", cloud.ScopeCognitive) != "" })
	}
	x.must(x.tray.Stop())
}
