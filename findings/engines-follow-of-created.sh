#!/bin/sh
# Following the log of a container that has not started.
#
# Pinned:    Debian 13: docker.io 26.1.5+dfsg1-9+deb13u1+b1, podman 5.4.2+ds1-2+b2
# Expected:  docker logs --follow waits for the container's first line, and goes on over a restart.
# Behaviour: It ends at once, with success, for a container that was made and not started; later it ends at each stop
#            and does not go on with the next start. Who wants every line follows the events too.
# Seen:      2026-12-01, the text below "want".
# Needs:     root, apt-get, unshare, ip (see the files debian and engine).
# Exit code: 0 still so, 1 changed, 2 could not be tried.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
tools=$(cd "$(dirname "$0")" && pwd)
cd "$dir"
{
  "$tools/debian" make trixie "$dir/docker" docker.io=26.1.5+dfsg1-9+deb13u1+b1 docker-cli busybox-static tar &&
    "$tools/debian" make trixie "$dir/podman" podman=5.4.2+ds1-2+b2 runc docker-cli busybox-static tar
} >log 2>&1 || { cat log; exit 2; }
cat >probe.sh <<'EOF'
docker create --name one --network none box sh -c 'echo line; sleep 2' >/dev/null
timeout 20 docker logs -f one && echo "follow of a created container ended by itself" || echo "still there after 20 s"
docker start one >/dev/null
timeout 20 docker logs -f one >/tmp/follow && echo "follow ended with the container" || echo "still there after 20 s"
docker start one >/dev/null
sleep 3
echo "lines followed: $(grep -c line /tmp/follow), lines now: $(docker logs one | grep -c line)"
docker rm -f one >/dev/null
EOF
cat >want <<'EOF'
docker:
follow of a created container ended by itself
follow ended with the container
lines followed: 1, lines now: 2
podman:
follow of a created container ended by itself
follow ended with the container
lines followed: 1, lines now: 2
EOF
for engine in docker podman; do
  cp probe.sh "$tools/engine" $engine/
  echo "$engine:"
  "$tools/debian" run "$dir/$engine" sh -c ". /engine; start_$engine; . /probe.sh" 2>>errors || true
done >got
diff want got && echo "still so"
