package containers

import (
	"cmp"
	"crypto/sha256"
	"crypto/tls"
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

	"github.com/docker/go-connections/tlsconfig"

	"aztray/internal/auth"
)

// endpoint is where an engine listens.
type endpoint struct {
	host    string // such as unix:///var/run/docker.sock
	context string // the docker context that it is of; "": none
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
		return r.byHost(host), nil
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

// byHost is the engine at an address from the environment.
func (r resolver) byHost(host string) endpoint {
	ep := endpoint{host: host, from: "DOCKER_HOST"}
	if verify := r.env("DOCKER_TLS_VERIFY") != ""; verify || r.env("DOCKER_TLS") != "" {
		ep.tlsDir, ep.trust = r.env("DOCKER_CERT_PATH"), !verify
		if ep.tlsDir == "" {
			ep.tlsDir = r.configDir()
		}
	}
	return ep
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
	ep := endpoint{host: docker.Host, context: name, from: fmt.Sprintf("context %q", name), trust: docker.SkipTLSVerify}
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
	add("rootless Podman", r.env("XDG_RUNTIME_DIR"), "podman", "podman.sock")
	add("Podman", "/run", "podman", "podman.sock")
	add("Podman's machine", r.home, ".local", "share", "containers", "podman", "machine", "podman.sock")
	return all
}

// local reports whether the engine's host paths are this machine's.
func (ep endpoint) local() bool {
	return strings.HasPrefix(ep.host, "unix:") || strings.HasPrefix(ep.host, "npipe:")
}

// address gives host as the client library takes it.
func (ep endpoint) address() (string, error) {
	scheme, address, _ := strings.Cut(ep.host, "://")
	switch scheme {
	case "unix", "npipe":
		return ep.host, nil
	case "tcp", "http", "https":
		u, err := url.Parse("tcp://" + address)
		if err != nil || u.Host == "" {
			return "", contextProblem("The engine's address, from "+ep.from+", is not an address.", "Write it as tcp://host:2375.", err)
		}
		port := "80"
		if ep.secure() {
			port = "443"
		}
		return "tcp://" + net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), port)) + strings.TrimSuffix(u.Path, "/"), nil
	case "ssh":
		if _, err := ep.ssh(); err != nil {
			return "", err
		}
		return "tcp://engine", nil // ssh is told where it is
	}
	return "", contextProblem("The engine's address, from "+ep.from+", begins with nothing known.", "Use unix://, npipe://, tcp://, https:// or ssh://.", nil)
}

// ssh is where ssh is to go, nil where it is not used.
func (ep endpoint) ssh() (*sshHost, error) {
	if !strings.HasPrefix(ep.host, "ssh:") {
		return nil, nil
	}
	h, err := parseSSH(ep.host)
	if err != nil {
		return nil, contextProblem("The engine's address, from "+ep.from+", is not an address: "+err.Error()+".", "Write it as ssh://user@host.", err)
	}
	return &h, nil
}

// secure reports whether the engine is spoken to over TLS.
func (ep endpoint) secure() bool {
	return !ep.local() && !strings.HasPrefix(ep.host, "ssh:") && (ep.tlsDir != "" || strings.HasPrefix(ep.host, "https:"))
}

// tlsConfig is nil where TLS is not spoken. Certificates that are not there are not used.
func (ep endpoint) tlsConfig() (*tls.Config, error) {
	if !ep.secure() {
		return nil, nil
	}
	o := tlsconfig.Options{ExclusiveRootPools: true, InsecureSkipVerify: ep.trust} // as the person's own docker context says
	ca, cert, key := filepath.Join(ep.tlsDir, "ca.pem"), filepath.Join(ep.tlsDir, "cert.pem"), filepath.Join(ep.tlsDir, "key.pem")
	if ep.tlsDir != "" && exists(ca) {
		o.CAFile = ca
	}
	if ep.tlsDir != "" && exists(cert) && exists(key) {
		o.CertFile, o.KeyFile = cert, key
	}
	c, err := tlsconfig.Client(o)
	if err != nil {
		return nil, contextProblem("The certificates for the Docker engine can't be used.", "Look at those in "+ep.tlsDir, err)
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
	if s, ok := errors.AsType[*sshError](err); ok {
		return s.problem()
	}
	p := &auth.Problem{Kind: auth.EngineMissing, Err: err}
	switch {
	case ep.podman() && ep.local() && errors.Is(err, fs.ErrPermission):
		p.Code, p.Message = "ENGINE_PERMISSION", "You may not use the Podman service at "+ep.host+": it is root's."
		p.Advice = "Use your own, by its socket: systemctl --user enable --now podman.socket"
	case ep.podman() && ep.local() && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED)):
		p.Code, p.Message, p.Advice = "ENGINE_NOT_RUNNING", "The Podman service at "+ep.host+" ("+ep.from+") is not running.", startPodman(ep.host)
	case ep.guessed && errors.Is(err, fs.ErrNotExist) && installed("podman") && !installed("dockerd", "docker"):
		p.Code, p.Message, p.Advice = "ENGINE_NOT_RUNNING", "Podman is installed, but its service, which aztray speaks to, is not running.", startPodman("")
	case errors.Is(err, fs.ErrPermission):
		p.Code, p.Message = "ENGINE_PERMISSION", "You may not use the Docker engine: "+strings.TrimPrefix(ep.host, "unix://")+" is not open to you."
		p.Advice = "Add yourself to its group and sign out and in again: sudo usermod -aG docker $USER"
	case ep.guessed && errors.Is(err, fs.ErrNotExist) && !installed("dockerd", "docker", "podman"):
		p.Code, p.Message = "ENGINE_NOT_INSTALLED", "Docker is not installed, so there are no containers to look after."
		p.Advice = "Install it if you want containers to have the sign-in: https://docs.docker.com/get-docker/"
	case ep.local() && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED)):
		p.Code, p.Message = "ENGINE_NOT_RUNNING", "The Docker engine is not running."
		p.Advice = "Start it: " + startCommand
		if !ep.guessed {
			p.Message = "The Docker engine at " + ep.host + " (" + ep.from + ") is not running."
		}
	case strings.HasPrefix(ep.host, "ssh:") && errors.Is(err, exec.ErrNotFound):
		p.Code, p.Message = "ENGINE_SSH", "The Docker engine at "+ep.host+" ("+ep.from+") is reached by SSH, and there is no ssh command here."
		p.Advice = "Install OpenSSH's client."
	case ep.podman():
		p.Code, p.Message = "ENGINE_UNREACHABLE", "The Podman service at "+ep.host+" ("+ep.from+") does not answer."
		p.Advice = "See whether it gets an answer: systemctl status podman.socket, and with --user where it is yours."
	default:
		p.Code, p.Message = "ENGINE_UNREACHABLE", "The Docker engine at "+ep.host+" ("+ep.from+") does not answer."
		p.Advice = "See whether docker version gets an answer."
	}
	return p
}

// podman reports whether the address is one where Podman listens.
func (ep endpoint) podman() bool { return strings.Contains(ep.host, "podman") }

// startPodman is what starts the service at host; its socket starts it when it is called.
func startPodman(host string) string {
	if strings.HasPrefix(host, "unix:///run/podman/") {
		return "Start its socket: sudo systemctl enable --now podman.socket"
	}
	return "Start its socket: systemctl --user enable --now podman.socket, or on a Mac: podman machine start"
}

// installed reports whether one of the programs is there.
func installed(names ...string) bool {
	for _, name := range names {
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
