package agent

import (
	"time"

	"aztray/internal/auth"
	"aztray/internal/containers"
	"aztray/internal/openai"
)

// Snapshot is everything that is known at one moment. It is immutable: its slices are never
// changed after it was published. All times are UTC; a zero time means not known or never.
type Snapshot struct {
	At             time.Time
	Level          auth.Level // the worst of the tenants in use
	Before         auth.Level // while Level is Renewing: the level without that work
	Deadline       time.Time  // by when the person must act
	DeadlineSource auth.DeadlineSource
	Concerns       auth.Tenant      // whose Level, Deadline and Problem these are: Tenant, or another one in use
	InUse          []TenantState    // each tenant in use, Tenant first
	SignedInAt     time.Time        // the start of this sign-in, where known
	Lifetime       time.Duration    // how long the organisation lets a sign-in last, where known
	IdleLimit      bool             // Lifetime is how long it may stay unused, and each use puts Deadline off
	Account        string           // the user name, such as ada@contoso.example
	Kind           auth.AccountKind // what az is signed in as there
	Tenant         auth.Tenant      // the one in use by default, which the switch ticks
	Subscription   auth.Subscription
	Credential     string // the credential's name in the SDKs: AzureCLICredential
	Scope          string
	TokenExpires   time.Time      // of the best access token for Tenant and Scope
	Refreshable    bool           // the last silent renewal worked
	Problem        *auth.Problem  // of the sign-in; nil when all is well
	OfflineSince   time.Time      // Entra could not be reached since then
	Offline        *auth.Problem  // why; nil while it can be
	Skew           time.Duration  // our clock minus Entra's; 0 where not known
	Tenants        []auth.Tenant  // for the switch; Tenant is among them
	Renewal        *Renewal       // the work under way, nil when none
	Failure        *auth.Problem  // how the last sign-in attempt ended, until the next one; nil when it succeeded
	OpenAI         *openai.Result // does the token work at the endpoint; nil where none is set or it was not asked yet
	Containers     []containers.Status
	Held           bool                   // the person's settings are not known yet, so nobody knows which containers are to be looked after
	Uncovered      []containers.Uncovered // that look as if they needed the credential
	Missing        []*auth.Problem        // parts that are not there (az, Docker, ...): one sentence each
	Past           Past
	Page           Page     // where the status page and the health API are
	Others         []string // the accounts that az holds besides Account
	Busy           bool     // work is under way after which containers may hold something else
	Reading        bool     // az's files are being read
	Looked         bool     // az's files were read, and each engine has said which containers there are
}

// Page is the place of the status page and the health API.
type Page struct {
	Address string // such as 127.0.0.1:8000; "": nowhere
	Why     string // it is not at the usual port, as a clause; "": it is, or the address was set
}

// TenantState is how the sign-in stands in one tenant in use: the one in use by default, or one that
// a container's label names.
type TenantState struct {
	Tenant         auth.Tenant
	Level          auth.Level
	Deadline       time.Time
	DeadlineSource auth.DeadlineSource
	Problem        *auth.Problem
	TokenExpires   time.Time
}

// Renewal is a sign-in or a tenant switch under way.
type Renewal struct {
	Way    string // "browser", "device-code" or "silent"
	Tenant auth.Tenant
	Since  time.Time
}

// Command is something a person asked for. Agent.Do takes it.
type Command interface{ command() }

// Renew signs in with the browser, in the tenant in use if TenantID is empty. It does nothing
// while a sign-in runs.
type Renew struct {
	TenantID        string
	ActivationToken string // the compositor's leave to raise a window, for XDG_ACTIVATION_TOKEN; "" without one

	DeviceCode bool      // by a code on another device, in place of the browser
	Progress   *Progress // gets az's lines, such as that code; nil: nobody does
}

// Progress is who hears what az says while a sign-in runs. Commands have a pointer to it, and can be compared.
type Progress struct{ Line func(line string) }

// line is the function that az's lines go to; nil where nobody hears them.
func (p *Progress) line() func(string) {
	if p == nil {
		return nil
	}
	return p.Line
}

// CancelSignIn ends the sign-in under way.
type CancelSignIn struct{}

// UseTenant makes a tenant the one in use: silently if az can, else with the browser.
type UseTenant struct{ TenantID string }

// Sync delivers anew to the named containers, to all when there are none.
type Sync struct{ Names []string }

// Restart gives the named containers the credential anew and restarts them, each when what it depends on
// is back; all that run when there are none.
type Restart struct {
	Names   []string
	Stopped bool // named ones that do not run are started too
	Asker   Asker
}

// Answer is what the person says to the open question about a container.
type Answer struct {
	ContainerID string
	Question    containers.Question
	Allow       bool // else: never
}

// MenuOpened says that the person looks: what may have changed unseen is asked for anew.
type MenuOpened struct{}

func (MenuOpened) command()   {}
func (Renew) command()        {}
func (CancelSignIn) command() {}
func (UseTenant) command()    {}
func (Sync) command()         {}
func (Restart) command()      {}
func (Answer) command()       {}
