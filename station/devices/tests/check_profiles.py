#!/usr/bin/env python3
"""Every hardware profile fits hardware-profiles/schema.json, and none does with a key the schema does not know.

    check_profiles.py HARDWARE_PROFILES

Needs the package jsonschema. Prints what does not fit and exits with 1.
"""
import json
import pathlib
import sys
import tomllib

from jsonschema import Draft202012Validator

folder = pathlib.Path(sys.argv[1])
schema = json.loads((folder / "schema.json").read_text())
whole = Draft202012Validator(schema)


def shape(name):
    return Draft202012Validator({"$schema": schema["$schema"], "$defs": schema["$defs"], "$ref": f"#/$defs/{name}"})


shapes = {"devices": shape("device"), "laptops": shape("laptop"), "kits": shape("kit"),
          "quality-finger": shape("finger_quality"), "quality-portrait": shape("portrait_quality")}
wrong, files = [], sorted(folder.rglob("*.toml"))
for file in files:
    place = file.relative_to(folder).parts[0]
    validator = shapes[file.stem if place == "policy" else place]
    value = tomllib.loads(file.read_text())
    wrong += [f"{file}: {error.json_path}: {error.message}" for error in validator.iter_errors(value)]
    if not whole.is_valid(value):
        wrong.append(f"{file}: does not fit the schema as a whole")
    if validator.is_valid(value | {"colour": "grey"}):
        wrong.append(f"{file}: fits with an unknown key")
print("\n".join(wrong) or f"{len(files)} files fit")
sys.exit(1 if wrong or not files else 0)
