"""Compares what the chart makes with what kustomize makes, object by object.

same.py HELM.yaml KUSTOMIZE.yaml     all objects are the same, but for the namespace, which Helm needs before
same.py --keys VALUES.yaml SCHEMA    every value has a default and a rule
"""

import json
import sys

import yaml


def objects(file):
    with open(file) as text:
        found = [one for one in yaml.safe_load_all(text) if one]
    named = {(one["kind"], one["metadata"]["name"]): one for one in found}
    assert len(named) == len(found), f"{file} has an object twice"
    return named


def differences(ours, theirs, where=""):
    """Each place where two values differ."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(ours.keys() | theirs.keys()):
            yield from differences(ours.get(key), theirs.get(key), f"{where}/{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for number, pair in enumerate(zip(ours, theirs, strict=True)):
            yield from differences(*pair, f"{where}/{number}")
    elif ours != theirs or type(ours) is not type(theirs):
        yield f"{where}: {str(ours)[:80]} by Helm, {str(theirs)[:80]} by kustomize"


def same_objects(helm, kustomize):
    ours, theirs = objects(helm), objects(kustomize)
    assert theirs.pop(("Namespace", "scim-rotator"), None), "kustomize makes the namespace"
    assert len(ours) >= 5, f"only {sorted(ours)}"
    return [
        f"{kind} {name}{place}"
        for kind, name in sorted(ours.keys() | theirs.keys())
        for place in differences(ours.get((kind, name)), theirs.get((kind, name)))
    ]


def keys_differ(values, rules, where=""):
    """Keys with a default and without a rule, and the other way round. `global` is Helm's own."""
    known = rules.get("properties")
    if known is None:
        return
    for key in sorted(values.keys() ^ (known.keys() - {"global"})):
        yield f"{where}/{key}"
    for key in sorted(values.keys() & known.keys()):
        if isinstance(values[key], dict):
            yield from keys_differ(values[key], known[key], f"{where}/{key}")


def main():
    if sys.argv[1] == "--keys":
        with open(sys.argv[2]) as values, open(sys.argv[3]) as schema:
            found = list(keys_differ(yaml.safe_load(values), json.load(schema)))
    else:
        found = same_objects(*sys.argv[1:])
    sys.exit("\n".join(found) or 0)


main()
