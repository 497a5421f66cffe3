#!/bin/sh
# Signing out without a network forgets the user and keeps the user's tokens.
#
# Pinned:    Debian 12: azure-cli 2.45.0-1; Debian 13: azure-cli 2.74.0-1
# Expected:  A sign-out that fails changes nothing, or it removes what lies on the disk: that needs no network.
# Behaviour: Both commands first fetch the tenant's openid-configuration, and end in a traceback without it. logout of
#            2.45 and account clear of both have emptied the profile by then and have not touched the tokens: az says
#            that nobody is signed in, and a second logout finds nobody.
# Seen:      2026-12-01, the text below "want".
# Needs:     root, apt-get, unshare, ip (see the files debian and signed-in).
# Exit code: 0 still so, 1 changed, 2 could not be tried.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
tools=$(cd "$(dirname "$0")" && pwd)
cd "$dir"
{
  "$tools/debian" make bookworm "$dir/old" azure-cli=2.45.0-1 openssl &&
    "$tools/debian" make trixie "$dir/new" azure-cli=2.74.0-1 openssl
} >log 2>&1 || { cat log; exit 2; }
for tree in old new; do cp "$tools/signed-in" $tree/signed-in; done
cat >probe.sh <<'EOF'
. /signed-in
for command in logout 'account clear'; do
  sign_in 4000000000
  az $command 2>/tmp/stderr && code=0 || code=$?
  echo "$1 az $command: exit code $code, tracebacks $(grep -c Traceback /tmp/stderr), subscriptions left" \
    "$(grep -c me@example.com $AZURE_CONFIG_DIR/azureProfile.json), tokens left" \
    "$(grep -c '"secret": "token"' $AZURE_CONFIG_DIR/msal_token_cache.json)"
done
az logout 2>&1 | grep ERROR: | tail -n 1
EOF
cat >want <<'EOF'
old az logout: exit code 1, tracebacks 4, subscriptions left 0, tokens left 1
old az account clear: exit code 1, tracebacks 4, subscriptions left 0, tokens left 1
ERROR: There are no active accounts.
new az logout: exit code 1, tracebacks 4, subscriptions left 1, tokens left 1
new az account clear: exit code 1, tracebacks 4, subscriptions left 0, tokens left 1
ERROR: There are no active accounts.
EOF
for tree in old new; do
  cp probe.sh $tree/probe.sh
  "$tools/debian" run "$dir/$tree" sh /probe.sh $tree 2>>errors || true
done >got
diff want got && echo "still so"
