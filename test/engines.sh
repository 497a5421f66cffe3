#!/bin/bash
# engines.sh [ENGINE...]: run the container tests on engines of other kinds, each started for this with
# a network and files of its own: docker (the one installed), docker28 (Engine 28.5, built from the source
# that go.mod names), docker28-userns, docker-rootless, podman, podman-rootless. Without a name: all.
#
# It needs root, or sudo. RUN is the tests to run; ROUNDS how many containers are raced in each way.
# What each engine and its tests say is in build/engines.
set -u
cd "$(dirname "$0")/.." || exit 1
# What a directory that is mounted can do is left out where the engine maps users: nothing, and it is said.
mounted='TestSignInMadeInsideAMount|TestDirectoryThatIsNotTheOneItMounts|TestReaderInAContainerNeverSeesHalfAFile'
paused='TestLivesOfAContainer|TestPaused'
tests='TestDeliverToRealContainers|TestAPartOfAVolume|TestVolumesThatAreTheHosts|TestAnImageThatChoosesItself|TestSignInMadeInside|TestNothingInTheImageCouldUseIt|TestVolumeThatIsTheHostsAzDirectory|TestReaderNeverSeesHalfAFile|TestFirstInstruction|TestMountInRealContainers|TestABrokenConnectionLosesNothing'
rounds=${ROUNDS:-20}
out=$PWD/build/engines
mkdir -p "$out"

# build28 leaves dockerd and docker-proxy in build/tools/docker28.
build28() {
	local version bin=$PWD/build/tools/docker28
	version=$(go list -m -f '{{.Version}}' github.com/docker/docker) || return 1
	[ "$(cat "$bin/version" 2>/dev/null)" != "$version" ] || return 0
	echo "Building dockerd $version from its source; some minutes the first time."
	local source
	source=$(mktemp -d) || return 1
	mkdir -p "$bin"
	# It was published before it became a Go module: vendor.mod is what go.mod will be.
	cp -r "$(go list -m -f '{{.Dir}}' github.com/docker/docker)/." "$source" && chmod -R u+w "$source" &&
		rm -rf "$source/vendor" && cp "$source/vendor.mod" "$source/go.mod" && cp "$source/vendor.sum" "$source/go.sum" &&
		(cd "$source" && CGO_ENABLED=0 go build -ldflags "-X github.com/docker/docker/dockerversion.Version=${version%+*}" \
			-o "$bin/" ./cmd/dockerd ./cmd/docker-proxy) && echo "$version" >"$bin/version"
	local code=$?
	rm -rf "$source"
	return $code
}

# inside ENGINE: within namespaces of its own, start the engine, run the tests on it, stop it.
inside() {
	local kind=$1 as=() dir started run=${RUN:-}
	case $kind in
	*-userns) : "${run:=^($tests|$paused)$}" ;;
	*-rootless)
		if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
			: "${run:=^($tests|$mounted|$paused)$}"
		else
			echo "Without root nothing can be paused here: that needs cgroup v2."
			: "${run:=^($tests|$mounted)$}"
		fi
		;;
	*) : "${run:=^($tests|$mounted|$paused)$}" ;;
	esac
	dir=$(mktemp -d /tmp/aztray-engines-XXXXXX)
	chmod 711 "$dir" # for who is somebody else in it
	ip link set lo up
	mount -t tmpfs tmpfs /run && mkdir -p /run/lock
	export DOCKER_HOST=unix://$dir/engine.sock XDG_RUNTIME_DIR=$dir/run TMPDIR=$dir/tmp HOME=$dir/home
	mkdir -p "$dir/run" "$dir/tmp" "$dir/home"
	cat >"$dir/containers.conf" <<-CONF
		[containers]
		default_ulimits = ["nofile=$(ulimit -Hn):$(ulimit -Hn)", "nproc=4096:4096"]
		[engine]
		runtime = "runc"
		cgroup_manager = "cgroupfs"
		events_logger = "file"
	CONF
	export CONTAINERS_CONF=$dir/containers.conf
	case $kind in
	*-rootless | *-userns) # numbers for somebody who has nothing else: only in this namespace
		echo "nobody:200000:65536" >"$dir/subid"
		mount --bind "$dir/subid" /etc/subuid
		mount --bind "$dir/subid" /etc/subgid
		;;
	esac
	case $kind in
	*-rootless)
		[ "$kind" = podman-rootless ] || command -v rootlesskit >/dev/null || {
			echo "rootlesskit is not installed; on Debian: apt-get install rootlesskit" >&2
			return 1
		}
		mount -t tmpfs tmpfs /dev/net && mknod -m 666 /dev/net/tun c 10 200
		chown -R 65534:65534 "$dir"
		as=(setpriv --reuid 65534 --regid "$(id -g nobody)" --clear-groups)
		;;
	esac
	case $kind in
	docker) set -- dockerd --data-root "$dir/data" -H "$DOCKER_HOST" ;;
	docker28) set -- dockerd --data-root "$dir/data" -H "$DOCKER_HOST" ;;
	docker28-userns) set -- dockerd --data-root "$dir/data" --userns-remap nobody:nogroup -H "$DOCKER_HOST" ;;
	docker-rootless) set -- rootlesskit --net=slirp4netns --mtu=65520 --disable-host-loopback --copy-up=/etc --copy-up=/run \
		dockerd --rootless --data-root "$dir/data" --exec-root "$dir/exec" -H "$DOCKER_HOST" ;;
	podman*) set -- podman --root "$dir/data" --runroot "$dir/exec" system service -t 0 "$DOCKER_HOST" ;;
	*)
		echo "There is no engine called $kind." >&2
		return 2
		;;
	esac
	"${as[@]}" "$@" >"$out/$kind.engine.log" 2>&1 &
	started=$!
	for _ in $(seq 150); do
		docker version >/dev/null 2>&1 && break
		kill -0 $started 2>/dev/null || break
		sleep 0.2
	done
	local code=1
	if docker version >/dev/null 2>&1; then
		(cd "$dir/tmp" && "${as[@]}" "$out/tests" -test.v -test.run "$run" -test.timeout 15m -rounds "$rounds") >"$out/$kind.log" 2>&1
		code=$?
	else
		echo "$kind does not start:" && tail -n 15 "$out/$kind.engine.log"
	fi
	grep -hE '^ *(--- FAIL|=== ATTR)|^(ok|PASS|FAIL)$' "$out/$kind.log" 2>/dev/null
	kill $started
	wait $started 2>/dev/null
	rm -rf --one-file-system "$dir" 2>/dev/null # what is mounted there ends with the namespace
	return $code
}

if [ "${1:-}" = --inside ]; then
	inside "$2"
	exit
fi
all=("$@")
[ $# -gt 0 ] || all=(docker docker28 docker28-userns docker-rootless podman podman-rootless)
go test -tags e2e -c -o "$out/tests" ./internal/containers || exit 1
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
failed=()
for kind in "${all[@]}"; do
	printf '\n==> container tests on %s (log: build/engines/%s.log)\n' "$kind" "$kind"
	rm -f "$out/$kind.log"
	path=$PATH
	case $kind in docker28*) build28 || exit 1; path=$PWD/build/tools/docker28:$PATH ;; esac
	$sudo env PATH="$path" RUN="${RUN:-}" ROUNDS="$rounds" unshare --mount --net --propagation private "$PWD/test/engines.sh" --inside "$kind" ||
		failed+=("$kind")
done
[ ${#failed[@]} = 0 ] || { echo "Not all is well on: ${failed[*]}"; exit 1; }
