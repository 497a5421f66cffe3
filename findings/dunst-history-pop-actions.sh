#!/bin/sh
# Actions of a notification that dunst brings back from its history do nothing.
#
# Pinned:    Debian 12: dunst 1.9.0-0.1
# Expected:  A note that dunstctl history-pop shows again has its actions still: it is drawn with its (A), and dunstctl
#            action sends ActionInvoked.
# Behaviour: Before, the action is sent. After history-pop, or for the note's whole second life, the same command sends
#            nothing.
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
dunst &
await call GetServerInformation
dbus-monitor --session "type='signal',interface='org.freedesktop.Notifications'" >/tmp/signals &
sleep 1
signals() { # what the server has sent, a line each
  sleep 1
  sed -n '/member=Name/{n;d}; s/.*member=\([A-Z][A-Za-z]*\)$/\1/p; s/^ *\(uint32\|string\) /  /p' /tmp/signals
}
count() { echo "$1: $(dunstctl count displayed) displayed, $(dunstctl count history) in the history"; }

notify 0 one "['go','Go']" 0
dunstctl action 0
dunstctl close
sleep 1
count closed
dunstctl history-pop
sleep 1
count popped
dunstctl action 0
sleep 1
signals
EOF
cd "$dir"
cat >want <<'EOF'
(uint32 2,)
closed: 0 displayed, 1 in the history
popped: 1 displayed, 0 in the history
ActionInvoked
  2
  "go"
NotificationClosed
  2
  2
EOF
"$tools/debian" run "$dir/root" dbus-run-session -- sh /probe.sh >got 2>errors || true
diff want got && echo "still so"
