package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"aztray/internal/auth"
	"aztray/internal/bounded"
	"aztray/internal/containers"
	"aztray/internal/enginesocket"
	"aztray/internal/instance"
	"aztray/internal/shell"
)

// engineOptions say where what concerns engines is kept, and which address is our own.
func engineOptions(stateDir string) containers.Options {
	o := containers.Options{Mounts: filepath.Join(stateDir, "mounts"), Consents: filepath.Join(stateDir, "consents.json"), Behind: filepath.Join(stateDir, "engine-socket.json")}
	if dir, err := instance.Place(); err == nil {
		o.Own = enginesocket.Address(dir)
	}
	return o
}

// contextName is the docker context that leads to our socket.
const contextName = "aztray"

func (c *command) engineCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "engine", Short: "The engine socket, which has a container's credential in before it starts: context", Args: subcommandOnly, RunE: help, SuggestionsMinimumDistance: 2,
		Example: "  aztray engine context"}
	cmd.AddCommand(&cobra.Command{
		Use: "context", Short: "Make a docker context for the engine socket", Args: noArgs,
		Long: `Make the docker context "aztray", which leads to aztray's engine socket. By it every docker command
works as ever, and a container that is to have the credential has it before its process starts.

It changes nothing until you use that context. The socket is there while aztray runs with
engine.socket = true.`,
		Example: "  aztray engine context\n  docker --context aztray run --rm my-image      # for one command\n  docker context use aztray                      # for all",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.prepare(); err != nil {
				return err
			}
			return c.makeContext(cmd.Context())
		},
	})
	return cmd
}

func (c *command) makeContext(ctx context.Context) error {
	dir, err := instance.Place()
	if err != nil {
		return err
	}
	address := enginesocket.Address(dir)
	if err := c.engines().Keep(ctx); err != nil { // before docker is led to us, which hides it
		fmt.Fprintf(c.Err, "aztray: %v\n", err)
	}
	was, err := docker(ctx, "context", "inspect", contextName, "--format", "{{.Endpoints.docker.Host}}")
	made := "is there already and leads"
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return &auth.Problem{Code: "DOCKER_NOT_FOUND", Kind: auth.EngineMissing, Err: err,
			Message: "The docker command is not there, so there is nothing to make a context for.",
			Advice:  "Lead other programs to the engine socket by its address: DOCKER_HOST=" + address}
	case err != nil:
		made = "leads"
		_, err = docker(ctx, "context", "create", contextName, "--description", "aztray's engine socket: a container's credential is in before it starts", "--docker", "host="+address)
	case was != address:
		made = "led elsewhere, to " + was + ", and now leads"
		_, err = docker(ctx, "context", "update", contextName, "--docker", "host="+address)
	}
	if err != nil {
		return &auth.Problem{Code: "DOCKER_CONTEXT", Kind: auth.EngineMissing, Err: err,
			Message: "The docker command did not make the context: " + err.Error(), Advice: "Use the address instead: DOCKER_HOST=" + address}
	}
	return c.tellContext(ctx, made, address)
}

// tellContext says how the context is used and left.
func (c *command) tellContext(ctx context.Context, made, address string) error {
	current, _ := docker(ctx, "context", "show") // an older docker does not know this
	fmt.Fprintf(c.Out, "The docker context %q %s to aztray's engine socket, %s\n\n", contextName, made, address)
	lines := [][2]string{
		{"for one command", "docker --context " + contextName + " compose up"},
		{"for all", "docker context use " + contextName},
		{"back again", "docker context use " + cmp.Or(strings.Replace(current, contextName, "", 1), "default")},
		{"for other programs", shell.Set("DOCKER_HOST", address)},
	}
	if current == contextName {
		lines[1][1] += "   (it is in use)"
	}
	for _, l := range lines {
		if _, err := fmt.Fprintf(c.Out, "  %-20s%s\n", l[0], l[1]); err != nil {
			return err
		}
	}
	if !c.settings.Engine.Socket {
		fmt.Fprintln(c.Err, "aztray: the engine socket is off; set engine.socket = true.")
	}
	if host := os.Getenv("DOCKER_HOST"); host != "" && host != address {
		fmt.Fprintln(c.Err, "aztray: DOCKER_HOST is set here and beats every context: unset it.")
	}
	return nil
}

// socketProblem says why the engine socket does not serve, where the aztray that runs is to serve one.
func (c *command) socketProblem(ctx context.Context) *auth.Problem {
	dir, err := instance.Place()
	if err != nil || !c.settings.Engine.Socket || !instance.Running(ctx, dir) {
		return nil
	}
	if err := enginesocket.Look(dir); err != nil {
		return enginesocket.NotOpen(dir, err)
	}
	return nil
}

const (
	dockerWithin = 20 * time.Second
	dockerOutput = 64 << 10 // bytes kept of what it says
)

// docker runs a docker command that speaks to no engine, and gives what it prints.
func docker(ctx context.Context, args ...string) (string, error) {
	ctx, stop := context.WithTimeout(ctx, dockerWithin)
	defer stop()
	cmd := exec.CommandContext(ctx, "docker", args...)
	cmd.WaitDelay = time.Second
	out, said := &bounded.Head{Max: dockerOutput}, &bounded.Head{Max: dockerOutput}
	cmd.Stdout, cmd.Stderr = out, said
	err := cmd.Run()
	if _, ok := errors.AsType[*exec.ExitError](err); ok {
		err = errors.New(strings.TrimSpace(said.String()))
	}
	return strings.TrimSpace(out.String()), err
}
