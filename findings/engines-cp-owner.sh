#!/bin/sh
# Whom a file belongs to that docker cp has put into a container.
#
# Pinned:    Debian 13: docker.io 26.1.5+dfsg1-9+deb13u1+b1, podman 5.4.2+ds1-2+b2
# Expected:  The manual of docker cp: what is copied into a container belongs to root there, with --archive to the owner
#            it had.
# Behaviour: A plain docker cp keeps the owner's numbers from the host in both engines: a file of mode 0600 may be
#            closed to the container's user. With --archive the file becomes the container's user's; with Docker that
#            fails where the user was given by numbers.
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
echo text >/tmp/file
chown 4711:12 /tmp/file
chmod 600 /tmp/file
docker run -d --name named --network none box sleep 600 >/dev/null
docker exec named sh -c 'echo app:x:33:33::/:/bin/sh >/etc/passwd; echo app:x:33: >/etc/group'
docker commit named with-user >/dev/null
docker rm -f named >/dev/null
docker run -d --name named --network none --user app with-user sleep 600 >/dev/null
docker run -d --name numbered --network none --user 33:33 with-user sleep 600 >/dev/null
for name in named numbered; do
  for option in '' --archive; do
    docker cp $option /tmp/file $name:/file$option 2>/tmp/stderr &&
      echo "$name $option $(docker exec --user 0:0 $name ls -ln /file$option | tr -s ' ' | cut -d ' ' -f 1,3,4)" ||
      echo "$name $option $(cat /tmp/stderr)"
  done
done
docker rm -f named numbered >/dev/null
EOF
cat >want <<'EOF'
docker:
named  -rw------- 4711 12
named --archive -rw------- 33 33
numbered  -rw------- 4711 12
numbered --archive Error response from daemon: unable to find getent command: exec: "getent": executable file not found in $PATH
podman:
named  -rw------- 4711 12
named --archive -rw------- 33 33
numbered  -rw------- 4711 12
numbered --archive -rw------- 33 33
EOF
for engine in docker podman; do
  cp probe.sh "$tools/engine" $engine/
  echo "$engine:"
  "$tools/debian" run "$dir/$engine" sh -c ". /engine; start_$engine; . /probe.sh" 2>>errors || true
done >got
diff want got && echo "still so"
