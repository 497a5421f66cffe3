package doctor

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"aztray/internal/auth"
	"aztray/internal/containers"
)

func TestOverrules(t *testing.T) {
	principal := map[string]string{"AZURE_CLIENT_ID": "c", "AZURE_TENANT_ID": "t", "AZURE_CLIENT_SECRET": "s"}
	with := func(m map[string]string, kv ...string) map[string]string {
		out := map[string]string{}
		for k, v := range m {
			out[k] = v
		}
		for i := 0; i < len(kv); i += 2 {
			out[kv[i]] = kv[i+1]
		}
		return out
	}
	ours := func(kv ...string) map[string]string {
		return with(map[string]string{"IDENTITY_ENDPOINT": "http://172.17.0.1:8765/token", "IDENTITY_HEADER": "s"}, kv...)
	}
	for _, tc := range []struct {
		name     string
		env      map[string]string
		delivery string
		hostNet  bool
		want     []string
	}{
		{"nothing", nil, "copy", false, nil},
		{"a client id alone, as of a managed identity", map[string]string{"AZURE_CLIENT_ID": "c"}, "copy", false, nil},
		{"a client id and a tenant, without a proof", map[string]string{"AZURE_CLIENT_ID": "c", "AZURE_TENANT_ID": "t"}, "copy", false, nil},
		{"a service principal", principal, "copy", false, []string{"wrong ENV_PRINCIPAL [AZURE_CLIENT_ID AZURE_CLIENT_SECRET]"}},
		{"an empty secret", with(principal, "AZURE_CLIENT_SECRET", ""), "copy", false, nil},
		{"a service principal that is not asked", with(principal, "AZURE_TOKEN_CREDENTIALS", "AzureCLICredential"), "copy", false, nil},
		{"a service principal for the developer's tools alone", with(principal, "AZURE_TOKEN_CREDENTIALS", "dev"), "copy", false, nil},
		{"deployed credentials alone", with(nil, "AZURE_TOKEN_CREDENTIALS", "prod"), "copy", false, []string{"wrong ENV_EXCLUDES [AZURE_TOKEN_CREDENTIALS]"}},
		{"a workload identity", map[string]string{"AZURE_CLIENT_ID": "c", "AZURE_TENANT_ID": "t", "AZURE_FEDERATED_TOKEN_FILE": "/f"}, "copy", false, []string{"wrong ENV_WORKLOAD [AZURE_FEDERATED_TOKEN_FILE]"}},
		{"a managed identity", map[string]string{"MSI_ENDPOINT": "http://x"}, "copy", false, []string{"wrong ENV_MANAGED_IDENTITY [MSI_ENDPOINT]"}},
		{"our endpoint", map[string]string{"IDENTITY_ENDPOINT": "http://x", "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential"}, "endpoint", false, nil},
		{"our endpoint, left out", map[string]string{"IDENTITY_ENDPOINT": "http://x", "AZURE_TOKEN_CREDENTIALS": "dev"}, "endpoint", false, []string{"wrong ENV_EXCLUDES [AZURE_TOKEN_CREDENTIALS]"}},
		{"our endpoint, not told", nil, "endpoint", false, []string{"wrong ENV_NO_ENDPOINT []"}},
		{"a choice that is set to nothing", map[string]string{"AZURE_TOKEN_CREDENTIALS": ""}, "copy", false, []string{"warning ENV_EMPTY [AZURE_TOKEN_CREDENTIALS]"}},
		{"the same with a managed identity", map[string]string{"AZURE_TOKEN_CREDENTIALS": "", "MSI_ENDPOINT": "http://x"}, "copy", false,
			[]string{"warning ENV_EMPTY [AZURE_TOKEN_CREDENTIALS]", "wrong ENV_MANAGED_IDENTITY [MSI_ENDPOINT]"}},
		{"a choice in capitals", map[string]string{"AZURE_TOKEN_CREDENTIALS": "Dev"}, "copy", false, []string{"warning ENV_SPELLING [AZURE_TOKEN_CREDENTIALS]"}},
		{"a choice of one in capitals", map[string]string{"AZURE_TOKEN_CREDENTIALS": "AZURECLICREDENTIAL"}, "copy", false, nil},
		{"a choice with blanks", ours("AZURE_TOKEN_CREDENTIALS", " prod "), "endpoint", false, []string{"warning ENV_SPELLING [AZURE_TOKEN_CREDENTIALS]"}},
		{"a choice in capitals that excludes", map[string]string{"AZURE_TOKEN_CREDENTIALS": "PROD"}, "copy", false, []string{"wrong ENV_EXCLUDES [AZURE_TOKEN_CREDENTIALS]"}},
		{"a service principal beside a choice in capitals", with(principal, "AZURE_TOKEN_CREDENTIALS", "DEV"), "copy", false, []string{"warning ENV_SPELLING [AZURE_TOKEN_CREDENTIALS]"}},
		{"a client id that is set to nothing", map[string]string{"AZURE_CLIENT_ID": ""}, "copy", false, nil},
		{"the same at the endpoint", ours("AZURE_CLIENT_ID", ""), "endpoint", false, []string{"warning ENV_EMPTY [AZURE_CLIENT_ID]"}},
		{"Service Fabric's thumbprint", ours("IDENTITY_SERVER_THUMBPRINT", "ab"), "endpoint", false, []string{"wrong ENV_SERVICE_FABRIC [IDENTITY_SERVER_THUMBPRINT]"}},
		{"the same without an endpoint", map[string]string{"IDENTITY_SERVER_THUMBPRINT": "ab"}, "copy", false, nil},
		{"quotation marks of an env file", map[string]string{"IDENTITY_ENDPOINT": `"http://172.17.0.1:8765/token"`, "IDENTITY_HEADER": "'s'"}, "endpoint", false,
			[]string{"wrong ENV_QUOTED [IDENTITY_ENDPOINT IDENTITY_HEADER]"}},
		{"quotation marks around a choice", map[string]string{"AZURE_TOKEN_CREDENTIALS": `"dev"`}, "copy", false, []string{"wrong ENV_QUOTED [AZURE_TOKEN_CREDENTIALS]"}},
		{"one quotation mark", map[string]string{"AZURE_CLIENT_SECRET": `"`}, "copy", false, nil},
		{"a proxy, and the endpoint named", ours("HTTP_PROXY", "http://proxy:3128", "NO_PROXY", "a, 172.17.0.1 ,b"), "endpoint", false, nil},
		{"a proxy, and nothing named", ours("HTTP_PROXY", "http://proxy:3128"), "endpoint", false, []string{"wrong ENV_PROXIED []"}},
		{"a proxy, and another named", ours("http_proxy", "http://proxy:3128", "no_proxy", "172.17.0.2"), "endpoint", false, []string{"wrong ENV_PROXIED []"}},
		{"a proxy for https, which JavaScript takes for all", ours("HTTPS_PROXY", "http://proxy:3128"), "endpoint", false, []string{"warning ENV_PROXIED []"}},
		{"a proxy, and all passed over in a way that JavaScript ignores", ours("HTTP_PROXY", "http://proxy:3128", "NO_PROXY", "*"), "endpoint", false, []string{"warning ENV_PROXIED []"}},
		{"the same by a range", ours("HTTP_PROXY", "http://proxy:3128", "NO_PROXY", "172.17.0.0/16"), "endpoint", false, []string{"warning ENV_PROXIED []"}},
		{"the same by host and port", ours("HTTP_PROXY", "http://proxy:3128", "NO_PROXY", "172.17.0.1:8765"), "endpoint", false, []string{"warning ENV_PROXIED []"}},
		{"on the host's network, where Go alone asks directly", map[string]string{"IDENTITY_ENDPOINT": "http://127.0.0.1:8765/token", "HTTP_PROXY": "http://proxy:3128"}, "endpoint", true,
			[]string{"warning ENV_PROXIED []"}},
		{"two lists that differ", ours("HTTP_PROXY", "http://proxy:3128", "NO_PROXY", "172.17.0.1", "no_proxy", "localhost"), "endpoint", false, []string{"warning ENV_PROXIED []"}},
		{"a suffix", map[string]string{"IDENTITY_ENDPOINT": "http://host.docker.internal:8765/token", "ALL_PROXY": "http://proxy:3128", "NO_PROXY": ".internal"}, "endpoint", false, nil},
		{"a proxy and a copy", map[string]string{"HTTP_PROXY": "http://proxy:3128"}, "copy", false, nil},
		{"another directory", map[string]string{"AZURE_CONFIG_DIR": "/opt/azure"}, "copy", false, []string{"wrong ENV_ELSEWHERE [AZURE_CONFIG_DIR]"}},
		{"the same directory", map[string]string{"AZURE_CONFIG_DIR": "/root/.azure"}, "copy", false, nil},
		{"a proxy on loopback", map[string]string{"HTTPS_PROXY": "http://localhost:3128"}, "copy", false, []string{"wrong ENV_PROXY_LOOPBACK [HTTPS_PROXY]"}},
		{"the same on the host's network", map[string]string{"HTTPS_PROXY": "http://127.0.0.1:3128"}, "copy", true, nil},
		{"a proxy elsewhere", map[string]string{"https_proxy": "http://proxy:3128"}, "copy", false, nil},
		{"an API key", map[string]string{"AZURE_OPENAI_API_KEY": "k"}, "copy", false, []string{"warning ENV_KEY [AZURE_OPENAI_API_KEY]"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			for _, o := range overrules(tc.env, tc.delivery, "/root/.azure", tc.hostNet) {
				got = append(got, fmt.Sprint(o.verdict, " ", o.code, " ", o.variables))
			}
			if fmt.Sprint(got) != fmt.Sprint(tc.want) {
				t.Errorf("%v, want %v", got, tc.want)
			}
		})
	}
}

