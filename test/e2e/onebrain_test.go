//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"aztray/internal/auth"
	"aztray/test/rig/cloud"
	"aztray/test/rig/images"
	"aztray/test/rig/stage"
)

// The cloud refuses the renewal while az's own token still lasts for long: what the tray knows, every command says.
func TestACommandSaysWhatTheTrayKnows(t *testing.T) {
	x := begin(t, stage.Options{})
	_, err := x.Az(x.ctx, "login", "--scope", cloud.ScopeCognitive)
	x.must(err)
	_, err = x.Az(x.ctx, "account", "get-access-token", "--scope", cloud.ScopeCognitive, "-o", "none") // az keeps that one
	x.must(err)
	x.must(x.RunContainer(x.ctx, "sh", images.Sh))
	x.startTray()
	x.icon(15*time.Second, auth.OK)
	x.holdsNew(10*time.Second, "sh", "")
	x.cmd(0, "service", "status")
	x.Cloud.SetPolicy(func(p *cloud.Policy) { p.Revoked = time.Now() })
	x.settings("[containers]\nscopes = [\"" + cloud.ScopeARM + "\"]\n") // has the tray try the renewal now
	x.icon(15*time.Second, auth.Expiring)
	asked := x.entra()
	out, _ := x.cmd(1, "service", "status")
	if !strings.Contains(out, "You are needed") || strings.Contains(out, "renewed without you") {
		t.Error("the tray is amber, and status beside it does not say so")
	}
	x.cmd(1, "service", "auth-renew", "--check")
	r := x.status(1)
	code, body := x.call("GET", "/health")
	var h struct {
		Components struct {
			AzureAuth struct {
				Details struct {
					Level    auth.Level
					Deadline *time.Time
					Problem  *struct{ Code string }
					Tenant   auth.Tenant
				}
			} `json:"azure_auth"`
			Containers struct {
				Details struct {
					Containers []struct{ Name, State string }
				}
			}
		}
	}
	x.must(json.Unmarshal([]byte(body), &h))
	d := h.Components.AzureAuth.Details
	if code != 200 || d.Level != r.Level || r.Level != auth.Expiring || d.Deadline == nil || r.Deadline == nil || !d.Deadline.Equal(*r.Deadline) ||
		d.Problem == nil || r.Problem == nil || d.Problem.Code != r.Problem.Code || d.Tenant != r.Tenant {
		t.Errorf("/health and status -o json differ:\n%s\n%+v", body, r)
	}
	if c := h.Components.Containers.Details.Containers; len(c) != len(r.Containers) || len(c) == 0 || c[0].Name != r.Containers[0].Name || c[0].State != string(r.Containers[0].State) {
		t.Errorf("/health and status -o json differ about containers:\n%s\n%+v", body, r.Containers)
	}
	if now := x.entra(); now != asked {
		t.Errorf("the commands asked Entra %d times beside the tray", now-asked)
	}
	x.Cloud.SetPolicy(func(p *cloud.Policy) { p.Service(cloud.Entra).Latency = 500 * time.Millisecond })
	before := len(x.Cloud.Visited())
	var two sync.WaitGroup
	for range 2 {
		two.Go(func() {
			if out, msg, code, err := x.Aztray(x.ctx, "service", "auth-renew"); code != 0 || err != nil {
				t.Errorf("auth-renew by the tray: %d %v\n%s%s", code, err, out, msg)
			}
		})
	}
	two.Wait()
	if n := len(x.Cloud.Visited()) - before; n != 1 {
		t.Errorf("two commands at once opened %d browsers", n)
	}
	x.icon(5*time.Second, auth.OK)
	for _, args := range [][]string{{"service", "status"}, {"service", "sync"}, {"service", "sync", "--verify"}, {"service", "sync", "--dry-run"},
		{"service", "auth-renew", "--if-needed"}, {"tenant", "list"}, {"service", "restart"}} {
		x.cmd(0, args...)
	}
	x.cmd(2, "service", "sync", "--container", "nobody")
	x.cmd(2, "service", "restart", "--container", "nobody")
}

// Ctrl-C at a command ends the sign-in that it had the tray begin, az and all.
func TestInterruptingACommandEndsWhatTheTrayBeganForIt(t *testing.T) {
	x := begin(t, stage.Options{})
	_, err := x.Az(x.ctx, "login", "--scope", cloud.ScopeCognitive)
	x.must(err)
	x.startTray()
	x.icon(15*time.Second, auth.OK)
	x.Cloud.SetPolicy(func(p *cloud.Policy) { p.Authorize = cloud.Never })
	cmd := exec.CommandContext(x.ctx, bin, "service", "auth-renew")
	var out, msg bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = x.Env(), &out, &msg
	x.must(cmd.Start())
	x.icon(10*time.Second, auth.Renewing)
	x.eventually(20*time.Second, "az login runs", func() bool { return len(x.logins()) > 0 })
	x.must(cmd.Process.Signal(os.Interrupt))
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 130 || out.Len() > 0 {
		t.Errorf("%v, printed %q, said %q", err, out.String(), msg.String())
	}
	x.icon(10*time.Second, auth.OK)
	x.eventually(5*time.Second, "az has ended too", func() bool { return len(x.logins()) == 0 })
}

// entra counts what was asked of Entra.
func (x *story) entra() (n int) {
	for _, r := range x.Cloud.Requests() {
		if r.Service == cloud.Entra && r.Method != "CONNECT" {
			n++
		}
	}
	return n
}
