#!/bin/sh
# az does not hand out a token that lives for less than five minutes.
#
# Pinned:    Debian 12: azure-cli 2.45.0-1
# Expected:  A token in the cache that is good for four and a half minutes more is the answer; or its end is why it is
#            not.
# Behaviour: Below 300 s the token counts as gone: where it cannot be renewed, az says that it can't find one and asks
#            for a new sign-in, with the live one still in its file.
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

entra
for left in 330 270; do
  sign_in $(($(date +%s) + left))
  if ask >/tmp/answer; then
    echo "$left s left: answers"
  else
    echo "$left s left: $(head -n 1 /tmp/stderr)" \
      "Secrets in the cache: $(grep -c secret $AZURE_CONFIG_DIR/msal_token_cache.json)"
  fi
done
EOF
cd "$dir"
cat >want <<'EOF'
330 s left: answers
270 s left: ERROR: Can't find token from MSAL cache. Secrets in the cache: 1
EOF
"$tools/debian" run "$dir/root" sh /probe.sh >got 2>errors || true
diff want got && echo "still so"
