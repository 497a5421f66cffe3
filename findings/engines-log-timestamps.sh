#!/bin/sh
# The time stamps of docker logs, by Docker and by Podman's Docker API.
#
# Pinned:    Debian 13: docker.io 26.1.5+dfsg1-9+deb13u1+b1, podman 5.4.2+ds1-2+b2
# Expected:  docker logs --timestamps gives each line a time that can be handed back as --since to go on after it.
# Behaviour: Podman cuts the times it prints to whole seconds: lines of one second share one time, and --since with it
#            brings all of that second's lines again. Docker prints nanoseconds.
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
docker run --name one --network none box sh -c 'for i in 1 2 3; do echo $i; done' >/dev/null
docker logs --timestamps one >/tmp/log
last=$(tail -n 1 /tmp/log | cut -d ' ' -f 1)
echo "the last line's time: $(echo "$last" | sed 's/[0-9]/9/g')"
echo "lines since then, itself included: $(docker logs --since "$last" one | grep -c .)"
docker rm one >/dev/null
EOF
cat >want <<'EOF'
docker:
the last line's time: 9999-99-99T99:99:99.999999999Z
lines since then, itself included: 1
podman:
the last line's time: 9999-99-99T99:99:99Z
lines since then, itself included: 3
EOF
for engine in docker podman; do
  cp probe.sh "$tools/engine" $engine/
  echo "$engine:"
  "$tools/debian" run "$dir/$engine" sh -c ". /engine; start_$engine; . /probe.sh" 2>>errors || true
done >got
diff want got && echo "still so"
