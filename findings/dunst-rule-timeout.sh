#!/bin/sh
# A dunst rule with a time-out does not override a client that says "never".
#
# Pinned:    Debian 12: dunst 1.9.0-0.1
# Expected:  timeout = 2 in a rule of dunstrc holds for each note that the rule matches.
# Behaviour: The rule's time-out holds only for a client that leaves it to the server (-1). One that says 0 (never) or a
#            time of its own gets that: a rule cannot take a note of 0 away.
# Seen:      2026-12-01, the text below "want".
# Needs:     root, apt-get, unshare, ip (see the file debian).
# Exit code: 0 still so, 1 changed, 2 could not be tried.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
tools=$(cd "$(dirname "$0")" && pwd)
"$tools/debian" make bookworm "$dir/root" \
  dunst=1.9.0-0.1 xvfb dbus dbus-bin libglib2.0-bin \
  >"$dir/log" 2>&1 || { cat "$dir/log"; exit 2; }
cat >"$dir/root/probe.sh" <<'EOF'
export XDG_RUNTIME_DIR=/run DISPLAY=:7
await() { # COMMAND...: waits up to a minute until it succeeds
  tries=0
  while ! "$@" >/dev/null 2>&1 && [ $tries -lt 120 ]; do
    sleep 0.5
    tries=$((tries + 1))
  done
}
Xvfb :7 -screen 0 800x600x24 &
await test -S /tmp/.X11-unix/X7
call() {
  gdbus call --session --dest org.freedesktop.Notifications --object-path /org/freedesktop/Notifications \
    --method "org.freedesktop.Notifications.$@"
}
notify() { call Notify probe "$1" "" "$2" "" "$3" "{}" -- "$4"; } # replaced id, summary, actions, time-out in ms

mkdir -p /root/.config/dunst
cat >/root/.config/dunst/dunstrc <<'END'
[global]
idle_threshold = 0
[rule]
summary = "*"
timeout = 2
END
dunst &
await call GetServerInformation
for timeout in -1 0 60000; do
  notify 0 one "[]" $timeout >&2
  sleep 5
  echo "expire_timeout $timeout: $(dunstctl count displayed) displayed after 5 s"
  dunstctl close-all
done
EOF
cd "$dir"
cat >want <<'EOF'
expire_timeout -1: 0 displayed after 5 s
expire_timeout 0: 1 displayed after 5 s
expire_timeout 60000: 1 displayed after 5 s
EOF
"$tools/debian" run "$dir/root" dbus-run-session -- sh /probe.sh >got 2>errors || true
diff want got && echo "still so"
