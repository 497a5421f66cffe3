#!/bin/sh
# The events of one life of a container, by Docker and by Podman's Docker API.
#
# Pinned:    Debian 13: docker.io 26.1.5+dfsg1-9+deb13u1+b1, podman 5.4.2+ds1-2+b2
# Expected:  A program that follows Docker's events (start, die, destroy, exec_die) sees the same ones from Podman's
#            Docker API.
# Behaviour: Podman says remove, never destroy, and exec, exec_died for exec_create, exec_start, exec_die; restart comes
#            before the die and start that belong to it, not after them; init is new. (stop, kill and the network's
#            events are left out below: their order varies.)
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
docker events --format '{{.Type}} {{.Action}} {{.Actor.Attributes.exitCode}}' >>/tmp/events &
sleep 2
say() { echo "- $1" >>/tmp/events; }
say run
docker run -d --name one --network none box sleep 600 >/dev/null
sleep 2
say exec
docker exec one ls / >/dev/null
sleep 2
say restart
docker restart -t 1 one >/dev/null
sleep 2
say "rm -f"
docker rm -f one >/dev/null
sleep 2
sed 's/ <no value>//; /^network/d; / stop/d; / kill/d' /tmp/events
EOF
cat >want <<'EOF'
docker:
- run
container create
container start
- exec
container exec_create: ls /
container exec_start: ls /
container exec_die 0
- restart
container die 137
container start
container restart
- rm -f
container die 137
container destroy
podman:
- run
container create
container init
container start
- exec
container exec
container exec_died
- restart
container restart
container die 137
container init
container start
- rm -f
container die 137
container remove
EOF
for engine in docker podman; do
  cp probe.sh "$tools/engine" $engine/
  echo "$engine:"
  "$tools/debian" run "$dir/$engine" sh -c ". /engine; start_$engine; . /probe.sh" 2>>errors || true
done >got
diff want got && echo "still so"
