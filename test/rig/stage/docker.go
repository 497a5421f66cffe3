//go:build linux

package stage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"aztray/test/rig/cloud"
)

// docker runs the docker command with this process's own environment: the engine is the machine's.
func docker(ctx context.Context, args ...string) error {
	_, err := dockerOut(ctx, args...)
	return err
}

func dockerOut(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "docker", args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt from the keyboard is not for it
	out, err := cmd.Output()
	if exit, ok := err.(*exec.ExitError); ok {
		return string(out), fmt.Errorf("docker %s: %w: %s", strings.Join(args, " "), err, exit.Stderr)
	}
	return string(out), err
}

// Name is a container's whole name.
func (s *Stage) Name(short string) string { return s.Prefix + short }

// RunContainer starts a container of an image with options for docker run. It has the host's network,
// so that real az in it reaches the cloud on loopback.
func (s *Stage) RunContainer(ctx context.Context, short, image string, options ...string) error {
	name := s.Name(short)
	s.Cleanup(name)
	args := []string{"run", "-d", "--name", name, "--network", "host", "-v", s.Cloud.CAFile() + ":/rig-ca.pem:ro"}
	for _, e := range cloud.EnvVia(s.Cloud.ProxyURL(), "/rig-ca.pem", "/root/.azure") {
		args = append(args, "-e", e)
	}
	image, command, _ := strings.Cut(image, " ")
	args = append(append(args, options...), image)
	// To its end, whatever becomes of ctx: one that is half made could not be removed yet.
	whole, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	return docker(whole, append(args, strings.Fields(command)...)...)
}

// remove removes containers by their whole names. One that is not there is no error.
func remove(names ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err := docker(ctx, append([]string{"rm", "-f", "-v"}, names...)...)
	if err == nil {
		return nil
	}
	var errs []error
	for line := range strings.Lines(err.Error()) { // one for each container
		if !strings.Contains(line, "No such container") {
			errs = append(errs, errors.New(strings.TrimSpace(line)))
		}
	}
	return errors.Join(errs...)
}

// RemoveContainer removes a container of the stage.
func (s *Stage) RemoveContainer(ctx context.Context, short string) error {
	return docker(ctx, "rm", "-f", s.Name(short))
}

// Docker runs a docker command and gives its standard output.
func (s *Stage) Docker(ctx context.Context, args ...string) (string, error) {
	return dockerOut(ctx, args...)
}

// Exec runs a program in a container and gives its standard output.
func (s *Stage) Exec(ctx context.Context, short string, args ...string) (string, error) {
	return dockerOut(ctx, append([]string{"exec", s.Name(short)}, args...)...)
}

// Held is the access token for a scope in the token cache that a container was given; "" when it
// holds none. It is read without az.
func (s *Stage) Held(ctx context.Context, short, scope string) string {
	out, err := s.Exec(ctx, short, "/probe", "cat", "/root/.azure/msal_token_cache.json")
	if err != nil {
		return ""
	}
	var cache struct {
		AccessToken map[string]struct{ Secret, Target string }
	}
	if json.Unmarshal([]byte(out), &cache) != nil {
		return ""
	}
	for _, t := range cache.AccessToken {
		if strings.Contains(t.Target, scope) {
			return t.Secret
		}
	}
	return ""
}

// AzToken has real az in a container obtain a token.
func (s *Stage) AzToken(ctx context.Context, short, scope string) (string, error) {
	out, err := s.Exec(ctx, short, "az", "account", "get-access-token", "--scope", scope, "-o", "json")
	if err != nil {
		return "", err
	}
	var answer struct{ AccessToken string }
	err = json.Unmarshal([]byte(out), &answer)
	return answer.AccessToken, err
}

// TokenOf is what the cloud knows of an access token; false when it never gave it out.
func (s *Stage) TokenOf(value string) (cloud.IssuedToken, bool) {
	for _, t := range s.Cloud.Issued() {
		if t.Value == value && value != "" {
			return t, true
		}
	}
	return cloud.IssuedToken{}, false
}

// Cleanup has a container that the caller made by that whole name removed at the end.
func (s *Stage) Cleanup(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.containers, name) {
		s.containers = append(s.containers, name)
	}
}

// Files is the tar of a container's directory as the engine gives it, for a search; nil when there is
// none.
func (s *Stage) Files(ctx context.Context, name, dir string) []byte {
	out, err := exec.CommandContext(ctx, "docker", "cp", name+":"+dir, "-").Output()
	if err != nil {
		return nil
	}
	return out
}

// Containers are the whole names of those made so far.
func (s *Stage) Containers() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.containers)
}
