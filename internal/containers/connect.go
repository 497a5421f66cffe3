package containers

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"aztray/internal/auth"
)

// endpoint is where an engine listens.
type endpoint struct {
	host    string // such as unix:///var/run/docker.sock
	from    string // what chose it, for a person: DOCKER_HOST, context "desktop-linux"
	tlsDir  string // holds ca.pem, cert.pem, key.pem; "": no TLS
	trust   bool   // the server's certificate is not checked
	guessed bool   // nothing chose it: other usual places are tried as well
}

// resolver finds the engine that the docker command would use. Its fields stand in for the system.
type resolver struct {
	env  func(string) string
	home string
}

// resolve follows docker's own order: DOCKER_HOST, which beats contexts, then DOCKER_CONTEXT, then
// the current context of config.json, then the default.
// https://github.com/docker/cli/blob/master/cli/command/cli.go (resolveContextName)
func (r resolver) resolve() (endpoint, error) {
	if host := r.env("DOCKER_HOST"); host != "" {
		ep := endpoint{host: host, from: "DOCKER_HOST"}
		if verify := r.env("DOCKER_TLS_VERIFY") != ""; verify || r.env("DOCKER_TLS") != "" {
			ep.tlsDir, ep.trust = r.env("DOCKER_CERT_PATH"), !verify
			if ep.tlsDir == "" {
				ep.tlsDir = r.configDir()
			}
		}
		return ep, nil
	}
	name, from := r.env("DOCKER_CONTEXT"), "DOCKER_CONTEXT"
	if name == "" {
		var c struct{ CurrentContext string }
		file := filepath.Join(r.configDir(), "config.json")
		if err := readJSON(file, &c); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return endpoint{}, contextProblem("Docker's settings file can't be read.", "Repair "+file+".", err)
		}
		name, from = c.CurrentContext, "docker context"
	}
	if name == "" || name == "default" {
		return endpoint{host: defaultHost, from: "the default", guessed: true}, nil
	}
	return r.context(name, from)
}

func (r resolver) configDir() string {
	if dir := r.env("DOCKER_CONFIG"); dir != "" {
		return dir
	}
	return filepath.Join(r.home, ".docker")
}

// context reads what docker context create wrote.
// https://github.com/docker/cli/blob/master/cli/context/store/doc.go
func (r resolver) context(name, from string) (endpoint, error) {
	sum := sha256.Sum256([]byte(name))
	hash := hex.EncodeToString(sum[:])
	var meta struct {
		Endpoints map[string]struct {
			Host          string
			SkipTLSVerify bool
		}
	}
	err := readJSON(filepath.Join(r.configDir(), "contexts", "meta", hash, "meta.json"), &meta)
	docker := meta.Endpoints["docker"]
	if err != nil || docker.Host == "" {
		return endpoint{}, contextProblem(fmt.Sprintf("The Docker context %q, chosen by %s, is not there or can't be read.", name, from),
			"Choose one that is: docker context use default", err)
	}
	ep := endpoint{host: docker.Host, from: fmt.Sprintf("context %q", name), trust: docker.SkipTLSVerify}
	if dir := filepath.Join(r.configDir(), "contexts", "tls", hash, "docker"); isDir(dir) {
		ep.tlsDir = dir
	}
	return ep, nil
}

// usual are the places where engines listen that no setting points to.
func (r resolver) usual() []endpoint {
	var all []endpoint
	add := func(what string, parts ...string) {
		if parts[0] != "" {
			all = append(all, endpoint{host: "unix://" + filepath.ToSlash(filepath.Join(parts...)), from: what})
		}
	}
	add("rootless Docker", r.env("XDG_RUNTIME_DIR"), "docker.sock")
	add("Docker Desktop", r.home, ".docker", "run", "docker.sock")
	add("Docker Desktop", r.home, ".docker", "desktop", "docker.sock")
	add("OrbStack", r.home, ".orbstack", "run", "docker.sock")
	add("Rancher Desktop", r.home, ".rd", "docker.sock")
	add("Colima", r.home, ".colima", "default", "docker.sock")
	return all
}

// local reports whether the engine's host paths are this machine's.
func (ep endpoint) local() bool {
	return strings.HasPrefix(ep.host, "unix:") || strings.HasPrefix(ep.host, "npipe:")
}

