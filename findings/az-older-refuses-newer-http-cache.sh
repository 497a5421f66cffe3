#!/bin/sh
# An older az dies on a file that a newer one has left in the same folder.
#
# Pinned:    Debian 12: azure-cli 2.45.0-1 (msal 1.21.0); Debian 13: azure-cli 2.74.0-1 (msal 1.32.3)
# Expected:  A cache that another version wrote is read, or passed over, as az does with its other caches.
# Behaviour: msal_http_cache.bin is a pickle of the writer's classes. msal of 2.45 lacks one of them: every command that
#            needs a token or signs out ends in an AttributeError, and goes well again once the file is removed.
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
entra
sign_in 4000000000
resource=https://cognitiveservices.azure.com
az account get-access-token --resource $resource >/tmp/answer 2>/tmp/stderr && code=0 || code=$?
echo "$1: exit code $code $(grep -o '^[A-Za-z]*Error: [^<]*' /tmp/stderr | tail -n 1)"
EOF
cat >want <<'EOF'
new: exit code 0 
old: exit code 1 AttributeError: Can't get attribute 'NormalizedResponse' on 
old, the file removed: exit code 0 
EOF
for tree in new old; do
  cp probe.sh $tree/probe.sh
  "$tools/debian" run "$dir/$tree" sh /probe.sh $tree 2>>errors || true
  if [ $tree = new ]; then
    mkdir -p old/root/.azure
    cp new/root/.azure/msal_http_cache.bin old/root/.azure/
  else
    rm old/root/.azure/msal_http_cache.bin
    "$tools/debian" run "$dir/$tree" sh /probe.sh "$tree, the file removed" 2>>errors || true
  fi
done >got
diff want got && echo "still so"
