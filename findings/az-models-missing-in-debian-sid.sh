#!/bin/sh
# az of Debian sid lacks the model that it makes of a tenant without a subscription.
#
# Pinned:    Debian sid: azure-cli 2.91.0-1; Debian 12: azure-cli 2.45.0-1
# Expected:  az login --allow-no-subscriptions keeps a tenant that has no subscription as a "tenant level account".
# Behaviour: The class for that row is looked up and is not there: get_sdk answers None, and the row is made by calling
#            that. A sign-in that meets such a tenant ends in a TypeError after the browser said that all was well, and
#            the profile is not written. Debian 12's az finds the class.
# Seen:      2026-12-01, the text below "want".
# Needs:     root, apt-get, unshare, ip (see the file debian).
# Exit code: 0 still so, 1 changed, 2 could not be tried.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
tools=$(cd "$(dirname "$0")" && pwd)
cd "$dir"
cat >probe.py <<'EOF'
from azure.cli.core import get_default_cli
from azure.cli.core.profiles import ResourceType, get_sdk
model = get_sdk(get_default_cli(), ResourceType.MGMT_RESOURCE_SUBSCRIPTIONS, "Subscription", mod="models")
print("a class" if isinstance(model, type) else model)
EOF
cat >want <<'EOF'
bookworm, azure-cli 2.45.0-1: a class
sid, azure-cli 2.91.0-1: None
EOF
try() {
  "$tools/debian" make "$1" "$dir/$1" "azure-cli=$2" >log 2>&1 || { cat log; exit 2; }
  cp probe.py "$dir/$1/probe.py"
  echo "$1, azure-cli $2: $("$tools/debian" run "$dir/$1" python3 -W ignore /probe.py 2>>errors | tail -n 1)" >>got
}
try bookworm 2.45.0-1
try sid 2.91.0-1
diff want got && echo "still so"
