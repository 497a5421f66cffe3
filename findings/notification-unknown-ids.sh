#!/bin/sh
# Two notification servers and ids that they never gave.
#
# Pinned:    Debian 12: dunst 1.9.0-0.1, xfce4-notifyd 0.7.3-1
# Expected:  CloseNotification of an unknown id is answered with an error (so the specification says); Notify with an
#            unknown replaces_id gets an id that the server chooses.
# Behaviour: Neither answers CloseNotification with an error, nor sends NotificationClosed: a client cannot learn that
#            the note is not there. Both take the unknown replaces_id for a new note's own id, and go on counting below
#            it.
# Seen:      2026-12-01, the text below "want".
# Needs:     root, apt-get, unshare, ip (see the file debian).
# Exit code: 0 still so, 1 changed, 2 could not be tried.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
tools=$(cd "$(dirname "$0")" && pwd)
"$tools/debian" make bookworm "$dir/root" \
  dunst=1.9.0-0.1 xfce4-notifyd=0.7.3-1 xvfb dbus dbus-bin libglib2.0-bin \
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
dbus-monitor --session "type='signal',interface='org.freedesktop.Notifications'" >/tmp/signals &
sleep 1
signals() { # what the server has sent, a line each
  sleep 1
  sed -n '/member=Name/{n;d}; s/.*member=\([A-Z][A-Za-z]*\)$/\1/p; s/^ *\(uint32\|string\) /  /p' /tmp/signals
}

PATH=$PATH:/usr/lib/x86_64-linux-gnu/xfce4/notifyd
for server in dunst xfce4-notifyd; do
  $server &
  pid=$!
  await call GetServerInformation
  call GetServerInformation
  echo "close 99: $(call CloseNotification 99 2>&1)"
  echo "replace 4711: $(notify 4711 one '[]' 0)"
  echo "next: $(notify 0 two '[]' 0)"
  kill $pid
  sleep 1
done
signals
EOF
cd "$dir"
cat >want <<'EOF'
('dunst', 'knopwob', '1.9.0 (2022-06-27)', '1.2')
close 99: ()
replace 4711: (uint32 4711,)
next: (uint32 2,)
('Xfce Notify Daemon', 'Xfce', '0.7.3', '1.2')
close 99: ()
replace 4711: (uint32 4711,)
next: (uint32 1,)
EOF
"$tools/debian" run "$dir/root" dbus-run-session -- sh /probe.sh >got 2>errors || true
diff want got && echo "still so"
