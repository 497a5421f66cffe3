//go:build e2e

package e2e

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aztray/internal/agent"
	"aztray/internal/auth"
	"aztray/test/rig/cloud"
	"aztray/test/rig/images"
	"aztray/test/rig/stage"
)

// says checks that a text holds each of the words.
func (x *story) says(text string, words ...string) {
	x.t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			x.t.Errorf("it does not say %q:\n%s", w, text)
		}
	}
}

// A service principal is renewed by az alone. Where its proof is no good any more, status says what is,
// with the command, and no browser is opened in vain.
func TestWhatAServicePrincipalNeeds(t *testing.T) {
	x := begin(t, stage.Options{NoDesktop: true})
	x.Cloud.SetPolicy(func(p *cloud.Policy) { p.TokenLifetime = 4 * time.Minute }) // az takes it as over at once
	certificate, err := x.Cloud.WriteCertificate(filepath.Join(x.Dir, "home"))
	x.must(err)
	login := "az login --service-principal --username " + cloud.RobotID + " --tenant " + cloud.Contoso.ID
	for _, c := range []struct {
		proof, kind string
		login       []string
		spoil       func(*cloud.RobotPolicy)
		want        []string
	}{
		{"secret", "a service principal with a secret", []string{"--password", cloud.RobotSecret}, func(p *cloud.RobotPolicy) { p.SecretExpired = true },
			[]string{"The service principal's secret has expired.", "az ad app credential reset --id " + cloud.RobotID, login}},
		{"certificate", "a service principal with a certificate", []string{"--password", certificate}, func(p *cloud.RobotPolicy) { p.CertificateExpired = true },
			[]string{"The service principal's certificate has expired", login + " --password CERT.pem"}},
		{"federated token", "a service principal with a federated token", []string{"--federated-token", x.Cloud.FederatedToken(time.Hour)}, func(p *cloud.RobotPolicy) { p.FederationRemoved = true },
			[]string{"does not trust the federated token", "az ad app federated-credential list --id " + cloud.RobotID}},
	} {
		x.Cloud.SetPolicy(func(p *cloud.Policy) { p.Robot = cloud.RobotPolicy{} })
		_, _, err := x.Run(x.ctx, "az", append([]string{"login", "--service-principal", "-u", cloud.RobotID, "--tenant", cloud.Contoso.ID}, c.login...)...)
		x.must(err)
		out, _ := x.cmd(0, "service", "status")
		x.says(out, "Signed in", c.kind+"; no browser renews that")
		x.Cloud.SetPolicy(func(p *cloud.Policy) { c.spoil(&p.Robot) })
		out, _ = x.cmd(1, "service", "status")
		x.says(out, append(c.want, "Access to")...)
		if c.proof == "secret" {
			_, msg := x.cmd(1, "service", "auth-renew")
			x.says(msg, "which a browser cannot renew")
		}
	}
	if n := len(x.Cloud.Visited()); n != 0 {
		t.Errorf("%d browsers were opened", n)
	}
	x.Cloud.SetPolicy(func(p *cloud.Policy) { p.Robot = cloud.RobotPolicy{} })
	_, msg := x.cmd(0, "service", "auth-renew")
	x.says(msg, "renews by itself")
}

// az signed in as the machine's managed identity: containers get its token, no browser is offered, and a
// refusal is the endpoint's.
func TestAManagedIdentity(t *testing.T) {
	x := begin(t, stage.Options{Settings: "[azure]\nprobe_interval = \"1s\"\n"})
	for _, pair := range x.Cloud.IdentityEnv() {
		name, value, _ := strings.Cut(pair, "=")
		x.Setenv(name, value)
	}
	x.Cloud.SetPolicy(func(p *cloud.Policy) { p.TokenLifetime = 10 * time.Second })
	_, err := x.Az(x.ctx, "login", "--identity")
	x.must(err)
	x.must(x.RunContainer(x.ctx, "sh", images.Sh))
	x.startTray()
	item := x.icon(15*time.Second, auth.OK)
	if _, tok := x.holdsNew(5*time.Second, "sh", ""); tok.Account != cloud.Machine {
		t.Errorf("the container holds a token of %s", tok.Account)
	}
	x.menuSays(3*time.Second, item, "this machine's managed identity")
	out, _ := x.cmd(0, "service", "status")
	x.says(out, "this machine's managed identity; no browser renews that")
	x.Cloud.SetPolicy(func(p *cloud.Policy) { p.NoIdentity = true })
	item = x.icon(25*time.Second, auth.Expiring)
	x.menuSays(3*time.Second, item, "managed identity endpoint gives az no token")
	x.menuSays(time.Second, item, "Access to "+cloud.Contoso.ID+" ends")
	menu, err := x.Desktop.Menu(x.ctx, item)
	x.must(err)
	if line, ok := menu.Find("Renew now"); !ok || line.Enabled {
		t.Error("a browser is offered that cannot renew a managed identity")
	}
	x.must(x.Desktop.OpenMenu(x.ctx, item))
	x.screenshot("refused")
	x.must(x.Desktop.CloseMenu(x.ctx))
	x.onlyLoopback()
}