// TestWhatLabelsAskFor: the doctor names the open question and the command that answers it.
func TestWhatLabelsAskFor(t *testing.T) {
	ch := containers.Choice{Tenant: "t", Scopes: []string{"https://cognitiveservices.azure.com/.default"}}
	c := containers.Container{Name: "web", Scopes: []string{"https://management.azure.com/.default"}}
	lines := judgeAsked("web", ch.Grant(c))
	if len(lines) != 1 || lines[0].Code != "CONTAINER_ASKS" || lines[0].Verdict != Warning || !strings.Contains(lines[0].Message, "manage all your Azure subscriptions") ||
		lines[0].Command != "aztray service sync --allow-scopes web" {
		t.Errorf("%+v", lines)
	}
	if lines := judgeAsked("web", ch.Grant(c.Said(containers.AskScopes, false))); len(lines) != 0 {
		t.Errorf("answered: %+v", lines)
	}
}

func TestContainers(t *testing.T) {
	now := time.Now()
	box := func(change func(*containers.Examination)) containers.Examination {
		x := containers.Examination{Container: containers.Container{Name: "web", Delivery: "copy"}, Engine: "running", Az: "/usr/bin/az",
			Status: containers.Status{Name: "web", Delivery: "copy", Path: "/root/.azure", State: containers.Fresh, ExpiresOn: now.Add(time.Hour)}}
		change(&x)
		return x
	}
	state := func(s containers.State, why string) containers.Examination {
		return box(func(x *containers.Examination) { x.Status.State, x.Status.Error = s, why })
	}
	const running, az, credential, env = "good container.running", "good container.az", "good container.credential", "good container.environment"
	for _, tc := range []struct {
		name  string
		x     containers.Examination
		out   bool // signed out
		want  []string
		fixed bool
	}{
		{"fresh", box(func(*containers.Examination) {}), false, []string{running, az, credential, env}, false},
		{"not started", box(func(x *containers.Examination) { x.Engine = "created" }), false, []string{"not-applicable container.running", az, credential, env}, false},
		{"restarting", box(func(x *containers.Examination) { x.Engine = "restarting" }), false, []string{"warning container.running CONTAINER_RESTARTING", az, credential, env}, false},
		{"paused", box(func(x *containers.Examination) { x.Engine = "paused" }), false, []string{"warning container.running CONTAINER_PAUSED", az, credential, env}, false},
		{"a shell alone", box(func(x *containers.Examination) { x.Az, x.Shell = "", true }), false, []string{running, az, credential, env}, false},
		{"neither", box(func(x *containers.Examination) { x.Az, x.Status.State = "", containers.Unreachable }), false, []string{running, "wrong container.az CONTAINER_NO_SHELL", "not-applicable container.credential", env}, false},
		{"missing", state(containers.Missing, ""), false, []string{running, az, "wrong container.credential CONTAINER_MISSING", env}, true},
		{"missing, and nobody signed in", state(containers.Missing, ""), true, []string{running, az, "not-applicable container.credential", env}, false},
		{"waits for an answer", box(func(x *containers.Examination) {
			x.Status.State, x.Status.Consent.Question = containers.Missing, containers.AskEngine
		}), false,
			[]string{running, az, "warning container.credential CONTAINER_WAITS", env}, false},
		{"never gets it", box(func(x *containers.Examination) {
			x.Status.State, x.Status.Consent = containers.Missing, containers.Consent{Question: containers.AskEngine, Never: true}
		}), false,
			[]string{running, az, "not-applicable container.credential", env}, false},
		{"changed", state(containers.Stale, ""), false, []string{running, az, "wrong container.credential CONTAINER_CHANGED", env}, true},
		{"ended", box(func(x *containers.Examination) { x.Status.State, x.Status.ExpiresOn = containers.Stale, now }), false, []string{running, az, "wrong container.credential CONTAINER_STALE", env}, true},
		{"shared", state(containers.Shared, ""), false, []string{running, az, credential, env}, false},
		{"its own", state(containers.OwnSignIn, "x"), false, []string{running, az, "warning container.credential CONTAINER_OWN_SIGN_IN", env}, false},
		{"its own, in a directory of the person's", box(func(x *containers.Examination) { x.Status.State, x.Status.OnHost = containers.OwnSignIn, true }), false, []string{running, az, "warning container.credential CONTAINER_OWN_SIGN_IN", env}, false},
		{"the endpoint, and it controls the engine", box(func(x *containers.Examination) {
			x.Container.Delivery, x.Status.Delivery, x.Env = "endpoint", "endpoint", map[string]string{"IDENTITY_ENDPOINT": "http://x"}
			x.Status.State, x.Status.Consent.Question = containers.Missing, containers.AskEngine
		}), false, []string{running, "not-applicable container.az", "warning container.credential CONTAINER_WAITS", env}, false},
		{"read-only", state(containers.Unwritable, "It is read-only."), false, []string{running, az, "wrong container.credential CONTAINER_UNWRITABLE", env}, false},
		{"failed", state(containers.Failed, "It is gone."), false, []string{running, az, "wrong container.credential CONTAINER_FAILED", env}, true},
		{"root's file for another user", box(func(x *containers.Examination) {
			x.UID, x.GID, x.Files = 1000, 1000, []containers.FileFact{{Path: "/root/.azure/msal_token_cache.json", Mode: 0o600}}
		}), false, []string{running, az, credential, "wrong container.files CONTAINER_FILES_DENIED", env}, true},
		{"a token for all", box(func(x *containers.Examination) {
			x.UID, x.Files = 1000, []containers.FileFact{{Path: "/a/msal_token_cache.json", UID: 1000, Mode: 0o644}}
		}), false, []string{running, az, credential, "warning container.files CONTAINER_FILES_OPEN", env}, true},
		{"the right owner", box(func(x *containers.Examination) {
			x.UID, x.Files = 1000, []containers.FileFact{{Path: "/a", UID: 1000, Mode: fs.ModeDir | 0o700}, {Path: "/a/msal_token_cache.json", UID: 1000, Mode: 0o600}}
		}), false, []string{running, az, credential, "good container.files", env}, false},
		{"gone", box(func(x *containers.Examination) {
			x.Problem = &auth.Problem{Code: "ENGINE_UNREACHABLE", Message: "m", Advice: "a"}
		}), false, []string{"wrong container.running ENGINE_UNREACHABLE"}, false},
		{"the endpoint, off", box(func(x *containers.Examination) {
			x.Container.Delivery, x.Status.Delivery, x.Status.State, x.Env = "endpoint", "endpoint", containers.Unreachable, map[string]string{"IDENTITY_ENDPOINT": "http://x"}
		}), false, []string{running, "not-applicable container.az", "wrong container.credential ENDPOINT_OFF", env}, false},
		{"the endpoint, never asked", box(func(x *containers.Examination) {
			x.Container.Delivery, x.Status.Delivery, x.Status.State, x.Env = "endpoint", "endpoint", containers.Missing, map[string]string{"IDENTITY_ENDPOINT": "http://x"}
		}), false, []string{running, "not-applicable container.az", "warning container.credential CONTAINER_NOT_ASKED", env}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			lines := judgeContainer(tc.x, nil, !tc.out, now)
			whole(t, lines)
			if tc.x.Status.OnHost && strings.Contains(fmt.Sprint(lines), "account clear") {
				t.Errorf("it is advised to sign out in a directory of the person's: %v", lines)
			}
			if got := fmt.Sprint(said(lines)); got != fmt.Sprint(tc.want) {
				t.Errorf("%v, want %v", got, tc.want)
			}
			fixed := false
			for _, l := range lines {
				fixed = fixed || l.Fix == FixDeliver
			}
			if fixed != tc.fixed {
				t.Errorf("--fix delivers: %v, want %v", fixed, tc.fixed)
			}
		})
	}
}

