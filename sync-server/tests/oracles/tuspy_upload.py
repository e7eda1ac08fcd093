"""Uploads packets with tuspy; requests are signed by http-message-signatures. Neither knows anything of Qayd.

Argument: a JSON file {base, ca, station, seed, files: [path], chunk, checksum}. Exit status 0: all were taken.
"""
import datetime
import json
import os
import sys

import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageSigner, HTTPSignatureKeyResolver, algorithms
from tusclient import client

job = json.load(open(sys.argv[1]))
# tuspy says "verify" or "do not verify" and nothing else; requests takes the authority from here.
os.environ["REQUESTS_CA_BUNDLE"] = job["ca"]
key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(job["seed"]))


class Keys(HTTPSignatureKeyResolver):
    def resolve_private_key(self, key_id):
        return key


signer = HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=Keys())
plain_send = requests.Session.send


def signed_send(session, request, **options):
    if request.url.endswith("/hello"):
        return plain_send(session, request, **options)
    covered = ["@method", "@target-uri"]
    nonce = "any"
    if request.method == "PATCH":
        covered.append("upload-offset")
    if request.method in ("POST", "DELETE"):
        nonce = requests.get(job["base"] + "/sync/v1/hello").headers["Qayd-Nonce"]
    signer.sign(
        request,
        key_id=job["station"],
        created=datetime.datetime.fromtimestamp(1, datetime.timezone.utc),
        nonce=nonce,
        label="qayd",
        tag="qayd-sync",
        covered_component_ids=covered,
    )
    return plain_send(session, request, **options)


requests.Session.send = signed_send
tus = client.TusClient(job["base"] + "/sync/v1/uploads")
for path in job["files"]:
    uploader = tus.uploader(
        path, chunk_size=job["chunk"], upload_checksum=job["checksum"], verify_tls_cert=True
    )
    # The first part, then a new uploader that asks where it stands: a resumed upload.
    uploader.upload(stop_at=min(job["chunk"], uploader.get_file_size()))
    if uploader.offset < uploader.get_file_size():
        again = tus.uploader(
            path, url=uploader.url, chunk_size=job["chunk"], upload_checksum=job["checksum"], verify_tls_cert=True
        )
        assert again.offset == uploader.offset, (again.offset, uploader.offset)
        again.upload()
        assert again.offset == os.path.getsize(path)
print("ok")
