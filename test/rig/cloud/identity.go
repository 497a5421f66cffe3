package cloud

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The managed identity of the machine that the tests run on, if that were one of Azure's.
const (
	Machine      = "machine@contoso.example"              // its name in [Request].Account and [IssuedToken].Account
	MachineID    = "3ac41e00-7d5b-4a55-8a6e-1f0b9d0e7c11" // client id
	identityPath = "/msi/token"
	identityKey  = "rig-identity-header"
	appService   = "2019-08-01" // the version of App Service's endpoint that the SDKs ask for
)

// IdentityEnv leads az and the SDKs to a managed identity endpoint of this cloud, on loopback: az 2.45
// by MSI_ENDPOINT, which it posts to, newer ones and the SDKs by App Service's two variables.
func (c *Cloud) IdentityEnv() []string {
	return []string{"MSI_ENDPOINT=" + c.proxyURL + identityPath, "IDENTITY_ENDPOINT=" + c.proxyURL + identityPath, "IDENTITY_HEADER=" + identityKey}
}

// serveIdentity is the managed identity endpoint, which is asked without the proxy.
func (c *Cloud) serveIdentity(w http.ResponseWriter, r *http.Request) {
	rec := Request{Time: c.now(), Method: r.Method, Host: hostOf(r.Host), Path: identityPath, Service: Identity, Grant: "managed_identity", Client: MachineID}
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	c.mu.Lock()
	rep := c.identity(r, &rec)
	c.mu.Unlock()
	rec.Status = rep.status
	rec.Outcome = rep.outcome
	if rep.status == http.StatusOK {
		rec.Outcome = "ok"
	}
	c.record(rec)
	c.write(w, rep)
}

// identity gives the machine's token. The caller holds the lock.
func (c *Cloud) identity(r *http.Request, rec *Request) reply {
	resource := r.FormValue("resource")
	rec.Scope = resource
	byHeader := subtle.ConstantTimeCompare([]byte(r.Header.Get("X-IDENTITY-HEADER")), []byte(identityKey)) == 1
	switch {
	case r.Method == http.MethodGet && (!byHeader || r.FormValue("api-version") != appService),
		r.Method == http.MethodPost && r.Header.Get("Metadata") != "true":
		return identityRefusal(http.StatusUnauthorized, "unauthorized_client", "The header that proves the caller is missing or wrong.")
	case c.policy.NoIdentity:
		return identityRefusal(http.StatusBadRequest, "invalid_request", "Identity not found")
	}
	wanted, e := parseScopes(strings.TrimRight(resource, "/") + "/.default")
	a := ask{who: principal{app: Machine}, client: MachineID, cloud: Public, tenant: Contoso, scopes: wanted}
	if e == nil {
		e = c.allow(a)
	}
	if e != nil {
		return identityRefusal(http.StatusBadRequest, e.oauth, e.outcome()+": "+e.text)
	}
	a.scopes.resource = resource
	var minted struct {
		Token string `json:"access_token"`
		In    int    `json:"expires_in"`
	}
	if err := json.Unmarshal(c.mint(a, rec).body, &minted); err != nil { // our own answer
		panic(err)
	}
	answer := map[string]string{"access_token": minted.Token, "client_id": MachineID, "resource": resource, "token_type": "Bearer",
		"expires_on": strconv.FormatInt(c.now().Add(time.Duration(minted.In)*time.Second).Unix(), 10)}
	if r.Method == http.MethodPost {
		answer["expires_in"] = strconv.Itoa(minted.In)
	}
	return jsonReply(http.StatusOK, answer)
}

func identityRefusal(status int, code, message string) reply {
	rep := jsonReply(status, map[string]any{"statusCode": status, "message": message, "error": code, "error_description": message})
	rep.outcome = code
	return rep
}
