#!/bin/bash
# setup.sh: see to it that everything is there that the tests and the demo need.
#
# Where nothing is missing it changes nothing, asks for no privileges and takes a moment. On Debian
# and Ubuntu, as root or with sudo, it installs what is missing by apt-get. Elsewhere it prints the
# list and fails.
set -u
cd "$(dirname "$0")/.." || exit 1

# One line for each thing: what must be there (a command, or a file's path, of which * and | give
# choices), then the packages that bring it, the first that apt knows is taken.
needs='
az                                              azure-cli
dockerd                                         docker.io
docker                                          docker-cli|docker.io
docker-compose                                  docker-compose
script                                          bsdutils|util-linux
iptables|/usr/sbin/iptables                     iptables
ip|/usr/sbin/ip                                 iproute2
Xvfb                                            xvfb
openbox                                         openbox
xfce4-panel                                     xfce4-panel
/usr/lib/*/xfce4/notifyd/xfce4-notifyd          xfce4-notifyd
dunst                                           dunst
dbus-daemon                                     dbus
dbus-run-session                                dbus-daemon|dbus
xfconf-query                                    xfconf
/usr/libexec/at-spi-bus-launcher                at-spi2-core
hsetroot                                        hsetroot
/usr/share/icons/Adwaita/index.theme            adwaita-icon-theme
/usr/share/fonts/*/cantarell/*.otf              fonts-cantarell
xdotool                                         xdotool
scrot                                           scrot
chromium|chromium-browser|google-chrome         chromium
convert|magick                                  imagemagick
xprop                                           x11-utils
/bin/busybox|/usr/bin/busybox                   busybox-static
node                                            nodejs
npm                                             npm
/usr/lib/python3/dist-packages/azure/identity/__init__.py python3-azure
xclip                                           xclip
ssh-keygen                                      openssh-client
/usr/sbin/sshd                                  openssh-server
podman                                          podman
runc|/usr/sbin/runc                             runc
slirp4netns                                     slirp4netns
newuidmap                                       uidmap
/usr/lib/podman/netavark|/usr/libexec/podman/netavark|/opt/cni/bin/bridge|/usr/lib/cni/bridge netavark|containernetworking-plugins
gnome-keyring-daemon                            gnome-keyring
secret-tool                                     libsecret-tools
/usr/lib/python3/dist-packages/gi/__init__.py   python3-gi
/usr/lib/*/girepository-1.0/Secret-1.typelib    gir1.2-secret-1
gcc                                             gcc
/usr/include/stdio.h                            libc6-dev
/etc/ssl/certs/ca-certificates.crt              ca-certificates
curl                                            curl
ps                                              procps
/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf fonts-dejavu-core
'

fail() {
	printf '%s\n' "$@" >&2
	exit 1
}

# there WHAT: one of the choices is a command or a file here.
there() {
	local choice
	IFS='|' read -ra choices <<<"$1"
	for choice in "${choices[@]}"; do
		case $choice in
		/*) compgen -G "$choice" >/dev/null && return 0 ;;
		*) command -v "$choice" >/dev/null && return 0 ;;
		esac
	done
	return 1
}

# missing sets the list of what is missing, as "what packages" lines.
missing() {
	lacking=()
	local what packages
	while read -r what packages; do
		[ -z "$what" ] || there "$what" || lacking+=("$what $packages")
	done <<<"$needs"
}

# candidate PACKAGE: apt can install it, and it is no mere pointer to a snap, which can't run as
# root or in a container.
candidate() {
	local version
	version=$(apt-cache policy "$1" 2>/dev/null | sed -n 's/^  Candidate: //p')
	case $version in
	'' | '(none)' | *snap*) return 1 ;;
	esac
}

# advice PACKAGE: where to get what apt does not have.
advice() {
	case $1 in
	azure-cli) echo "Azure CLI: see https://learn.microsoft.com/cli/azure/install-azure-cli-linux" ;;
	chromium) echo "Chromium: on Ubuntu run 'sudo snap install chromium', or install Google Chrome's .deb package" ;;
	*) echo "$1: apt knows no such package here; are Debian's main or Ubuntu's universe sources enabled?" ;;
	esac
}

check_go() {
	local want have
	want=$(sed -n 's/^go //p' go.mod)
	command -v go >/dev/null || fail "Go $want or newer is needed: https://go.dev/dl"
	have=$(go env GOVERSION)
	have=${have#go}
	[ "$(printf '%s\n' "$want" "${have%% *}" | sort -V | head -n 1)" = "$want" ] ||
		fail "Go $want or newer is needed, and this is $have: https://go.dev/dl"
}

# choose sets the packages to install for what is missing, and fails where apt has none.
choose() {
	chosen=()
	local line choice found none=()
	for line in "${lacking[@]}"; do
		IFS='|' read -ra choices <<<"${line#* }"
		found=
		for choice in "${choices[@]}"; do
			candidate "$choice" && found=$choice && break
		done
		if [ -n "$found" ]; then
			chosen+=("$found")
		else
			none+=("$(advice "${choices[0]}")")
		fi
	done
	[ ${#none[@]} = 0 ] || fail "Not to be had by apt here; install by hand, then come back:" "${none[@]/#/  }"
}

install() {
	local sudo=
	[ "$(id -u)" = 0 ] || sudo=sudo
	local apt="$sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300"
	echo "Reading what apt can install..."
	$apt update || echo "apt-get update failed; going on with what apt knows already." >&2
	choose
	echo "Installing ${chosen[*]} (some minutes the first time)..."
	# busybox-static and the like replace each other without asking; nothing else is removed.
	$apt install -y --no-install-recommends "${chosen[@]}" >/dev/null || fail "apt-get could not install them; its own words are above."
}

# sdk_for_javascript installs Azure's SDK for JavaScript for an app in the rig's containers, at the versions
# of the lock file, where it is not there at these.
sdk_for_javascript() {
	local from=test/rig/sdk to=build/sdk
	cmp -s $from/package-lock.json $to/package-lock.json && [ -e $to/node_modules/.package-lock.json ] && return
	echo "Installing Azure's SDK for JavaScript into $to..."
	rm -rf $to && mkdir -p $to && cp $from/package.json $from/package-lock.json $to &&
		(cd $to && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error >/dev/null) ||
		fail "npm could not install it; its own words are above."
}

check_go
missing
if [ ${#lacking[@]} -gt 0 ]; then
	names=("${lacking[@]#* }")
	echo "Missing for the tests and the demo: ${names[*]%%|*}"
	command -v apt-get >/dev/null ||
		fail "This script installs on Debian and Ubuntu only; install these by your own means, then come back."
	[ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
		fail "Neither root nor sudo here. As root, run: apt-get install ${names[*]%%|*}"
	install
	missing
	[ ${#lacking[@]} = 0 ] || fail "Still missing after the installation:" "${lacking[@]/#/  }"
fi
sdk_for_javascript
echo "Everything that the tests and the demo need is there."
