#!/bin/sh
# How long the SDKs wait for az: ten seconds, or for ever.
#
# Pinned:    github.com/Azure/azure-sdk-for-go/sdk/azidentity v1.15.0, @azure/identity 4.14.1, @azure/core-rest-pipeline
#            1.24.0
# Expected:  Both SDKs have a limit for a slow az.
# Behaviour: Go kills it after 10 s if the caller set no deadline ("signal: killed"); JavaScript has no limit unless
#            processTimeoutInMs is given, however long az takes. Here az takes 12 s.
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

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

func main() {
	cred, err := azidentity.NewAzureCLICredential(nil)
	if err != nil {
		panic(err)
	}
	tok, err := cred.GetToken(context.Background(), policy.TokenRequestOptions{Scopes: []string{"api://r/.default"}})
	fmt.Println("go:", tok.Token, err)
}
EOF
cat >probe.mjs <<'EOF'
import { AzureCliCredential } from "@azure/identity";

const { token } = await new AzureCliCredential().getToken("api://r/.default");
console.log("js:", token);
EOF
mkdir bin
cat >bin/az <<'EOF'
#!/bin/sh
sleep 12
echo '{"accessToken":"t","expires_on":4000000000,"tokenType":"Bearer"}'
EOF
chmod +x bin/az
cat >want <<'EOF'
go:  AzureCLICredential: signal: killed. To troubleshoot, visit https://aka.ms/azsdk/go/identity/troubleshoot#azure-cli
js: t
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
