#!/bin/sh
# Go's current SDK refuses the date form that Azure App Service itself used, which its predecessor read.
#
# Pinned:    github.com/Azure/azure-sdk-for-go/sdk/azidentity v1.15.0, github.com/Azure/go-autorest/autorest/adal
#            v0.9.24
# Expected:  expires_on in the form of App Service's older answers, 11/28/2099 3:04:05 PM +00:00, is read by the current
#            SDK as it was by go-autorest.
# Behaviour: adal takes it. azidentity (MSAL) fails the whole request and with it the default chain.
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
require github.com/Azure/go-autorest/autorest/adal v0.9.24
EOF
cat >main.go <<'EOF'
package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/go-autorest/autorest/adal"
)

func main() {
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"access_token":"t","expires_on":"11/28/2099 3:04:05 PM +00:00",`+
			`"resource":"r","token_type":"Bearer"}`)
	}))
	os.Setenv("MSI_ENDPOINT", endpoint.URL)
	os.Setenv("MSI_SECRET", "h")
	old, err := adal.NewServicePrincipalTokenFromManagedIdentity("api://r", nil)
	if err != nil {
		panic(err)
	}
	err = old.Refresh()
	fmt.Println("adal:", old.Token().AccessToken, old.Token().Expires().UTC().Format("2006-01-02 15:04:05"), err)
	os.Unsetenv("MSI_ENDPOINT")
	os.Unsetenv("MSI_SECRET")

	os.Setenv("IDENTITY_ENDPOINT", endpoint.URL)
	os.Setenv("IDENTITY_HEADER", "h")
	cred, err := azidentity.NewManagedIdentityCredential(nil)
	if err != nil {
		panic(err)
	}
	_, err = cred.GetToken(context.Background(), policy.TokenRequestOptions{Scopes: []string{"api://r/.default"}})
	fmt.Println("azidentity:", err)
}
EOF
cat >want <<'EOF'
adal: t 2099-11-28 15:04:05 <nil>
azidentity: ManagedIdentityCredential: error parsing the json error: invalid ExpiresOn format: 11/28/2099 3:04:05 PM +00:00. To troubleshoot, visit https://aka.ms/azsdk/go/identity/troubleshoot#managed-id
EOF
go build -trimpath -o probe . 2>log || { cat log; exit 2; }
env -i HOME="$dir" ./probe | sed -E '/^(GET|RESPONSE) /d; /^[-{]/d; /^$/d' >got
diff want got && echo "still so"
