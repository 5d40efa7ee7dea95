"""PingIDM and Advanced Identity Cloud, a SCIM connector: frodo, Ping's own tool, which runs in Node.js (frodo.mjs). See
judge.py for the command line."""

import functools
import json
import os
import subprocess

from checks import Failed, want, want_same, want_texts
from judge import Call, main

SETTINGS = {
    "access_token": "access-token",
    "connector": "scimcrm",
    "configuration": {"_id": "provisioner.openicf/scimcrm", "configurationProperties": {"authToken": "new-scim-token"}},
}


def read(wire, settings):
    decoded = ask(wire, settings, "read")
    want_texts(decoded, "_id")
    want(isinstance(decoded.get("configurationProperties"), dict), f"no `configurationProperties`: {decoded!r}")
    return decoded


def list_connectors(wire, settings):
    found = ask(wire, settings, "list")
    for connector in found:
        want_texts(connector, "_id")
        want(isinstance(connector.get("configurationProperties"), dict), f"no `configurationProperties`: {connector!r}")
    return found


def save(wire, settings):
    decoded = ask(wire, settings, "save")
    want_texts(decoded, "_id")
    return decoded


def test_saved(wire, settings):
    decoded = ask(wire, settings, "test_saved")
    want_texts(decoded, "name")
    for name in ("ok", "enabled"):
        want(type(decoded.get(name)) is bool, f"`{name}` must be a boolean: {decoded!r}")
    return decoded


def ask(wire, settings, call):
    asked = {"host": wire.url, "token": settings["access_token"], "call": call}
    asked |= {name: settings[name] for name in ("connector", "configuration")}
    told = frodo(asked)
    # What counts requests before the product answers in text.
    if wire.exchanges[-1].status == 429:
        raise Failed({"text": wire.exchanges[-1].body})
    answer = wire.exchanges[-1].json()
    if "failed" in told:
        want(wire.exchanges[-1].status >= 400, f"frodo cannot read the answer: {told['failed']}")
        want_texts(answer, "reason", "message")
        want(answer.get("code") == wire.exchanges[-1].status, f"`code` is the status: {answer!r}")
        raise Failed(answer)
    # It takes any JSON.
    whole = answer["result"] if call == "list" else answer
    want_same(whole, told["decoded"], "the answer, or what frodo made of it")
    return told["decoded"]


def frodo(asked):
    node = started()
    node.stdin.write(json.dumps(asked) + "\n")
    node.stdin.flush()
    return json.loads(node.stdout.readline())


@functools.cache
def started():
    """One for all calls. It ends with this process, which holds the other end of its standard input."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "frodo.mjs")
    pipe = subprocess.PIPE
    return subprocess.Popen(["node", script], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)


def take_save(settings, body):
    settings["configuration"] = body
    return True


CONFIGURATION = "/openidm/config/provisioner.openicf/{connector}"
CALLS = {
    # frodo logs in otherwise than by this alone.
    "login": Call("POST /am/oauth2/access_token", None),
    "read": Call(f"GET {CONFIGURATION}", read),
    "list": Call("GET /openidm/config", list_connectors),
    # Ping documents it, and frodo has no such call.
    "test_candidate": Call("POST /openidm/system", None),
    "save": Call(f"PUT {CONFIGURATION}", save, take_save),
    "test_saved": Call("POST /openidm/system/{connector}", test_saved),
}

if __name__ == "__main__":
    main(CALLS, SETTINGS)
