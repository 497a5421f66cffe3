#!/bin/sh
# HTTPS_PROXY alone also takes the plain http requests of the JavaScript Azure SDK.
#
# Pinned:    @azure/core-rest-pipeline 1.24.0
# Expected:  HTTPS_PROXY is for https: addresses; with HTTP_PROXY unset an http: request, such as one to a
#            managed-identity endpoint, goes directly, as with curl.
# Behaviour: The first of HTTPS_PROXY, ALL_PROXY, HTTP_PROXY is used for every request: an http: request, its headers
#            included, goes to the proxy.
# Seen:      2026-12-01, the text below "want".
# Needs:     node 20 or newer, npm.
# Exit code: 0 still so, 1 changed, 2 could not be tried.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --prefix "$dir" --silent --no-audit --no-fund --ignore-scripts \
  @azure/core-rest-pipeline@1.24.0 >log 2>&1 || { cat log; exit 2; }
cat >probe.mjs <<'EOF'
import http from "node:http";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { createDefaultHttpClient, createPipelineFromOptions, createPipelineRequest } from "@azure/core-rest-pipeline";

const [, self, url] = process.argv;
if (url) { // one request, in a process of its own: the variables are read once per process
  const pipeline = createPipelineFromOptions({ retryOptions: { maxRetries: 0 } });
  const request = createPipelineRequest({ url, allowInsecureConnection: true });
  console.log((await pipeline.sendRequest(createDefaultHttpClient(), request)).bodyAsText);
  process.exit(0);
}
const listen = (server) => new Promise((done) => server.listen(0, "127.0.0.1", () => done(server.address().port)));
const target = await listen(http.createServer((req, res) => res.end("direct")));
const proxy = "http://127.0.0.1:" + await listen(http.createServer((req, res) => res.end("through the proxy")));
async function ask(label, env) {
  const run = promisify(execFile)(process.execPath, [self, `http://127.0.0.1:${target}/`], { env });
  console.log(`${label}: ${(await run).stdout.trim()}`);
}

await ask("none", {});
await ask("HTTPS_PROXY", { HTTPS_PROXY: proxy });
await ask("HTTPS_PROXY, NO_PROXY=127.0.0.1", { HTTPS_PROXY: proxy, NO_PROXY: "127.0.0.1" });
process.exit(0);
EOF
cat >want <<'EOF'
none: direct
HTTPS_PROXY: through the proxy
HTTPS_PROXY, NO_PROXY=127.0.0.1: direct
EOF
env -i PATH="$PATH" HOME="$dir" node probe.mjs >got
diff want got && echo "still so"