// onlyLoopback checks that nothing asked for the metadata address.
func (x *story) onlyLoopback() {
	x.t.Helper()
	for _, r := range x.Cloud.Requests() {
		if ip := net.ParseIP(r.Host); ip != nil && !ip.IsLoopback() {
			x.t.Errorf("%s %s%s was asked for", r.Method, r.Host, r.Path)
		}
	}
}

// In each of Azure's clouds, and in one that only az's settings know, the sign-in, the judgement, the
// endpoint and the containers are that cloud's.
func TestOtherClouds(t *testing.T) {
	for _, c := range []cloud.AzureCloud{cloud.USGovernment, cloud.China, cloud.Stack} {
		t.Run(c.Name, func(t *testing.T) {
			settings := "[openai]\nendpoint = \"" + c.Endpoint(cloud.Contoso) + "\"\n"
			x := begin(t, stage.Options{NoDesktop: true, Settings: settings})
			if c.Name == cloud.Stack.Name {
				x.must(x.WriteSettings(settings + "[azure]\nscope = \"" + c.Scope() + "\"\n"))
				_, err := x.Az(x.ctx, "cloud", "register", "--name", c.Name, "--cloud-config", `{"endpoints": {"activeDirectory": "`+c.Authority()+`",
					"activeDirectoryResourceId": "`+c.Audiences[0]+`/", "resourceManager": "https://`+c.ARM+`/", "management": "https://`+c.ARM+`/",
					"activeDirectoryGraphResourceId": "https://graph.stack.example/"}}`)
				x.must(err)
			}
			_, err := x.Az(x.ctx, "cloud", "set", "--name", c.Name)
			x.must(err)
			x.must(x.RunContainer(x.ctx, "sh", images.Sh))
			x.cmd(0, "service", "auth-renew")
			r := x.status(0)
			if r.Scope != c.Scope() || r.OpenAI == nil || r.OpenAI.Status != "healthy" || r.Tenant.Name != cloud.Contoso.Name {
				t.Errorf("status: scope %s, endpoint %+v, tenant %+v", r.Scope, r.OpenAI, r.Tenant)
			}
			if tok, ok := x.TokenOf(x.Held(x.ctx, "sh", c.Scope())); !ok || tok.Tenant != cloud.Contoso.ID {
				t.Errorf("the container holds a token of %q for %s", tok.Tenant, tok.Scope)
			}
			for _, q := range x.Cloud.Requests() {
				if q.Service == cloud.ARM && q.Host != c.ARM || q.Grant != "" && q.Host != c.Login[0] {
					t.Errorf("%s of another cloud was asked for %s", q.Host, q.Path)
				}
			}
		})
	}
}

