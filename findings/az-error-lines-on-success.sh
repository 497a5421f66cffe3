#!/bin/sh
# Debian 13's az prints ERROR lines and is fine.
#
# Pinned:    Debian 13: azure-cli 2.74.0-1
# Expected:  A line that begins with ERROR: on standard error is why the command failed; a successful one prints none.
# Behaviour: A first command, which loads all modules, reports two that cannot be, as errors, does what it was asked to
#            and ends with 0. A program that looks for the first ERROR: line finds these.
# Seen:      2026-12-01, the text below "want".
# Needs:     root, apt-get, unshare, ip (see the file debian).
# Exit code: 0 still so, 1 changed, 2 could not be tried.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
tools=$(cd "$(dirname "$0")" && pwd)
"$tools/debian" make trixie "$dir/root" \
  azure-cli=2.74.0-1 \
  >"$dir/log" 2>&1 || { cat "$dir/log"; exit 2; }
cat >"$dir/root/probe.sh" <<'EOF'
az account list 2>/tmp/stderr && echo "exit code 0"
grep '^[A-Z]*: ' /tmp/stderr
EOF
cd "$dir"
cat >want <<'EOF'
[]
exit code 0
ERROR: Error loading command module 'monitor': ord() expected string of length 1, but int found
ERROR: Error loading command module 'rdbms': No module named 'azure.mgmt.rdbms.mysql_flexibleservers'
WARNING: Please run "az login" to access your accounts.
EOF
"$tools/debian" run "$dir/root" sh /probe.sh >got 2>errors || true
diff want got && echo "still so"
