"""Checks protocol.cddl against every vector with zcbor, a CDDL implementation of other people.

Exit status 0 when every message vector fits its rule, and a control (each vector with a key taken away) does not.
"""

import collections
import pathlib
import sys

import cbor2
import zcbor.zcbor.zcbor as internals
from zcbor import DataTranslator

# zcbor names a decoded map's fields after their types and trips over a type that stands there twice.
internals.namedtuple = lambda name, fields: collections.namedtuple(name, fields, rename=True)

HERE = pathlib.Path(__file__).resolve().parent.parent
RULES = sorted(
    (
        "hello signed-time provision-claim provision-request provision-answer offer offer-answer signed-list audit-batch "
        "audit-answer problem receipt inbox-item keyring station-certificate operator-certificate policy pack-bundle "
        "invitation"
    ).split(),
    key=len,
    reverse=True,
)


def fits(rule, data):
    try:
        return rule.validate_str(data) is not False
    except Exception:
        return False


def main():
    translator = DataTranslator.from_cddl((HERE / "protocol.cddl").read_text(), 10000)
    faults, checked = [], 0
    for path in sorted((HERE / "vectors").glob("*.hex")):
        if path.stem.endswith("_signed"):
            continue
        data = bytes.fromhex("".join(path.read_text().split()))
        name = next(rule for rule in RULES if path.stem.replace("_", "-").startswith(rule))
        rule = translator.my_types[name]
        if not fits(rule, data):
            faults.append(f"{path.stem} does not fit {name}")
        # The control: without its first key it fits no longer.
        value = cbor2.loads(data)
        value.pop(1)
        if fits(rule, cbor2.dumps(value)):
            faults.append(f"{name} fits without key 1")
        # The vector is in the deterministic form, in another implementation's opinion too.
        if cbor2.dumps(cbor2.loads(data), canonical=True) != data:
            faults.append(f"{path.stem} is not deterministic")
        checked += 1
    print(f"{checked} vectors checked")
    print("\n".join(faults))
    return 1 if faults or checked < 30 else 0


sys.exit(main())
