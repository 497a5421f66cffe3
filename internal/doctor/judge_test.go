package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os/exec"
	"testing"
	"time"

	"aztray/internal/auth"
	"aztray/internal/autostart"
	"aztray/internal/config"
	"aztray/internal/containers"
	"aztray/internal/notify"
	"aztray/internal/openai"
	"aztray/internal/shell"
)

// said is what a judgement came to: each line as verdict, check and code.
func said(lines []Line) []string {
	var all []string
	for _, l := range lines {
		s := string(l.Verdict) + " " + l.Check
		if l.Code != "" {
			s += " " + l.Code
		}
		all = append(all, s)
	}
	return all
}

// Whatever is wrong has a code, a message and an advice; what is good has none of them but the message.
func whole(t *testing.T, lines []Line) {
	t.Helper()
	for _, l := range lines {
		bad := l.Verdict == Wrong || l.Verdict == Warning
		if l.Group == "" || l.Title == "" || l.Check == "" || l.Message == "" || bad != (l.Code != "") || bad != (l.Advice != "") {
			t.Errorf("not whole: %+v", l)
		}
	}
}

// docker is led back only from our own socket, and only where a command can do that.
func TestDockerIsLedBackFromADeadSocket(t *testing.T) {
	gone := errors.New("gone")
	for _, c := range []struct {
		why   string
		facts socketFacts
		want  Fix
	}{
		{"by a context", socketFacts{On: true, Led: `context "aztray"`, Back: backToDefault, Why: gone}, FixContext},
		{"by a context, to a place that something else took", socketFacts{On: true, Running: true, Led: `context "aztray"`, Back: backToDefault, Why: gone}, FixContext},
		{"by a variable", socketFacts{On: true, Led: "DOCKER_HOST", Back: "unset DOCKER_HOST", Why: gone}, ""},
		{"not at all", socketFacts{On: true, Running: true, Back: backToDefault, Why: gone}, ""},
		{"to the link that goes on to the engine", socketFacts{Led: `context "aztray"`, Back: backToDefault, Why: gone, Link: true}, ""},
	} {
		if lines := judgeSocket(c.facts); len(lines) != 1 || lines[0].Fix != c.want {
			t.Errorf("%s: %+v", c.why, lines)
		}
	}
}

