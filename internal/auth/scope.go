package auth

import (
	"slices"
	"strings"
)

// A scope names a resource, a slash and what of it: "https://vault.azure.net/.default". az makes one of a resource by
// adding "/.default" to it as it stands (azure-cli-core, auth/util.py), so a slash at the resource's end stays: of
// "https://vault.azure.net/" it makes "https://vault.azure.net//.default". Entra puts that slash into the token's
// audience, and MSAL takes the two for different scopes. Letter case makes no difference to Entra.
// https://learn.microsoft.com/entra/identity-platform/scopes-oidc#trailing-slash-and-default

// wholeResource are the last parts of a scope that stand for whatever a resource grants.
var wholeResource = []string{"/.default", "/user_impersonation"}

// Resource is the resource of a scope, as it is spelt: what az account get-access-token --resource takes. Of a
// resource it is the resource itself.
func Resource(scope string) string {
	for _, end := range wholeResource {
		if i := len(scope) - len(end); i > 0 && strings.EqualFold(scope[i:], end) {
			return scope[:i]
		}
	}
	return scope
}

// Audience is the normal form of a scope or a resource: two that have the same one ask for the same token.
func Audience(scope string) string { return strings.ToLower(Resource(scope)) }

// SameAudience reports whether two scopes or resources ask for the same token.
func SameAudience(a, b string) bool { return Audience(a) == Audience(b) }

// managementNames are the two names of Azure Resource Manager in each cloud: it takes tokens for either. az asks for
// the first one where it is told no resource, SDKs for the second one (azure-cli-core, cloud.py).
var managementNames = [][]string{
	{"https://management.core.windows.net", "https://management.azure.com"},
	{"https://management.core.usgovcloudapi.net", "https://management.usgovcloudapi.net"},
	{"https://management.core.chinacloudapi.cn", "https://management.chinacloudapi.cn"},
}

// WithSpellings is scopes and, after them, the other spellings by which programs ask for the same services: with and
// without a slash at the end, and Azure Resource Manager by both its names. A token for each is another one, of another
// audience. Only scopes of a whole resource on the web have spellings.
func WithSpellings(scopes []string) []string {
	all := slices.Clone(scopes)
	for _, scope := range scopes {
		for _, s := range spellings(scope) {
			if !slices.ContainsFunc(all, func(have string) bool { return SameAudience(have, s) }) {
				all = append(all, s)
			}
		}
	}
	return all
}

func spellings(scope string) []string {
	audience := Audience(scope)
	name := strings.TrimRight(audience, "/")
	if !strings.HasPrefix(name, "https://") || audience == strings.ToLower(scope) || len(audience) > len(name)+1 {
		return nil
	}
	names := []string{name}
	for _, both := range managementNames {
		if slices.Contains(both, name) {
			names = both
		}
	}
	var all []string
	for _, n := range names {
		all = append(all, n+"/.default", n+"//.default")
	}
	return all
}
