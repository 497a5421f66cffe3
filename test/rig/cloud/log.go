package cloud

import (
	"context"
	"slices"
	"time"
)

// Request is one thing that somebody asked for. It never holds a secret.
type Request struct {
	Time    time.Time
	Method  string // CONNECT where the proxy itself refused
	Host    string
	Path    string // without the query
	Service ServiceName
	Grant   string // of a token request: authorization_code, refresh_token, ...
	Tenant  string // id; empty where none was reached
	Client  string // client id
	Scope   string // as it was asked for
	Account string // username
	TokenID string // jti of the access token that was issued or presented
	Status  int    // of the answer; 0 where there was none
	Outcome string // "ok", an AADSTS code as AADSTS70043, an error's code, or cut, reset, unknown host, ...
}

// Kinds of IssuedToken.
const (
	AccessToken  = "access"
	RefreshToken = "refresh"
)

// IssuedToken is a token that was given out, with its value.
type IssuedToken struct {
	Kind      string // AccessToken or RefreshToken
	Value     string
	ID        string // jti of an access token, as in Request.TokenID
	Tenant    string // id; that of the sign-in for a refresh token
	Scope     string // granted
	Account   string
	IssuedAt  time.Time
	ExpiresOn time.Time // zero for a refresh token
}

// keepRequests bounds the log: a browser left open asks for things all day.
const keepRequests = 20000

// Requests lists what was asked for, oldest first.
func (c *Cloud) Requests() []Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.log)
}

// Issued lists every access and refresh token ever given out, oldest first.
func (c *Cloud) Issued() []IssuedToken {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.issued)
}

// WaitFor waits until the log holds a request that match accepts, be it past or to come, and returns
// the first. A request is in the log before its answer leaves.
func (c *Cloud) WaitFor(ctx context.Context, match func(Request) bool) (Request, error) {
	for {
		c.mu.Lock()
		i := slices.IndexFunc(c.log, match)
		var found Request
		if i >= 0 {
			found = c.log[i]
		}
		changed := c.logged
		c.mu.Unlock()
		if i >= 0 {
			return found, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Request{}, context.Cause(ctx)
		}
	}
}

// record adds to the log and wakes those who wait. It takes the lock.
func (c *Cloud) record(r Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.log) >= keepRequests {
		c.log = slices.Delete(c.log, 0, keepRequests/2)
	}
	c.log = append(c.log, r)
	close(c.logged)
	c.logged = make(chan struct{})
}
