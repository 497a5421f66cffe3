#!/bin/sh
# AZURE_TOKEN_CREDENTIALS: the spellings that one SDK takes and the other refuses.
#
# Pinned:    github.com/Azure/azure-sdk-for-go/sdk/azidentity v1.15.0, @azure/identity 4.14.1, @azure/core-rest-pipeline
#            1.24.0
# Expected:  PROD, prod with a blank and ManagedIdentityCredential in any case mean the same to both SDKs.
# Behaviour: Go takes a credential's name in any case but dev and prod in lower case only, and no blanks; JavaScript
#            takes them all. Where Go refuses, the constructor fails.
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
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

func main() {
	_, err := azidentity.NewDefaultAzureCredential(nil)
	fmt.Println("  go: taken", err == nil)
}
EOF
cat >probe.mjs <<'EOF'
import { DefaultAzureCredential } from "@azure/identity";

try {
  new DefaultAzureCredential();
  console.log("  js: taken true");
} catch {
  console.log("  js: taken false");
}
EOF
cat >want <<'EOF'
'prod'
  go: taken true
  js: taken true
'PROD'
  go: taken false
  js: taken true
' prod'
  go: taken false
  js: taken true
'ManagedIdentityCredential'
  go: taken true
  js: taken true
'managedidentitycredential'
  go: taken true
  js: taken true
'managedidentity'
  go: taken false
  js: taken false
EOF
{
  go build -trimpath -o probe . &&
    npm install --prefix "$dir" --silent --no-audit --no-fund --ignore-scripts \
      @azure/identity@4.14.1 @azure/core-rest-pipeline@1.24.0
} >log 2>&1 || { cat log; exit 2; }
for value in prod PROD ' prod' ManagedIdentityCredential managedidentitycredential managedidentity; do
  echo "'$value'"
  run() { env -i PATH="$PATH" HOME="$dir" AZURE_TOKEN_CREDENTIALS="$value" "$@"; }
  run ./probe
  run node probe.mjs
done >got
diff want got && echo "still so"
