#!/bin/sh
# The JavaScript Azure SDK reads fewer forms of NO_PROXY than other programs.
#
# Pinned:    @azure/core-rest-pipeline 1.24.0
# Expected:  NO_PROXY=*, an address range and host:port keep a request off the proxy, as they do in other programs.
# Behaviour: A bare address works. *, 127.0.0.0/8 and 127.0.0.1:PORT are ignored, and the request goes to the proxy.
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

await ask("none", { HTTP_PROXY: proxy });
for (const form of ["127.0.0.1", "*", "127.0.0.0/8", "127.0.0.1:PORT"]) {
  await ask(form, { HTTP_PROXY: proxy, NO_PROXY: form.replace("PORT", target) });
}
process.exit(0);
EOF
cat >want <<'EOF'
none: through the proxy
127.0.0.1: direct
*: through the proxy
127.0.0.0/8: through the proxy
127.0.0.1:PORT: through the proxy
EOF
env -i PATH="$PATH" HOME="$dir" node probe.mjs >got
diff want got && echo "still so"
