#!/bin/sh
# kin-openapi's response check passes what the document does not declare.
#
# Pinned:    github.com/getkin/kin-openapi v0.153.0
# Expected:  A response with a status that the operation does not list, or a string that is no uuid and no date-time,
#            fails the check against the document.
# Behaviour: An undeclared status passes unless Options.IncludeResponseStatus is set. format: uuid and email are not
#            looked at until a program defines them; date-time is.
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
go 1.25
require github.com/getkin/kin-openapi v0.153.0
EOF
cat >main.go <<'EOF'
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

const doc = `
openapi: 3.0.3
info: {title: x, version: "1"}
paths:
  /x:
    get:
      responses:
        "200":
          description: ok
          content:
            application/json:
              schema:
                type: object
                properties:
                  id: {type: string, format: uuid}
                  mail: {type: string, format: email}
                  at: {type: string, format: date-time}
`

func main() {
	ctx := context.Background()
	spec, err := openapi3.NewLoader().LoadFromData([]byte(doc))
	if err != nil {
		panic(err)
	}
	router, err := gorillamux.NewRouter(spec)
	if err != nil {
		panic(err)
	}
	req, _ := http.NewRequest("GET", "http://localhost/x", nil)
	route, params, err := router.FindRoute(req)
	if err != nil {
		panic(err)
	}
	input := &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route}
	check := func(label string, status int, body string, strict bool) {
		err := openapi3filter.ValidateResponse(ctx, &openapi3filter.ResponseValidationInput{
			RequestValidationInput: input,
			Status:                 status,
			Header:                 http.Header{"Content-Type": {"application/json"}},
			Body:                   io.NopCloser(bytes.NewBufferString(body)),
			Options:                &openapi3filter.Options{IncludeResponseStatus: strict},
		})
		fmt.Println(label+":", map[bool]string{true: "passes", false: "fails"}[err == nil])
	}
	check("status 418", 418, `{}`, false)
	check("status 418, IncludeResponseStatus", 418, `{}`, true)
	check("uuid", 200, `{"id":"no uuid"}`, true)
	check("email", 200, `{"mail":"no address"}`, true)
	check("date-time", 200, `{"at":"no time"}`, true)
	check("wrong type", 200, `{"id":1}`, true)
}
EOF
cat >want <<'EOF'
status 418: passes
status 418, IncludeResponseStatus: fails
uuid: passes
email: passes
date-time: fails
wrong type: fails
EOF
go build -trimpath -o probe . 2>log || { cat log; exit 2; }
env -i PATH=/nonexistent HOME="$dir" ./probe >got
diff want got && echo "still so"
