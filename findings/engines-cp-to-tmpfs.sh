#!/bin/sh
# A file copied to a tmpfs: Docker says yes and loses it, Podman delivers it.
#
# Pinned:    Debian 13: docker.io 26.1.5+dfsg1-9+deb13u1+b1, podman 5.4.2+ds1-2+b2
# Expected:  docker cp into a place where the container has a tmpfs puts the file where the container's processes see
#            it, or fails.
# Behaviour: Docker writes beneath the tmpfs of a running container: success, docker cp back finds the file, the
#            container never does; with a read-only root also. (Before the first start the place is not there: an
#            error.) Podman puts it into the tmpfs, before the first start too.
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
echo secret >/tmp/file
box() { # NAME OPTION...: a container that was made and not started
  name=$1
  shift
  docker create --name $name --network none "$@" box sleep 600 >/dev/null
}
try() { # NAME WORD
  docker cp /tmp/file $1:/secret/$2 >/dev/null 2>&1 && ok=yes || ok=no
  docker start $1 >/dev/null
  docker cp $1:/secret/$2 /tmp/back >/dev/null 2>&1 && back=yes || back=no
  seen=$(docker exec $1 sh -c "cat /secret/$2 2>/dev/null")
  echo "$1, $2: copied $ok, copied back $back, the container sees '$seen'"
}
box tmpfs --tmpfs /secret
try tmpfs created
try tmpfs running
box read-only --read-only --mount type=tmpfs,dst=/secret
try read-only created
try read-only running
docker rm -f tmpfs read-only >/dev/null
EOF
cat >want <<'EOF'
docker:
tmpfs, created: copied no, copied back no, the container sees ''
tmpfs, running: copied yes, copied back yes, the container sees ''
read-only, created: copied no, copied back no, the container sees ''
read-only, running: copied yes, copied back yes, the container sees ''
podman:
tmpfs, created: copied yes, copied back yes, the container sees 'secret'
tmpfs, running: copied yes, copied back yes, the container sees 'secret'
read-only, created: copied yes, copied back yes, the container sees 'secret'
read-only, running: copied yes, copied back yes, the container sees 'secret'
EOF
for engine in docker podman; do
  cp probe.sh "$tools/engine" $engine/
  echo "$engine:"
  "$tools/debian" run "$dir/$engine" sh -c ". /engine; start_$engine; . /probe.sh" 2>>errors || true
done >got
diff want got && echo "still so"
