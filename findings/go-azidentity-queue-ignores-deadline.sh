#!/bin/sh
# A call of Go's AzureCLICredential that waits for another one does not look at its own deadline.
#
# Pinned:    github.com/Azure/azure-sdk-for-go/sdk/azidentity v1.15.0
# Expected:  GetToken with a context of 1 s returns after 1 s.
# Behaviour: Calls of one credential run az one after the other under a plain mutex. The second call comes back only
#            when the first one's az has ended, here after 4 s, and only then notices that its time is over.
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
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

func main() {
	cred, err := azidentity.NewAzureCLICredential(nil)
	if err != nil {
		panic(err)
	}
	ask := func(limit time.Duration) (time.Duration, error) {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		start := time.Now()
		scopes := []string{"api://r/.default"}
		_, err := cred.GetToken(ctx, policy.TokenRequestOptions{Scopes: scopes})
		return time.Since(start), err
	}
	first := make(chan error)
	go func() { _, err := ask(20 * time.Second); first <- err }()
	time.Sleep(time.Second) // the first call's az is running now, and takes 4 s
	took, err := ask(time.Second)
	fmt.Printf("second call: late by 1 s or more: %v, failed: %v\n", took > 2*time.Second, err != nil)
	fmt.Println("first call:", <-first)
}
EOF
mkdir bin
cat >bin/az <<'EOF'
#!/bin/sh
sleep 4
echo '{"accessToken":"t","expires_on":4102444800,"tokenType":"Bearer"}'
EOF
chmod +x bin/az
cat >want <<'EOF'
second call: late by 1 s or more: true, failed: true
first call: <nil>
EOF
go build -trimpath -o probe . 2>log || { cat log; exit 2; }
env -i PATH="$dir/bin:/usr/bin:/bin" HOME="$dir" ./probe >got
diff want got && echo "still so"
