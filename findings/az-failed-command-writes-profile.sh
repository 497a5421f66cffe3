#!/bin/sh
# A command of az that only asks, and fails, writes into the profile.
#
# Pinned:    Debian 12: azure-cli 2.45.0-1
# Expected:  az account show reads; where nobody is signed in it changes nothing.
# Behaviour: With telemetry on, as it is by default, the first command of any kind writes an installationId into
#            azureProfile.json, in place: a watcher of that file sees a change that is none.
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

for telemetry in no yes; do
  export AZURE_CORE_COLLECT_TELEMETRY=$telemetry
  az account show >/dev/null 2>&1 || echo "telemetry $telemetry: az account show: exit code $?"
  sed 's/"[0-9a-f-]\{36\}"/"an id"/; s/^\xef\xbb\xbf//' $AZURE_CONFIG_DIR/azureProfile.json
  echo
done
EOF
cd "$dir"
cat >want <<'EOF'
telemetry no: az account show: exit code 1
{}
telemetry yes: az account show: exit code 1
{"installationId": "an id"}
EOF
"$tools/debian" run "$dir/root" sh /probe.sh >got 2>errors || true
diff want got && echo "still so"
