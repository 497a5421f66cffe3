//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/godbus/dbus/v5"

	"aztray/internal/doctor"
	"aztray/test/rig/cloud"
	"aztray/test/rig/images"
)

// variable sets a variable, and sets it back.
func variable(name, value string) func(*story) func() {
	return func(x *story) func() {
		before := ""
		for _, kv := range x.Env() {
			if v, ok := strings.CutPrefix(kv, name+"="); ok {
				before = v
			}
		}
		x.Setenv(name, value)
		return func() { x.Setenv(name, before) }
	}
}

// together plants several.
func together(plants ...func(*story) func()) func(*story) func() {
	return func(x *story) func() {
		var lifts []func()
		for _, p := range plants {
			lifts = append(lifts, p(x))
		}
		return func() {
			for _, lift := range lifts {
				lift()
			}
		}
	}
}

// policy changes the cloud's, and changes it back.
func policy(change, back func(*cloud.Policy)) func(*story) func() {
	return func(x *story) func() {
		x.Cloud.SetPolicy(change)
		return func() { x.Cloud.SetPolicy(back) }
	}
}

// box is a container that is there for one round.
func box(short, image string, options ...string) func(*story) func() {
	return func(x *story) func() {
		x.must(x.RunContainer(x.ctx, short, image, options...))
		return func() { x.must(x.RemoveContainer(context.WithoutCancel(x.ctx), short)) }
	}
}

// forgotten is a container that no pattern of the settings fits, and that asks the endpoint for something.
func forgotten(x *story) func() {
	name := "aaa-" + x.Prefix
	x.Cleanup(name)
	run(x, "run", "-d", "--name", name, "-e", "AZURE_OPENAI_ENDPOINT=https://x.example", images.Sh, "/probe", "sleep")
	return func() { run(x, "rm", "-f", name) }
}

// script puts a program of that name before all others.
func script(name, text string) func(*story) func() {
	return func(x *story) func() {
		dir := x.t.TempDir()
		x.must(os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755))
		for _, kv := range x.Env() {
			if path, ok := strings.CutPrefix(kv, "PATH="); ok {
				return variable("PATH", dir+":"+path)(x)
			}
		}
		x.t.Fatal("there is no PATH")
		return nil
	}
}

// oldAZ is real az, but for what it says of its age.
func oldAZ(x *story) func() {
	real, err := exec.LookPath("az")
	x.must(err)
	return script("az", "#!/bin/sh\n[ \"$1\" != version ] || { echo '{\"azure-cli\": \"2.20.0\"}'; exit; }\nexec "+real+" \"$@\"\n")(x)
}

func noAZ(x *story) func() { return variable("PATH", pathWithout(x.t, "az"))(x) }

func openCache(x *story) func() {
	x.must(os.Chmod(x.AzureDir, 0o755))
	x.must(os.Chmod(filepath.Join(x.AzureDir, "msal_token_cache.json"), 0o644))
	return nil
}

var lateClock = policy(func(p *cloud.Policy) { p.ClockSkew = 20 * time.Minute }, func(p *cloud.Policy) { p.ClockSkew = 0 })

// otherTenant is a variable of Code Story's, forgotten in the shell. Its cure moves az, which is moved back.
func otherTenant(x *story) func() {
	lift := variable("AZURE_TENANT_ID", cloud.Fabrikam.ID)(x)
	return func() {
		lift()
		_, err := x.Az(x.ctx, "account", "set", "--subscription", cloud.ContosoDev.ID)
		x.must(err)
	}
}

var noRole = policy(func(p *cloud.Policy) { p.OpenAI(cloud.ContosoOpenAI).NoRole = true }, func(p *cloud.Policy) { p.OpenAI(cloud.ContosoOpenAI).NoRole = false })

var noConsent = policy(func(p *cloud.Policy) { p.Tenant(cloud.Contoso).ConditionalAccess = 65001 }, func(p *cloud.Policy) { p.Tenant(cloud.Contoso).ConditionalAccess = 0 })

func revoked(x *story) func() {
	x.Cloud.SetPolicy(func(p *cloud.Policy) { p.Revoked = time.Now() })
	return func() { x.Cloud.SetPolicy(func(p *cloud.Policy) { p.Revoked = time.Time{} }) }
}

