#!/bin/sh
# A leftover key in the environment makes a client with a token provider fail.
#
# Pinned:    openai 7.55.0
# Expected:  new AzureOpenAI({ azureADTokenProvider, … }) signs in with the token; a key that is only in the environment
#            is not looked at.
# Behaviour: The constructor throws when AZURE_OPENAI_API_KEY is set, and when OPENAI_BASE_URL is: both are read as if
#            they had been passed.
# Seen:      2026-12-01, the text below "want".
# Needs:     node 20 or newer, npm.
# Exit code: 0 still so, 1 changed, 2 could not be tried.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --prefix "$dir" --silent --no-audit --no-fund --ignore-scripts \
  openai@7.55.0 >log 2>&1 || { cat log; exit 2; }
cat >probe.mjs <<'EOF'
import { AzureOpenAI } from "openai";

function make(label, env) {
  for (const name of ["AZURE_OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_KEY"]) delete process.env[name];
  Object.assign(process.env, env);
  try {
    const azureADTokenProvider = async () => "token";
    new AzureOpenAI({ endpoint: "https://x.example", apiVersion: "2024-10-21", azureADTokenProvider });
    console.log(`${label}: made`);
  } catch (err) {
    console.log(`${label}: ${err.message}`);
  }
}
make("neither", {});
make("OPENAI_API_KEY", { OPENAI_API_KEY: "k" });
make("AZURE_OPENAI_API_KEY", { AZURE_OPENAI_API_KEY: "k" });
make("OPENAI_BASE_URL", { OPENAI_BASE_URL: "https://y.example" });
EOF
cat >want <<'EOF'
neither: made
OPENAI_API_KEY: made
AZURE_OPENAI_API_KEY: The `apiKey` and `azureADTokenProvider` arguments are mutually exclusive; only one can be passed at a time.
OPENAI_BASE_URL: baseURL and endpoint are mutually exclusive
EOF
env -i PATH="$PATH" HOME="$dir" node probe.mjs >got
diff want got && echo "still so"
