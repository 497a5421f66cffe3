#!/bin/sh
# JavaScript's managed identity takes a 404 of any endpoint for a passing fault.
#
# Pinned:    @azure/identity 4.14.1, @azure/core-rest-pipeline 1.24.0
# Expected:  404 is final: nothing in it says that the next try will go better.
# Behaviour: A rule made for the metadata service of virtual machines holds for an App Service endpoint too: 404 is
#            asked six times with growing gaps, about 16 s in all, before the error comes. 400 is asked once.
# Seen:      2026-12-01, the text below "want".
# Needs:     node 20 or newer, npm.
# Exit code: 0 still so, 1 changed, 2 could not be tried.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --prefix "$dir" --silent --no-audit --no-fund --ignore-scripts \
  @azure/identity@4.14.1 @azure/core-rest-pipeline@1.24.0 >log 2>&1 || { cat log; exit 2; }
cat >probe.mjs <<'EOF'
import http from "node:http";
import { ManagedIdentityCredential } from "@azure/identity";

const status = Number(process.argv[2]);
let requests = 0;
const endpoint = http.createServer((req, res) => {
  requests++;
  res.writeHead(status, { "content-type": "application/json" });
  res.end(JSON.stringify({ error: "invalid_request", error_description: "no such identity" }));
});
await new Promise((done) => endpoint.listen(0, "127.0.0.1", done));
process.env.IDENTITY_ENDPOINT = `http://127.0.0.1:${endpoint.address().port}/`;
process.env.IDENTITY_HEADER = "h";
const start = Date.now();
const failed = await new ManagedIdentityCredential().getToken("api://r/.default").then(() => false, () => true);
console.log(`${status}: ${requests} requests, failed ${failed}, over 10 s ${Date.now() - start > 10000}`);
process.exit(0);
EOF
cat >want <<'EOF'
400: 1 requests, failed true, over 10 s false
404: 6 requests, failed true, over 10 s true
EOF
for status in 400 404; do
  env -i PATH="$PATH" HOME="$dir" node probe.mjs $status
done >got
diff want got && echo "still so"
