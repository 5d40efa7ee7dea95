"""What the judges share: the command line, the order of calls, the report.

    SCRIPT requests|decode --base URL [CALL…] [--set NAME=VALUE…]
    SCRIPT follow FILE [--made-up SCENE]… [--foreign SCENE]…

`requests` has the SDK send the calls (all of them, or those that are named, in that order) to the server and prints
them as they went over the wire; whatever the server answers is fine. `decode` does the same and prints what the SDK
made of each answer; it fails if the SDK does not take an answer, or takes it only because it drops what it does not
know.

`follow` reads what `scim-rotator vendors replay … --record FILE` wrote: the requests that a vendor file sent and the
answers that its replay gave. It has the SDK make each of these calls with the same values. It fails if the SDK sends
another request, or does not take the answer. A made-up scene is one whose answers the vendor does not give, a foreign
one is one whose calls the SDK does not have: there the SDK must refuse one, and it is a failure if it takes them all.

Each prints one JSON array on standard output, each complaint on standard error. Exit code 1: a request or an answer is
not the vendor's; 2: the script was called wrongly."""

import argparse
import base64
import json
import re
import sys
import urllib.parse

from checks import Failed, want, want_same
from wire import Request, Wire, forward_to


class Call:
    """What an SDK can be told to do.

    `make(wire, settings)` has it done and returns what was decoded; it raises `Failed` for a decoded error and anything
    else for what is not the vendor's. It is `None` where the SDK has no such call: such a request is not judged.
    `template`: its method and path; the names in the path are settings. `take(settings, body)` puts what the body of
    such a request says into the settings and tells whether the request is such a one; `extra`: members that the SDK
    adds, and others may leave out; `headers`: names of headers that must be the SDK's too, such as
    the one with the caller's credential."""

    def __init__(self, template, make, take=lambda settings, body: True, extra=(), headers=()):
        self.method, path = template.split()
        self.path = re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path)))
        self.make, self.take, self.extra, self.headers = make, take, set(extra), headers

    def is_made_by(self, request, settings):
        path = self.path.fullmatch(request.path)
        if request.method != self.method or not path:
            return False
        settings.update({name: urllib.parse.unquote(value) for name, value in path.groupdict().items()})
        return self.take(settings, request.body() or {})


def main(calls, settings):
    """`calls`: by name, in their natural order. `settings`: the values that `--set` changes."""
    arguments = parse(calls, settings)
    if arguments.mode == "follow":
        report, complaints = follow(calls, settings, arguments)
    else:
        report, complaints = ask(calls, settings, arguments)
    print(json.dumps(report, indent=1, default=str))
    if complaints:
        sys.exit("\n".join(complaints))


def ask(calls, settings, arguments):
    wire = Wire(forward_to(arguments.base))
    report, complaints = [], []
    for name in arguments.calls or [name for name in calls if calls[name].make]:
        before = len(wire.exchanges)
        entry, complaint = attempt(calls[name], wire, settings)
        exchanges = wire.exchanges[before:]
        if not exchanges:
            sys.exit(f"{name}: the SDK sent nothing: {complaint}")
        if arguments.mode == "requests":
            report += [{"call": name, **exchange.request.shown()} for exchange in exchanges]
        else:
            report.append({"call": name, "status": exchanges[-1].status, **entry})
            complaints += [f"{name}: {complaint}"] if complaint else []
    return report, complaints


def attempt(call, wire, settings):
    """What came of it, and what is wrong with that."""
    try:
        return {"decoded": call.make(wire, settings)}, None
    except Failed as failed:
        return {"failed": failed.decoded}, None
    except Exception as error:
        # Also what the SDKs raise themselves: they have many classes for an answer that they cannot read.
        return {}, f"{type(error).__name__}: {error}"


def follow(calls, settings, arguments):
    report, requests, answers = [], {}, {}
    for line in map(json.loads, arguments.file):
        scene, where = line["scene"], f"{line['scene']}: {line['method']} {line['url']}"
        entry, wrong_request, wrong_answer = step(calls, settings, line)
        report.append({"scene": scene, "request": f"{line['method']} {line['url']}", **entry})
        for found, complaint in ((requests, wrong_request), (answers, wrong_answer)):
            found.setdefault(scene, []).extend([f"{where}: {complaint}"] if complaint else [])
    complaints = []
    for found, exempt in ((requests, arguments.foreign), (answers, arguments.made_up)):
        for scene in sorted({*found, *exempt}):
            if scene not in exempt:
                complaints += found[scene]
            elif not found.get(scene):
                complaints.append(f"{scene}: it needs no exemption: the SDK takes it, or nothing is recorded")
    return report, complaints