func TestTokenInside(t *testing.T) {
	ends := time.Now().Add(time.Hour)
	x := containers.Examination{Container: containers.Container{Name: "web", Delivery: "copy"}, Engine: "running", Az: "/usr/bin/az",
		Status: containers.Status{State: containers.Fresh, Path: "/root/.azure", ExpiresOn: ends}}
	for _, tc := range []struct {
		name     string
		delivery string
		got      containers.Verified
		want     string
	}{
		{"the one that was delivered", "copy", containers.Verified{Result: containers.Obtained, By: "az", ExpiresOn: ends, Delivered: true}, "good container.token"},
		{"by the endpoint", "endpoint", containers.Verified{Result: containers.Obtained, By: "curl", ExpiresOn: ends}, "good container.token"},
		{"none", "copy", containers.Verified{Result: containers.Refused, By: "az", Error: "Its az gives no token: why"}, "wrong container.token CONTAINER_TOKEN_REFUSED"},
		{"none by the endpoint", "endpoint", containers.Verified{Result: containers.Refused, By: "curl", Error: "No."}, "wrong container.token CONTAINER_TOKEN_REFUSED"},
		{"one of another tenant", "copy", containers.Verified{Result: containers.Refused, By: "az", ExpiresOn: ends, Tenant: "t", Error: "It gets one of another tenant, t."}, "wrong container.token CONTAINER_OTHER_TENANT"},
		{"one that has ended", "copy", containers.Verified{Result: containers.Refused, By: "az", ExpiresOn: ends.Add(-2 * time.Hour), Error: "It has ended."}, "wrong container.token CONTAINER_TOKEN_REFUSED"},
		{"no az that runs", "copy", containers.Verified{Result: containers.Untried, Error: "No."}, "not-applicable container.token"},
	} {
		x.Container.Delivery = tc.delivery
		l := judgeToken(x, tc.got, time.Now())
		if got := said([]Line{l})[0]; got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
		whole(t, in("g", "web", l))
	}
}

