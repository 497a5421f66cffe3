#!/bin/sh
# How docker exec says that it could not start a program.
#
# Pinned:    Debian 13: docker.io 26.1.5+dfsg1-9+deb13u1+b1, podman 5.4.2+ds1-2+b2
# Expected:  docker exec ends with 127 and a sentence on standard error that names the cause, whichever engine answers.
# Behaviour: Docker's sentence comes on standard output, where the program's own output would be, with 126. Podman's
#            Docker API makes it 127 for a missing program; for an unknown user the command says only that an upgrade to
#            tcp failed, and the cause is lost.
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
docker run -d --name one --network none box sleep 600 >/dev/null
try() {
  echo "$1:"
  shift
  docker exec "$@" >/tmp/stdout 2>/tmp/stderr && code=0 || code=$?
  sed 's/\r$//; s/^/  standard output: /' /tmp/stdout
  sed -n 's/\r$//; 1s/^/  standard error, first line: /p' /tmp/stderr
  echo "  exit code $code"
}
try "missing program" one no-such-program
try "unknown user" --user nosuch one ls
docker rm -f one >/dev/null
EOF
cat >want <<'EOF'
docker:
missing program:
  standard output: OCI runtime exec failed: exec failed: unable to start container process: exec: "no-such-program": executable file not found in $PATH: unknown
  exit code 126
unknown user:
  standard output: unable to find user nosuch: no matching entries in passwd file
  exit code 126
podman:
missing program:
  standard error, first line: Error: runc: exec failed: unable to start container process: exec: "no-such-program": executable file not found in $PATH: OCI runtime attempted to invoke a command that was not found
  exit code 127
unknown user:
  standard error, first line: unable to upgrade to tcp, received 500
  exit code 1
EOF
for engine in docker podman; do
  cp probe.sh "$tools/engine" $engine/
  echo "$engine:"
  "$tools/debian" run "$dir/$engine" sh -c ". /engine; start_$engine; . /probe.sh" 2>>errors || true
done >got
diff want got && echo "still so"
