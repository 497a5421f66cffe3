#!/bin/sh
# docker cp of a link out of a container: the link with Docker, what it points to with Podman.
#
# Pinned:    Debian 13: docker.io 26.1.5+dfsg1-9+deb13u1+b1, podman 5.4.2+ds1-2+b2
# Expected:  docker cp copies a symbolic link as a link unless --follow-link is given.
# Behaviour: Podman's Docker API hands out the target's content, as if --follow-link had been said.
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
docker run -d --name one --network none box sh -c \
  'echo content >/etc/target; ln -s target /etc/link; sleep 600' >/dev/null
sleep 2
docker cp one:/etc/link /tmp/link
if [ -L /tmp/link ]; then echo "a link to $(readlink /tmp/link)"; else echo "a file: $(cat /tmp/link)"; fi
docker rm -f one >/dev/null
EOF
cat >want <<'EOF'
docker:
a link to target
podman:
a file: content
EOF
for engine in docker podman; do
  cp probe.sh "$tools/engine" $engine/
  echo "$engine:"
  "$tools/debian" run "$dir/$engine" sh -c ". /engine; start_$engine; . /probe.sh" 2>>errors || true
done >got
diff want got && echo "still so"
