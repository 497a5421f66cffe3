// Package auth knows how the Azure CLI sign-in stands, how long it lasts and how to renew it. It
// reads az's files and never writes them; whatever changes them is done by az. It knows nothing of
// containers, menus or HTTP, and of ours imports only the tools that know nothing themselves.
package auth

import (
	"fmt"
	"slices"
	"time"
)

// Level is how the sign-in stands, worst word first for a person: see DESIGN.md, "The words".
type Level int

const (
	Unknown   Level = iota // nothing could be learnt yet
	OK                     // silent renewal works and no end is near
	Expiring               // a person will have to act, and there is time
	Expired                // containers are failing now
	SignedOut              // az has no account
	Renewing               // a sign-in or a renewal is under way
)

var levelNames = [...]string{"unknown", "ok", "expiring", "expired", "signed-out", "renewing"}

func (l Level) String() string {
	if l < 0 || int(l) >= len(levelNames) {
		return fmt.Sprintf("Level(%d)", int(l))
	}
	return levelNames[l]
}

// MarshalText gives the word that scripts rely on.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads the word again.
func (l *Level) UnmarshalText(text []byte) error {
	i := slices.Index(levelNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("%q is no level", text)
	}
	*l = Level(i)
	return nil
}

// DeadlineSource says where a deadline is known from.
type DeadlineSource string

const (
	DeadlineNone        DeadlineSource = "none"
	DeadlineConfigured  DeadlineSource = "configured"
	DeadlineLearned     DeadlineSource = "learned"
	DeadlineAccessToken DeadlineSource = "access-token"
)

// Tenant is an Entra directory. Name and Domain are empty where az and ARM did not say.
type Tenant struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Domain string `json:"domain"`
}

// Label is the best word for a person: name, else domain, else id.
func (t Tenant) Label() string {
	switch {
	case t.Name != "":
		return t.Name
	case t.Domain != "":
		return t.Domain
	}
	return t.ID
}

// Subscription is an Azure subscription; both fields are empty for a tenant-level account.
type Subscription struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Token is one access token. Times are UTC.
type Token struct {
	Scope      string // as it was asked for, such as https://cognitiveservices.azure.com/.default
	Target     string // the scopes that were granted, separated by blanks, as MSAL stores them; "" means Scope
	TenantID   string
	Secret     Secret
	ObtainedAt time.Time
	ExpiresOn  time.Time
}

// Alive reports whether the token has at least need left at now.
func (t Token) Alive(now time.Time, need time.Duration) bool {
	return !t.ExpiresOn.IsZero() && t.ExpiresOn.Sub(now) >= need
}