// Every source of a credential says how it stands, with more than az in it, and a laptop asks no
// metadata service.
func TestEverySource(t *testing.T) {
	x := begin(t, stage.Options{NoDesktop: true})
	x.Unsetenv("AZURE_TOKEN_CREDENTIALS")
	_, err := x.Az(x.ctx, "login")
	x.must(err)
	tools := filepath.Join(x.Dir, "tools")
	x.must(os.MkdirAll(tools, 0o700))
	x.must(os.WriteFile(filepath.Join(tools, "azd"), []byte("#!/bin/sh\necho 'ERROR: not logged in, run `azd auth login` to login' >&2\nexit 1\n"), 0o700))
	x.Setenv("PATH", tools+":"+os.Getenv("PATH"))
	stand := func(want map[string]auth.SourceState) {
		t.Helper()
		out, _ := x.cmd(0, "service", "status", "--verbose")
		x.says(out, "EnvironmentCredential ", "InteractiveBrowserCredential ")
		for line := range strings.Lines(out) {
			name, rest, _ := strings.Cut(line, " ")
			if state, ok := want[name]; ok && !strings.HasPrefix(strings.TrimSpace(rest), string(state)+" ") {
				t.Errorf("want %s:\n%s", state, line)
			}
			delete(want, name)
		}
		if len(want) > 0 {
			t.Errorf("not listed: %v", want)
		}
	}
	// nothing but az: above all no metadata service
	before := len(x.Cloud.Requests())
	stand(map[string]auth.SourceState{"EnvironmentCredential": auth.SourceNotConfigured, "WorkloadIdentityCredential": auth.SourceNotConfigured,
		"ManagedIdentityCredential": auth.SourceNotConfigured, "VisualStudioCodeCredential": auth.SourceNotConfigured, "AzureCLICredential": auth.SourceUsed,
		"AzureDeveloperCLICredential": auth.SourceNotConfigured, "AzurePowerShellCredential": auth.SourceNotConfigured, "InteractiveBrowserCredential": auth.SourceNotTried})
	for _, r := range x.Cloud.Requests()[before:] {
		if r.Service != cloud.Entra && r.Service != cloud.ARM {
			t.Errorf("%s %s%s was asked for (%s)", r.Method, r.Host, r.Path, r.Outcome)
		}
	}
	// a secret that has expired bars the way, a workload's token and the machine's identity are good
	x.Cloud.SetPolicy(func(p *cloud.Policy) { p.Robot.SecretExpired = true })
	federated := filepath.Join(x.AzureDir, "federated-token")
	x.must(os.WriteFile(federated, []byte(x.Cloud.FederatedToken(time.Hour)), 0o600))
	for name, value := range map[string]string{"AZURE_CLIENT_ID": cloud.RobotID, "AZURE_TENANT_ID": cloud.Contoso.ID, "AZURE_CLIENT_SECRET": cloud.RobotSecret, "AZURE_FEDERATED_TOKEN_FILE": federated} {
		x.Setenv(name, value)
	}
	for _, pair := range x.Cloud.IdentityEnv() {
		name, value, _ := strings.Cut(pair, "=")
		x.Setenv(name, value)
	}
	code := filepath.Join(x.Dir, "home", ".vscode", "extensions", "ms-azuretools.vscode-azureresourcegroups-0.9.8")
	x.must(os.MkdirAll(code, 0o700))
	stand(map[string]auth.SourceState{"EnvironmentCredential": auth.SourceRefused, "WorkloadIdentityCredential": auth.SourceUsed, "ManagedIdentityCredential": auth.SourceAvailable,
		"VisualStudioCodeCredential": auth.SourceNotConfigured, "AzureCLICredential": auth.SourceAvailable})
	x.onlyLoopback()
}

// An idle limit is learnt from a refusal, in either form, and the next end is predicted from it.
func TestALearntIdleLimit(t *testing.T) {
	x := begin(t, stage.Options{Settings: "[azure]\nprobe_interval = \"1s\"\n"})
	x.Cloud.SetPolicy(func(p *cloud.Policy) { p.TokenLifetime = 10 * time.Second })
	_, err := x.Az(x.ctx, "login", "--scope", cloud.ScopeCognitive)
	x.must(err)
	x.startTray()
	x.icon(10*time.Second, auth.OK)
	for _, c := range []struct {
		limit time.Duration
		words string
	}{{90 * 24 * time.Hour, "90 days"}, {12 * time.Hour, "12 hours"}} {
		x.Cloud.SetPolicy(func(p *cloud.Policy) { p.IdleLimit, p.IdleSaid = time.Millisecond, c.limit })
		item := x.icon(25*time.Second, auth.Expiring)
		x.menuSays(3*time.Second, item, "was not used for "+c.words)
		x.Cloud.SetPolicy(func(p *cloud.Policy) { p.IdleLimit = 0 })
		x.must(x.Desktop.ClickMenu(x.ctx, item, "Renew now"))
		item = x.icon(20*time.Second, auth.OK)
		x.menuSays(3*time.Second, item, "if unused (learned: "+c.words+")")
		x.eventually(5*time.Second, "the state file has learnt it", func() bool {
			learnt := agent.Recall(filepath.Join(x.Dir, "state", "aztray", "state.json")).Signs[cloud.Contoso.ID].Policy.Idle
			return learnt.Lasts == c.limit && learnt.From == "AADSTS700082"
		})
		out, _ := x.cmd(0, "service", "status")
		x.says(out, "if it stays unused (learned: "+c.words+")")
	}
}
