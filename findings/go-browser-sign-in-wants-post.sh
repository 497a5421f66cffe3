#!/bin/sh
# Go's browser sign-in refuses the redirect that OAuth is known for.
#
# Pinned:    github.com/Azure/azure-sdk-for-go/sdk/azidentity v1.15.0,
#            github.com/AzureAD/microsoft-authentication-library-for-go v1.10.1
# Expected:  The browser comes back with GET http://localhost:PORT/?code=…&state=…, as in RFC 8252 and in every stand-in
#            for Entra.
# Behaviour: The address asks for response_mode=form_post, and the listener takes code and state only from a POSTed
#            form. A GET is answered with 405 and ends the sign-in: a stand-in must send a page with a form that posts
#            itself.
# Seen:      2026-12-01, the text below "want".
# Needs:     go.
# Exit code: 0 still so, 1 changed, 2 could not be tried.
set -eu
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
export GOMODCACHE="${GOMODCACHE:-$dir/mod}" GOFLAGS=-mod=mod
cat >go.mod <<'EOF'
module probe
go 1.25.0
require github.com/Azure/azure-sdk-for-go/sdk/azidentity v1.15.0
require github.com/AzureAD/microsoft-authentication-library-for-go v1.10.1
EOF
cat >main.go <<'EOF'
package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// entra answers what the sign-in asks of login.microsoftonline.com; nothing leaves the process.
type entra struct{}

func (entra) Do(r *http.Request) (*http.Response, error) {
	base := "https://login.microsoftonline.com/00000000-0000-0000-0000-00000000000a"
	body := `{"issuer":"` + base + `/v2.0","authorization_endpoint":"` + base + `/oauth2/v2.0/authorize",` +
		`"token_endpoint":"` + base + `/oauth2/v2.0/token"}`
	if r.Method == http.MethodPost {
		b64 := base64.RawURLEncoding.EncodeToString
		claims := `{"oid":"c","tid":"a","preferred_username":"me@example.com"}`
		id := b64([]byte(`{"alg":"none"}`)) + "." + b64([]byte(claims)) + ".x"
		info := b64([]byte(`{"uid":"c","utid":"a"}`))
		body = `{"access_token":"t","expires_in":3600,"token_type":"Bearer","scope":"api://r/.default",` +
			`"id_token":"` + id + `","client_info":"` + info + `"}`
	}
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(body))}, nil
}

func main() {
	cred, err := azidentity.NewInteractiveBrowserCredential(&azidentity.InteractiveBrowserCredentialOptions{
		ClientOptions: azcore.ClientOptions{Transport: entra{}}, DisableInstanceDiscovery: true,
		TenantID: "00000000-0000-0000-0000-00000000000a",
	})
	if err != nil {
		panic(err)
	}
	done := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		_, err := cred.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{"api://r/.default"}})
		done <- err
	}()
	var address []byte // what the opener was called with
	for len(address) == 0 {
		time.Sleep(100 * time.Millisecond)
		address, _ = os.ReadFile("opened")
	}
	u, err := url.Parse(strings.TrimSpace(string(address)))
	if err != nil {
		panic(err)
	}
	q := u.Query()
	form := url.Values{"code": {"c"}, "state": {q.Get("state")}}
	var resp *http.Response
	if os.Args[1] == "GET" {
		resp, err = http.Get(q.Get("redirect_uri") + "?" + form.Encode())
	} else {
		resp, err = http.PostForm(q.Get("redirect_uri"), form)
	}
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s: %d, %s, sign-in: %v\n", os.Args[1], resp.StatusCode, q.Get("response_mode"), <-done)
}
EOF
mkdir bin
printf '#!/bin/sh\necho "$1" >opened\n' >bin/xdg-open
chmod +x bin/xdg-open
cat >want <<'EOF'
GET: 405, form_post, sign-in: InteractiveBrowserCredential: response was received via a GET operation, which is not supported
POST: 200, form_post, sign-in: <nil>
EOF
go build -trimpath -o probe . 2>log || { cat log; exit 2; }
for method in GET POST; do
  rm -f opened
  env -i PATH="$dir/bin:/usr/bin:/bin" HOME="$dir" ./probe $method
done >got
diff want got && echo "still so"
