#!/bin/sh
# Who looks at a Docker container makes events.
#
# Pinned:    Debian 13: docker.io 26.1.5+dfsg1-9+deb13u1+b1
# Expected:  Events tell what happens to a container; a look at it (docker cp out of it, a health check that stays
#            healthy) is none.
# Behaviour: Each probe of a health check makes three events, and their action carries the whole command after a colon;
#            docker cp makes one in either direction. A program that looks at each event wakes itself. inspect, logs and
#            stats make none.
# Seen:      2026-12-01, the text below "want".
# Needs:     root, apt-get, unshare, ip (see the files debian and engine).
# Exit code: 0 still so, 1 changed, 2 could not be tried.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
tools=$(cd "$(dirname "$0")" && pwd)
cd "$dir"
{
  "$tools/debian" make trixie "$dir/docker" docker.io=26.1.5+dfsg1-9+deb13u1+b1 docker-cli busybox-static tar
} >log 2>&1 || { cat log; exit 2; }
cat >probe.sh <<'EOF'
docker run -d --name one --network none --health-cmd 'ls /' --health-interval 2s box sleep 600 >/dev/null
sleep 5
docker run -d --name two --network none box sleep 600 >/dev/null
watch() {
  : >/tmp/events
  docker events --filter container=$1 --format '{{.Action}}' >>/tmp/events &
  sleep 1
}
watch one
sleep 6
kill $!
sleep 1
echo "a healthy container in 6 s:"
sort -u /tmp/events
watch two
for command in 'inspect two' 'logs two' 'stats --no-stream two' 'cp two:/bin/ls /tmp/out' 'cp /tmp/out two:/out'; do
  echo "docker $command:" >>/tmp/events
  docker $command >/dev/null 2>&1
  sleep 1
done
cat /tmp/events
docker rm -f one two >/dev/null 2>&1
EOF
cat >want <<'EOF'
docker:
a healthy container in 6 s:
exec_create: /bin/sh -c ls /
exec_die
exec_start: /bin/sh -c ls /
docker inspect two:
docker logs two:
docker stats --no-stream two:
docker cp two:/bin/ls /tmp/out:
archive-path
docker cp /tmp/out two:/out:
extract-to-dir
EOF
for engine in docker; do
  cp probe.sh "$tools/engine" $engine/
  echo "$engine:"
  "$tools/debian" run "$dir/$engine" sh -c ". /engine; start_$engine; . /probe.sh" 2>>errors || true
done >got
diff want got && echo "still so"
