//go:build linux

// Package kube runs a real Kubernetes API server, with etcd behind it, on loopback. It has no nodes:
// what it can show is how the API answers, not how a pod sees it.
package kube

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Server is an API server that runs. Admin and Developer are kubeconfigs: of one who may do everything,
// and of one who may do what roles allow.
type Server struct {
	Admin, Developer string
	URL              string
	children         []*exec.Cmd
}

// DeveloperName is the developer's name in role bindings.
const DeveloperName = "ada"

// Start starts etcd and the API server at bin and waits until it is ready. Everything they write is
// below dir.
func Start(ctx context.Context, bin, dir string) (*Server, error) {
	s := &Server{Admin: filepath.Join(dir, "admin.yaml"), Developer: filepath.Join(dir, "developer.yaml")}
	if err := s.up(ctx, bin, dir); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) up(ctx context.Context, bin, dir string) error {
	ports, err := freePorts(3)
	if err != nil {
		return err
	}
	etcd := fmt.Sprintf("http://127.0.0.1:%d", ports[0])
	peer := fmt.Sprintf("http://127.0.0.1:%d", ports[1])
	if err := s.child(dir, "etcd", "--data-dir", filepath.Join(dir, "etcd"), "--listen-client-urls", etcd, "--advertise-client-urls", etcd,
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default="+peer, "--unsafe-no-fsync"); err != nil {
		return err
	}
	key, err := writeKey(filepath.Join(dir, "accounts.pem"))
	if err != nil {
		return err
	}
	admin, developer := random(), random()
	users := fmt.Sprintf("%s,admin,1,system:masters\n%s,%s,2\n", admin, developer, DeveloperName)
	if err := os.WriteFile(filepath.Join(dir, "users.csv"), []byte(users), 0o600); err != nil {
		return err
	}
	s.URL = fmt.Sprintf("https://127.0.0.1:%d", ports[2])
	err = s.child(dir, bin, "--etcd-servers", etcd, "--bind-address", "127.0.0.1", "--advertise-address", "127.0.0.1", "--secure-port", fmt.Sprint(ports[2]), "--cert-dir", filepath.Join(dir, "certs"),
		"--service-account-issuer", s.URL, "--service-account-key-file", key, "--service-account-signing-key-file", key,
		"--token-auth-file", filepath.Join(dir, "users.csv"), "--authorization-mode", "RBAC", "--service-cluster-ip-range", "10.0.0.0/24",
		"--endpoint-reconciler-type", "none", "--disable-admission-plugins", "ServiceAccount")
	if err != nil {
		return err
	}
	if err := s.ready(ctx, admin, dir); err != nil {
		return err
	}
	return errors.Join(s.kubeconfig(s.Admin, admin, dir), s.kubeconfig(s.Developer, developer, dir))
}

// child starts a program whose output goes to a file in dir; it ends with this process.
func (s *Server) child(dir, name string, args ...string) error {
	log, err := os.Create(filepath.Join(dir, filepath.Base(name)+".log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr, cmd.Env = log, log, append(os.Environ(), "NO_PROXY=127.0.0.1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", filepath.Base(name), err)
	}
	s.children = append(s.children, cmd)
	return nil
}

// ready waits until the API server says that it is.
func (s *Server) ready(ctx context.Context, token, dir string) error {
	ctx, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer client.CloseIdleConnections()
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/readyz", nil)
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", "Bearer "+token)
		answer, err := client.Do(r)
		if err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(dir, "kube-apiserver.log"))
			return fmt.Errorf("the API server is not ready: %w; the end of its log:\n%s", context.Cause(ctx), log[max(0, len(log)-2000):])
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// kubeconfig writes one for the user of a token, whose current context is rig.
func (s *Server) kubeconfig(file, token, dir string) error {
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: rig
clusters: [{name: rig, cluster: {server: %q, certificate-authority: %q}}]
users: [{name: me, user: {token: %q}}]
contexts: [{name: rig, context: {cluster: rig, user: me}}]
`, s.URL, filepath.Join(dir, "certs", "apiserver.crt"), token)
	return os.WriteFile(file, []byte(text), 0o600)
}

// Close ends both programs.
func (s *Server) Close() error {
	var errs []error
	for i := len(s.children) - 1; i >= 0; i-- {
		c := s.children[i]
		if err := syscall.Kill(-c.Process.Pid, syscall.SIGKILL); err != nil {
			errs = append(errs, err)
		}
		c.Wait()
	}
	return errors.Join(errs...)
}

func freePorts(n int) (ports []int, err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

func writeKey(file string) (string, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	if err := pem.Encode(&out, &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}); err != nil {
		return "", err
	}
	return file, os.WriteFile(file, out.Bytes(), 0o600)
}

func random() string {
	b := make([]byte, 16)
	rand.Read(b)
	return hex.EncodeToString(b)
}
