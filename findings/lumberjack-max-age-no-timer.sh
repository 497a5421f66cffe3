#!/bin/sh
# lumberjack removes old files only when it opens or rotates one; a quiet log keeps them for ever.
#
# Pinned:    gopkg.in/natefinch/lumberjack.v2 v2.2.1
# Expected:  MaxAge: 1 removes a backup that is older than a day while the program runs and writes; its age is that of
#            the file.
# Behaviour: The name's time stamp counts, not the file's, and writing does not look: a backup whose name says 2001
#            stays while the program writes, and goes at the next rotation; a file whose times are old and whose name is
#            of today stays.
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
	"os"
	"time"

	"gopkg.in/natefinch/lumberjack.v2"
)

func main() {
	list := func(when string) {
		time.Sleep(500 * time.Millisecond)
		fmt.Println(when)
		for _, name := range []string{"log-2001-01-01T00-00-00.000.txt", today} {
			_, err := os.Stat(name)
			label := "named 2001, of today by its times"
			if name == today {
				label = "named today, of 2001 by its times"
			}
			fmt.Printf("  %s: there %v\n", label, err == nil)
		}
	}
	os.WriteFile("log.txt", []byte("one\n"), 0o600)
	l := &lumberjack.Logger{Filename: "log.txt", MaxAge: 1}
	fmt.Fprintln(l, "opened")
	time.Sleep(500 * time.Millisecond)
	os.WriteFile("log-2001-01-01T00-00-00.000.txt", nil, 0o600)
	os.WriteFile(today, nil, 0o600)
	old := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
	os.Chtimes(today, old, old)
	list("made")
	fmt.Fprintln(l, "more")
	list("after a write")
	l.Rotate()
	list("after a rotation")
}

var today = "log-" + time.Now().UTC().Format("2006-01-02T15-04-05.000") + ".txt"
EOF
cat >want <<'EOF'
made
  named 2001, of today by its times: there true
  named today, of 2001 by its times: there true
after a write
  named 2001, of today by its times: there true
  named today, of 2001 by its times: there true
after a rotation
  named 2001, of today by its times: there false
  named today, of 2001 by its times: there true
EOF
go build -trimpath -o probe . 2>log || { cat log; exit 2; }
env -i PATH=/nonexistent HOME="$dir" ./probe >got
diff want got && echo "still so"
