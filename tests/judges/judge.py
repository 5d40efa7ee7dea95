"""What the judges share: the command line, the order of calls, the report.

    SCRIPT --base URL requests|decode [CALL…] [--set NAME=VALUE…]

`requests` has the SDK send the calls (all of them, or those that are named, in that order) and prints them as they went
over the wire; whatever the server answers is fine. `decode` does the same and prints what the SDK made of each answer;
it fails if the SDK does not take an answer, or took it only because it drops what it does not know.
Each is one JSON array on standard output. Exit code 1: the answers are not the vendor's, each complaint on standard
error; 2: the script was called wrongly."""

import argparse
import datetime
import json
import re
import sys

from wire import Wire

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


class Wrong(Exception):
    """An answer that the vendor does not give."""


class Failed(Exception):
    """The SDK's own error for an answer that says no, and what it made of it."""

    def __init__(self, decoded):
        super().__init__()
        self.decoded = decoded


def run(calls, settings):
    """`calls`: what the SDK can be told to do, by name, in their natural order, each a function of the wire and the
    settings that returns what was decoded, raises `Failed` for a decoded error and `Wrong` for what is not decoded.
    `settings`: the values that `--set` changes."""
    arguments = parse(calls, settings)
    wire = Wire(arguments.base)
    report, complaints = [], []
    for name in arguments.calls or calls:
        before = len(wire.exchanges)
        entry = {"call": name}
        try:
            entry["decoded"] = calls[name](wire, settings)
        except Failed as failed:
            entry["failed"] = failed.decoded
        except Exception as error:
            # Also what the SDKs raise themselves: they have many classes for an answer that they cannot read.
            complaints.append(f"{name}: {type(error).__name__}: {error}")
        exchanges = wire.exchanges[before:]
        if not exchanges:
            sys.exit(f"{name}: the SDK sent nothing: {complaints}")
        if arguments.mode == "requests":
            report += [{"call": name, **exchange.request()} for exchange in exchanges]
        else:
            report.append({**entry, "status": exchanges[-1].status})
    print(json.dumps(report, indent=1, default=str))
    if arguments.mode == "decode" and complaints:
        sys.exit("\n".join(complaints))


def parse(calls, settings):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", required=True, help="the server, http://127.0.0.1:PORT")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help=f"of {sorted(settings)}")
    parser.add_argument("mode", choices=["requests", "decode"])
    parser.add_argument("calls", nargs="*", metavar="CALL", help=f"of {list(calls)}")
    arguments = parser.parse_intermixed_args()
    for name in arguments.calls:
        if name not in calls:
            parser.error(f"no call {name}; there are {list(calls)}")
    for pair in arguments.set:
        name, given, value = pair.partition("=")
        if not given or name not in settings:
            parser.error(f"--set {pair}: NAME=VALUE, of {sorted(settings)}")
        settings[name] = value
    return arguments


def want(condition, complaint):
    if not condition:
        raise Wrong(complaint)


def want_texts(answer, *names):
    """That the object has these members, as texts that are not empty."""
    want(isinstance(answer, dict), f"no object: {answer!r}")
    for name in names:
        want(isinstance(answer.get(name), str) and answer[name], f"`{name}` must be a text: {answer!r}")


def want_times(answer, *names):
    """That these members are absent, null, or RFC 3339 with a zone."""
    for name in names:
        time = answer.get(name)
        if time is not None:
            want(isinstance(time, str) and TIME.fullmatch(time), f"`{name}` must be RFC 3339 with a zone: {time!r}")
            datetime.datetime.fromisoformat(time)


def want_same(answer, decoded, path=""):
    """That each member of an answer is in what the SDK decoded, with the same value. Null and absent are the same; two
    spellings of one time are too."""
    if isinstance(answer, dict) and isinstance(decoded, dict):
        for name, value in answer.items():
            if value is not None and not name.startswith("@odata."):
                want(decoded.get(name) is not None, f"the SDK does not know `{path}/{name}`, or not its value {value!r}")
                want_same(value, decoded[name], f"{path}/{name}")
    elif isinstance(answer, list) and isinstance(decoded, list) and len(answer) == len(decoded):
        for index, (one, other) in enumerate(zip(answer, decoded)):
            want_same(one, other, f"{path}/{index}")
    elif type(answer) is not type(decoded) or answer != decoded:
        want(same_time(answer, decoded), f"`{path}`: the SDK made {decoded!r} of {answer!r}")


def same_time(one, other):
    try:
        times = [datetime.datetime.fromisoformat(time) for time in (one, other)]
    except (TypeError, ValueError):
        return False
    return times[0] == times[1]
