"""RFC 9421 as other people implement it, beside ours: PyPI http-message-signatures.

stdin: {"seed": hex, "keyid": text, "requests": [{"method", "url", "headers": {…}, "body": hex or null, "cover": […]}]}
Each request with a Signature header is verified; each without is signed.
stdout: {"requests": [{"verified": bool} or {"headers": {…}}]}
"""

import json
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    InvalidSignature,
    algorithms,
)


class Request:
    def __init__(self, said):
        self.method = said["method"]
        self.url = said["url"]
        self.headers = dict(said["headers"])


class Keys(HTTPSignatureKeyResolver):
    def __init__(self, keyid, key):
        self.keyid, self.key = keyid, key

    def resolve_private_key(self, key_id):
        return self.key

    def resolve_public_key(self, key_id):
        return self.key.public_key() if key_id == self.keyid else None


def verify(said, keys):
    verifier = HTTPMessageVerifier(signature_algorithm=algorithms.ED25519, key_resolver=keys)
    body = said["body"]
    try:
        results = verifier.verify(
            Request(said),
            max_age=None,
            expect_tag="qayd-sync",
            expect_label="qayd",
            require_components=said["cover"],
            body=None if body is None else bytes.fromhex(body),
        )
    except InvalidSignature:
        return {"verified": False}
    return {"verified": len(results) == 1}


def sign(said, keys):
    request = Request(said)
    body = said["body"]
    request.headers.pop("Content-Digest", None)  # the library makes its own
    signer = HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=keys)
    signer.sign(
        request,
        key_id=keys.keyid,
        nonce="bm9uY2U",
        label="qayd",
        tag="qayd-sync",
        covered_component_ids=said["cover"],
        body=None if body is None else bytes.fromhex(body),
    )
    return {"headers": request.headers}


def main():
    task = json.load(sys.stdin)
    keys = Keys(task["keyid"], Ed25519PrivateKey.from_private_bytes(bytes.fromhex(task["seed"])))
    answers = [
        verify(said, keys) if "Signature" in said["headers"] else sign(said, keys) for said in task["requests"]
    ]
    json.dump({"requests": answers}, sys.stdout)


main()
