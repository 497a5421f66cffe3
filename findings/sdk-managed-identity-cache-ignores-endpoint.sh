#!/bin/sh
# A second managed-identity credential of a process gets the token of the first one's endpoint.
#
# Pinned:    github.com/Azure/azure-sdk-for-go/sdk/azidentity v1.15.0, @azure/identity 4.14.1, @azure/core-rest-pipeline
#            1.24.0
# Expected:  A new credential made after IDENTITY_ENDPOINT and IDENTITY_HEADER have changed asks the new endpoint.
# Behaviour: Go and JavaScript keep managed-identity tokens in one cache of the process, whose key has no endpoint in
#            it: even a new object gets the first endpoint's token without a request. For another resource Go asks the
#            new endpoint; JavaScript goes on asking the first for as long as the process lives.
# Seen:      2026-12-01, the text below "want".
# Needs:     go, node 20 or newer, npm.
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
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

func main() {
	for _, name := range []string{"first", "second"} {
		endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, `{"access_token":"%s","expires_on":"%d","resource":"r","token_type":"Bearer"}`,
				name, time.Now().Add(time.Hour).Unix())
		}))
		os.Setenv("IDENTITY_ENDPOINT", endpoint.URL)
		os.Setenv("IDENTITY_HEADER", name)
		cred, err := azidentity.NewManagedIdentityCredential(nil)
		if err != nil {
			panic(err)
		}
		for _, scope := range []string{"api://r/.default", "api://only-" + name + "/.default"} {
			tok, err := cred.GetToken(context.Background(), policy.TokenRequestOptions{Scopes: []string{scope}})
			fmt.Printf("go: %s credential, %s: token of the %s endpoint, error %v\n", name, scope, tok.Token, err)
		}
	}
}
EOF
cat >probe.mjs <<'EOF'
import http from "node:http";
import { ManagedIdentityCredential } from "@azure/identity";

for (const name of ["first", "second"]) {
  const endpoint = http.createServer((req, res) => {
    const expires = String(Math.floor(Date.now() / 1000) + 3600);
    res.setHeader("content-type", "application/json");
    res.end(JSON.stringify({ access_token: name, expires_on: expires, resource: "r", token_type: "Bearer" }));
  });
  await new Promise((done) => endpoint.listen(0, "127.0.0.1", done));
  process.env.IDENTITY_ENDPOINT = `http://127.0.0.1:${endpoint.address().port}/`;
  process.env.IDENTITY_HEADER = name;
  const credential = new ManagedIdentityCredential();
  for (const scope of ["api://r/.default", `api://only-${name}/.default`]) {
    const { token } = await credential.getToken(scope);
    console.log(`js: ${name} credential, ${scope}: token of the ${token} endpoint`);
  }
}
process.exit(0);
EOF
cat >want <<'EOF'
go: first credential, api://r/.default: token of the first endpoint, error <nil>
go: first credential, api://only-first/.default: token of the first endpoint, error <nil>
go: second credential, api://r/.default: token of the first endpoint, error <nil>
go: second credential, api://only-second/.default: token of the second endpoint, error <nil>
js: first credential, api://r/.default: token of the first endpoint
js: first credential, api://only-first/.default: token of the first endpoint
js: second credential, api://r/.default: token of the first endpoint
js: second credential, api://only-second/.default: token of the first endpoint
EOF
{
  go build -trimpath -o probe . &&
    npm install --prefix "$dir" --silent --no-audit --no-fund --ignore-scripts \
      @azure/identity@4.14.1 @azure/core-rest-pipeline@1.24.0
} >log 2>&1 || { cat log; exit 2; }
env -i HOME="$dir" ./probe >got
env -i PATH="$PATH" HOME="$dir" node probe.mjs >>got
diff want got && echo "still so"
