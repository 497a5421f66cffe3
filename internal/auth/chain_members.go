package auth

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// members are the sources in their order. What is here costs no request and starts nothing.
func members(o SourceOptions) []member {
	all := []member{
		{name: sourceEnvironment, absent: environmentAbsent(), make: func(o SourceOptions) (azcore.TokenCredential, error) {
			return azidentity.NewEnvironmentCredential(&azidentity.EnvironmentCredentialOptions{ClientOptions: clientOptions(o)})
		}},
		{name: sourceWorkload, absent: unset("AZURE_FEDERATED_TOKEN_FILE", "AZURE_CLIENT_ID", "AZURE_TENANT_ID"), make: func(o SourceOptions) (azcore.TokenCredential, error) {
			if _, err := os.Stat(os.Getenv("AZURE_FEDERATED_TOKEN_FILE")); err != nil {
				return nil, err
			}
			return azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{ClientOptions: clientOptions(o)})
		}},
		{name: sourceManaged, absent: managedAbsent(o), make: func(o SourceOptions) (azcore.TokenCredential, error) {
			mi := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: clientOptions(o)}
			if id := os.Getenv("AZURE_CLIENT_ID"); id != "" {
				mi.ID = azidentity.ClientID(id)
			}
			return azidentity.NewManagedIdentityCredential(mi)
		}},
		codeMember(),
		{name: sourceCLI, absent: cliAbsent(o), make: func(o SourceOptions) (azcore.TokenCredential, error) {
			return azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: azTenant(o)})
		}},
		{name: sourceDeveloper, absent: notOnPath("azd"), make: func(o SourceOptions) (azcore.TokenCredential, error) {
			return azidentity.NewAzureDeveloperCLICredential(&azidentity.AzureDeveloperCLICredentialOptions{TenantID: o.Tenant})
		}},
		{name: sourcePowerShell, absent: powerShellAbsent(), make: func(o SourceOptions) (azcore.TokenCredential, error) {
			return azidentity.NewAzurePowerShellCredential(&azidentity.AzurePowerShellCredentialOptions{TenantID: o.Tenant})
		}},
		{name: sourceBrowser, absent: "It opens a browser, which happens only when you ask: aztray service auth-renew.", state: SourceNotTried},
	}
	chosen, none := chosenSources()
	for i := range all {
		if !chosen(all[i].name) && all[i].name != sourceBrowser {
			all[i].absent, all[i].state = cmp.Or(none, fmt.Sprintf("AZURE_TOKEN_CREDENTIALS=%s leaves it out.", os.Getenv("AZURE_TOKEN_CREDENTIALS"))), SourceNotTried
		}
	}
	return all
}

// clientOptions hand on our transport, with its proxy and its certificates. A source is tried once: the
// person waits for the report.
func clientOptions(o SourceOptions) azcore.ClientOptions {
	c := azcore.ClientOptions{Retry: policy.RetryOptions{MaxRetries: -1}}
	if o.HTTP != nil { // a nil *http.Client in the interface would be called
		c.Transport = o.HTTP
	}
	return c
}

// unset names the first of the variables that is not set; "" where all are.
func unset(names ...string) string {
	for _, n := range names {
		if os.Getenv(n) == "" {
			return n + " is not set."
		}
	}
	return ""
}

// environmentAbsent is why the environment names no service principal.
func environmentAbsent() string {
	if why := unset("AZURE_CLIENT_ID", "AZURE_TENANT_ID"); why != "" {
		return why
	}
	for _, proof := range []string{"AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_USERNAME"} {
		if os.Getenv(proof) != "" {
			return ""
		}
	}
	return "AZURE_CLIENT_SECRET and AZURE_CLIENT_CERTIFICATE_PATH are not set."
}

// managedAbsent is why this machine has no managed identity. Nothing is sent to find that out.
func managedAbsent(o SourceOptions) string {
	for _, sign := range []string{"IDENTITY_ENDPOINT", "MSI_ENDPOINT"} {
		if os.Getenv(sign) != "" {
			return ""
		}
	}
	machine := azureMachine
	if o.machine != nil {
		machine = o.machine
	}
	if machine() {
		return ""
	}
	return "This machine is not one of Azure's, and neither IDENTITY_ENDPOINT nor MSI_ENDPOINT is set."
}

// azureAssetTag is what every virtual machine of Azure has as its chassis asset tag: "MSFT AZURE VM",
// in decimal.
const azureAssetTag = "7783-7084-3265-9085-8269-3286-77"

// azureMachine reports whether the firmware, or the agent of Azure Arc, says that this is one.
func azureMachine() bool {
	if bytes.Contains(firmware(), []byte(azureAssetTag)) {
		return true
	}
	_, err := os.Stat(arcAgent())
	return err == nil
}

// codeExtension is the Visual Studio Code extension whose sign-in the SDKs can share; it leaves a
// record beside az's files once somebody signed in.
const codeExtension = "ms-azuretools.vscode-azureresourcegroups"

// codeMember says whether Visual Studio Code has a sign-in here. Go's SDK has no such source; those of
// .NET, Java, JavaScript and Python have it with their broker package only.
func codeMember() member {
	const cannot = " Go's SDK has no such source, so aztray cannot try it; other SDKs have it with their broker package."
	m := member{name: sourceCode}
	home, err := os.UserHomeDir()
	if err != nil {
		m.absent = "There is no home directory to look in."
		return m
	}
	if _, err := os.Stat(filepath.Join(home, ".azure", codeExtension, "authRecord.json")); err == nil {
		m.absent, m.state = "Somebody is signed in to its Azure extension."+cannot, SourceNotTried
		return m
	}
	found, _ := filepath.Glob(filepath.Join(home, ".vscode*", "extensions", codeExtension+"-*"))
	if len(found) > 0 {
		m.absent = "Its Azure extension is installed, and nobody is signed in to it." + cannot
		return m
	}
	m.absent = "Its Azure extension is not installed."
	return m
}

// cliAbsent is why az has no sign-in. Where its files do not say, az is left to say it.
func cliAbsent(o SourceOptions) string {
	if why := notOnPath("az"); why != "" {
		return why
	}
	if p, err := azProfile(o); err == nil && len(p.Subscriptions) == 0 {
		return "Nobody is signed in to it."
	}
	return ""
}

// azTenant is the tenant to name to az: none where it is az's own, for az refuses the option where it
// is signed in as a managed identity.
func azTenant(o SourceOptions) string {
	if p, err := azProfile(o); err == nil && strings.EqualFold(p.Current().TenantID, o.Tenant) {
		return ""
	}
	return o.Tenant
}

func azProfile(o SourceOptions) (Profile, error) {
	dir, err := o.Dir, error(nil)
	if dir == "" {
		dir, err = DefaultDir()
	}
	if err != nil {
		return Profile{}, err
	}
	p, _, err := dir.readProfile()
	return p, err
}

func notOnPath(program string) string {
	if _, err := exec.LookPath(program); err != nil {
		return program + " is not on PATH."
	}
	return ""
}
