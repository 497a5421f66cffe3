package auth

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Dir is az's own directory, which we read and never write.
type Dir string

// DefaultDir is where az keeps its files: AZURE_CONFIG_DIR, else ~/.azure.
func DefaultDir() (Dir, error) {
	if d := os.Getenv("AZURE_CONFIG_DIR"); d != "" {
		abs, err := filepath.Abs(d)
		return Dir(abs), err
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("finding az's directory: %w", err)
	}
	return Dir(filepath.Join(home, ".azure")), nil
}

// The names of az's files that say how the sign-in stands (azure-cli-core, auth/persistence.py).
const (
	profileFile = "azureProfile.json"
	cacheFile   = "msal_token_cache.json"
	cacheDPAPI  = "msal_token_cache.bin"
	cacheSignal = "msal_token_cache.sig"
	configFile  = "config"
)

// Files is what az's directory said at one moment.
type Files struct {
	Profile Profile
	Cloud   Cloud
	Cache   *Cache // nil where there is none or it cannot be read; then az is to be asked
	// CacheProblem says why a cache that is there cannot be read; nil where it can be or none is there.
	CacheProblem *Problem

	principals []principal
}

// ErrTorn is a file that az was writing at that moment: read it again soon.
var ErrTorn = errors.New("az is writing its files")

// Read reads az's files. It tries again for a second while az is writing them, for az truncates and
// writes in place; after that it returns ErrTorn for a profile, and for a token cache says so in
// CacheProblem.
func (d Dir) Read(ctx context.Context) (Files, error) {
	for wait := 10 * time.Millisecond; ; wait *= 2 {
		f, err := d.readOnce(ctx)
		if errors.Is(err, errCacheTorn) && wait > time.Second {
			return f, nil
		}
		if !errors.Is(err, ErrTorn) || wait > time.Second {
			return f, err
		}
		select {
		case <-ctx.Done():
			return f, context.Cause(ctx)
		case <-time.After(wait):
		}
	}
}

func (d Dir) readOnce(ctx context.Context) (Files, error) {
	var f Files
	var err error
	if f.Profile, f.Cloud, err = d.readProfile(); err != nil {
		return f, err
	}
	f.principals = d.readPrincipals(f.Profile)
	f.Cache, f.CacheProblem, err = d.readCache(ctx)
	return f, err
}

// readProfile reads which cloud az acts in, and what its profile holds for that.
func (d Dir) readProfile() (Profile, Cloud, error) {
	var read [3][]byte
	for i, name := range []string{profileFile, configFile, cloudsFile} {
		b, err := d.readFile(name)
		if err != nil {
			return Profile{}, Cloud{}, err
		}
		read[i] = b
	}
	p, err := parseProfile(read[0])
	if err != nil {
		return Profile{}, Cloud{}, fmt.Errorf("%s: %w", profileFile, err)
	}
	cloud := activeCloud(read[1], read[2], p.Current().EnvironmentName)
	return p.in(cloud.Name), cloud, nil
}

