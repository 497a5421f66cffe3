package openai

import (
	"strings"

	"aztray/internal/auth"
)

// code names a fault; "" is none.
type code string

const (
	notHTTPS         code = "OPENAI_NOT_HTTPS"
	badEndpoint      code = "OPENAI_BAD_ENDPOINT"
	regionalEndpoint code = "OPENAI_REGIONAL_ENDPOINT"
	wrongScope       code = "OPENAI_WRONG_SCOPE"
	wrongTenant      code = "OPENAI_WRONG_TENANT"
	tokenRefused     code = "OPENAI_TOKEN_REFUSED"
	claimsRequired   code = "OPENAI_CLAIMS_REQUIRED"
	roleMissing      code = "OPENAI_ROLE_MISSING"
	firewall         code = "OPENAI_FIREWALL"
	privateOnly      code = "OPENAI_PRIVATE_ONLY"
	forbidden        code = "OPENAI_FORBIDDEN"
	noDeployment     code = "OPENAI_NO_DEPLOYMENT"
	otherModel       code = "OPENAI_OTHER_MODEL"
	badVersion       code = "OPENAI_BAD_VERSION"
	throttled        code = "OPENAI_THROTTLED"
	unavailable      code = "OPENAI_UNAVAILABLE"
	unexpected       code = "OPENAI_UNEXPECTED"
	noSuchName       code = "OPENAI_DNS"
	noNetwork        code = "OPENAI_OFFLINE"
	timedOut         code = "OPENAI_TIMEOUT"
	unreachable      code = "OPENAI_UNREACHABLE"
	certificate      code = "OPENAI_CERTIFICATE"
	proxy            code = "OPENAI_PROXY"
)

// fault is what a person is told. {host}, {tenant}, {scope}, {deployment} and {kind} are filled in.
type fault struct {
	kind    auth.Kind
	status  Status
	message string
	advice  string
	ends    bool // the endpoint as a whole: its deployments need not be asked
}

// faults: none but a refused token is cured by signing in, and none says that the sign-in is bad,
// so that whatever is missing at the endpoint, nobody is sent to a browser for it.
var faults = map[code]fault{
	notHTTPS:         {auth.ConfigError, Unhealthy, "openai.endpoint does not begin with https, so no token is sent to it.", "Set openai.endpoint to the address with https://.", true},
	badEndpoint:      {auth.ConfigError, Unhealthy, "openai.endpoint is not the address of an Azure OpenAI resource that takes a sign-in.", "Set openai.endpoint to the resource's own address and nothing behind it, such as https://example.openai.azure.com.", true},
	regionalEndpoint: {auth.ConfigError, Unhealthy, "openai.endpoint is the address of a region, which takes keys and no sign-in.", "Set openai.endpoint to the resource's own address, such as https://example.openai.azure.com; a resource without one needs a custom subdomain.", true},
	wrongScope:       {auth.ConfigError, Unhealthy, "The token is for another service or cloud than {host}.", "Set azure.scope to {scope}, and see that az is in the endpoint's cloud: az cloud show", true},
	wrongTenant:      {auth.WrongTenant, Unhealthy, "{host} belongs to another tenant than the sign-in.", "Find the resource's tenant in the Azure portal, then: aztray tenant use TENANT", true},
	tokenRefused:     {auth.SignInRequired, Unhealthy, "{host} does not accept the token, although it has not ended.", "Sign in again: aztray service auth-renew", true},
	roleMissing:      {auth.ConfigError, Unhealthy, "The sign-in is good, but the account has no role at {host} that allows these calls.", "Have the resource's owner give you the role Cognitive Services OpenAI User on it (Owner and Contributor do not include it); a new role takes some minutes.", false},
	firewall:         {auth.ConfigError, Unhealthy, "The firewall of {host} does not let this network in.", "Connect the VPN, or have this network's address allowed under the resource's Networking page.", true},
	privateOnly:      {auth.ConfigError, Unhealthy, "{host} is closed to the internet and answers in its private network only.", "Connect the VPN that leads to its private endpoint, and see that its name resolves to a private address there.", true},
	forbidden:        {auth.ConfigError, Unhealthy, "{host}, or something on the way to it, forbids the request.", "Show what was said to whoever runs the resource: aztray service status --verbose", false},
	noDeployment:     {auth.ConfigError, Unhealthy, "There is no deployment named {deployment} at {host}.", "Set openai.{kind}_model to a deployment's name, which may differ from its model's; one just created takes five minutes.", false},
	otherModel:       {auth.ConfigError, Unhealthy, "The deployment {deployment} is of a model that does not do this: {kind}.", "Set openai.{kind}_model to a deployment that does.", false},
	badVersion:       {auth.ConfigError, Unhealthy, "{host} does not know this path or API version.", "Set openai.api_version to one that it has, such as " + defaultVersion + ", and check openai.endpoint.", false},
	throttled:        {auth.Transient, Degraded, "The token works, but {host} wants fewer requests for a while.", "Wait a while; if it happens often, raise the deployment's quota.", false},
	unavailable:      {auth.Transient, Degraded, "{host} has a passing problem of its own.", "Wait; it is tried again by itself. Azure's state: https://status.azure.com", false},
	unexpected:       {auth.Transient, Unknown, "{host} answered in a way that aztray does not know.", "See what was said: aztray service status --verbose", false},
	noSuchName:       {auth.ConfigError, Unhealthy, "There is no such name as {host} in this network.", "Check openai.endpoint for a slip; if the resource is private, connect the VPN.", true},
	noNetwork:        {auth.Offline, Unknown, "The address of {host} cannot be looked up.", "Check the network and the VPN; it is tried again by itself.", true},
	timedOut:         {auth.Offline, Unknown, "{host} did not answer in time.", "Check the network and the VPN; it is tried again by itself.", true},
	unreachable:      {auth.Offline, Unknown, "{host} cannot be reached.", "Check the network, the VPN and openai.endpoint; it is tried again by itself.", true},
	certificate:      {auth.Offline, Unknown, "The certificate presented for {host} is not trusted on this machine.", "Set REQUESTS_CA_BUNDLE to a file with your organisation's CA certificates, then start aztray again.", true},
	proxy:            {auth.Offline, Unknown, "The proxy on the way to {host} cannot be reached, or it refuses.", "Check HTTPS_PROXY and NO_PROXY, and whether the VPN is on.", true},
}

// The words where the endpoint's tenant is known.
const (
	tenantKnown       = "{host} belongs to tenant {tenant}, and the sign-in is for another."
	tenantKnownAdvice = "Switch to it: aztray tenant use {tenant}"
)

// problem words the fault for a person. cause is what was said, with its secrets taken out.
func (f finding) problem(e endpoint, d Deployment) *auth.Problem {
	if f.code == claimsRequired {
		return f.claims
	}
	row := faults[f.code]
	if f.code == wrongTenant && f.tenant != "" {
		row.message, row.advice = tenantKnown, tenantKnownAdvice
	}
	words := strings.NewReplacer("{host}", e.host, "{tenant}", f.tenant, "{scope}", e.scope(),
		"{deployment}", d.Name, "{kind}", string(d.Kind))
	return &auth.Problem{Code: string(f.code), Kind: row.kind, Err: f.cause,
		Message: words.Replace(row.message), Advice: words.Replace(row.advice)}
}
