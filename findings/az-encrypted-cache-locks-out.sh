#!/bin/sh
# With an encrypted cache and no key ring az can be left only by changing the setting.
#
# Pinned:    Debian 12: azure-cli 2.45.0-1
# Expected:  core.encrypt_token_cache=true on a machine without a key ring: az says so when it should store a token, and
#            account clear and logout work.
# Behaviour: Every command that opens the cache ends with "libsecret did not perform properly", account clear too. That
#            one has emptied the profile by then, so that logout finds nobody; only turning the setting off gets out of
#            it.
# Seen:      2026-12-01, the text below "want".
# Needs:     root, apt-get, unshare, ip (see the files debian and signed-in).
# Exit code: 0 still so, 1 changed, 2 could not be tried.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
tools=$(cd "$(dirname "$0")" && pwd)
"$tools/debian" make bookworm "$dir/root" \
  azure-cli=2.45.0-1 openssl gir1.2-secret-1 python3-gi \
  >"$dir/log" 2>&1 || { cat "$dir/log"; exit 2; }
cp "$tools/signed-in" "$dir/root/signed-in"
cat >"$dir/root/probe.sh" <<'EOF'
. /signed-in

sign_in 4000000000
entra
az config set core.encrypt_token_cache=true 2>/dev/null
for command in 'account show' 'account get-access-token' 'account clear' logout \
  'config set core.encrypt_token_cache=false' 'account clear'; do
  az $command >/dev/null 2>/tmp/stderr && code=0 || code=$?
  echo "az $command: exit code $code $(grep -o '^[A-Za-z]*Error:.*\|ERROR: .*' /tmp/stderr | tail -n 1)"
done
EOF
cd "$dir"
cat >want <<'EOF'
az account show: exit code 0 
az account get-access-token: exit code 1 RuntimeError: libsecret did not perform properly.
az account clear: exit code 1 RuntimeError: libsecret did not perform properly.
az logout: exit code 1 ERROR: There are no active accounts.
az config set core.encrypt_token_cache=false: exit code 0 
az account clear: exit code 0 
EOF
"$tools/debian" run "$dir/root" sh /probe.sh >got 2>errors || true
diff want got && echo "still so"