def step(calls, settings, line):
    """One recorded request: what the SDK made of its answer, and what is wrong with request and answer."""
    headers = {name.lower(): value for name, value in line["headers"]}
    ours = Request(line["method"], line["url"], headers, line["body"])
    # What a call is made with apart from its path and body.
    settings.update(headers=headers, query=ours.query)
    try:
        call = next((call for call in calls.values() if call.is_made_by(ours, settings)), None)
    # What a body lacks that the SDK has in each.
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return {}, f"the SDK sends no such body: {type(error).__name__}: {error}", None
    if call is None:
        return {}, "the SDK knows no such call", None
    if call.make is None:
        return {"judged": False}, None, None
    scheme, _, credential = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        settings["access_token"] = credential
    elif scheme.lower() == "basic":
        settings["client_id"], settings["client_secret"] = plain(headers["authorization"])
    answer = line["answer"]
    # Nobody decodes what did not arrive; the request is judged all the same.
    is_lost = answer is None or answer.get("torn", False)
    status, given, body = (500, [], "") if is_lost else (answer["status"], answer["headers"], answer["body"])
    wire = Wire(lambda *_: (status, given, body.encode()))
    entry, complaint = attempt(call, wire, settings)
    if not wire.exchanges:
        return {}, f"the SDK sends no such request: {complaint}", None
    return entry, difference(call, ours, wire.exchanges[0].request), None if is_lost else complaint


def difference(call, ours, theirs):
    """In what our request is not the SDK's."""
    try:
        want(ours.path == theirs.path, f"the SDK asks for {theirs.path}")
        want(ours.query == theirs.query, f"the SDK has the query {theirs.query}, we have {ours.query}")
        left = {name: value for name, value in (theirs.body() or {}).items() if name not in call.extra}
        want_same(ours.body() or {}, theirs.body() or {}, "our request, or the SDK's")
        want_same(left, ours.body() or {}, "the SDK's request, or ours")
        types = [request.headers.get("content-type", "").partition(";")[0].strip() for request in (ours, theirs)]
        want(not ours.text or types[0] == types[1] or call.extra, f"the SDK sends {types[1]}, we send {types[0]}")
        for name in call.headers:
            left, right = (plain(request.headers.get(name)) for request in (ours, theirs))
            want(left and left == right, f"the SDK's header {name} is {right!r}, ours {left!r}")
    except Exception as error:
        return str(error)
    return None


def plain(header):
    """Id and secret of basic authentication: we percent-encode both, as RFC 6749 says, which no SDK does."""
    scheme, _, value = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return header
    return [urllib.parse.unquote(part) for part in base64.b64decode(value).decode().split(":", 1)]


def parse(calls, settings):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    modes = parser.add_subparsers(dest="mode", required=True)
    for name in ("requests", "decode"):
        mode = modes.add_parser(name)
        mode.add_argument("--base", required=True, help="the server, http://127.0.0.1:PORT")
        mode.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help=f"of {sorted(settings)}")
        mode.add_argument("calls", nargs="*", metavar="CALL", help=f"of {list(calls)}")
    mode = modes.add_parser("follow")
    mode.add_argument("file", type=argparse.FileType(encoding="utf-8"), help="lines of JSON; - is standard input")
    mode.add_argument("--made-up", action="append", default=[], metavar="SCENE")
    mode.add_argument("--foreign", action="append", default=[], metavar="SCENE")
    arguments = parser.parse_args()
    if arguments.mode != "follow":
        for name in arguments.calls:
            if name not in calls:
                parser.error(f"no call {name}; there are {list(calls)}")
        for pair in arguments.set:
            name, given, value = pair.partition("=")
            if not given or name not in settings:
                parser.error(f"--set {pair}: NAME=VALUE, of {sorted(settings)}")
            settings[name] = value
    return arguments
