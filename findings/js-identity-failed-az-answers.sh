#!/bin/sh
# JavaScript takes a token from an az that failed.
#
# Pinned:    @azure/identity 4.14.1, @azure/core-rest-pipeline 1.24.0
# Expected:  A program that ends with 1 has failed; what it printed before is not an answer.
# Behaviour: The exit code is not looked at: valid JSON on standard output counts.
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
import { AzureCliCredential } from "@azure/identity";

try {
  const token = await new AzureCliCredential().getToken("api://r/.default");
  console.log("token:", token.token);
} catch (err) {
  console.log(`${err.name}: ${err.message}`);
}
EOF
mkdir bin
cat >bin/az <<'EOF'
#!/bin/sh
[ -z "$STDERR" ] || echo "$STDERR" >&2
[ -z "$STDOUT" ] || echo "$STDOUT"
exit "$CODE"
EOF
chmod +x bin/az
cat >want <<'EOF'
exit code 0
token: from a failed az
exit code 1
token: from a failed az
EOF
good='{"accessToken":"from a failed az","expires_on":4000000000,"tokenType":"Bearer"}'
for code in 0 1; do
  echo "exit code $code"
  env -i PATH="$dir/bin:$PATH" HOME="$dir" STDOUT="$good" STDERR="ERROR: something else" CODE=$code node probe.mjs
done >got
diff want got && echo "still so"