// dialer gives how to connect, and the scheme and host to write into requests.
func (ep endpoint) dialer() (dialFunc, string, string, error) {
	scheme, address, _ := strings.Cut(ep.host, "://")
	var d net.Dialer
	switch scheme {
	case "unix":
		return func(ctx context.Context, _, _ string) (net.Conn, error) { return d.DialContext(ctx, "unix", address) }, "http", "engine", nil
	case "npipe":
		pipe := strings.ReplaceAll(address, "/", `\`)
		return func(ctx context.Context, _, _ string) (net.Conn, error) { return dialPipe(ctx, pipe) }, "http", "engine", nil
	case "tcp", "http", "https":
		u, err := url.Parse("tcp://" + address)
		if err != nil || u.Host == "" {
			return nil, "", "", contextProblem("The engine's address, from "+ep.from+", is not an address.", "Write it as tcp://host:2375.", err)
		}
		if scheme == "tcp" {
			scheme = "http"
		}
		return d.DialContext, scheme, u.Host + strings.TrimSuffix(u.Path, "/"), nil
	case "ssh":
		return nil, "", "", &auth.Problem{Code: "ENGINE_SSH", Kind: auth.EngineMissing,
			Message: "The Docker engine in use (" + ep.from + ") is on another machine and reached by SSH, which aztray does not do yet.",
			Advice:  "Forward its socket, ssh -NL /tmp/engine.sock:/var/run/docker.sock host, and set DOCKER_HOST=unix:///tmp/engine.sock"}
	}
	return nil, "", "", contextProblem("The engine's address, from "+ep.from+", begins with nothing known.", "Use unix://, npipe://, tcp:// or https://.", nil)
}

// tlsConfig is nil where the endpoint has no certificates.
func (ep endpoint) tlsConfig() (*tls.Config, error) {
	if ep.tlsDir == "" {
		return nil, nil
	}
	c := &tls.Config{InsecureSkipVerify: ep.trust} // as the person's own docker context says
	cert, key := filepath.Join(ep.tlsDir, "cert.pem"), filepath.Join(ep.tlsDir, "key.pem")
	if pair, err := tls.LoadX509KeyPair(cert, key); err == nil {
		c.Certificates = []tls.Certificate{pair}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, contextProblem("The certificate for the Docker engine can't be used.", "Look at "+cert, err)
	}
	ca, err := os.ReadFile(filepath.Join(ep.tlsDir, "ca.pem"))
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	c.RootCAs = x509.NewCertPool()
	if err != nil || !c.RootCAs.AppendCertsFromPEM(ca) {
		return nil, contextProblem("The certificate authority of the Docker engine can't be used.", "Look at "+filepath.Join(ep.tlsDir, "ca.pem"), err)
	}
	return c, nil
}

func contextProblem(message, advice string, err error) *auth.Problem {
	return &auth.Problem{Code: "ENGINE_CONTEXT", Kind: auth.EngineMissing, Message: message, Advice: advice, Err: err}
}

// unreachable says in a sentence why ep did not answer.
func unreachable(ep endpoint, err error) *auth.Problem {
	if p, ok := errors.AsType[*auth.Problem](err); ok {
		return p
	}
	p := &auth.Problem{Kind: auth.EngineMissing, Err: err}
	switch {
	case errors.Is(err, fs.ErrPermission):
		p.Code, p.Message = "ENGINE_PERMISSION", "You may not use the Docker engine: "+strings.TrimPrefix(ep.host, "unix://")+" is not open to you."
		p.Advice = "Add yourself to its group and sign out and in again: sudo usermod -aG docker $USER"
	case ep.guessed && errors.Is(err, fs.ErrNotExist) && !installed():
		p.Code, p.Message = "ENGINE_NOT_INSTALLED", "Docker is not installed, so there are no containers to look after."
		p.Advice = "Install it if you want containers to have the sign-in: https://docs.docker.com/get-docker/"
	case ep.local() && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED)):
		p.Code, p.Message = "ENGINE_NOT_RUNNING", "The Docker engine is not running."
		p.Advice = "Start it: " + startCommand
		if !ep.guessed {
			p.Message = "The Docker engine at " + ep.host + " (" + ep.from + ") is not running."
		}
	default:
		p.Code, p.Message = "ENGINE_UNREACHABLE", "The Docker engine at "+ep.host+" ("+ep.from+") does not answer."
		p.Advice = "See whether docker version gets an answer."
	}
	return p
}

// installed reports whether any engine's program is there.
func installed() bool {
	for _, name := range []string{"dockerd", "docker", "podman"} {
		if _, err := exec.LookPath(name); err == nil {
			return true
		}
	}
	return false
}

func readJSON(file string, v any) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}

func isDir(p string) bool {
	i, err := os.Stat(p)
	return err == nil && i.IsDir()
}