func TestJudgements(t *testing.T) {
	proxy := &url.URL{Scheme: "http", Host: "proxy.example:3128"}
	offline := auth.Classify("", &fs.PathError{Op: "dial", Err: errors.New("no route to host")})
	offline = &auth.Problem{Code: "NET_UNREACHABLE", Kind: auth.Offline, Message: "m", Advice: "a", Err: offline}
	for _, tc := range []struct {
		name string
		got  []Line
		want []string
	}{
		{"no settings file", judgeSettings(settingsFacts{File: "/nowhere/config.toml"}), []string{"good settings"}},
		{"a setting without effect", judgeSettings(settingsFacts{File: "/f", Warnings: []string{"w."}}), []string{"good settings", "warning settings SETTINGS_WITHOUT_EFFECT"}},
		{"a slip in the settings", judgeSettings(settingsFacts{File: "/f", Err: &config.Error{File: "/f", Line: 3, Key: "azure.x", Nearest: "azure.scope"}}), []string{"wrong settings SETTINGS_WRONG"}},
		{"settings that may not be read", judgeSettings(settingsFacts{File: "/f", Err: fs.ErrPermission}), []string{"wrong settings SETTINGS_UNREADABLE"}},

		{"no aztray", judgeRuns(false), []string{"warning aztray.running NOT_RUNNING"}},
		{"no status page is wanted", judgeHealth(healthFacts{Running: true}), []string{"not-applicable health.port"}},
		{"the status page", judgeHealth(healthFacts{Listen: "127.0.0.1:8000", Running: true, Taken: true, Ours: true}), []string{"good health.port"}},
		{"another's port, which is watched", judgeHealth(healthFacts{Listen: "127.0.0.1:8000", Running: true, Taken: true, Watched: true}), []string{"not-applicable health.port"}},
		{"another's port", judgeHealth(healthFacts{Listen: "127.0.0.1:8000", Running: true, Taken: true, By: "uvicorn (process 7)"}), []string{"warning health.port HEALTH_PORT_TAKEN"}},
		{"no status page though aztray runs", judgeHealth(healthFacts{Listen: "127.0.0.1:8000", Running: true}), []string{"warning health.port HEALTH_NOT_SERVED"}},
		{"a port for later", judgeHealth(healthFacts{Listen: "127.0.0.1:8000"}), []string{"good health.port"}},
		{"a port that aztray chose", judgeHealth(healthFacts{Listen: "127.0.0.1:8001", Auto: true, Running: true, Taken: true, Ours: true, Why: "port 8000 is left to the container web"}), []string{"good health.port"}},
		{"a port that aztray is yet to choose", judgeHealth(healthFacts{Auto: true}), []string{"not-applicable health.port"}},
		{"no port was found", judgeHealth(healthFacts{Auto: true, Running: true}), []string{"warning health.port HEALTH_NOT_SERVED"}},

		{"the endpoint is off", judgePort(portFacts{Port: 8765}), []string{"not-applicable endpoint.port"}},
		{"the endpoint is served", judgePort(portFacts{Wanted: true, Running: true, Port: 8765, Taken: true, By: "aztray (process 7)"}), []string{"good endpoint.port"}},
		{"the endpoint is served, by whom can't be seen", judgePort(portFacts{Wanted: true, Running: true, Port: 8765, Taken: true}), []string{"good endpoint.port"}},
		{"another has the port", judgePort(portFacts{Wanted: true, Running: true, Port: 8765, Taken: true, By: "python3 (process 7)"}), []string{"wrong endpoint.port PORT_TAKEN"}},
		{"somebody has the port, and aztray does not run", judgePort(portFacts{Wanted: true, Port: 8765, Taken: true}), []string{"wrong endpoint.port PORT_TAKEN"}},
		{"aztray runs and does not serve", judgePort(portFacts{Wanted: true, Running: true, Port: 8765}), []string{"wrong endpoint.port ENDPOINT_NOT_SERVED"}},
		{"the port is free", judgePort(portFacts{Wanted: true, Port: 8765}), []string{"good endpoint.port"}},

		{"no az", judgeAZ(azFacts{}), []string{"wrong az.installed AZ_NOT_FOUND", "not-applicable az.version"}},
		{"az", judgeAZ(azFacts{Path: "/usr/bin/az", Version: "2.45.0"}), []string{"good az.installed", "good az.version"}},
		{"az before MSAL", judgeAZ(azFacts{Path: "/usr/bin/az", Version: "2.29.2"}), []string{"good az.installed", "wrong az.version AZ_TOO_OLD"}},
		{"an az that fails", judgeAZ(azFacts{Path: "/usr/bin/az", Err: &exec.ExitError{}}), []string{"good az.installed", "wrong az.version AZ_BROKEN"}},
		{"no directory yet", judgeDir(dirFacts{Dir: "/d"}), []string{"not-applicable az.directory"}},
		{"a good directory", judgeDir(dirFacts{Dir: "/d", There: true, Writable: true}), []string{"good az.directory"}},
		{"root's files in it", judgeDir(dirFacts{Dir: "/d", There: true, Writable: true, Foreign: []string{"/d/f"}}), []string{"wrong az.directory AZ_FILES_DENIED"}},
		{"a profile that is damaged", judgeDir(dirFacts{Dir: "/d", There: true, Writable: true, Err: fmt.Errorf("x: %w", auth.ErrTorn)}), []string{"wrong az.directory AZ_FILES_DAMAGED"}},
		{"a directory that cannot be read", judgeDir(dirFacts{Dir: "/d", There: true, Err: fs.ErrPermission}), []string{"wrong az.directory AZ_FILES_UNREADABLE"}},
		{"a directory that cannot be written", judgeDir(dirFacts{Dir: "/d", There: true}), []string{"wrong az.directory AZ_FILES_READ_ONLY"}},
		{"a cache that cannot be read", judgeDir(dirFacts{Dir: "/d", There: true, Writable: true, Cache: offline}), []string{"warning az.directory NET_UNREACHABLE"}},
		{"a cache that all may read", judgeDir(dirFacts{Dir: "/d", There: true, Writable: true, Open: []string{"/d/f"}}), []string{"warning az.directory AZ_FILES_OPEN"}},

		{"no proxy", judgeProxy(proxyFacts{}), []string{"not-applicable net.proxy"}},
		{"a proxy", judgeProxy(proxyFacts{URL: proxy}), []string{"good net.proxy"}},
		{"a dead proxy", judgeProxy(proxyFacts{URL: proxy, Err: errors.New("refused")}), []string{"wrong net.proxy NET_PROXY"}},
		{"no address of a proxy", judgeProxy(proxyFacts{Bad: true}), []string{"wrong net.proxy NET_PROXY_ADDRESS"}},
		{"two proxies", judgeProxy(proxyFacts{URL: proxy, Upper: "a", Lower: "b"}), []string{"warning net.proxy NET_PROXY_TWO"}},
		{"the system's certificates", judgeCA(nil), []string{"good net.ca"}},
		{"a bundle", judgeCA([]caFacts{{Variable: "SSL_CERT_FILE", File: "/f", Certificates: 2}}), []string{"good net.ca"}},
		{"one bundle of two is gone", judgeCA([]caFacts{{Variable: "SSL_CERT_FILE", File: "/f", Certificates: 2}, {Variable: "REQUESTS_CA_BUNDLE", File: "/g", Err: fs.ErrNotExist}}), []string{"wrong net.ca CA_BUNDLE_MISSING"}},
		{"a bundle that may not be read", judgeCA([]caFacts{{Variable: "SSL_CERT_FILE", File: "/f", Err: fs.ErrPermission}}), []string{"wrong net.ca CA_BUNDLE_UNREADABLE"}},
		{"a bundle of none", judgeCA([]caFacts{{Variable: "SSL_CERT_FILE", File: "/f"}}), []string{"wrong net.ca CA_BUNDLE_EMPTY"}},
		{"Entra answers", judgeEntra(entraFacts{Host: "h"}, proxyFacts{}), []string{"good net.entra"}},
		{"Entra is behind a dead proxy", judgeEntra(entraFacts{Host: "h", Problem: offline}, proxyFacts{URL: proxy, Err: errors.New("refused")}), []string{"not-applicable net.entra"}},
		{"Entra cannot be reached", judgeEntra(entraFacts{Host: "h", Problem: offline}, proxyFacts{}), []string{"wrong net.entra NET_UNREACHABLE"}},
		{"a clock that is right to the second", judgeClock(entraFacts{Skew: 2 * time.Second}), []string{"good net.clock"}},
		{"a clock a minute off", judgeClock(entraFacts{Skew: -time.Minute}), []string{"warning net.clock CLOCK_DRIFTS"}},
		{"a clock five minutes off", judgeClock(entraFacts{Skew: 5 * time.Minute}), []string{"wrong net.clock CLOCK_SKEW"}},
		{"a clock that can't be compared", judgeClock(entraFacts{Problem: offline}), []string{"not-applicable net.clock"}},

		{"an engine socket that nobody wants", judgeSocket(socketFacts{Why: errors.New("gone")}), nil},
		{"one that is served and used", judgeSocket(socketFacts{On: true, Running: true, Led: "DOCKER_HOST"}), []string{"good docker.socket"}},
		{"one that is served", judgeSocket(socketFacts{On: true, Running: true}), []string{"good docker.socket"}},
		{"one that can't be opened", judgeSocket(socketFacts{On: true, Running: true, Why: errors.New("gone")}), []string{"wrong docker.socket ENGINE_SOCKET_NOT_OPEN"}},
		{"one that waits for aztray", judgeSocket(socketFacts{On: true, Why: errors.New("gone")}), nil},
		{"one that docker is led to, and nobody is there", judgeSocket(socketFacts{On: true, Led: `context "aztray"`, Back: backToDefault, Why: errors.New("gone")}), []string{"wrong docker.socket ENGINE_SOCKET_NOBODY"}},
		{"the same by a variable", judgeSocket(socketFacts{On: true, Led: "DOCKER_HOST", Back: "unset DOCKER_HOST", Why: errors.New("gone")}), []string{"wrong docker.socket ENGINE_SOCKET_NOBODY"}},
		{"one that was turned off and docker is led to", judgeSocket(socketFacts{Running: true, Led: `context "aztray"`, Back: backToDefault, Why: errors.New("gone"), Link: true}), []string{"warning docker.socket ENGINE_SOCKET_PASSES"}},
		{"no Docker", judgeEngine(engineFacts{Places: []containers.Place{{Chosen: true, Problem: &auth.Problem{Code: "ENGINE_NOT_INSTALLED", Message: "m", Advice: "a"}}}}), []string{"not-applicable docker.engine", "not-applicable docker.covered"}},
		{"an engine with nothing in it", judgeEngine(engineFacts{Places: []containers.Place{{Host: "h", Chosen: true}}}), []string{"good docker.engine", "good docker.clock", "warning docker.covered NOTHING_COVERED"}},
		{"a clock that stood still", judgeEngine(engineFacts{Places: []containers.Place{{Host: "h", Chosen: true, Skew: -time.Hour}}, Covered: make([]containers.Container, 2)}), []string{"good docker.engine", "wrong docker.clock ENGINE_CLOCK_SKEW", "good docker.covered"}},
		{"a clock that begins to", judgeEngine(engineFacts{Places: []containers.Place{{Host: "h", Chosen: true, Skew: time.Minute}}, Covered: make([]containers.Container, 1)}), []string{"good docker.engine", "warning docker.clock ENGINE_CLOCK_DRIFTS", "good docker.covered"}},
		{"one of two is away", judgeEngine(engineFacts{Places: []containers.Place{{Host: "h", Chosen: true}, {Host: "g", Chosen: true, Problem: &auth.Problem{Code: "ENGINE_NOT_RUNNING", Message: "m", Advice: "a"}}}, Covered: make([]containers.Container, 1)}),
			[]string{"good docker.engine", "good docker.clock", "wrong docker.engine ENGINE_NOT_RUNNING", "good docker.covered"}},
		{"another engine", judgeEngine(engineFacts{Places: []containers.Place{{Host: "h", Chosen: true}, {Host: "p", From: "Podman"}}, Covered: make([]containers.Container, 1)}), []string{"good docker.engine", "good docker.clock", "not-applicable docker.other", "good docker.covered"}},

		{"a container that looks as if it needed it", judgeEngine(engineFacts{Places: []containers.Place{{Host: "h", Chosen: true}}, Covered: make([]containers.Container, 1),
			Needy: []containers.Uncovered{{Name: "api", Why: "Its environment names AZURE_TENANT_ID.", Cover: "Cover it."}}}),
			[]string{"good docker.engine", "good docker.clock", "good docker.covered", "warning docker.uncovered CONTAINER_UNCOVERED"}},
		{"a label that its image carries", judgeEngine(engineFacts{Places: []containers.Place{{Host: "h", Chosen: true}}, Covered: make([]containers.Container, 1),
			Ignored: []containers.Ignored{{Container: "api", Label: "aztray.deliver", Why: "It comes from the image."}}}),
			[]string{"good docker.engine", "good docker.clock", "good docker.covered", "warning docker.label LABEL_IGNORED"}},

		{"a panel", judgeHost(nil), []string{"good desktop.tray"}},
		{"no session", judgeHost(&auth.Problem{Code: "TRAY_NO_SESSION_BUS"}), []string{"not-applicable desktop.tray"}},
		{"notifications with buttons", judgeNotifications(notify.Server{Name: "s", Buttons: true}, nil), []string{"good desktop.notifications"}},
		{"notifications without, and no choice", judgeNotifications(notify.Server{Name: "s", Only: true}, nil), []string{"good desktop.notifications"}},
		{"notifications without", judgeNotifications(notify.Server{Name: "s"}, nil), []string{"warning desktop.notifications NOTIFICATIONS_NO_BUTTONS"}},
		{"no notifications", judgeNotifications(notify.Server{}, errors.New("x")), []string{"warning desktop.notifications NOTIFICATIONS_MISSING"}},
		{"no desktop", judgeNotifications(notify.Server{}, notify.ErrNoDesktop), []string{"not-applicable desktop.notifications"}},

		{"a start at log-in", judgeAutostart(autostart.Status{Enabled: true, Way: autostart.Desktop}, nil), []string{"good desktop.autostart"}},
		{"a start by systemd", judgeAutostart(autostart.Status{Enabled: true, Way: autostart.Unit}, nil), []string{"good desktop.autostart"}},
		{"no start, which is a choice", judgeAutostart(autostart.Status{}, nil), []string{"not-applicable desktop.autostart"}},
		{"a start of a program that is gone", judgeAutostart(autostart.Status{Reason: "the program is not there"}, nil), []string{"warning desktop.autostart AUTOSTART_BROKEN"}},
		{"a start that can't be read", judgeAutostart(autostart.Status{}, errors.New("x")), []string{"warning desktop.autostart AUTOSTART_UNREADABLE"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			whole(t, tc.got)
			if got := fmt.Sprint(said(tc.got)); got != fmt.Sprint(tc.want) {
				t.Errorf("%v, want %v", got, tc.want)
			}
		})
	}
}

