#!/bin/sh
# What inspect tells of a container that was made by the same command.
#
# Pinned:    Debian 13: docker.io 26.1.5+dfsg1-9+deb13u1+b1, podman 5.4.2+ds1-2+b2
# Expected:  Podman's Docker API describes a container as Docker does: the image as it was typed, the environment that
#            was given, the network none among the networks.
# Behaviour: Podman: Config.Image is the full name, Env has PATH and container=podman though neither image nor command
#            set them, an unset entry point is a list and not null, and none and host are not among the networks.
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
docker create --name one --network none --env A=b box sleep 1 >/dev/null
docker inspect one --format 'Config.Image {{.Config.Image}}
Config.Entrypoint {{json .Config.Entrypoint}}
NetworkMode {{.HostConfig.NetworkMode}}'
docker inspect one --format '{{range .Config.Env}}{{println "Config.Env" .}}{{end}}' | sort
echo "networks" $(docker network ls --format '{{.Name}}' | sort)
docker rm one >/dev/null
EOF
cat >want <<'EOF'
docker:
Config.Image box
Config.Entrypoint null
NetworkMode none

Config.Env A=b
networks host none
podman:
Config.Image docker.io/library/box:latest
Config.Entrypoint []
NetworkMode none

Config.Env A=b
Config.Env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
Config.Env container=podman
networks bridge
EOF
for engine in docker podman; do
  cp probe.sh "$tools/engine" $engine/
  echo "$engine:"
  "$tools/debian" run "$dir/$engine" sh -c ". /engine; start_$engine; . /probe.sh" 2>>errors || true
done >got
diff want got && echo "still so"
