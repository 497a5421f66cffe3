#!/bin/sh
# xdg-open looks at BROWSER only where no display is.
#
# Pinned:    Debian 13: xdg-utils 1.2.1-2
# Expected:  BROWSER names the browser, as for other programs: xdg-open opens addresses with it.
# Behaviour: With DISPLAY set the program that mimeapps.list names for https comes first, whatever BROWSER says; without
#            a display BROWSER is used.
# Seen:      2026-12-01, the text below "want".
# Needs:     root, apt-get, unshare, ip (see the file debian).
# Exit code: 0 still so, 1 changed, 2 could not be tried.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
tools=$(cd "$(dirname "$0")" && pwd)
"$tools/debian" make trixie "$dir/root" \
  xdg-utils=1.2.1-2 gawk file \
  >"$dir/log" 2>&1 || { cat "$dir/log"; exit 2; }
cat >"$dir/root/probe.sh" <<'EOF'
ln -sf gawk /usr/bin/awk
mkdir -p /root/.config /root/.local/share/applications
for name in browser handler; do
  printf '#!/bin/sh\necho "%s: $*"\n' $name >/tmp/$name
  chmod +x /tmp/$name
done
printf '[Desktop Entry]\nType=Application\nName=x\nExec=/tmp/handler %%u\nMimeType=x-scheme-handler/https;\n' \
  >/root/.local/share/applications/handler.desktop
printf '[Default Applications]\nx-scheme-handler/https=handler.desktop\n' >/root/.config/mimeapps.list
export BROWSER=/tmp/browser
for display in "" :9; do
  for desktop in "" XFCE GNOME; do
    echo "DISPLAY='$display' XDG_CURRENT_DESKTOP='$desktop':" \
      "$(DISPLAY=$display XDG_CURRENT_DESKTOP=$desktop xdg-open https://example.com/)"
  done
done
EOF
cd "$dir"
cat >want <<'EOF'
DISPLAY='' XDG_CURRENT_DESKTOP='': browser: https://example.com/
DISPLAY='' XDG_CURRENT_DESKTOP='XFCE': browser: https://example.com/
DISPLAY='' XDG_CURRENT_DESKTOP='GNOME': browser: https://example.com/
DISPLAY=':9' XDG_CURRENT_DESKTOP='': handler: https://example.com/
DISPLAY=':9' XDG_CURRENT_DESKTOP='XFCE': handler: https://example.com/
DISPLAY=':9' XDG_CURRENT_DESKTOP='GNOME': handler: https://example.com/
EOF
"$tools/debian" run "$dir/root" sh /probe.sh >got 2>errors || true
diff want got && echo "still so"
