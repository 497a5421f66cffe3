"""asker.py SCOPE SECONDS cli|identity: ask Azure's SDK for a token until stopped, by the policy of its clients.

Each line is JSON: when, the token's SHA-256, or the error.
"""

import behind  # first: it sets the clock

import hashlib
import json
import sys
import time

from azure.core.pipeline import PipelineContext, PipelineRequest
from azure.core.pipeline.policies import BearerTokenCredentialPolicy
from azure.core.rest import HttpRequest
from azure.identity import AzureCliCredential, ManagedIdentityCredential
from azure.identity._internal import get_token_mixin

if behind.seconds:  # the pause between two tries to renew a token, half a minute, is to the same scale
    get_token_mixin.DEFAULT_TOKEN_REFRESH_RETRY_DELAY = 0.1

scope, every, kind = sys.argv[1], float(sys.argv[2]), sys.argv[3]
credential = {"cli": AzureCliCredential, "identity": ManagedIdentityCredential}[kind]()
policy = BearerTokenCredentialPolicy(credential, scope)


def provide():
    """As get_bearer_token_provider does, which older versions lack."""
    request = PipelineRequest(HttpRequest("GET", "https://service.example"), PipelineContext(None))
    policy.on_request(request)
    return request.http_request.headers["Authorization"].removeprefix("Bearer ")


while True:
    line = {"error": ""}
    try:
        line["sha256"] = hashlib.sha256(provide().encode()).hexdigest()
    except Exception as e:
        line["error"] = f"{type(e).__name__}: {e}"
    line["at"] = behind.now()
    print(json.dumps(line), flush=True)
    time.sleep(every)
