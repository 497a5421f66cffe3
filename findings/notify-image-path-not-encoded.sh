#!/bin/sh
# esiqveland/notify makes a file address without encoding the path.
#
# Pinned:    github.com/esiqveland/notify v0.13.3
# Expected:  HintImageFilePath turns a path into the file: address that the image-path hint wants, blanks and # encoded.
# Behaviour: "file://" is put before the path as it stands: a blank, a # or a % in a folder's name makes an address of
#            another file, and the icon is missing.
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
require github.com/esiqveland/notify v0.13.3
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"net/url"

	"github.com/esiqveland/notify"
)

func main() {
	for _, path := range []string{"/opt/app/icon.png", "/opt/My App #1/50%20.png"} {
		hint := notify.HintImageFilePath(path)
		text, _ := hint.Variant.Value().(string)
		read := "no address"
		if u, err := url.Parse(text); err == nil {
			read = u.Path
		}
		fmt.Printf("%s %s, read as %s\n", hint.ID, text, read)
	}
}
EOF
cat >want <<'EOF'
image-path file:///opt/app/icon.png, read as /opt/app/icon.png
image-path file:///opt/My App #1/50%20.png, read as /opt/My App 
EOF
go build -trimpath -o probe . 2>log || { cat log; exit 2; }
env -i PATH=/nonexistent HOME="$dir" ./probe >got
diff want got && echo "still so"
