package cloud

import (
	"strings"
	"time"
)

// AuthorizeMode is what the authorize endpoint does with a person who comes to sign in.
type AuthorizeMode int

const (
	Immediate AuthorizeMode = iota // signed in at once, without a page
	Page                           // a page with the account to click, and Cancel
	Deny                           // sent back with access_denied, as if Cancel had been pressed
	Never                          // a page that never answers
)

// Outage is how a service fails when it is not there.
type Outage int

const (
	OutageNone    Outage = iota
	OutageRefused        // the proxy answers CONNECT with 502, as for a host that refuses or does not resolve
	OutageReset          // the connection is cut before an answer
	Outage503            // every request is answered 503 with Retry-After: 1
	OutageSilent         // requests are taken and never answered
)

// ServiceName is one of the services.
type ServiceName string

const (
	Entra  ServiceName = "entra"
	ARM    ServiceName = "arm"
	OpenAI ServiceName = "openai"
	Docs   ServiceName = "docs" // where az sends the browser after a sign-in

	Identity ServiceName = "identity" // the managed identity endpoint; no fault of the network holds for it
)

// Faults are the ways in which every request to a service may suffer.
type Faults struct {
	Outage   Outage
	Latency  time.Duration // waited before each answer
	Throttle time.Duration // above zero, every answer is 429 with this as Retry-After, in whole seconds
}

func (f Faults) or(all Faults) Faults {
	if f.Outage == OutageNone {
		f.Outage = all.Outage
	}
	f.Latency = max(f.Latency, all.Latency)
	f.Throttle = max(f.Throttle, all.Throttle)
	return f
}

// Policy is how the world behaves. [Cloud.SetPolicy] changes it; the next request sees the change.
type Policy struct {
	Authorize     AuthorizeMode
	Person        Person        // who signs in where no login_hint names another; Ada by default
	TokenLifetime time.Duration // of access tokens; 75 minutes by default
	IdleLimit     time.Duration // age of a refresh token beyond which it gets 700082; 0 means never
	IdleSaid      time.Duration // the limit that 700082 names; 0 means IdleLimit, which a test has no time to wait for
	Revoked       time.Time     // sign-ins made before get 50173; zero means none
	NoDeviceCode  bool          // device code sign-ins get 53003
	Robot         RobotPolicy   // what is wrong with the service principal's proofs
	NoIdentity    bool          // the machine has no managed identity
	NetworkCut    bool          // the proxy drops every connection, open ones too
	ClockSkew     time.Duration // added to the Date header of every answer

	Faults // of every service; Service gives those of one, and the worse of the two holds

	services map[ServiceName]*Faults
	tenants  map[string]*TenantPolicy
	openAI   map[string]*OpenAIPolicy
}

// TenantPolicy is what one tenant demands, of refresh and of fresh sign-ins alike.
type TenantPolicy struct {
	SignInFrequency   time.Duration // from the sign-in until refresh gets 70043; 0 means none
	RequireMFA        bool          // refresh gets 50076 unless the sign-in was made in this tenant
	ConditionalAccess int           // the token endpoint refuses with this code, such as 53003; 0 means none
	Only              string        // the resource that these rules are for, as https://cognitiveservices.azure.com; "" means all
	MissingResource   string        // a resource that this tenant never used: 500011; "" means none
	Subscriptions     []Subscription
}

// OpenAIPolicy is how an Azure OpenAI resource answers a good token.
type OpenAIPolicy struct {
	NoRole    bool          // 401 PermissionDenied: no data action
	Firewall  bool          // 403: not from this network
	RateLimit time.Duration // above zero, deployments answer 429 with this as Retry-After
}

// Tenant gives the policy of a tenant, to be changed in place.
func (p *Policy) Tenant(t Tenant) *TenantPolicy { return p.tenants[t.ID] }

// Service gives the faults of one service, to be changed in place.
func (p *Policy) Service(s ServiceName) *Faults { return p.services[s] }

// OpenAI gives the policy of the resource at endpoint, such as [ContosoOpenAI], to be changed in place.
func (p *Policy) OpenAI(endpoint string) *OpenAIPolicy {
	return p.openAI[strings.TrimSuffix(endpoint, "/")]
}

func defaultPolicy() Policy {
	openAI := map[string]*OpenAIPolicy{}
	for _, res := range Resources() {
		openAI[res.Endpoint] = &OpenAIPolicy{}
	}
	return Policy{
		Person:        Ada,
		TokenLifetime: 75 * time.Minute,
		services:      map[ServiceName]*Faults{Entra: {}, ARM: {}, OpenAI: {}, Docs: {}},
		tenants: map[string]*TenantPolicy{
			Contoso.ID:   {Subscriptions: []Subscription{ContosoDev, ContosoProd}},
			Fabrikam.ID:  {Subscriptions: []Subscription{FabrikamLab}},
			Northwind.ID: {Subscriptions: []Subscription{NorthwindIT}, RequireMFA: true},
			Tailspin.ID:  {},
		},
		openAI: openAI,
	}
}
