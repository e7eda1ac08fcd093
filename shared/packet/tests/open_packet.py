#!/usr/bin/env python3
"""Verify and open a Qayd packet with public libraries alone: cbor2, cwt, cryptography, zstandard.

    open_packet.py PACKET --station-key HEX [--review-seed HEX] [--biometric-seed HEX]
                   [--sensitive-seed HEX] [--dictionaries DIR]

Prints one JSON object. Exits with 1, and says why on stderr, when anything does not hold. It follows docs/packet.md
and shares no code with the Rust crate.
"""
import argparse
import hashlib
import io
import json
import pathlib
import sys
import uuid

import cbor2
import zstandard
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cwt import COSE, COSEKey

ED25519, CHACHA, EK, COMMITMENT = -19, 24, -4, -70100
SUITES = {
    50: (0, hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)),
    -70057: (1, hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.SHAKE256, hpke.AEAD.AES_256_GCM)),
}


class Refused(Exception):
    pass


def need(holds, what):
    if not holds:
        raise Refused(what)


def verify_sign1(tagged, public, namespace):
    """cwt verifies the COSE_Sign1; the namespace is its external_aad."""
    key = COSEKey.new({1: 1, 3: ED25519, -1: 6, -2: public, 2: hashlib.sha256(public).digest()[:16]})
    try:
        return COSE.new().decode(cbor2.dumps(tagged), key, external_aad=namespace)
    except Exception as error:
        raise Refused(f"signature: {error}") from error


def opening_key(suite, seed):
    """(private key, kid) of a 32-byte seed."""
    if suite == 0:
        private = x25519.X25519PrivateKey.from_private_bytes(seed)
        public = private.public_key().public_bytes_raw()
    else:
        # X-Wing expands its seed by SHAKE256 into an ML-KEM-768 seed (64 bytes) and an X25519 key (32).
        expanded = hashlib.shake_256(seed).digest(96)
        post_quantum = mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
        classic = x25519.X25519PrivateKey.from_private_bytes(expanded[64:])
        private = hpke.MLKEM768X25519PrivateKey(post_quantum, classic)
        public = post_quantum.public_key().public_bytes_raw() + classic.public_key().public_bytes_raw()
    return private, hashlib.sha256(bytes([suite]) + public).digest()[:16]


def opens_with_cwt(part, private, kid, aad):
    """Suite 0 is known to a COSE library as a whole: cwt opens the COSE_Encrypt by itself."""
    key = COSEKey.new({1: 1, 2: kid, 3: 50, -1: 4, -2: private.public_key().public_bytes_raw(),
                       -4: private.private_bytes_raw()})
    return COSE.new().decode(part, key, external_aad=aad)


def open_part(tagged, keys, packet, station, label):
    need(isinstance(tagged, cbor2.CBORTag) and tagged.tag == 96, "a part is a COSE_Encrypt")
    protected, unprotected, ciphertext, recipients = tagged.value
    header = cbor2.loads(protected)
    need(header[1] == CHACHA, "content algorithm")
    for r_protected, r_unprotected, wrapped in recipients:
        algorithm = cbor2.loads(r_protected)[1]
        suite, cipher = SUITES[algorithm]
        private = keys.get(r_unprotected[4])
        if private is None:
            continue
        info = cbor2.dumps(["HPKE Recipient", CHACHA, r_protected, b""], canonical=True)
        content_key = cipher.decrypt(r_unprotected[EK] + wrapped, private, info)
        context = packet + label.encode()
        need(hashlib.sha256(b"qayd-cek" + content_key + context).digest() == header[COMMITMENT], "key commitment")
        aad = cbor2.dumps(["qayd-part-v1", packet, station, label, 1], canonical=True)
        enc_structure = cbor2.dumps(["Encrypt", protected, aad], canonical=True)
        plain = ChaCha20Poly1305(content_key).decrypt(unprotected[5], ciphertext, enc_structure)
        if suite == 0:
            need(opens_with_cwt(cbor2.dumps(tagged), private, r_unprotected[4], aad) == plain, "cwt reads otherwise")
        return plain
    return None


