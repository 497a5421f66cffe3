#!/bin/sh
# Signed out, az account list is a success, az account show a failure.
#
# Pinned:    Debian 12: azure-cli 2.45.0-1
# Expected:  Both ask what a signed-out person has not got, and both fail alike (or both answer with nothing).
# Behaviour: list prints [] and ends with 0; its advice to sign in is a warning on standard error. show and
#            get-access-token end with 1. A check by list's exit code always says yes.
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

for command in list show get-access-token; do
  az account $command >/tmp/stdout 2>/tmp/stderr && code=0 || code=$?
  echo "az account $command: exit code $code, prints '$(cat /tmp/stdout)', says '$(cat /tmp/stderr)'"
done
EOF
cd "$dir"
cat >want <<'EOF'
az account list: exit code 0, prints '[]', says 'WARNING: Please run "az login" to access your accounts.'
az account show: exit code 1, prints '', says 'ERROR: Please run 'az login' to setup account.'
az account get-access-token: exit code 1, prints '', says 'ERROR: Please run 'az login' to setup account.'
EOF
"$tools/debian" run "$dir/root" sh /probe.sh >got 2>errors || true
diff want got && echo "still so"
