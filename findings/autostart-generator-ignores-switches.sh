#!/bin/sh
# systemd starts an autostart entry that GNOME's own switch has turned off.
#
# Pinned:    Debian 13: systemd 257.13-1~deb13u1
# Expected:  systemd-xdg-autostart-generator makes no unit for X-GNOME-Autostart-enabled=false, honours the delay and a
#            terminal, and its unit has the file's name.
# Behaviour: Only Hidden=true (and a missing program) keeps an entry from getting a unit: one with enabled=false gets
#            the same unit as any other; delay and Terminal=true leave no trace; a hyphen in the file's name becomes
#            \x2d in the unit's; a phase, which the manual says makes no unit, makes one for all desktops but GNOME.
# Seen:      2026-12-01, the text below "want".
# Needs:     root, apt-get, unshare, ip (see the file debian).
# Exit code: 0 still so, 1 changed, 2 could not be tried.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
tools=$(cd "$(dirname "$0")" && pwd)
"$tools/debian" make trixie "$dir/root" \
  systemd=257.13-1~deb13u1 \
  >"$dir/log" 2>&1 || { cat "$dir/log"; exit 2; }
cat >"$dir/root/probe.sh" <<'EOF'
export XDG_CONFIG_HOME=/root/.config
mkdir -p $XDG_CONFIG_HOME/autostart /tmp/out
entry() { # NAME LINE
  printf '[Desktop Entry]\nType=Application\nName=x\nExec=/usr/bin/true\n%s\n' "$2" \
    >$XDG_CONFIG_HOME/autostart/$1.desktop
}
entry plain ''
entry hidden 'Hidden=true'
entry disabled 'X-GNOME-Autostart-enabled=false'
entry delayed 'X-GNOME-Autostart-Delay=30'
entry terminal 'Terminal=true'
entry phase 'X-GNOME-Autostart-Phase=Applications'
entry with-hyphen ''
/usr/lib/systemd/user-generators/systemd-xdg-autostart-generator /tmp/out /tmp/out /tmp/out
cd /tmp/out
body() { grep -v '^\(Documentation\|SourcePath\|#\|Description\)' "$1"; }
for unit in *.service; do
  body "$unit" >/tmp/this
  body app-plain@autostart.service >/tmp/plain
  if [ "$(cksum </tmp/this)" = "$(cksum </tmp/plain)" ]; then
    echo "$unit: as plain"
  else
    echo "$unit: $(grep -v -x -F -f /tmp/plain /tmp/this)"
  fi
done
EOF
cd "$dir"
cat >want <<'EOF'
app-delayed@autostart.service: as plain
app-disabled@autostart.service: as plain
app-phase@autostart.service: ExecCondition=/usr/lib/systemd/systemd-xdg-autostart-condition "" "GNOME"
app-plain@autostart.service: as plain
app-terminal@autostart.service: as plain
app-with\x2dhyphen@autostart.service: as plain
EOF
"$tools/debian" run "$dir/root" sh /probe.sh >got 2>errors || true
diff want got && echo "still so"
