package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"aztray/internal/auth"
	"aztray/internal/identity"
)

// hostName is what containers call this machine: Docker Desktop, OrbStack and Colima know it, and a
// Linux engine where extra_hosts says so.
const hostName = "host.docker.internal"

func (c *command) endpointCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "endpoint", Short: "How a container reaches the identity endpoint: env, compose", Args: subcommandOnly, RunE: help, SuggestionsMinimumDistance: 2,
		Example: "  aztray endpoint env --container web > web.env\n  aztray endpoint compose worker web > compose.aztray.yaml"}
	cmd.AddCommand(c.endpointEnvCommand(), c.endpointComposeCommand())
	return cmd
}

func (c *command) endpointEnvCommand() *cobra.Command {
	var name, service, project string
	swarm := false
	cmd := &cobra.Command{
		Use: "env", Short: "Print an env file with which a container gets its tokens from aztray", Args: noArgs,
		Long: `Print the lines of an env file for one container, or for every container of one compose service.
They hold a secret of that container's own; whoever has it, and reaches the endpoint, gets its tokens.`,
		Example: "  aztray endpoint env --container web > web.env\n  docker run --name web --label aztray.deliver=endpoint --env-file web.env my-image",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if (name == "") == (service == "") {
				return usageError{errors.New("say --container NAME or --service NAME")}
			}
			if err := c.prepare(); err != nil {
				return err
			}
			client := identity.ContainerName(name)
			switch {
			case service != "" && swarm:
				client = identity.ServiceName("", service)
			case service != "":
				client = identity.ServiceName(c.project(project), service)
			}
			return c.printEnv(cmd.Context(), client)
		},
	}
	cmd.Flags().StringVar(&name, "container", "", "the container's `NAME`, as docker run --name gives it")
	cmd.Flags().StringVar(&service, "service", "", "the compose service's `NAME`")
	cmd.Flags().BoolVar(&swarm, "swarm", false, "--service is a swarm service's whole name, such as stack_web")
	cmd.Flags().StringVarP(&c.format, "output", "o", "table", "`FORMAT` of the output: table, which is an env file, or json")
	projectFlag(cmd, &project)
	return cmd
}

func (c *command) endpointComposeCommand() *cobra.Command {
	project := ""
	cmd := &cobra.Command{
		Use: "compose SERVICE...", Short: "Print a compose file, to be laid over yours, for services that get their tokens from aztray",
		Example: "  aztray endpoint compose worker web > compose.aztray.yaml\n  docker compose -f compose.yaml -f compose.aztray.yaml up -d",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{errors.New("name the services of the compose file that are to have tokens")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, services []string) error {
			if err := c.prepare(); err != nil {
				return err
			}
			key, err := identity.LoadKey(c.client.StateDir)
			if err != nil {
				return err
			}
			c.noteEndpointOff()
			_, err = c.Out.Write([]byte(composeFile(key, c.project(project), services, c.settings.Endpoint.Port)))
			return err
		},
	}
	projectFlag(cmd, &project)
	return cmd
}

func projectFlag(cmd *cobra.Command, project *string) {
	cmd.Flags().StringVar(project, "project", "", "the compose project's `NAME` (default: COMPOSE_PROJECT_NAME, else this directory's)")
}

// project is compose's name for the project here: https://docs.docker.com/compose/how-tos/project-name
func (c *command) project(flag string) string {
	name := cmp.Or(flag, os.Getenv("COMPOSE_PROJECT_NAME"))
	if name == "" {
		dir, _ := os.Getwd() // a directory that is gone has no project
		name = filepath.Base(dir)
	}
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return -1
	}, strings.ToLower(name))
	return strings.TrimLeft(name, "-_")
}

// noteEndpointOff says so where what is printed has no effect yet.
func (c *command) noteEndpointOff() {
	if !c.settings.Endpoint.Enabled {
		fmt.Fprintln(c.Err, "aztray: the identity endpoint is off; set endpoint.enabled = true in the settings.")
	}
}

