#!/bin/sh
# pkg/browser, which Go's Azure sign-in uses, lets the browser's opener write into the program's output, and passes
# over BROWSER.
#
# Pinned:    github.com/pkg/browser v0.0.0-20240102092130-5ac0b6a4141c
# Expected:  Opening an address prints nothing of its own on standard output, where a program's JSON may be, and takes
#            the browser that BROWSER names.
# Behaviour: xdg-open gets the program's standard output and error; what it or a browser says there is mixed with the
#            program's own. BROWSER is not read: the xdg-open of the PATH is run.
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
go 1.24
require github.com/pkg/browser v0.0.0-20240102092130-5ac0b6a4141c
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"

	"github.com/pkg/browser"
)

func main() {
	fmt.Println(`{"before":1}`)
	err := browser.OpenURL("https://example.com/")
	fmt.Println(`{"after":1}`, err)
}
EOF
mkdir bin
printf '#!/bin/sh\necho "xdg-open: $*"\n' >bin/xdg-open
printf '#!/bin/sh\necho "mine: $*"\n' >bin/mine
chmod +x bin/*
cat >want <<'EOF'
{"before":1}
xdg-open: https://example.com/
{"after":1} <nil>
EOF
go build -trimpath -o probe . 2>log || { cat log; exit 2; }
env -i PATH="$dir/bin:/usr/bin:/bin" BROWSER="$dir/bin/mine" ./probe >got
diff want got && echo "still so"
