package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// Source is one of the places that DefaultAzureCredential takes a credential from, and how it stands.
type Source struct {
	Name    string      `json:"name"` // of its type in the SDKs, such as AzureCLICredential
	State   SourceState `json:"state"`
	Reason  string      `json:"reason"`  // one sentence of ours
	Problem *Problem    `json:"problem"` // where it is refused or failed
}

// SourceState is how a source stands.
type SourceState string

const (
	SourceUsed          SourceState = "used"      // the first that works
	SourceAvailable     SourceState = "available" // works, and an earlier one is used
	SourceRefused       SourceState = "refused"   // configured, tried, and refused
	SourceFailed        SourceState = "failed"    // configured, and could not be tried to the end: no network, a broken tool, no time
	SourceNotConfigured SourceState = "not-configured"
	SourceNotTried      SourceState = "not-tried"
)

// SourceOptions say what to look for.
type SourceOptions struct {
	Tenant  string // "" means each source's own
	Scope   string
	HTTP    *http.Client  // from HTTPClient; nil means the SDK's own
	Try     bool          // ask each that is configured for a token; else only see what is configured
	Timeout time.Duration // for each; 0 means 30 seconds: a cold az takes long
	Dir     Dir           // az's; "" means where az keeps it

	machine func() bool // whether this machine is one of Azure's; nil means azureMachine
}

// The sources, by the names of their types, in the order of DefaultAzureCredential over all SDKs.
// https://learn.microsoft.com/azure/developer/go/sdk/authentication/credential-chains
const (
	sourceEnvironment = "EnvironmentCredential"
	sourceWorkload    = "WorkloadIdentityCredential"
	sourceManaged     = "ManagedIdentityCredential"
	sourceCode        = "VisualStudioCodeCredential"
	sourceCLI         = "AzureCLICredential"
	sourceDeveloper   = "AzureDeveloperCLICredential"
	sourcePowerShell  = "AzurePowerShellCredential"
	sourceBrowser     = "InteractiveBrowserCredential"
)

// sourcesAtOnce bounds how many sources are tried at a time: three of them start a program.
const sourcesAtOnce = 3

// member is a source as this machine has it.
type member struct {
	name string
	// absent says why there is nothing to try: "" where there is.
	absent string
	state  SourceState // where absent; "" means not-configured
	make   func(SourceOptions) (azcore.TokenCredential, error)
}

// Sources looks at every source, in DefaultAzureCredential's order. The browser is never opened, and
// the metadata service of virtual machines is asked only where this machine says that it is one.
func Sources(ctx context.Context, o SourceOptions) []Source {
	o.Timeout = cmp.Or(o.Timeout, 30*time.Second)
	members := members(o)
	out := make([]Source, len(members))
	var running sync.WaitGroup
	places := make(chan struct{}, sourcesAtOnce)
	for i, m := range members {
		if m.absent != "" || !o.Try {
			out[i] = m.untried()
			continue
		}
		running.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			out[i] = m.try(ctx, o)
		})
	}
	running.Wait()
	if i := slices.IndexFunc(out, func(s Source) bool { return s.State == SourceAvailable }); i >= 0 {
		out[i].State, out[i].Reason = SourceUsed, "It gives a token, and none before it does."
	}
	return out
}

func (m member) untried() Source {
	if m.absent == "" {
		return Source{Name: m.name, State: SourceNotTried, Reason: "It is configured, and was not tried."}
	}
	return Source{Name: m.name, State: cmp.Or(m.state, SourceNotConfigured), Reason: m.absent}
}

// try asks the source for a token, which it throws away.
func (m member) try(ctx context.Context, o SourceOptions) Source {
	ctx, stop := context.WithTimeout(ctx, o.Timeout)
	defer stop()
	credential, err := m.make(o)
	if err != nil {
		return m.failed(configProblem(m.name, err))
	}
	ask := policy.TokenRequestOptions{Scopes: []string{o.Scope}}
	if m.name == sourceManaged {
		ask.Claims = "{}" // all that these do is to pass over MSAL's cache, which is the whole process's
	}
	_, err = credential.GetToken(ctx, ask)
	switch {
	case err == nil:
		return Source{Name: m.name, State: SourceAvailable, Reason: "It gives a token, too."}
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return m.failed(&Problem{Code: "SOURCE_TIMED_OUT", Kind: Transient, Err: redactedCause("", err),
			Message: fmt.Sprintf("It did not answer within %v.", o.Timeout),
			Advice:  "Try again: a tool's first start takes long."})
	case ctx.Err() != nil:
		return Source{Name: m.name, State: SourceNotTried, Reason: "There was no time for it."}
	}
	return m.refused(o, err)
}

