#!/bin/sh
# az writes its token cache in place: there is no moment of rename.
#
# Pinned:    Debian 12: azure-cli 2.45.0-1
# Expected:  A credential file is written beside and renamed, so that a reader or a hard link sees the old content
#            whole.
# Behaviour: The file is written again under the same inode: a link made before has the new content, and nothing but
#            luck keeps a reader from meeting half a file.
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

sign_in 4000000000
entra
ln $AZURE_CONFIG_DIR/msal_token_cache.json /root/link
az logout
cache=$AZURE_CONFIG_DIR/msal_token_cache.json
echo "secrets left in the cache: $(grep -c secret $cache)"
[ "$(cksum <$cache)" = "$(cksum </root/link)" ] && echo "a link made before shows the new content"
EOF
cd "$dir"
cat >want <<'EOF'
secrets left in the cache: 0
a link made before shows the new content
EOF
"$tools/debian" run "$dir/root" sh /probe.sh >got 2>errors || true
diff want got && echo "still so"
