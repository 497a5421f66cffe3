#!/bin/sh
# Terraform's Azure library does not know az's expires_on; without expiresOn a token never ends for it.
#
# Pinned:    github.com/hashicorp/go-azure-sdk/sdk v0.20260811.1225050
# Expected:  expires_on (seconds since 1970), which az gives beside expiresOn, is read, and a token without an end is
#            not kept for ever.
# Behaviour: Only expiresOn, local time without a zone, is read. An answer with expires_on alone makes a token without
#            an end; here it ended an hour ago and is handed out a second time without asking az.
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
"expiresOn":"an hour ago","expires_on":an hour ago
token t, expiry known true
token t, expiry known true
az get-access-token ran: 2
"expires_on":an hour ago
token t, expiry known false
token t, expiry known false
az get-access-token ran: 1
EOF
go build -trimpath -o probe . 2>log || { cat log; exit 2; }
past=$(($(date +%s) - 3600))
local=$(date -d @$past '+%Y-%m-%d %H:%M:%S.000000')
for expiry in "\"expiresOn\":\"$local\",\"expires_on\":$past" "\"expires_on\":$past"; do
  echo "$expiry" | sed 's/[0-9]\{10\}/an hour ago/; s/"[0-9-]\{10\} [^"]*"/"an hour ago"/'
  rm -f calls
  env -i PATH="$dir/bin:/usr/bin:/bin" HOME="$dir" WHOLE=yes EXPIRY="$expiry" ./probe
  echo "az get-access-token ran: $(grep -c get-access-token calls)"
done >got
diff want got && echo "still so"
