#!/bin/sh
# JavaScript refuses a good answer of az when a warning beside it mentions "az login".
#
# Pinned:    @azure/identity 4.14.1, @azure/core-rest-pipeline 1.24.0
# Expected:  az ends with 0 and prints a token: it is used, whatever warning stands on standard error.
# Behaviour: standard error is searched before the answer is read: the words "az login" in a warning are taken for a
#            missing sign-in and the token is thrown away.
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
WARNING: A new version is available.
token: good
WARNING: Future versions will ask you to run az login more often.
CredentialUnavailableError: Please run 'az login' from a command prompt to authenticate before using this credential.
EOF
good='{"accessToken":"good","expires_on":4000000000,"tokenType":"Bearer"}'
for warning in 'WARNING: A new version is available.' \
  'WARNING: Future versions will ask you to run az login more often.'; do
  echo "$warning"
  env -i PATH="$dir/bin:$PATH" HOME="$dir" STDOUT="$good" STDERR="$warning" CODE=0 node probe.mjs
done >got
diff want got && echo "still so"
