#!/bin/sh
# az with a good token in its cache needs the network before it looks there.
#
# Pinned:    Debian 12: azure-cli 2.45.0-1
# Expected:  az account get-access-token answers from its cache, without a network, while the token lives.
# Behaviour: In a fresh folder it first fetches the tenant's openid-configuration and fails with a traceback without it.
#            That document is then kept in msal_http_cache.bin: the same command works with nobody there.
# Seen:      2026-12-01, the text below "want".
# Needs:     root, apt-get, unshare, ip (see the files debian and signed-in).
# Exit code: 0 still so, 1 changed, 2 could not be tried.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
tools=$(cd "$(dirname "$0")" && pwd)
"$tools/debian" make bookworm "$dir/root" \
  azure-cli=2.45.0-1 openssl \
  >"$dir/log" 2>&1 || { cat "$dir/log"; exit 2; }
cp "$tools/signed-in" "$dir/root/signed-in"
cat >"$dir/root/probe.sh" <<'EOF'
. /signed-in
ask() { az account get-access-token --resource https://cognitiveservices.azure.com -o json 2>/tmp/stderr; }

sign_in 4000000000
try() {
  if ask >/tmp/answer; then
    echo "$1: answers"
  else
    echo "$1: fails: $(grep -o 'requests.exceptions.ConnectionError' /tmp/stderr | head -n 1)"
  fi
}
try "no network"
entra
try "network"
cat /tmp/requests
kill $entra
try "no network again"
EOF
cd "$dir"
cat >want <<'EOF'
no network: fails: requests.exceptions.ConnectionError
network: answers
GET /00000000-0000-0000-0000-00000000000a/v2.0/.well-known/openid-configuration
no network again: answers
EOF
"$tools/debian" run "$dir/root" sh /probe.sh >got 2>errors || true
diff want got && echo "still so"
