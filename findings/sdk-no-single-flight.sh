#!/bin/sh
# Twenty callers with nothing in the cache make twenty requests.
#
# Pinned:    github.com/Azure/azure-sdk-for-go/sdk/azidentity v1.15.0, @azure/identity 4.14.1, @azure/core-rest-pipeline
#            1.24.0
# Expected:  Calls for the same token that run at once share one request: the credential is made for concurrent use.
# Behaviour: Go's and JavaScript's managed-identity credentials send one request for each caller until the first answer
#            is in the cache: a server whose workers start together asks its endpoint as often.
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
	"sync"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

func main() {
	var requests atomic.Int32
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		time.Sleep(3 * time.Second)
		fmt.Fprintf(w, `{"access_token":"t","expires_on":"%d","resource":"r","token_type":"Bearer"}`,
			time.Now().Add(time.Hour).Unix())
	}))
	os.Setenv("IDENTITY_ENDPOINT", endpoint.URL)
	os.Setenv("IDENTITY_HEADER", "h")
	cred, err := azidentity.NewManagedIdentityCredential(nil)
	if err != nil {
		panic(err)
	}
	var callers sync.WaitGroup
	for range 20 {
		callers.Go(func() {
			cred.GetToken(context.Background(), policy.TokenRequestOptions{Scopes: []string{"api://r/.default"}})
		})
	}
	callers.Wait()
	fmt.Println("go: 20 callers,", requests.Load(), "requests")
}
EOF
cat >probe.mjs <<'EOF'
import http from "node:http";
import { ManagedIdentityCredential } from "@azure/identity";

let requests = 0;
const endpoint = http.createServer((req, res) => {
  requests++;
  const expires = String(Math.floor(Date.now() / 1000) + 3600);
  const body = JSON.stringify({ access_token: "t", expires_on: expires, resource: "r", token_type: "Bearer" });
  setTimeout(() => res.setHeader("content-type", "application/json").end(body), 3000);
});
await new Promise((done) => endpoint.listen(0, "127.0.0.1", done));
process.env.IDENTITY_ENDPOINT = `http://127.0.0.1:${endpoint.address().port}/`;
process.env.IDENTITY_HEADER = "h";
const credential = new ManagedIdentityCredential();
await Promise.all(Array.from({ length: 20 }, () => credential.getToken("api://r/.default")));
console.log(`js: 20 callers, ${requests} requests`);
process.exit(0);
EOF
cat >want <<'EOF'
go: 20 callers, 20 requests
js: 20 callers, 20 requests
EOF
{
  go build -trimpath -o probe . &&
    npm install --prefix "$dir" --silent --no-audit --no-fund --ignore-scripts \
      @azure/identity@4.14.1 @azure/core-rest-pipeline@1.24.0
} >log 2>&1 || { cat log; exit 2; }
env -i HOME="$dir" ./probe >got
env -i PATH="$PATH" HOME="$dir" node probe.mjs >>got
diff want got && echo "still so"
