//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"aztray/test/rig/cloud"
	"aztray/test/rig/images"
	"aztray/test/rig/stage"
)

// scale is how a day's hours become a test's minutes. SDKs and az take the last five minutes of a token as
// over; the clocks of those that do are put back, so that it is margin here.
type scale struct {
	life, margin time.Duration
	renewals     int
}

// A process that asks for a token every second is never refused, and never gets one that an SDK would take
// for over, through six renewals: in each delivery, with real az and each SDK. What lies in a container lasts
// twice as long at least. The SDKs for Python and JavaScript are asked as programs do, by the bearer policy and
// the token provider, which hold a token of their own; Go's policy, whose clock can't be put back, is tried on
// Azure's own scale in package agent.
func TestContinuity(t *testing.T) {
	continuity(t, scale{life: 24 * time.Second, margin: 3 * time.Second, renewals: 6})
}

// BenchmarkContinuity is the same at a slower pace, nearer to that of a day.
func BenchmarkContinuity(b *testing.B) {
	for b.Loop() {
		continuity(b, scale{life: 2 * time.Minute, margin: 8 * time.Second, renewals: 6}) // five minutes of 75, as in Azure
	}
}

// process is one that asks.
type process struct {
	name, delivery, image, network string
	command                        []string
	every                          string        // seconds between an answer and the next question
	early                          time.Duration // how long before its end a token is taken as over
	holds                          bool          // a token of its own until then
}

const (
	sdkEarly = 5 * time.Minute
	// JavaScript's provider asks two minutes before the end, and gives the old token once more meanwhile: a second
	// on a slow machine, for which there are two.
	jsEarly = 2*time.Minute - 2*time.Second
)

func processes() (all []process) {
	for _, delivery := range []string{"copy", "mount", "endpoint"} {
		kind, network := "cli", "none"
		if delivery == "endpoint" {
			kind, network = "identity", "bridge"
		} else {
			all = append(all, process{"az", delivery, images.Az, "host", []string{"/asker"}, "3", sdkEarly, false}) // az itself takes a second of a processor
		}
		all = append(all,
			process{"Go", delivery, images.Sdk, network, []string{"/asker"}, "1", sdkEarly, false},
			process{"Python", delivery, images.Sdk, network, []string{"python3", "/sdk/asker.py", kind}, "1", sdkEarly, true},
			process{"JavaScript", delivery, images.Sdk, network, []string{"node", "/app/asker.mjs", kind}, "1", jsEarly, true})
	}
	return all
}

func continuity(t testing.TB, s scale) {
	x := begin(t, stage.Options{NoDesktop: true,
		Settings: fmt.Sprintf("[azure]\nprobe_interval = \"1s\"\n[endpoint]\nenabled = true\nport = %d\n[containers]\ntenants_allowed = [\"*\"]\n", freePort(t))})
	x.patience(15 * time.Minute)
	x.must(images.Ensure(x.ctx, images.Sdk))
	x.Cloud.SetPolicy(func(p *cloud.Policy) { p.TokenLifetime = s.life })
	_, err := x.Az(x.ctx, "login", "--scope", cloud.ScopeCognitive)
	x.must(err)
	x.tray, err = x.StartTray(x.ctx, "serve")
	x.must(err)
	app := x.app()
	all := processes()
	for i, p := range all {
		x.create(i, p, app, s)
	}
	x.eventually(time.Minute, "every container has its first token", func() bool {
		for i, state := range x.states() {
			if !strings.HasPrefix(state, "endpoint ") && !strings.HasSuffix(state, " fresh") {
				t.Logf("%s: %s", i, state)
				return false
			}
		}
		return true
	})
	before := map[string]int{}
	for _, tenant := range tenants {
		before[tenant] = len(x.delivered(tenant))
	}
	for i := range all {
		run(x, "start", x.Name(fmt.Sprint("c", i)))
	}
	began := time.Now()
	x.eventually(s.life*time.Duration(s.renewals+4), "six renewals", func() bool {
		return !slices.ContainsFunc(tenants, func(tenant string) bool { return len(x.delivered(tenant)) < before[tenant]+s.renewals })
	})
	last := time.Now().Add(s.margin)
	x.eventually(2*s.margin, "the last renewal is taken up", func() bool { return time.Now().After(last) })
	t.Logf("%d renewals in %v", s.renewals, time.Since(began).Round(time.Second))
	ends := x.ends()
	for i, p := range all {
		x.judge(p, x.asked(fmt.Sprint("c", i)), ends, s)
	}
}

// tenants: those that ask the endpoint have one of their own, for a question there may bring a renewal
// forward, and those who don't ask must not live by that.
var tenants = []string{cloud.Contoso.ID, cloud.Fabrikam.ID}

