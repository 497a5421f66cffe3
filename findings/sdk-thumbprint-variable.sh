#!/bin/sh
# One more variable beside the App Service pair changes the protocol: IDENTITY_SERVER_THUMBPRINT.
#
# Pinned:    github.com/Azure/azure-sdk-for-go/sdk/azidentity v1.15.0, @azure/identity 4.14.1, @azure/core-rest-pipeline
#            1.24.0
# Expected:  IDENTITY_ENDPOINT and IDENTITY_HEADER choose the App Service form; a variable that App Service never sets
#            changes nothing.
# Behaviour: With IDENTITY_SERVER_THUMBPRINT both SDKs switch to Service Fabric. Go then refuses an http endpoint before
#            any request; JavaScript asks it in another form: header secret instead of X-IDENTITY-HEADER, api-version
#            2019-07-01-preview.
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
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("go asks:", r.URL.Query().Get("api-version"))
		fmt.Fprintf(w, `{"access_token":"t","expires_on":"%d","resource":"r","token_type":"Bearer"}`,
			time.Now().Add(time.Hour).Unix())
	}))
	os.Setenv("IDENTITY_ENDPOINT", endpoint.URL)
	cred, err := azidentity.NewManagedIdentityCredential(nil)
	if err == nil {
		scopes := []string{"api://r/.default"}
		_, err = cred.GetToken(context.Background(), policy.TokenRequestOptions{Scopes: scopes})
	}
	fmt.Println("go:", err)
}
EOF
cat >probe.mjs <<'EOF'
import http from "node:http";
import { ManagedIdentityCredential } from "@azure/identity";

const endpoint = http.createServer((req, res) => {
  const names = Object.keys(req.headers).filter((name) => /secret|identity/.test(name));
  console.log("js asks:", new URL(req.url, "http://x").searchParams.get("api-version"), names.join(" "));
  const expires = String(Math.floor(Date.now() / 1000) + 3600);
  res.setHeader("content-type", "application/json");
  res.end(JSON.stringify({ access_token: "t", expires_on: expires, resource: "r", token_type: "Bearer" }));
});
await new Promise((done) => endpoint.listen(0, "127.0.0.1", done));
process.env.IDENTITY_ENDPOINT = `http://127.0.0.1:${endpoint.address().port}/`;
try {
  const token = await new ManagedIdentityCredential().getToken("api://r/.default");
  console.log("js:", token.token);
} catch (err) {
  console.log("js:", err.message);
}
process.exit(0);
EOF
cat >want <<'EOF'
thumbprint: none
go asks: 2019-08-01
go: <nil>
js asks: 2019-08-01 x-identity-header
js: t
thumbprint: 0123456789abcdef
go: managed identity endpoint for Service Fabric must use HTTPS
js asks: 2019-07-01-preview secret
js: t
EOF
{
  go build -trimpath -o probe . &&
    npm install --prefix "$dir" --silent --no-audit --no-fund --ignore-scripts \
      @azure/identity@4.14.1 @azure/core-rest-pipeline@1.24.0
} >log 2>&1 || { cat log; exit 2; }
for thumbprint in "" 0123456789abcdef; do
  echo "thumbprint: ${thumbprint:-none}"
  run() {
    env -i PATH="$PATH" HOME="$dir" IDENTITY_HEADER=h ${thumbprint:+IDENTITY_SERVER_THUMBPRINT=$thumbprint} "$@"
  }
  run ./probe
  run node probe.mjs
done >got
diff want got && echo "still so"
