package auth

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Cache is az's token cache in MSAL's unified schema. Keys are ignored, fields count, and unknown
// sections and fields are kept for the view that MSAL gets.
// https://github.com/AzureAD/microsoft-authentication-library-for-python (token_cache.py)
type Cache struct {
	sections map[string]json.RawMessage
	access   []cachedToken
	accounts []CachedAccount
	refresh  []cachedRefresh
}

// CachedAccount is one account of the cache.
type CachedAccount struct {
	HomeAccountID string `json:"home_account_id"`
	Environment   string `json:"environment"`
	Realm         string `json:"realm"`
	Username      string `json:"username"`
	Source        string `json:"account_source"` // authorization_code, broker, a device code URN
}

type cachedToken struct {
	Secret        string  `json:"secret"`
	HomeAccountID string  `json:"home_account_id"`
	Environment   string  `json:"environment"`
	ClientID      string  `json:"client_id"` // of az, or of the service principal
	Target        string  `json:"target"`
	Realm         string  `json:"realm"`
	CachedAt      seconds `json:"cached_at"`
	ExpiresOn     seconds `json:"expires_on"`
}

type cachedRefresh struct {
	HomeAccountID string  `json:"home_account_id"`
	ModifiedAt    seconds `json:"last_modification_time"`
	key           string
}

// seconds is a time as MSAL writes it: Unix seconds, in a string or as a number.
type seconds struct{ time.Time }

func (s *seconds) UnmarshalJSON(b []byte) error {
	n, err := strconv.ParseFloat(strings.Trim(string(b), `"`), 64)
	if err != nil {
		return nil // an entry without a usable time is one that has ended
	}
	s.Time = time.Unix(int64(n), 0).UTC()
	return nil
}

func parseCache(b []byte) (*Cache, error) {
	c := &Cache{}
	if err := json.Unmarshal(b, &c.sections); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTorn, err)
	}
	c.access = entries[cachedToken](c.sections["AccessToken"])
	c.accounts = entries[CachedAccount](c.sections["Account"])
	c.refresh = refreshTokens(c.sections["RefreshToken"])
	return c, nil
}

// entries decodes one section, passing over entries of another shape: they are somebody else's. The
// order is by key, so that the same cache always reads the same.
func entries[T any](section json.RawMessage) []T {
	var raw map[string]json.RawMessage
	if json.Unmarshal(section, &raw) != nil {
		return nil
	}
	keys := make([]string, 0, len(raw))
	for k := range raw {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	var out []T
	for _, k := range keys {
		var e T
		if json.Unmarshal(raw[k], &e) == nil {
			out = append(out, e)
		}
	}
	return out
}

// Account is the account of a user name, in whatever letter case. False where the cache has none.
func (c *Cache) Account(username string) (CachedAccount, bool) {
	for _, a := range c.accounts {
		if strings.EqualFold(a.Username, username) {
			return a, true
		}
	}
	return CachedAccount{}, false
}

// Renewable reports whether the cache holds a refresh token for the account. With a broker it holds
// none, and only az can ask the broker.
func (c *Cache) Renewable(homeAccountID string) bool {
	return slices.ContainsFunc(c.refresh, func(r cachedRefresh) bool { return r.HomeAccountID == homeAccountID })
}

// Token is the cached access token for an account, tenant and scope that lasts longest. False where
// there is none.
func (c *Cache) Token(homeAccountID, tenant, scope string) (Token, bool) {
	return c.longest(tenant, scope, func(t cachedToken) bool { return t.HomeAccountID == homeAccountID })
}

// appToken is Token for a service principal, which has no account.
func (c *Cache) appToken(app, tenant, scope string) (Token, bool) {
	return c.longest(tenant, scope, func(t cachedToken) bool { return t.HomeAccountID == "" && t.ClientID == app })
}

func (c *Cache) longest(tenant, scope string, of func(cachedToken) bool) (Token, bool) {
	var best Token
	for _, t := range c.access {
		if !of(t) || t.Realm != tenant || !covers(t.Target, scope) || !t.ExpiresOn.After(best.ExpiresOn) {
			continue
		}
		best = Token{Scope: scope, Target: t.Target, TenantID: tenant, Secret: NewSecret(t.Secret),
			ObtainedAt: t.CachedAt.Time, ExpiresOn: t.ExpiresOn.Time}
	}
	return best, !best.ExpiresOn.IsZero()
}

// covers reports whether the granted scopes hold scope.
func covers(target, scope string) bool {
	return slices.ContainsFunc(strings.Fields(target), func(s string) bool { return strings.EqualFold(s, scope) })
}

// refreshTokens lists the refresh tokens' keys, the newest first, as MSAL tries them.
func refreshTokens(section json.RawMessage) []cachedRefresh {
	var raw map[string]json.RawMessage
	if json.Unmarshal(section, &raw) != nil {
		return nil
	}
	var out []cachedRefresh
	for k, entry := range raw {
		r := cachedRefresh{key: k}
		if json.Unmarshal(entry, &r) == nil {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b cachedRefresh) int {
		return cmp.Or(b.ModifiedAt.Compare(a.ModifiedAt.Time), cmp.Compare(a.key, b.key))
	})
	return out
}

// refreshSection is the RefreshToken section cut down to an account's newest entries; the zero Secret where
// there are none.
func (c *Cache) refreshSection(homeAccountID string) Secret {
	var all map[string]json.RawMessage
	if json.Unmarshal(c.sections["RefreshToken"], &all) != nil {
		return Secret{}
	}
	cut := map[string]json.RawMessage{}
	for _, r := range c.refresh {
		if r.HomeAccountID == homeAccountID && len(cut) < maxViews {
			cut[r.key] = all[r.key]
		}
	}
	if len(cut) == 0 {
		return Secret{}
	}
	return NewSecret(string(mustJSON(cut)))
}

// maxViews bounds how many refresh tokens of one account are tried. az keeps one for each set of
// scopes that was signed in with.
const maxViews = 3

// forRenewal is the cache without its access tokens, once with each refresh token of the account, the
// newest first: from such a view MSAL can only use that refresh token, so that what it returns is new.
func (c *Cache) forRenewal(homeAccountID string) ([][]byte, error) {
	var refresh map[string]json.RawMessage
	if err := json.Unmarshal(c.sections["RefreshToken"], &refresh); err != nil {
		return nil, err
	}
	var views [][]byte
	for _, r := range c.refresh {
		if r.HomeAccountID != homeAccountID || len(views) == maxViews {
			continue
		}
		view := maps.Clone(c.sections)
		delete(view, "AccessToken")
		one, err := json.Marshal(map[string]json.RawMessage{r.key: refresh[r.key]})
		if err != nil {
			return nil, err
		}
		view["RefreshToken"] = one
		b, err := json.Marshal(view)
		if err != nil {
			return nil, err
		}
		views = append(views, b)
	}
	return views, nil
}