// person is az's profile with Ada in two tenants, in the first by default.
func person() auth.Files {
	rows := make([]auth.ProfileSubscription, 2)
	for i, tenant := range []string{"contoso-id", "fabrikam-id"} {
		rows[i].ID, rows[i].TenantID, rows[i].IsDefault = "sub-"+tenant, tenant, i == 0
		rows[i].User.Name, rows[i].User.Type = "ada@contoso.example", "user"
	}
	return auth.Files{Profile: auth.Profile{Subscriptions: rows}}
}

func TestSignIn(t *testing.T) {
	contoso, fabrikam := auth.Tenant{ID: "contoso-id", Name: "Contoso"}, auth.Tenant{ID: "fabrikam-id", Name: "Fabrikam"}
	az := []auth.Source{{Name: "EnvironmentCredential", State: auth.SourceNotConfigured}, {Name: "AzureCLICredential", State: auth.SourceNotTried, Reason: "It is configured, and was not tried."}}
	refused := auth.Classify("AADSTS70043: x", nil)
	for _, tc := range []struct {
		name string
		f    signInFacts
		want []string
		fix  Fix
	}{
		{"all good", signInFacts{Files: person(), Tenant: contoso, Sources: az}, []string{"good sign-in.account", "good sign-in.tenant", "good sign-in.renewal", "good sign-in.others"}, ""},
		{"nobody", signInFacts{Problem: auth.Classify("Please run 'az login' to setup account.", nil)}, []string{"wrong sign-in.account AZ_NOT_SIGNED_IN", "not-applicable sign-in.tenant", "not-applicable sign-in.renewal"}, FixSignIn},
		{"az's files can't be read", signInFacts{Err: fs.ErrPermission}, []string{"not-applicable sign-in.account"}, ""},
		{"refused", signInFacts{Files: person(), Tenant: contoso, Sources: az, Problem: refused}, []string{"good sign-in.account", "good sign-in.tenant", "wrong sign-in.renewal AADSTS70043", "good sign-in.others"}, FixSignIn},
		{"no network", signInFacts{Files: person(), Tenant: contoso, Sources: az, Problem: &auth.Problem{Code: "NET_DNS", Kind: auth.Offline}}, []string{"good sign-in.account", "good sign-in.tenant", "not-applicable sign-in.renewal", "good sign-in.others"}, ""},
		{"Entra is busy", signInFacts{Files: person(), Tenant: contoso, Sources: az, Problem: auth.Classify("AADSTS90033: x", nil)}, []string{"good sign-in.account", "good sign-in.tenant", "warning sign-in.renewal AADSTS90033", "good sign-in.others"}, ""},
		{"az acts elsewhere", signInFacts{Files: person(), Set: "fabrikam-id", Tenant: fabrikam, Sources: az}, []string{"good sign-in.account", "warning sign-in.tenant TENANT_DIFFERS", "good sign-in.renewal", "good sign-in.others"}, ""},
		{"a tenant that az does not know", signInFacts{Files: person(), Set: "t", Tenant: auth.Tenant{ID: "t"}, Sources: az, Problem: refused}, []string{"good sign-in.account", "wrong sign-in.tenant TENANT_NOT_SIGNED_IN", "wrong sign-in.renewal AADSTS70043", "good sign-in.others"}, FixSignIn},
		{"a service principal in the environment", signInFacts{Files: person(), Tenant: contoso, Sources: []auth.Source{{Name: "EnvironmentCredential", State: auth.SourceNotTried, Reason: "It is configured, and was not tried."}, az[1]}},
			[]string{"good sign-in.account", "good sign-in.tenant", "good sign-in.renewal", "warning sign-in.others SOURCE_OVERRULES"}, ""},
		{"az left out", signInFacts{Files: person(), Tenant: contoso, Sources: []auth.Source{az[0], {Name: "AzureCLICredential", State: auth.SourceNotTried, Reason: "AZURE_TOKEN_CREDENTIALS=prod leaves it out."}}},
			[]string{"good sign-in.account", "good sign-in.tenant", "good sign-in.renewal", "warning sign-in.others SOURCE_EXCLUDED"}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			lines := judgeSignIn(tc.f)
			if got := fmt.Sprint(said(lines)); got != fmt.Sprint(tc.want) {
				t.Errorf("%v, want %v", got, tc.want)
			}
			var fix Fix
			for _, l := range lines {
				if l.Fix != "" {
					fix = l.Fix
				}
			}
			if fix != tc.fix {
				t.Errorf("fix %q, want %q", fix, tc.fix)
			}
		})
	}
}

