#!/bin/sh
# What Terraform's Azure library asks az: more than a token.
#
# Pinned:    github.com/hashicorp/go-azure-sdk/sdk v0.20260811.1225050
# Expected:  As with the Azure SDKs, an az that answers "account get-access-token --resource R" is enough.
# Behaviour: It runs az version and az account show first, fails without them, and asks for the token by --scope.
#            Anything that stands in for az must know all three.
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
require github.com/hashicorp/go-azure-sdk/sdk v0.20260811.1225050
EOF
cat >main.go <<'EOF'
package main

import (
	"context"
	"fmt"
	"io"
	"log"

	"github.com/hashicorp/go-azure-sdk/sdk/auth"
	"github.com/hashicorp/go-azure-sdk/sdk/environments"
)

func main() {
	log.SetOutput(io.Discard)
	ctx := context.Background()
	cred, err := auth.NewAzureCliAuthorizer(ctx, auth.AzureCliAuthorizerOptions{
		Api: environments.AzurePublic().ResourceManager, TenantId: "00000000-0000-0000-0000-00000000000a"})
	if err != nil {
		fmt.Println("constructor:", err)
		return
	}
	for range 2 {
		tok, err := cred.Token(ctx, nil)
		if err != nil {
			fmt.Println("token:", err)
			return
		}
		fmt.Printf("token %s, expiry known %v\n", tok.AccessToken, !tok.Expiry.IsZero())
	}
}
EOF
mkdir bin
cat >bin/az <<'EOF'
#!/bin/sh
echo "az $*" >>"$HOME/calls"
case "$*" in
version*) [ -z "$WHOLE" ] || { echo '{"azure-cli":"2.91.0"}'; exit; } ;;
'account show'*) [ -z "$WHOLE" ] || {
  echo '{"id":"00000000-0000-0000-0000-00000000000b","tenantId":"00000000-0000-0000-0000-00000000000a",' \
    '"user":{"name":"me@example.com","type":"user"}}'
  exit
} ;;
'account get-access-token'*)
  echo "{\"accessToken\":\"t\",$EXPIRY,\"tenant\":\"x\",\"tokenType\":\"Bearer\"}"
  exit ;;
esac
echo "az: '$*' is not there" >&2
exit 2
EOF
chmod +x bin/az
cat >want <<'EOF'
az knows version and account show: no
constructor: could not parse Azure CLI version: running Azure CLI: exit status 2: az: 'version -o=json' is not there
az version -o=json
az knows version and account show: yes
token t, expiry known true
token t, expiry known true
az version -o=json
az account show -o=json
az account get-access-token --scope https://management.azure.com/.default --tenant 00000000-0000-0000-0000-00000000000a -o=json
EOF
go build -trimpath -o probe . 2>log || { cat log; exit 2; }
for whole in "" yes; do
  echo "az knows version and account show: ${whole:-no}"
  rm -f calls
  env -i PATH="$dir/bin:/usr/bin:/bin" HOME="$dir" WHOLE=$whole \
    EXPIRY='"expiresOn":"2096-10-02 07:06:40.000000","expires_on":4000000000' ./probe
  cat calls
done >got
diff want got && echo "still so"