// A token is asked for only where something inside could give one.
func TestTriable(t *testing.T) {
	fresh := containers.Examination{Container: containers.Container{Delivery: "copy"}, Engine: "running", Status: containers.Status{State: containers.Fresh}}
	for name, tc := range map[string]struct {
		change func(*containers.Examination)
		want   bool
	}{
		"fresh":                     {func(*containers.Examination) {}, true},
		"its own sign-in":           {func(x *containers.Examination) { x.Status.State = containers.OwnSignIn }, true},
		"not running":               {func(x *containers.Examination) { x.Engine = "exited" }, false},
		"paused":                    {func(x *containers.Examination) { x.Engine = "paused" }, false},
		"stale":                     {func(x *containers.Examination) { x.Status.State = containers.Stale }, false},
		"missing":                   {func(x *containers.Examination) { x.Status.State = containers.Missing }, false},
		"the endpoint, never asked": {func(x *containers.Examination) { x.Container.Delivery, x.Status.State = "endpoint", containers.Missing }, true},
		"the endpoint, off": {func(x *containers.Examination) {
			x.Container.Delivery, x.Status.State = "endpoint", containers.Unreachable
		}, false},
		"files it may not read": {func(x *containers.Examination) { x.UID, x.Files = 1000, []containers.FileFact{{Mode: 0o600}} }, false},
		"gone":                  {func(x *containers.Examination) { x.Problem = &auth.Problem{} }, false},
	} {
		x := fresh
		tc.change(&x)
		if got := triable(x); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
