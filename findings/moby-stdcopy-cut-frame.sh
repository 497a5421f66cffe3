#!/bin/sh
# Docker's log splitter reports a cut stream as a good end.
#
# Pinned:    github.com/moby/moby/api v1.57.0
# Expected:  A multiplexed log or exec stream that breaks off in the middle of a frame ends with io.ErrUnexpectedEOF, as
#            a cut body with a Content-Length does.
# Behaviour: StdCopy returns no error, and what had arrived of the last frame is dropped: output that ends early looks
#            complete.
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
require github.com/moby/moby/api v1.57.0
EOF
cat >main.go <<'EOF'
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/moby/moby/api/pkg/stdcopy"
)

func frame(text string) []byte {
	head := make([]byte, 8)
	head[0] = byte(stdcopy.Stdout)
	binary.BigEndian.PutUint32(head[4:], uint32(len(text)))
	return append(head, text...)
}

func main() {
	whole := append(frame("first line\n"), frame("second line\n")...)
	for _, cut := range []int{0, 3, 15} {
		var out, errs bytes.Buffer
		n, err := stdcopy.StdCopy(&out, &errs, bytes.NewReader(whole[:len(whole)-cut]))
		fmt.Printf("%d bytes missing: %d written, error %v, output %q\n", cut, n, err, out.String())
	}
}
EOF
cat >want <<'EOF'
0 bytes missing: 23 written, error <nil>, output "first line\nsecond line\n"
3 bytes missing: 11 written, error <nil>, output "first line\n"
15 bytes missing: 11 written, error <nil>, output "first line\n"
EOF
go build -trimpath -o probe . 2>log || { cat log; exit 2; }
env -i PATH=/nonexistent HOME="$dir" ./probe >got
diff want got && echo "still so"