// nobodyThere is how the tools say that nobody is signed in to them, or that they are not there.
var nobodyThere = map[string][]string{
	sourceDeveloper:  {"not logged in", "azd auth login", "executable not found on path"},
	sourcePowerShell: {"connect-azaccount", "az.accounts", "executable not found on path"},
}

// refused reads what a source that gave no token said.
func (m member) refused(o SourceOptions, err error) Source {
	said := strings.ToLower(err.Error())
	for _, s := range nobodyThere[m.name] {
		if strings.Contains(said, s) {
			return Source{Name: m.name, State: SourceNotConfigured, Reason: "Nobody is signed in to it."}
		}
	}
	p := Classify(err.Error(), err).With(o.Tenant, o.Scope)
	_, tried := errors.AsType[*azidentity.AuthenticationFailedError](err)
	switch {
	case p.Code == "AZ_NOT_SIGNED_IN", p.Code == "AZ_NOT_FOUND":
		return Source{Name: m.name, State: SourceNotConfigured, Reason: p.Message}
	case m.name == sourceManaged && !tried:
		return Source{Name: m.name, State: SourceNotConfigured, Reason: "This machine is one of Azure's and has no identity."}
	}
	return m.failed(m.inPlace(p))
}

// failed is a source that is configured and gives no token. Before the tools, that ends the chain of
// most SDKs: a program then never asks az.
func (m member) failed(p *Problem) Source {
	s := Source{Name: m.name, State: SourceFailed, Reason: p.Message, Problem: p}
	if p.Refuses() || p.Kind == ConfigError {
		s.State = SourceRefused
	}
	if slices.Contains([]string{sourceEnvironment, sourceWorkload, sourceManaged}, m.name) {
		s.Reason = strings.TrimSuffix(s.Reason, ".") + ", and a program that finds it never asks az."
	}
	return s
}

// inPlace gives a problem the words that fit the source: what is configured by the environment is not
// cured by a sign-in.
func (m member) inPlace(p *Problem) *Problem {
	c := *p
	switch {
	case m.name == sourceManaged && (p.Kind == Offline || p.Kind == Transient):
		c.Message, c.Advice = "The managed identity endpoint does not answer, or has a passing problem.", checkEndpoint
	case m.name == sourceManaged && p.Kind == Unclassified:
		c.Code, c.Kind, c.Message, c.Advice = "MANAGED_IDENTITY_REFUSED", ConfigError, "The managed identity endpoint gives no token.", checkEndpoint
	case m.name == sourceEnvironment && (p.Code == "AADSTS7000215" || p.Code == "AADSTS7000222"):
		c.Advice = "Put a good secret in AZURE_CLIENT_SECRET, or unset it to go on to az."
	case (m.name == sourceEnvironment || m.name == sourceWorkload) && p.SignInCures():
		c.Kind, c.Advice = ConfigError, "Check AZURE_CLIENT_ID, AZURE_TENANT_ID and what proves them, or unset them to go on to az."
	}
	return &c
}

const checkEndpoint = "Look at the endpoint that IDENTITY_ENDPOINT or MSI_ENDPOINT names, or unset it to go on to az."

// configProblem is a source that the environment configures in a way that cannot work.
func configProblem(name string, err error) *Problem {
	return &Problem{Code: "SOURCE_INCOMPLETE", Kind: ConfigError, Err: redactedCause("", err),
		Message: "The environment configures it in part, or with something that cannot be read.",
		Advice:  "Complete what " + name + " needs, or unset it (see --verbose)."}
}

// chosenSources is what AZURE_TOKEN_CREDENTIALS leaves of the chain, as Go's SDK reads it: all where it
// is not set. The sentence says why none is left.
func chosenSources() (chosen func(name string) bool, none string) {
	value, set := os.LookupEnv("AZURE_TOKEN_CREDENTIALS")
	deployed := []string{sourceEnvironment, sourceWorkload, sourceManaged}
	tools := []string{sourceCLI, sourceDeveloper, sourcePowerShell, sourceCode}
	in := func(list ...string) func(string) bool {
		return func(name string) bool { return slices.Contains(list, name) }
	}
	switch {
	case !set:
		return func(string) bool { return true }, ""
	case value == "dev":
		return in(tools...), ""
	case value == "prod":
		return in(deployed...), ""
	}
	for _, name := range slices.Concat(deployed, tools, []string{sourceBrowser}) {
		if strings.EqualFold(value, name) {
			return in(name), ""
		}
	}
	return in(), "AZURE_TOKEN_CREDENTIALS holds nothing that DefaultAzureCredential knows, so that it fails at once."
}
