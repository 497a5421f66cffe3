#!/bin/sh
# Go's azidentity takes a variable that is set but empty for a choice, not for "unset".
#
# Pinned:    github.com/Azure/azure-sdk-for-go/sdk/azidentity v1.15.0
# Expected:  AZURE_TOKEN_CREDENTIALS="" and AZURE_CLIENT_ID="" mean the same as leaving them out; a compose file's
#            ${AZURE_CLIENT_ID:-} makes such values.
# Behaviour: AZURE_TOKEN_CREDENTIALS="" makes NewDefaultAzureCredential fail. AZURE_CLIENT_ID="" takes managed identity
#            out of the chain: the endpoint that works without it is never asked.
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
EOF
cat >main.go <<'EOF'
package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

func main() {
	requests := 0
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		fmt.Fprintf(w, `{"access_token":"t","expires_on":"%d","resource":"r","token_type":"Bearer"}`,
			time.Now().Add(time.Hour).Unix())
	}))
	os.Setenv("IDENTITY_ENDPOINT", endpoint.URL)
	os.Setenv("IDENTITY_HEADER", "h")
	try := func(name string) {
		requests = 0
		cred, err := azidentity.NewDefaultAzureCredential(nil)
		if err != nil {
			fmt.Printf("%s: constructor: %v\n", name, err)
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		scopes := []string{"api://" + name + "/.default"}
		_, err = cred.GetToken(ctx, policy.TokenRequestOptions{Scopes: scopes})
		fmt.Printf("%s: requests %d, token %v\n", name, requests, err == nil)
		for line := range strings.Lines(fmt.Sprint(err)) {
			if strings.Contains(line, "ManagedIdentity") {
				fmt.Println(strings.TrimSpace(line))
			}
		}
	}
	try("unset")
	os.Setenv("AZURE_CLIENT_ID", "")
	try("empty-client-id")
	os.Unsetenv("AZURE_CLIENT_ID")
	os.Setenv("AZURE_TOKEN_CREDENTIALS", "")
	try("empty-token-credentials")
}
EOF
cat >want <<'EOF'
unset: requests 1, token true
empty-client-id: requests 0, token false
ManagedIdentityCredential: empty managedidentity.UserAssignedClientID
empty-token-credentials: constructor: invalid AZURE_TOKEN_CREDENTIALS value "". Valid values are "dev", "prod", or the name of any credential type in the default chain. See https://aka.ms/azsdk/go/identity/docs#DefaultAzureCredential for more information
EOF
go build -trimpath -o probe . 2>log || { cat log; exit 2; }
env -i PATH=/nonexistent HOME="$dir" ./probe >got
diff want got && echo "still so"