func signedOut(x *story) func() {
	_, err := x.Az(x.ctx, "logout")
	x.must(err)
	return nil
}

// loopbackProxy is what a proxy in docker's own settings does where it means the host's loopback.
func loopbackProxy(x *story) func() {
	name := x.Name("proxied")
	x.Cleanup(name)
	run(x, "run", "-d", "--name", name, "--network", "none", "-e", "HTTPS_PROXY=http://127.0.0.1:3128", images.Sh)
	return func() { x.must(x.RemoveContainer(context.WithoutCancel(x.ctx), "proxied")) }
}

// ownSignIn is a sign-in made by az in the container.
func ownSignIn(x *story) func() {
	lift := box("own", images.Az)(x)
	_, err := x.Exec(x.ctx, "own", "az", "login", "--service-principal", "-u", cloud.RobotID, "-p", cloud.RobotSecret, "--tenant", cloud.Contoso.ID)
	x.must(err)
	return lift
}

// deniedFiles is what an entrypoint does that changes owners.
func deniedFiles(x *story) func() {
	lift := box("denied", images.Sh, "--user", "app", "-e", "AZURE_CONFIG_DIR=/home/app/.azure")(x)
	x.cmd(0, "service", "sync", "--container", x.Name("denied"))
	run(x, "exec", "--user", "0", x.Name("denied"), "chown", "-R", "root:root", "/home/app/.azure")
	return lift
}

// brokenInside is an image whose az broke.
func brokenInside(x *story) func() {
	lift := box("broken", images.Az, "-e", "PYTHONHOME=/nowhere")(x)
	x.cmd(0, "service", "sync", "--container", x.Name("broken"))
	return lift
}

func noPanel(x *story) func() {
	x.must(x.Desktop.StopPanel(x.ctx))
	return func() { x.must(x.Desktop.StartPanel(x.ctx)) }
}

func noNotifications(x *story) func() {
	x.must(x.Desktop.StopNotifications(x.ctx))
	return func() { x.must(x.Desktop.StartNotifications(x.ctx)) }
}

// plainbox is a notification service that draws no buttons.
type plainbox struct{}

func (plainbox) GetServerInformation() (name, vendor, version, specification string, err *dbus.Error) {
	return "plainbox", "rig", "1", "1.2", nil
}

func (plainbox) GetCapabilities() ([]string, *dbus.Error) { return []string{"body"}, nil }

func noButtons(x *story) func() {
	const name = "org.freedesktop.Notifications"
	back := noNotifications(x)
	bus := ""
	for _, kv := range x.Env() {
		if v, ok := strings.CutPrefix(kv, "DBUS_SESSION_BUS_ADDRESS="); ok {
			bus = v
		}
	}
	conn, err := dbus.Connect(bus)
	x.must(err)
	x.must(conn.Export(plainbox{}, "/org/freedesktop/Notifications", name))
	_, err = conn.RequestName(name, dbus.NameFlagDoNotQueue)
	x.must(err)
	return func() {
		conn.Close()
		back()
	}
}

func takenHealth(x *story) func() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	x.must(err)
	lift := variable("AZTRAY_HEALTH_LISTEN", l.Addr().String())(x)
	return func() {
		lift()
		l.Close()
	}
}

func takenPort(x *story) func() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	x.must(err)
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	lift := together(variable("AZTRAY_ENDPOINT_ENABLED", "true"), variable("AZTRAY_ENDPOINT_PORT", port))(x)
	return func() {
		lift()
		l.Close()
	}
}

func brokenSettings(x *story) func() {
	x.must(x.WriteSettings("[azure]\ntennant_id = \"x\"\n"))
	return func() { x.must(x.WriteSettings(openAISettings)) }
}

// lostContext is a context that docker was told to use and that was removed since.
func lostContext(x *story) func() {
	dir := filepath.Join(x.Dir, "home", ".docker")
	x.must(os.MkdirAll(dir, 0o700))
	x.must(os.WriteFile(filepath.Join(dir, "config.json"), []byte(`{"currentContext": "faraway"}`), 0o600))
	return nil
}

