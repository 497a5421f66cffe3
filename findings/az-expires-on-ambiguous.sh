#!/bin/sh
# Two tokens that end an hour apart have the same expiresOn.
#
# Pinned:    Debian 12: azure-cli 2.45.0-1
# Expected:  expiresOn says when the token ends.
# Behaviour: It is local time without a zone or offset: in the night when summer time ends, two moments have one name,
#            and a reader in another zone is hours off. (Seconds are cut here: they may be one too low.)
# Seen:      2026-12-01, the text below "want".
# Needs:     root, apt-get, unshare, ip (see the files debian and signed-in).
# Exit code: 0 still so, 1 changed, 2 could not be tried.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
tools=$(cd "$(dirname "$0")" && pwd)
"$tools/debian" make bookworm "$dir/root" \
  azure-cli=2.45.0-1 openssl tzdata \
  >"$dir/log" 2>&1 || { cat "$dir/log"; exit 2; }
cp "$tools/signed-in" "$dir/root/signed-in"
cat >"$dir/root/probe.sh" <<'EOF'
. /signed-in
ask() { az account get-access-token --resource https://cognitiveservices.azure.com -o json 2>/tmp/stderr; }

export TZ=Europe/Berlin
entra
for end in 2040-10-28T00:30:30Z 2040-10-28T01:30:30Z; do
  sign_in $(date -d $end +%s)
  echo "$end: $(ask | grep -o '"expiresOn": ".*:')"
done
EOF
cd "$dir"
cat >want <<'EOF'
2040-10-28T00:30:30Z: "expiresOn": "2040-10-28 02:30:
2040-10-28T01:30:30Z: "expiresOn": "2040-10-28 02:30:
EOF
"$tools/debian" run "$dir/root" sh /probe.sh >got 2>errors || true
diff want got && echo "still so"