func (c *command) printEnv(ctx context.Context, client string) error {
	key, err := identity.LoadKey(c.client.StateDir)
	if err != nil {
		return err
	}
	c.noteEndpointOff()
	host, err := c.endpointHost(ctx)
	if err != nil {
		return err
	}
	if c.format == "json" {
		env := map[string]string{}
		for _, v := range variables(key.Header(client), host, c.settings.Endpoint.Port) {
			env[v[0]] = v[1]
		}
		return c.printJSON(env)
	}
	_, err = c.Out.Write([]byte(envFile(key.Header(client), host, c.settings.Endpoint.Port)))
	return err
}

// endpointHost is how a container reaches this machine: by the gateway of the default bridge, which
// needs no entry for hosts, and by name where the engine has no bridge here.
func (c *command) endpointHost(ctx context.Context) (string, error) {
	gateways, err := c.engines().Gateways(ctx)
	if p, ok := errors.AsType[*auth.Problem](err); ok {
		fmt.Fprintf(c.Err, "aztray: %s The name %s is taken for this machine's.\n", p.Message, hostName)
		err = nil
	}
	if i := slices.IndexFunc(gateways, netip.Addr.Is4); i >= 0 {
		return gateways[i].String(), err
	}
	return hostName, err
}

// variables are what the SDKs look at, in an order of their own. The others that would lead an SDK
// elsewhere (MSI_ENDPOINT and its like) must not be set.
func variables(header auth.Secret, host string, port int) [][2]string {
	direct := host + ",localhost,127.0.0.1"
	return [][2]string{
		{"IDENTITY_ENDPOINT", "http://" + net.JoinHostPort(host, strconv.Itoa(port)) + identity.Path},
		{"IDENTITY_HEADER", header.Reveal()},
		{"NO_PROXY", direct}, {"no_proxy", direct},
	}
}

func envFile(header auth.Secret, host string, port int) string {
	b := &strings.Builder{}
	fmt.Fprintln(b, "# aztray's identity endpoint, for docker run --env-file; the container also needs the label aztray.deliver=endpoint")
	if host == hostName {
		fmt.Fprintln(b, "# On Linux add: --add-host "+hostName+":host-gateway")
	}
	for _, v := range variables(header, host, port) {
		fmt.Fprintf(b, "%s=%s\n", v[0], v[1])
	}
	fmt.Fprintln(b, "# If your own NO_PROXY has entries, add them to both lines.")
	fmt.Fprintln(b, "# AZURE_TOKEN_CREDENTIALS=ManagedIdentityCredential keeps SDKs from trying other sources first; AZURE_CLIENT_ID with")
	fmt.Fprintln(b, "# a tenant and a secret, MSI_ENDPOINT, IMDS_ENDPOINT and IDENTITY_SERVER_THUMBPRINT lead them elsewhere: leave them out.")
	return b.String()
}

// composeFile is laid over the person's own. Every text is quoted as JSON, which YAML takes.
func composeFile(key identity.Key, project string, services []string, port int) string {
	b := &strings.Builder{}
	fmt.Fprintf(b, "# aztray's identity endpoint, for the compose project %q. Lay it over your own file:\n", project)
	fmt.Fprintln(b, "#   docker compose -f compose.yaml -f this-file up -d")
	fmt.Fprintln(b, "# It holds secrets: keep it out of version control. If your own NO_PROXY has entries, add them here.")
	fmt.Fprintln(b, "services:")
	for _, s := range services {
		fmt.Fprintf(b, "  %q:\n    labels:\n      aztray.deliver: endpoint\n    extra_hosts:\n      - %q\n    environment:\n", s, hostName+":host-gateway")
		for _, v := range variables(key.Header(identity.ServiceName(project, s)), hostName, port) {
			fmt.Fprintf(b, "      %s: %q\n", v[0], v[1])
		}
	}
	return b.String()
}
