#!/bin/sh
# docker cp onto a file that is a mount of its own.
#
# Pinned:    Debian 13: docker.io 26.1.5+dfsg1-9+deb13u1+b1, podman 5.4.2+ds1-2+b2
# Expected:  Where a container has a single file mounted for writing, docker cp writes that file.
# Behaviour: Both engines remove the target before they write it, and a mount cannot be removed: "device or resource
#            busy", the old content stays. The container itself can write the file.
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
echo old >/tmp/one
echo new >/tmp/new
docker run -d --name one --network none -v /tmp/one:/data/one box sleep 600 >/dev/null
docker cp /tmp/new one:/data/one 2>&1 | grep -v Success
echo "the container reads $(docker exec one cat /data/one), the host $(cat /tmp/one)"
docker exec one sh -c 'echo newer >/data/one'
echo "written by the container itself: $(cat /tmp/one)"
docker rm -f one >/dev/null
EOF
cat >want <<'EOF'
docker:
Error response from daemon: unlinkat /data/one: device or resource busy
the container reads old, the host old
written by the container itself: newer
podman:
Error response from daemon: copier: put: error creating "/data/one": copier: put: error removing item to be overwritten "/data/one": unlinkat /data/one: device or resource busy
the container reads old, the host old
written by the container itself: newer
EOF
for engine in docker podman; do
  cp probe.sh "$tools/engine" $engine/
  echo "$engine:"
  "$tools/debian" run "$dir/$engine" sh -c ". /engine; start_$engine; . /probe.sh" 2>>errors || true
done >got
diff want got && echo "still so"
