#!/bin/bash
# with-engine.sh COMMAND...: run a command with a Docker engine.
#
# An engine that answers is used as it is. Else dockerd is started, if this machine lets us, with
# its log in build/dockerd.log, and stopped again when the command has ended, Ctrl-C included.
set -u
cd "$(dirname "$0")/.." || exit 1
log=build/dockerd.log
dockerd=

fail() {
	printf '%s\n' "$@" >&2
	exit 1
}

stop() {
	[ -n "$dockerd" ] || return 0
	echo "Stopping the Docker engine that was started for this."
	$sudo kill -TERM -- "-$dockerd" 2>/dev/null
	for _ in $(seq 100); do
		$sudo kill -0 "$dockerd" 2>/dev/null || return 0
		sleep 0.2
	done
	$sudo kill -KILL -- "-$dockerd" 2>/dev/null
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

sudo=
[ "$(id -u)" = 0 ] || sudo=sudo

if ! answer=$(docker info 2>&1); then
	case $answer in
	*"permission denied"*)
		fail "A Docker engine runs, but you may not use it. Join its group and sign in again:" \
			"  sudo usermod -aG docker $(id -un)" ;;
	esac
	command -v dockerd >/dev/null || fail "No Docker engine answers and dockerd is not installed; start yours, or run: make setup"
	[ -z "$sudo" ] || sudo -v || fail "No Docker engine answers, and only root may start one; start yours first."
	echo "No Docker engine answers; starting dockerd (log: $log)."
	mkdir -p build
	# The group, so that who started it by sudo may use it.
	setsid $sudo dockerd --group "$(id -gn)" >"$log" 2>&1 </dev/null &
	dockerd=$!
	deadline=$((SECONDS + 60))
	until docker info >/dev/null 2>&1; do
		if ! $sudo kill -0 "$dockerd" 2>/dev/null; then
			dockerd=
			tail -n 15 "$log" >&2
			fail "" "dockerd ended at once; above is the end of its log." \
				"In a container it needs --privileged; else start a Docker engine yourself first."
		fi
		if [ $SECONDS -ge $deadline ]; then
			tail -n 15 "$log" >&2
			fail "" "dockerd did not answer within a minute; above is the end of its log."
		fi
		sleep 0.2
	done
fi

"$@"
