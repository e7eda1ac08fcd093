#!/usr/bin/env python3
"""Messages of the simulator fit the published schemas, patterns and conditions included; with a key more they do not.

    check_messages.py SCHEMAS MESSAGES

MESSAGES holds one file a message, NUMBER.NAME.json, for the schema NAMESchema.json. Needs the package jsonschema.
Prints what does not fit and exits with 1.
"""
import json
import pathlib
import sys

from jsonschema import Draft201909Validator

schemas, messages = map(pathlib.Path, sys.argv[1:])


def each(schema):
    """The published files list one schema for items and mean it for every item; as they stand only the first is held to it."""
    if isinstance(schema, dict):
        return {key: each(value[0] if key == "items" and isinstance(value, list) else value) for key, value in schema.items()}
    return [each(value) for value in schema] if isinstance(schema, list) else schema


def stranger(message):
    """The same message with a key that no schema knows."""
    first = message[0] if isinstance(message, list) else message
    changed = first | {"colour": "grey"}
    return [changed] + message[1:] if isinstance(message, list) else changed


wrong, files = [], sorted(messages.glob("*.json"))
for file in files:
    name = file.name.split(".")[1]
    validator = Draft201909Validator(each(json.loads((schemas / f"{name}Schema.json").read_text())))
    message = json.loads(file.read_text())
    wrong += [f"{file.name}: {error.json_path}: {error.message[:300]}" for error in validator.iter_errors(message)]
    if validator.is_valid(stranger(message)):
        wrong.append(f"{file.name}: fits with an unknown key")
print("\n".join(wrong) or f"{len(files)} messages fit")
sys.exit(1 if wrong or not files else 0)
