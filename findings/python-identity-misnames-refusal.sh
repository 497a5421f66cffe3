#!/bin/sh
# Whatever a managed-identity endpoint says, Python's SDK says that it is not configured.
#
# Pinned:    Debian 13: python3-azure 20250603+git-1 (azure-identity 1.23.1, azure-core 1.35.0)
# Expected:  The exception carries the endpoint's message, and an answer with expires_in alone is a token.
# Behaviour: A refusal and an answer without expires_on (which other services call well-formed) read alike:
#            "configuration not found in environment. invalid_scope"; neither the configuration nor the scope is wrong,
#            and the endpoint's words are lost.
# Seen:      2026-12-01, the text below "want".
# Needs:     root, apt-get, unshare, ip (see the file debian).
# Exit code: 0 still so, 1 changed, 2 could not be tried.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
tools=$(cd "$(dirname "$0")" && pwd)
"$tools/debian" make trixie "$dir/root" \
  python3-azure=20250603+git-1 \
  >"$dir/log" 2>&1 || { cat "$dir/log"; exit 2; }
cat >"$dir/root/probe.sh" <<'EOF'
cat >/probe.py <<'END'
import http.server, json, logging, os, threading, time

from azure.identity import ManagedIdentityCredential, get_bearer_token_provider

logging.disable(logging.CRITICAL)
answers = []


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status, answer = answers.pop(0)
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ["IDENTITY_ENDPOINT"] = f"http://127.0.0.1:{server.server_port}/"
os.environ["IDENTITY_HEADER"] = "h"


def token(**end):
    return 200, {"access_token": "token", "resource": "r", "token_type": "Bearer", **end}


def refusal(text):
    return 400, {"error": "invalid_request", "error_description": text, "message": text}


def show(label, call):
    try:
        print(label, call())
    except Exception as err:
        print(label, type(err).__name__, str(err).splitlines()[0])


for label, answer in (("expires_on:", token(expires_on=str(int(time.time()) + 3600))),
                      ("only expires_in:", token(expires_in="3600")),
                      ("400:", refusal("sign in again at ten"))):
    answers[:] = [answer]
    show(label, lambda: ManagedIdentityCredential().get_token(f"api://{label}/.default").token)
END
python3 /probe.py
EOF
cd "$dir"
cat >want <<'EOF'
expires_on: token
only expires_in: CredentialUnavailableError App Service managed identity configuration not found in environment. invalid_scope
400: CredentialUnavailableError App Service managed identity configuration not found in environment. invalid_scope
EOF
"$tools/debian" run "$dir/root" sh /probe.sh >got 2>errors || true
diff want got && echo "still so"
