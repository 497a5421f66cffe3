#!/bin/sh
# One env file, two readings: docker run --env-file and compose's env_file.
#
# Pinned:    github.com/docker/cli v29.10.0+incompatible, github.com/compose-spec/compose-go/v2 v2.10.0
# Expected:  Docker's own command and Docker Compose read the same env file to the same values.
# Behaviour: docker keeps quotes, comments, $ signs and blanks at the end as they stand, and refuses export and blanks
#            before the sign; compose strips, substitutes and accepts. A value in quotes that works with compose is a
#            broken one with docker run.
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
require github.com/docker/cli v29.10.0+incompatible
require github.com/compose-spec/compose-go/v2 v2.10.0
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"strings"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/docker/cli/pkg/kvfile"
)

func main() {
	none := func(string) (string, bool) { return "", false }
	for _, line := range []string{
		`URL="http://host:1/token"`, `URL='http://host:1/token'`, `TEXT=one # two`, `TEXT=a$HOME_OF_B`, `TEXT=a\nb`,
		`TEXT="a\nb"`, `export TEXT=a`, `TEXT = a`, `TEXT: a`, `TEXT=a `,
	} {
		docker, err := kvfile.ParseFromReader(strings.NewReader(line+"\n"), none)
		fmt.Printf("%s\n  docker  %q", line, docker)
		if err != nil {
			fmt.Print(" refused: ", err)
		}
		compose, err := dotenv.ParseWithLookup(strings.NewReader(line+"\n"), none)
		fmt.Printf("\n  compose %q", compose)
		if err != nil {
			fmt.Print(" refused: ", err)
		}
		fmt.Println()
	}
}
EOF
cat >want <<'EOF'
URL="http://host:1/token"
  docker  ["URL=\"http://host:1/token\""]
  compose map["URL":"http://host:1/token"]
URL='http://host:1/token'
  docker  ["URL='http://host:1/token'"]
  compose map["URL":"http://host:1/token"]
TEXT=one # two
  docker  ["TEXT=one # two"]
  compose map["TEXT":"one"]
TEXT=a$HOME_OF_B
  docker  ["TEXT=a$HOME_OF_B"]
  compose map["TEXT":"a"]
TEXT=a\nb
  docker  ["TEXT=a\\nb"]
  compose map["TEXT":"a\\nb"]
TEXT="a\nb"
  docker  ["TEXT=\"a\\nb\""]
  compose map["TEXT":"a\nb"]
export TEXT=a
  docker  [] refused: variable 'export TEXT' contains whitespaces
  compose map["TEXT":"a"]
TEXT = a
  docker  [] refused: variable 'TEXT ' contains whitespaces
  compose map["TEXT":"a"]
TEXT: a
  docker  [] refused: variable 'TEXT: a' contains whitespaces
  compose map["TEXT":"a"]
TEXT=a 
  docker  ["TEXT=a "]
  compose map["TEXT":"a"]
EOF
go build -trimpath -o probe . 2>log || { cat log; exit 2; }
env -i PATH=/nonexistent HOME="$dir" ./probe >got
diff want got && echo "still so"
