"""What the judges ask of answers beyond what the SDKs ask."""

import datetime
import re

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


class Wrong(Exception):
    """A request or an answer that is not the vendor's."""


class Failed(Exception):
    """The SDK's own error for an answer that says no, and what it made of it."""

    def __init__(self, decoded):
        super().__init__()
        self.decoded = decoded


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


def want_same(one, other, complaint, path=""):
    """That each member of the one is in the other, with the same value. Null and absent are the same; two spellings of
    one time are too."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name, value in one.items():
            if value is not None and not name.startswith("@odata."):
                want(other.get(name) is not None, f"{complaint}: `{path}/{name}` is {value!r} or nothing")
                want_same(value, other[name], complaint, f"{path}/{name}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (left, right) in enumerate(zip(one, other)):
            want_same(left, right, complaint, f"{path}/{index}")
    elif type(one) is not type(other) or one != other:
        want(same_time(one, other), f"{complaint}: `{path}` is {one!r} or {other!r}")


def same_time(one, other):
    try:
        times = [datetime.datetime.fromisoformat(time) for time in (one, other)]
        return times[0] == times[1]
    # Not texts, not times, or one of them without a zone.
    except (TypeError, ValueError):
        return False


def known_model(answer, model):
    """That a model, which has no place for what it does not know, has all of the answer. Returns it as plain data."""
    want(hasattr(model, "model_dump"), f"the SDK made {model!r} of {answer!r}")
    decoded = model.model_dump(by_alias=True, mode="json")
    want_same(answer, decoded, "the answer, or what the SDK made of it")
    return decoded
