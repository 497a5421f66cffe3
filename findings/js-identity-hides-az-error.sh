#!/bin/sh
# JavaScript throws az's own words away when they contain advice.
#
# Pinned:    @azure/identity 4.14.1, @azure/core-rest-pipeline 1.24.0
# Expected:  The error of AzureCliCredential shows what az said, here that its answer came from Entra with code 700082.
# Behaviour: Text with "az login" in it, which is what az prints with nearly every refusal, is replaced whole by "Please
#            run 'az login' …"; the code is lost. Text without it is shown.
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
ERROR: AADSTS700082: The refresh token has expired due to inactivity.
CredentialUnavailableError: ERROR: AADSTS700082: The refresh token has expired due to inactivity.

ERROR: AADSTS700082: The refresh token has expired due to inactivity. Please run: az login
CredentialUnavailableError: Please run 'az login' from a command prompt to authenticate before using this credential.
EOF
for text in 'ERROR: AADSTS700082: The refresh token has expired due to inactivity.' \
  'ERROR: AADSTS700082: The refresh token has expired due to inactivity. Please run: az login'; do
  echo "$text"
  env -i PATH="$dir/bin:$PATH" HOME="$dir" STDOUT= STDERR="$text" CODE=1 node probe.mjs
done >got
diff want got && echo "still so"
