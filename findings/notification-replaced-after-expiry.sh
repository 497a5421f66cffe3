#!/bin/sh
# Replacing a notification whose time is over: one server keeps its number, the other gives a new one.
#
# Pinned:    Debian 12: dunst 1.9.0-0.1; Debian 13: mako-notifier 1.10.0-1
# Expected:  Notify with replaces_id gives that same number back, as the specification says; a program can keep one
#            number for one matter.
# Behaviour: dunst does so, also when the first note has expired. mako gives a new number then (and for a number it
#            never gave): a program that keeps the old one makes one more note each time. mako calls itself version
#            0.0.0.
# Seen:      2026-12-01, the text below "want".
# Needs:     root, apt-get, unshare, ip (see the file debian).
# Exit code: 0 still so, 1 changed, 2 could not be tried.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
tools=$(cd "$(dirname "$0")" && pwd)
cd "$dir"
{
  "$tools/debian" make bookworm "$dir/dunst" dunst=1.9.0-0.1 xvfb dbus dbus-bin libglib2.0-bin &&
    "$tools/debian" make trixie "$dir/mako" mako-notifier=1.10.0-1 sway dbus dbus-bin libglib2.0-bin
} >log 2>&1 || { cat log; exit 2; }
cat >probe.sh <<'EOF'
export XDG_RUNTIME_DIR=/run
await() { # COMMAND...: waits up to a minute until it succeeds
  tries=0
  while ! "$@" >/dev/null 2>&1 && [ $tries -lt 120 ]; do
    sleep 0.5
    tries=$((tries + 1))
  done
}
if [ "$1" = dunst ]; then
  export DISPLAY=:7
  Xvfb :7 -screen 0 800x600x24 &
  await test -S /tmp/.X11-unix/X7
else
  export WAYLAND_DISPLAY=wayland-1 WLR_BACKENDS=headless WLR_RENDERER=pixman
  echo 'exec true' >/tmp/sway.conf
  sway -c /tmp/sway.conf >/tmp/sway.log 2>&1 &
  await test -S /run/wayland-1
fi
$1 >/tmp/server.log 2>&1 &
call() {
  gdbus call --session --dest org.freedesktop.Notifications --object-path /org/freedesktop/Notifications \
    --method "org.freedesktop.Notifications.$@"
}
notify() { call Notify probe "$1" "" "$2" "" "[]" "{}" -- "$3"; } # replaced id, summary, time-out in ms
await call GetServerInformation
call GetServerInformation
first=$(notify 0 first 30000)
first=${first#(uint32 }
first=${first%,)}
replaced=$(notify $first "in time" 500)
sleep 3
late=$(notify $first late 0)
same() { [ "$1" = "(uint32 $first,)" ] && echo "the same number" || echo "a new number"; }
echo "replaced in time: $(same "$replaced"); replaced after its time: $(same "$late")"
EOF
cat >want <<'EOF'
('dunst', 'knopwob', '1.9.0 (2022-06-27)', '1.2')
replaced in time: the same number; replaced after its time: the same number
('mako', 'emersion', '0.0.0', '1.2')
replaced in time: the same number; replaced after its time: a new number
EOF
for server in dunst mako; do
  cp probe.sh $server/
  "$tools/debian" run "$dir/$server" dbus-run-session -- sh /probe.sh $server 2>>errors || true
done >got
diff want got && echo "still so"