// create makes the container of a process, not started yet.
func (x *story) create(i int, p process, app string, s scale) {
	x.t.Helper()
	name := x.Name(fmt.Sprint("c", i))
	x.Cleanup(name)
	sources, err := filepath.Abs(filepath.Join("..", "rig", "sdk"))
	x.must(err)
	modules, err := filepath.Abs(filepath.Join("..", "..", "build", "sdk", "node_modules"))
	x.must(err)
	if _, err := os.Stat(filepath.Join(modules, "@azure", "identity")); err != nil {
		x.t.Fatalf("Azure's SDK for JavaScript is not there; run: make setup (%v)", err)
	}
	args := []string{"create", "--name", name, "--label", "aztray.deliver=" + p.delivery, "--network", p.network, "-v", app,
		"-v", sources + ":/sdk:ro", "-v", filepath.Join(sources, "asker.mjs") + ":/app/asker.mjs:ro", "-v", modules + ":/app/node_modules:ro",
		"-e", "PYTHONPATH=/sdk", "-e", "PYTHONDONTWRITEBYTECODE=1", "-e", fmt.Sprintf("ASKER_BEHIND=%v", (p.early - s.margin).Seconds())}
	if p.delivery == "endpoint" {
		env, _, code, err := x.Aztray(x.ctx, "endpoint", "env", "--container", name)
		if err != nil || code != 0 {
			x.t.Fatalf("endpoint env: exit code %d, %v", code, err)
		}
		file := filepath.Join(x.Dir, name+".env")
		x.must(os.WriteFile(file, []byte(env), 0o600))
		args = append(args, "--env-file", file, "--label", "aztray.tenant="+cloud.Fabrikam.ID, "-e", "AZURE_TOKEN_CREDENTIALS=ManagedIdentityCredential")
	} else {
		args = append(args, "-v", x.Cloud.CAFile()+":/rig-ca.pem:ro")
		for _, e := range cloud.EnvVia(x.Cloud.ProxyURL(), "/rig-ca.pem", "/root/.azure") {
			args = append(args, "-e", e)
		}
	}
	if p.delivery == "mount" {
		args = append(args, "-v", filepath.Join(x.Dir, "state", "aztray", "mounts", name)+":/root/.azure")
	}
	command := append([]string{p.command[0]}, p.command[1:]...)
	if len(command) == 1 {
		command = append(command, cloud.ScopeCognitive, p.every)
	} else {
		command = append(command[:2:2], cloud.ScopeCognitive, p.every, command[2])
	}
	run(x, append(append(args, p.image), command...)...)
}

// delivered are the tokens for containers in a tenant that the cloud gave out.
func (x *story) delivered(tenant string) (all []cloud.IssuedToken) {
	for _, t := range x.Cloud.Issued() {
		if t.Kind == cloud.AccessToken && t.Tenant == tenant && strings.Contains(t.Scope, cloud.ScopeCognitive) {
			all = append(all, t)
		}
	}
	return all
}

// ends are the ends of all tokens by their SHA-256.
func (x *story) ends() map[string]time.Time {
	all := map[string]time.Time{}
	for _, tenant := range tenants {
		for _, t := range x.delivered(tenant) {
			all[sum(t.Value)] = t.ExpiresOn
		}
	}
	return all
}

// reply is what an asking process wrote of one answer.
type reply struct {
	At            float64
	SHA256, Error string
}

// asked is what the process of a container wrote.
func (x *story) asked(short string) (all []reply) {
	x.t.Helper()
	out, err := exec.CommandContext(x.ctx, "docker", "logs", x.Name(short)).CombinedOutput()
	x.must(err)
	for line := range strings.Lines(string(out)) {
		var r reply
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			x.t.Fatalf("%s wrote %q", short, out)
		}
		all = append(all, r)
	}
	return all
}

// judge checks every answer that a process got.
func (x *story) judge(p process, all []reply, ends map[string]time.Time, s scale) {
	refused, kinds, least := 0, map[string]bool{}, s.life
	enough := s.margin - time.Second          // an end is in whole seconds, and the answer took its time
	if p.delivery != "endpoint" && !p.holds { // containers hold ten minutes or more
		enough += s.margin
	}
	for _, r := range all {
		at := time.UnixMilli(int64(r.At * 1000))
		end, known := ends[r.SHA256]
		switch left := end.Sub(at); {
		case r.Error != "":
			if refused++; refused == 1 {
				x.t.Errorf("%s by %s was refused at %v: %s", p.name, p.delivery, at.UTC(), r.Error)
			}
		case !known:
			x.t.Errorf("%s by %s got a token that the cloud never gave out", p.name, p.delivery)
		case left < enough:
			x.t.Errorf("%s by %s got a token with %v left at %v, which is less than %v", p.name, p.delivery, left, at.UTC(), enough)
			fallthrough
		default:
			kinds[r.SHA256], least = true, min(least, left)
		}
	}
	if len(all) < s.renewals || len(kinds) < s.renewals/3 {
		x.t.Errorf("%s by %s asked %d times and got %d tokens", p.name, p.delivery, len(all), len(kinds))
	}
	x.t.Attr(p.name+"-"+p.delivery, fmt.Sprintf("asked %d times, refused %d times, got %d tokens, the oldest with %v of %v left",
		len(all), refused, len(kinds), least.Round(100*time.Millisecond), s.life))
}
