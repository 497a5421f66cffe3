#!/bin/sh
# A closed lumberjack logger leaves its goroutine behind.
#
# Pinned:    gopkg.in/natefinch/lumberjack.v2 v2.2.1
# Expected:  Close ends what the logger started; a program that opens and closes many logs does not grow.
# Behaviour: The goroutine that compresses and removes old files starts at the first file that is opened, and no call
#            ends it.
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
require gopkg.in/natefinch/lumberjack.v2 v2.2.1
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"gopkg.in/natefinch/lumberjack.v2"
)

func main() {
	before := runtime.NumGoroutine()
	for i := range 50 {
		l := &lumberjack.Logger{Filename: filepath.Join("logs", strconv.Itoa(i))}
		fmt.Fprintln(l, "x")
		l.Close()
	}
	time.Sleep(time.Second)
	fmt.Println("50 loggers opened and closed, goroutines more than before:", runtime.NumGoroutine()-before)
}
EOF
cat >want <<'EOF'
50 loggers opened and closed, goroutines more than before: 50
EOF
go build -trimpath -o probe . 2>log || { cat log; exit 2; }
env -i PATH=/nonexistent HOME="$dir" ./probe >got
diff want got && echo "still so"
