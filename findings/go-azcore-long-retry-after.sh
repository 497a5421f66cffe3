#!/bin/sh
# Go's azcore does not wait for a long Retry-After: it gives up at once instead.
#
# Pinned:    github.com/Azure/azure-sdk-for-go/sdk/azidentity v1.15.0
# Expected:  A service that answers 503 with Retry-After is asked again after that time, or, if it is too long, after
#            the longest delay that the client allows.
# Behaviour: Up to 60 s (MaxRetryDelay) it is waited for, three times. From 61 s on the first 503 is final: an answer
#            meant to slow a client down turns into an immediate failure.
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
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

func main() {
	for _, after := range []string{"1", "61"} {
		requests := 0
		endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			requests++
			w.Header().Set("Retry-After", after)
			http.Error(w, `{"error":"busy"}`, http.StatusServiceUnavailable)
		}))
		os.Setenv("IDENTITY_ENDPOINT", endpoint.URL)
		os.Setenv("IDENTITY_HEADER", "h")
		cred, err := azidentity.NewManagedIdentityCredential(nil)
		if err != nil {
			panic(err)
		}
		start := time.Now()
		_, err = cred.GetToken(context.Background(), policy.TokenRequestOptions{Scopes: []string{"api://r/.default"}})
		took := time.Since(start).Seconds()
		fmt.Printf("Retry-After %s: %d requests, %.0f s, failed %v\n", after, requests, took, err != nil)
	}
}
EOF
cat >want <<'EOF'
Retry-After 1: 4 requests, 3 s, failed true
Retry-After 61: 1 requests, 0 s, failed true
EOF
go build -trimpath -o probe . 2>log || { cat log; exit 2; }
env -i PATH=/nonexistent HOME="$dir" ./probe >got
diff want got && echo "still so"