func TestOpenAI(t *testing.T) {
	p := func(code string) *auth.Problem { return &auth.Problem{Code: code, Message: "m", Advice: "a"} }
	both := func(chat, embedding *auth.Problem) []openai.Deployment {
		all := []openai.Deployment{{Name: "gpt", Kind: openai.Chat, Status: openai.Healthy}, {Name: "ada", Kind: openai.Embedding, Status: openai.Healthy}}
		for i, problem := range []*auth.Problem{chat, embedding} {
			if problem != nil {
				all[i].Problem, all[i].Status = problem, openai.Unhealthy
			}
		}
		return all
	}
	for _, tc := range []struct {
		name string
		r    openai.Result
		want []string
	}{
		{"all good", openai.Result{Status: openai.Healthy, Deployments: both(nil, nil)},
			[]string{"good openai.address", "good openai.dns", "good openai.tls", "good openai.tenant", "good openai.role", "good openai.deployment", "good openai.deployment"}},
		{"no such name", openai.Result{Status: openai.Unhealthy, Problem: p("OPENAI_DNS"), Deployments: both(nil, nil)},
			[]string{"good openai.address", "wrong openai.dns OPENAI_DNS", "not-applicable openai.deployment"}},
		{"no https", openai.Result{Status: openai.Unhealthy, Problem: p("OPENAI_NOT_HTTPS")}, []string{"wrong openai.address OPENAI_NOT_HTTPS", "not-applicable openai.deployment"}},
		{"another tenant's", openai.Result{Status: openai.Unhealthy, Problem: p("OPENAI_WRONG_TENANT"), Deployments: both(nil, nil)},
			[]string{"good openai.address", "good openai.dns", "good openai.tls", "wrong openai.tenant OPENAI_WRONG_TENANT", "not-applicable openai.deployment"}},
		{"a claims challenge", openai.Result{Status: openai.Unhealthy, Problem: p("CLAIMS_REQUIRED"), Deployments: both(nil, nil)},
			[]string{"good openai.address", "good openai.dns", "good openai.tls", "wrong openai.tenant CLAIMS_REQUIRED", "not-applicable openai.deployment"}},
		{"no role", openai.Result{Status: openai.Unhealthy, Problem: p("OPENAI_ROLE_MISSING"), Deployments: both(p("OPENAI_ROLE_MISSING"), p("OPENAI_ROLE_MISSING"))},
			[]string{"good openai.address", "good openai.dns", "good openai.tls", "good openai.tenant", "wrong openai.role OPENAI_ROLE_MISSING", "not-applicable openai.deployment"}},
		{"one deployment is not there", openai.Result{Status: openai.Degraded, Problem: p("OPENAI_NO_DEPLOYMENT"), Deployments: both(nil, p("OPENAI_NO_DEPLOYMENT"))},
			[]string{"good openai.address", "good openai.dns", "good openai.tls", "good openai.tenant", "good openai.role", "good openai.deployment", "wrong openai.deployment OPENAI_NO_DEPLOYMENT"}},
		{"throttled as a whole", openai.Result{Status: openai.Degraded, Problem: p("OPENAI_THROTTLED"), Deployments: both(nil, nil)},
			[]string{"good openai.address", "good openai.dns", "warning openai.tls OPENAI_THROTTLED", "not-applicable openai.deployment"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.r.Endpoint = "https://x.openai.azure.com"
			lines := judgeOpenAI(tc.r)
			whole(t, lines)
			if got := fmt.Sprint(said(lines)); got != fmt.Sprint(tc.want) {
				t.Errorf("%v, want %v", got, tc.want)
			}
		})
	}
}

