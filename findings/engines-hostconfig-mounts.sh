#!/bin/sh
# What Podman's Docker API tells of a mount that was made with --mount.
#
# Pinned:    Debian 13: docker.io 26.1.5+dfsg1-9+deb13u1+b1, podman 5.4.2+ds1-2+b2
# Expected:  HostConfig.Mounts of an inspected container lists what was asked for with --mount, as it does with Docker.
# Behaviour: HostConfig.Mounts is null whatever was asked for: a bind is among Binds, a tmpfs among Tmpfs, and .Mounts
#            has no tmpfs.
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
mkdir /tmp/shared
docker create --name one --network none --mount type=bind,src=/tmp/shared,dst=/shared \
  --mount type=tmpfs,dst=/secret box sleep 1 >/dev/null
docker inspect one --format '{{range .HostConfig.Mounts}}HostConfig.Mounts: {{.Type}} {{.Target}}
{{end}}HostConfig.Binds: {{json .HostConfig.Binds}}
HostConfig.Tmpfs: {{json .HostConfig.Tmpfs}}{{range .Mounts}}
Mounts: {{.Type}} {{.Destination}}{{end}}'
docker rm -f one >/dev/null
EOF
cat >want <<'EOF'
docker:
HostConfig.Mounts: bind /shared
HostConfig.Mounts: tmpfs /secret
HostConfig.Binds: null
HostConfig.Tmpfs: null
Mounts: bind /shared
Mounts: tmpfs /secret
podman:
HostConfig.Binds: ["/tmp/shared:/shared:rw,rprivate,rbind"]
HostConfig.Tmpfs: {"/secret":"rw,rprivate,nosuid,nodev,tmpcopyup"}
Mounts: bind /shared
EOF
for engine in docker podman; do
  cp probe.sh "$tools/engine" $engine/
  echo "$engine:"
  "$tools/debian" run "$dir/$engine" sh -c ". /engine; start_$engine; . /probe.sh" 2>>errors || true
done >got
diff want got && echo "still so"
