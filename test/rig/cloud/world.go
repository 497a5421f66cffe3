package cloud

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
)

// Client ids and scopes that callers name.
const (
	AzureCLI       = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"          // az's client id, in FOCI family 1
	ScopeCognitive = "https://cognitiveservices.azure.com/.default"  // Azure OpenAI
	ScopeARM       = "https://management.core.windows.net//.default" // as az spells it
	Authority      = "https://login.microsoftonline.com"             // where Entra is
	APIVersion     = "2024-10-21"                                    // accepted by Azure OpenAI
	RobotID        = "5e71a0b7-3c1d-4b6e-9f0a-2d8c4e6f1a03"          // client id of Robot
	RobotSecret    = "rig~Robot.Secret-0123456789abcdef"             // its client secret
	foci           = "1"                                             // the family that az belongs to
	armAppID       = "797f4846-ba00-4fd7-ba43-dac1f8f63013"          // Entra's id of ARM
	cognitiveAppID = "7d312290-28c8-473c-a0ed-8e53749b6d6d"          // and of Cognitive Services
	graphAppID     = "00000003-0000-0000-c000-000000000000"          // and of Microsoft Graph
	aiAppID        = "18a66f5f-dbdf-4c17-9dd7-1634712a9cbe"          // and of Azure Machine Learning, for ai.azure.com
	mfaPolicyID    = "c0ffee00-0000-4000-8000-00000000a11f"          // named in a claims challenge
	deviceLoginURL = "https://microsoft.com/devicelogin"             // where a person types a device code
)

// Tenant is an Entra directory.
type Tenant struct{ ID, Name, Domain string }

// The tenants. Northwind demands MFA and Tailspin has no subscriptions, by [Policy].
var (
	Contoso   = Tenant{"c0000000-aaaa-4aaa-8aaa-000000000001", "Contoso", "contoso.example"}
	Fabrikam  = Tenant{"fab00000-bbbb-4bbb-8bbb-000000000002", "Fabrikam", "fabrikam.example"}
	Northwind = Tenant{"a0000000-cccc-4ccc-8ccc-000000000003", "Northwind Traders", "northwind.example"}
	Tailspin  = Tenant{"7a110000-dddd-4ddd-8ddd-000000000004", "Tailspin Toys", "tailspin.example"}
)

// Tenants lists all of them.
func Tenants() []Tenant { return []Tenant{Contoso, Fabrikam, Northwind, Tailspin} }

// tenantNamed finds a tenant by id or domain.
func tenantNamed(name string) (Tenant, bool) {
	for _, t := range Tenants() {
		if strings.EqualFold(name, t.ID) || strings.EqualFold(name, t.Domain) {
			return t, true
		}
	}
	return Tenant{}, false
}

// Person is somebody who can sign in.
type Person struct {
	Username, Name string
	Home           Tenant
	GuestIn        []Tenant
}

// The people.
var (
	Ada = Person{"ada@contoso.example", "Ada Lovelace", Contoso, []Tenant{Fabrikam, Northwind, Tailspin}}
	Bob = Person{"bob@fabrikam.example", "Bob Example", Fabrikam, nil}
)

// personNamed finds a person by username.
func personNamed(username string) (Person, bool) {
	for _, p := range []Person{Ada, Bob} {
		if strings.EqualFold(username, p.Username) {
			return p, true
		}
	}
	return Person{}, false
}

// ObjectID is the person's object id in a tenant; a guest has another than at home.
func (p Person) ObjectID(t Tenant) string { return madeUpGUID(p.Username + "@" + t.ID) }

// HomeAccountID is what MSAL calls home_account_id: object id and tenant at home.
func (p Person) HomeAccountID() string { return p.ObjectID(p.Home) + "." + p.Home.ID }

// tenants lists where the person is a member or a guest, home first.
func (p Person) tenants() []Tenant { return append([]Tenant{p.Home}, p.GuestIn...) }

func (p Person) memberOf(t Tenant) bool { return slices.Contains(p.tenants(), t) }

// principal is who a token is for: a person, the service principal, or the managed identity.
type principal struct {
	person Person // zero for an application
	app    string // Robot or Machine; "" for a person
}

// Robot's name in [Request].Account and [IssuedToken].Account.
const Robot = "robot@contoso.example"

func (p principal) name() string {
	if p.app != "" {
		return p.app
	}
	return p.person.Username
}

func (p principal) objectID(t Tenant) string {
	if p.app != "" {
		return madeUpGUID(p.app)
	}
	return p.person.ObjectID(t)
}

func (p principal) tenants() []Tenant {
	if p.app != "" {
		return []Tenant{Contoso}
	}
	return p.person.tenants()
}

// Subscription is an Azure subscription.
type Subscription struct {
	ID, Name string
	State    string // "" means Enabled
}

// The subscriptions that exist unless a test says otherwise.
var (
	ContosoDev  = Subscription{ID: "50b00000-0000-4000-8000-000000000011", Name: "Contoso Development"}
	ContosoProd = Subscription{ID: "50b00000-0000-4000-8000-000000000012", Name: "Contoso Production"}
	FabrikamLab = Subscription{ID: "50b00000-0000-4000-8000-000000000021", Name: "Fabrikam Lab"}
	NorthwindIT = Subscription{ID: "50b00000-0000-4000-8000-000000000031", Name: "Northwind IT"}
)

// Resource is an Azure OpenAI resource.
type Resource struct {
	Endpoint    string // such as https://contoso-openai.openai.azure.com
	Tenant      Tenant
	Deployments []Deployment
}

// Deployment is a model that a Resource serves.
type Deployment struct {
	Name, Model string
	Embeddings  bool // answers embeddings, else chat completions
	Reasoning   bool // takes max_completion_tokens and refuses max_tokens
}

// The endpoints of the two resources. A host under openai.azure.com that is neither does not resolve.
const (
	ContosoOpenAI  = "https://contoso-openai.openai.azure.com"
	FabrikamOpenAI = "https://fabrikam-openai.openai.azure.com"
)

// Resources lists the Azure OpenAI resources of every cloud, the public one's first. All have the same
// deployments.
func Resources() []Resource {
	deployments := []Deployment{
		{Name: "gpt-4o", Model: "gpt-4o"},
		{Name: "o4-mini", Model: "o4-mini", Reasoning: true},
		{Name: "text-embedding-3-small", Model: "text-embedding-3-small", Embeddings: true},
	}
	var all []Resource
	for _, a := range Clouds() {
		all = append(all, Resource{a.Endpoint(Contoso), Contoso, deployments}, Resource{a.Endpoint(Fabrikam), Fabrikam, deployments})
	}
	return all
}

// madeUpGUID gives the same GUID for the same words, on every run.
func madeUpGUID(words string) string {
	b := sha256.Sum256([]byte(words))
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