func TestCommandIn(t *testing.T) {
	for advice, want := range map[string]string{
		"Sign in: aztray service auth-renew":                                               "aztray service auth-renew",
		"Sign in and accept it: az login --tenant t --scope https://x/.default":            "az login --tenant t --scope https://x/.default",
		"Update it: az upgrade (or by your package manager)":                               "az upgrade",
		"Make it yours again; on Linux and macOS: sudo chown -R \"$USER\" ~/.azure":        "sudo chown -R \"$USER\" ~/.azure",
		"It is tried again by itself; if it stays: az account clear, then az login":        "az account clear",
		"Start it: sudo systemctl start docker; or set engine.hosts to unix:///x":          "sudo systemctl start docker",
		"Check https://status.azure.com":                                                   "",
		"Note this: it is no command":                                                      "",
		"Take A out of it (compose.yaml: environment) and make it anew: docker compose up": "docker compose up",
	} {
		if got := commandIn(advice); got != want {
			t.Errorf("%q: %q, want %q", advice, got, want)
		}
	}
}

// What a person can paste is found in an advice, in the words of whatever shell is usual here.
func TestTheShellsCommandsAreFoundInAdvice(t *testing.T) {
	for _, command := range []string{shell.Background, shell.Unset("DOCKER_HOST"), shell.Unset(shell.Proxy...), shell.Set("REQUESTS_CA_BUNDLE", "/path/to/ca.pem"),
		shell.Rights("/home/ada/.azure"), shell.Writable("/home/ada/.azure")} {
		if got := commandIn("Do without it, or make it right: " + command); got != command {
			t.Errorf("%q, want %q", got, command)
		}
	}
}
