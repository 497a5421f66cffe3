#!/bin/sh
# After an endpoint's refusal one default chain stops and the other goes on to az.
#
# Pinned:    github.com/Azure/azure-sdk-for-go/sdk/azidentity v1.15.0, @azure/identity 4.14.1, @azure/core-rest-pipeline
#            1.24.0
# Expected:  DefaultAzureCredential of both SDKs treats a managed-identity endpoint that answers 400 alike.
# Behaviour: Go stops: the endpoint was configured and has refused. JavaScript takes every failure of managed identity
#            for "not available" and gives az's token. The same container works with one language and not with the
#            other.
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

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

func main() {
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, `{"error":"invalid_request","error_description":"sign in again"}`, http.StatusBadRequest)
	}))
	os.Setenv("IDENTITY_ENDPOINT", endpoint.URL)
	os.Setenv("IDENTITY_HEADER", "h")
	cred, err := azidentity.NewDefaultAzureCredential(nil)
	if err != nil {
		panic(err)
	}
	tok, err := cred.GetToken(context.Background(), policy.TokenRequestOptions{Scopes: []string{"api://r/.default"}})
	fmt.Printf("go: token %q, failed %v\n", tok.Token, err != nil)
}
EOF
cat >probe.mjs <<'EOF'
import http from "node:http";
import { DefaultAzureCredential } from "@azure/identity";

const endpoint = http.createServer((req, res) => {
  res.writeHead(400, { "content-type": "application/json" });
  res.end(JSON.stringify({ error: "invalid_request", error_description: "sign in again" }));
});
await new Promise((done) => endpoint.listen(0, "127.0.0.1", done));
process.env.IDENTITY_ENDPOINT = `http://127.0.0.1:${endpoint.address().port}/`;
process.env.IDENTITY_HEADER = "h";
try {
  const { token } = await new DefaultAzureCredential().getToken("api://r/.default");
  console.log(`js: token "${token}", failed false`);
} catch (err) {
  console.log(`js: failed ${err.name}`);
}
process.exit(0);
EOF
mkdir bin
cat >bin/az <<'EOF'
#!/bin/sh
echo '{"accessToken":"of az","expires_on":4000000000,"tokenType":"Bearer"}'
EOF
chmod +x bin/az
cat >want <<'EOF'
go: token "", failed true
js: token "of az", failed false
EOF
{
  go build -trimpath -o probe . &&
    npm install --prefix "$dir" --silent --no-audit --no-fund --ignore-scripts \
      @azure/identity@4.14.1 @azure/core-rest-pipeline@1.24.0
} >log 2>&1 || { cat log; exit 2; }
run() { env -i PATH="$dir/bin:$PATH" HOME="$dir" "$@"; }
run ./probe >got
run node probe.mjs >>got
diff want got && echo "still so"