// readFile returns nil for a file that is not there.
func (d Dir) readFile(name string) ([]byte, error) {
	b, err := os.ReadFile(filepath.Join(string(d), name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

// Profile is azureProfile.json: the subscriptions of everyone who is signed in.
type Profile struct {
	Subscriptions []ProfileSubscription `json:"subscriptions"`
}

// ProfileSubscription is one row of the profile; a tenant-level account has its tenant's id as ID.
type ProfileSubscription struct {
	ID              string `json:"id"`
	Name            string `json:"name"`
	State           string `json:"state"`
	IsDefault       bool   `json:"isDefault"`
	TenantID        string `json:"tenantId"`
	HomeTenantID    string `json:"homeTenantId"`
	EnvironmentName string `json:"environmentName"`
	TenantName      string `json:"tenantDisplayName"`
	TenantDomain    string `json:"tenantDefaultDomain"`
	User            struct {
		Name       string  `json:"name"`
		Type       string  `json:"type"` // user or servicePrincipal
		Identity   present `json:"assignedIdentityInfo"`
		CloudShell present `json:"cloudShellID"`
	} `json:"user"`
}

// Subscription is the row's subscription; zero for a tenant-level account.
func (s ProfileSubscription) Subscription() Subscription {
	if s.ID == s.TenantID {
		return Subscription{}
	}
	return Subscription{ID: s.ID, Name: s.Name}
}

// Current is the default subscription's row: whom bare az acts as. The zero value: nobody signed in.
func (p Profile) Current() ProfileSubscription {
	if i := slices.IndexFunc(p.Subscriptions, func(s ProfileSubscription) bool { return s.IsDefault }); i >= 0 {
		return p.Subscriptions[i]
	}
	if len(p.Subscriptions) > 0 {
		return p.Subscriptions[0]
	}
	return ProfileSubscription{}
}

// InTenant is the row that az would use for a tenant: the default one if it is there, else the
// first. False where az has none.
func (p Profile) InTenant(id string) (ProfileSubscription, bool) {
	if c := p.Current(); strings.EqualFold(c.TenantID, id) && id != "" {
		return c, true
	}
	for _, s := range p.Subscriptions {
		if strings.EqualFold(s.TenantID, id) {
			return s, true
		}
	}
	return ProfileSubscription{}, false
}

// Tenants are the tenants of the profile, each once, in az's order.
func (p Profile) Tenants() []Tenant {
	var ts []Tenant
	for _, s := range p.Subscriptions {
		if !slices.ContainsFunc(ts, func(t Tenant) bool { return t.ID == s.TenantID }) {
			ts = append(ts, Tenant{ID: s.TenantID, Name: s.TenantName, Domain: s.TenantDomain})
		}
	}
	return ts
}

func parseProfile(b []byte) (Profile, error) {
	var p Profile
	if b == nil {
		return p, nil
	}
	b = bytes.TrimPrefix(b, []byte("\xEF\xBB\xBF"))
	if err := json.Unmarshal(b, &p); err != nil {
		return p, fmt.Errorf("%w: %w", ErrTorn, err)
	}
	return p, nil
}

// iniValue reads one value of az's config file, an INI as Python's configparser writes it.
func iniValue(b []byte, section, key string) string {
	in := ""
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if s, ok := strings.CutPrefix(line, "["); ok {
			in = strings.TrimSuffix(s, "]")
			continue
		}
		k, v, ok := strings.Cut(line, "=")
		if ok && in == section && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// CachedToken is the access token that az holds for whom a row is of, in a tenant, for a scope. False
// where there is none, or where it cannot be read.
func (f Files) CachedToken(row ProfileSubscription, tenant, scope string) (Token, bool) {
	if f.Cache == nil {
		return Token{}, false
	}
	if row.User.Type == "servicePrincipal" {
		return f.Cache.appToken(row.User.Name, tenant, scope)
	}
	account, ok := f.Cache.Account(row.User.Name)
	if !ok {
		return Token{}, false
	}
	return f.Cache.Token(account.HomeAccountID, tenant, scope)
}

// Bundle cuts the sign-in down to tokens in one tenant, for a container.
func (f Files) Bundle(row ProfileSubscription, tenant string, tokens []Token) Bundle {
	b := Bundle{Username: row.User.Name, Environment: f.Cloud.AuthorityHost, Cloud: f.Cloud.Name, Manager: Resource(f.Cloud.ARMScope), TenantID: tenant, Tokens: tokens,
		// az matches accounts and tokens by this id; where the cache cannot be read any one will do
		HomeAccountID: "aztray." + cmp.Or(row.HomeTenantID, tenant)}
	if row.TenantID == tenant {
		b.Subscription = row.Subscription()
	}
	for _, r := range f.Profile.Subscriptions {
		if r.TenantID == tenant && strings.EqualFold(r.User.Name, row.User.Name) && r.User.Type == row.User.Type {
			b.Rows, b.TenantDomain = append(b.Rows, r), cmp.Or(b.TenantDomain, r.TenantDomain)
		}
	}
	if f.Cache != nil {
		if a, ok := f.Cache.Account(row.User.Name); ok {
			b.HomeAccountID, b.Environment = a.HomeAccountID, a.Environment
		}
	}
	if strings.HasSuffix(b.HomeAccountID, "."+tenant) { // a username at home ends in a domain of that tenant
		_, domain, _ := strings.Cut(b.Username, "@")
		b.TenantDomain = cmp.Or(b.TenantDomain, domain)
	}
	return b
}

// WithRefresh is b with the account's refresh token, where az's cache holds one that can be read: not with
// a broker.
func (f Files) WithRefresh(b Bundle) Bundle {
	if f.Cache != nil {
		b.Refresh = f.Cache.refreshSection(b.HomeAccountID)
	}
	return b
}