def inflate(dictionary, frame, folder):
    """The frame names its dictionary by zstd's own id; the part names it by ours, and both have to agree."""
    known = None
    if dictionary != 0:
        path = pathlib.Path(folder or ".") / f"{dictionary}.zdict"
        need(path.is_file(), f"dictionary {dictionary} is not known")
        known = zstandard.ZstdCompressionDict(path.read_bytes(), dict_type=zstandard.DICT_TYPE_FULLDICT)
    named = zstandard.get_frame_parameters(frame).dict_id
    need(named == (known.dict_id() if known else 0), "the frame is of another dictionary")
    return zstandard.ZstdDecompressor(dict_data=known).decompress(frame, max_output_size=1 << 20)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("packet")
    arguments.add_argument("--station-key", required=True)
    arguments.add_argument("--review-seed")
    arguments.add_argument("--biometric-seed")
    arguments.add_argument("--sensitive-seed")
    arguments.add_argument("--dictionaries", help="folder of N.zdict, the dictionaries that the format ships")
    given = arguments.parse_args()
    with open(given.packet, "rb") as file:
        data = file.read()

    stream = io.BytesIO(data)
    decoder = cbor2.CBORDecoder(stream)
    signed = decoder.decode()
    head = stream.tell()
    payload = verify_sign1(signed, bytes.fromhex(given.station_key), b"qayd-manifest-v1")
    manifest = cbor2.loads(payload)
    need(cbor2.dumps(manifest, canonical=True) == payload, "the manifest is not deterministic")
    packet, station = manifest[3], manifest[6]

    parts, offset = {}, head
    for entry in manifest[17]:
        part = data[offset:offset + entry[3]]
        need(hashlib.sha256(part).digest() == entry[4], f"part {entry[1]} differs from its digest")
        parts[entry[1]] = part
        offset += entry[3]
    need(offset == len(data), "bytes after the last part")

    keys = {}
    for seed in (given.review_seed, given.biometric_seed, given.sensitive_seed):
        if seed:
            private, kid = opening_key(manifest[2], bytes.fromhex(seed))
            keys[kid] = private
    out = {
        "packet": str(uuid.UUID(bytes=packet)),
        "suite": manifest[2],
        "sequence": manifest[7],
        "manifest_sha256": hashlib.sha256(data[:head]).hexdigest(),
        "parts": list(parts),
    }
    opened = {label: open_part(cbor2.loads(part), keys, packet, station, label) for label, part in parts.items()}
    if opened["demographics"] is not None:
        padded = cbor2.loads(opened["demographics"])
        content_signed = cbor2.loads(inflate(padded[1], padded[2], given.dictionaries))
        content = cbor2.loads(cbor2.loads(content_signed[1]).value[2])
        need(content[2] == packet and content[5] == station, "content and manifest disagree")
        samples = []
        for sample in content[15]:
            plain = opened.get(sample[3])
            if plain is not None:
                need(hashlib.sha256(plain).digest() == sample[7], f"sample {sample[3]} differs from its digest")
            samples.append({"part": sample[3], "opened": plain is not None, "length": sample[6]})
        need((1 in content[18] and 2 in content[18]) and ((3 in content[18]) == (content[4] > 1)), "sensitive answers")
        apart = opened["sensitive"]
        if apart is not None:
            need(hashlib.sha256(apart).digest() == content[18][2], "the sensitive answers differ from their digest")
            need(len(apart) == content[18][1] and len(apart) % 512 == 0, "length of the sensitive answers")
            out["sensitive"] = len(cbor2.loads(apart)[1])
        out["dictionary"] = padded[1]
        out["extended"] = 17 in content
        out["fields"] = len(content[14])
        out["samples"] = samples
        out["operator_signed"] = True
    json.dump(out, sys.stdout)
    print()


if __name__ == "__main__":
    try:
        main()
    except Refused as refusal:
        print(f"refused: {refusal}", file=sys.stderr)
        sys.exit(1)