// deadSocket is the context of aztray's engine socket, after aztray was killed.
func deadSocket(x *story) func() {
	x.cmd(0, "engine", "context")
	config := filepath.Join(x.Dir, "home", ".docker", "config.json")
	x.must(os.WriteFile(config, []byte(`{"currentContext": "aztray"}`), 0o600))
	return nil
}

// deadProxy is that of a VPN that is off.
var deadProxy = together(variable("HTTPS_PROXY", "http://127.0.0.1:9"), variable("https_proxy", "http://127.0.0.1:9"))

var interception = together(variable("REQUESTS_CA_BUNDLE", ""), variable("SSL_CERT_FILE", ""))

func emptyBundle(x *story) func() {
	file := filepath.Join(x.t.TempDir(), "ca.pem")
	x.must(os.WriteFile(file, []byte("<html>Not Found</html>\n"), 0o600))
	return variable("SSL_CERT_FILE", file)(x)
}

// lateEngine is the engine of a virtual machine whose clock stood still while the laptop slept: the real
// engine, but for the time that it tells.
func lateEngine(x *story) func() {
	target := "/var/run/docker.sock"
	if host, ok := strings.CutPrefix(os.Getenv("DOCKER_HOST"), "unix://"); ok {
		target = host
	}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: "engine"})
	proxy.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", target)
	}}
	proxy.ModifyResponse = func(r *http.Response) error {
		if !strings.HasSuffix(r.Request.URL.Path, "/info") {
			return nil
		}
		var info map[string]any
		if err := json.NewDecoder(r.Body).Decode(&info); err != nil {
			return err
		}
		info["SystemTime"] = time.Now().Add(-10 * time.Minute).Format(time.RFC3339Nano)
		text, err := json.Marshal(info)
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
		r.Header.Set("Content-Length", strconv.Itoa(len(text)))
		return err
	}
	dir, err := os.MkdirTemp("", "aztray-engine-") // the paths of sockets are short
	x.must(err)
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	x.must(err)
	server := &http.Server{Handler: proxy, ReadHeaderTimeout: time.Minute}
	go server.Serve(l)
	lift := variable("DOCKER_HOST", "unix://"+filepath.Join(dir, "s"))(x)
	return func() {
		lift()
		server.Close()
		os.RemoveAll(dir)
	}
}

// closedSocket is a socket that only its owner may use.
func closedSocket(x *story) string {
	dir, err := os.MkdirTemp("", "aztray-engine-")
	x.must(err)
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	x.must(err)
	x.must(os.Chmod(dir, 0o755))
	x.must(os.Chmod(filepath.Join(dir, "s"), 0))
	x.t.Cleanup(func() {
		l.Close()
		os.RemoveAll(dir)
	})
	return "unix://" + filepath.Join(dir, "s")
}

// examineAsNobody runs the doctor as somebody who is in no group, where the test runs as root; another
// may not use the socket anyway.
func (x *story) examineAsNobody(engine string) doctor.Report {
	x.t.Helper()
	home, err := os.MkdirTemp("", "aztray-nobody-")
	x.must(err)
	x.t.Cleanup(func() { os.RemoveAll(home) })
	program, err := os.ReadFile(bin)
	x.must(err)
	file := filepath.Join(home, "program")
	x.must(os.WriteFile(file, program, 0o755))
	x.must(os.Chmod(home, 0o755))
	cmd := exec.CommandContext(x.ctx, file, "doctor", "-o", "json")
	cmd.Env = append(x.Env(), "HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_STATE_HOME="+home, "XDG_RUNTIME_DIR="+home, "AZURE_CONFIG_DIR="+filepath.Join(home, ".azure"),
		"DOCKER_CONFIG="+home, "DOCKER_HOST="+engine)
	if os.Getuid() == 0 {
		const nobody = 65534
		x.must(os.Chown(home, nobody, nobody))
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	var msg bytes.Buffer
	cmd.Stderr = &msg
	out, err := cmd.Output()
	var r doctor.Report
	if jerr := json.Unmarshal(out, &r); jerr != nil {
		x.t.Fatalf("%v, %v:\n%s%s", err, jerr, out, &msg)
	}
	return r
}
