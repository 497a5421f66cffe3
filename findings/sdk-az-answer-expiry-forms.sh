#!/bin/sh
# Which forms of az's expiry the SDKs read: each takes some that the other refuses.
#
# Pinned:    github.com/Azure/azure-sdk-for-go/sdk/azidentity v1.15.0, @azure/identity 4.14.1, @azure/core-rest-pipeline
#            1.24.0
# Expected:  Both SDKs read az's answer alike; a number in quotes or a fraction changes nothing, and ISO 8601 is read by
#            both.
# Behaviour: Go refuses the whole answer for a number in quotes, for one with a fraction of zero and for expiresOn in
#            ISO 8601; JavaScript takes all. null: both fall back to expiresOn (local time).
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
	"os"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

func main() {
	cred, err := azidentity.NewAzureCLICredential(nil)
	if err != nil {
		panic(err)
	}
	tok, err := cred.GetToken(context.Background(), policy.TokenRequestOptions{Scopes: []string{"api://r/.default"}})
	if err != nil {
		fmt.Println("  go: refused")
		fmt.Fprintln(os.Stderr, err)
		return
	}
	fmt.Println("  go:", tok.ExpiresOn.UTC().Format("2006-01-02 15:04:05"))
}
EOF
cat >probe.mjs <<'EOF'
import { AzureCliCredential } from "@azure/identity";

try {
  const token = await new AzureCliCredential().getToken("api://r/.default");
  console.log("  js:", new Date(token.expiresOnTimestamp).toISOString().slice(0, 19).replace("T", " "));
} catch (err) {
  console.log("  js: refused");
  console.error(err.message);
}
EOF
mkdir bin
cat >bin/az <<'EOF'
#!/bin/sh
echo "{\"accessToken\":\"t\",\"tokenType\":\"Bearer\",\"tenant\":\"x\",\"subscription\":\"y\",$FORM}"
EOF
chmod +x bin/az
cat >want <<'EOF'
"expires_on":4000000000
  go: 2096-10-02 07:06:40
  js: 2096-10-02 07:06:40
"expires_on":"4000000000"
  go: refused
  js: 2096-10-02 07:06:40
"expires_on":4000000000.0
  go: refused
  js: 2096-10-02 07:06:40
"expires_on":null,"expiresOn":"2096-10-02 07:06:40.000000"
  go: 2096-10-02 07:06:40
  js: 2096-10-02 07:06:40
"expiresOn":"2096-10-02 07:06:40.000000"
  go: 2096-10-02 07:06:40
  js: 2096-10-02 07:06:40
"expiresOn":"2096-10-02 07:06:40"
  go: 2096-10-02 07:06:40
  js: 2096-10-02 07:06:40
"expiresOn":"2096-10-02T07:06:40Z"
  go: refused
  js: 2096-10-02 07:06:40
EOF
{
  go build -trimpath -o probe . &&
    npm install --prefix "$dir" --silent --no-audit --no-fund --ignore-scripts \
      @azure/identity@4.14.1 @azure/core-rest-pipeline@1.24.0
} >log 2>&1 || { cat log; exit 2; }
for form in '"expires_on":4000000000' '"expires_on":"4000000000"' '"expires_on":4000000000.0' \
  '"expires_on":null,"expiresOn":"2096-10-02 07:06:40.000000"' '"expiresOn":"2096-10-02 07:06:40.000000"' \
  '"expiresOn":"2096-10-02 07:06:40"' '"expiresOn":"2096-10-02T07:06:40Z"'; do
  echo "$form"
  run() { env -i PATH="$dir/bin:$PATH" HOME="$dir" TZ=UTC FORM="$form" "$@" 2>/dev/null; }
  run ./probe
  run node probe.mjs
done >got
diff want got && echo "still so"
