"""Terraform Enterprise: `pytfe`. See judge.py for the command line."""

import datetime

import pytfe
from pytfe.errors import TFEError
from pytfe.models import AdminSCIMTokenCreateOptions

from checks import Failed, want, want_same, want_texts, want_times
from judge import Call, main

SETTINGS = {
    "access_token": "access-token",
    "description": "scim-rotator",
    "expires_at": "2027-01-01T00:00:00Z",
    # `create` puts the id of the new token there.
    "id": "at-0000000000000001",
}
TIMES = ("created-at", "last-used-at", "expired-at")


def create(wire, settings):
    expires_at = settings["expires_at"] and datetime.datetime.fromisoformat(settings["expires_at"])
    options = AdminSCIMTokenCreateOptions(description=settings["description"], expired_at=expires_at or None)
    made = ask(wire, settings, lambda tokens: tokens.create(options))
    token = known(wire.exchanges[-1].json()["data"], made)
    want_texts(token, "token")
    settings["id"] = made.id
    return token


def list_all(wire, settings):
    decoded = ask(wire, settings, lambda tokens: list(tokens.list()))
    answer = wire.exchanges[-1].json()
    # The SDK takes a list without it for an empty one.
    want(isinstance(answer.get("data"), list), f"`data` must be a list: {answer!r}")
    return [without_value(known(item, token)) for item, token in zip(answer["data"], decoded, strict=True)]


def get(wire, settings):
    decoded = ask(wire, settings, lambda tokens: tokens.read(settings["id"]))
    return without_value(known(wire.exchanges[-1].json()["data"], decoded))


def delete(wire, settings):
    ask(wire, settings, lambda tokens: tokens.delete(settings["id"]))
    want(wire.exchanges[-1].body == "", "an answer to DELETE has no body")


def ask(wire, settings, what):
    # It would repeat 429 by itself.
    config = pytfe.TFEConfig(address=wire.url, token=settings["access_token"], max_retries=0)
    try:
        return what(pytfe.TFEClient(config).admin.scim_tokens)
    except TFEError as error:
        want(error.status is not None, f"the SDK cannot read the answer: {error}")
        want(error.errors, f"`errors` must be a list with an item: {wire.exchanges[-1].body!r}")
        for item in error.errors:
            if not isinstance(item, str):
                want_texts(item, "status", "title")
                want(item["status"] == str(error.status), f"`status` is the status: {item!r}")
        raise Failed({"class": type(error).__name__, "errors": error.errors}) from error


def known(item, token):
    """The SDK drops attributes that it does not know, and looks at no type."""
    want(item.get("type") == "authentication-tokens", f"`type` must be authentication-tokens: {item!r}")
    attributes = item.get("attributes")
    want(isinstance(attributes, dict), f"no `attributes`: {item!r}")
    want_texts(item, "id")
    want_times(attributes, *TIMES)
    decoded = token.model_dump(by_alias=True, mode="json")
    want_same({"id": item["id"], **attributes}, decoded, "the answer, or what the SDK made of it")
    return decoded


def without_value(token):
    want(token["token"] is None, "only the answer to POST has the token itself")
    return token


def take_create(settings, body):
    attributes = body.get("data", {}).get("attributes", {})
    settings["description"] = attributes.get("description", "")
    settings["expires_at"] = attributes.get("expired-at", "")
    return True


TOKENS = "/api/v2/admin/scim-tokens"
CALLS = {
    "create": Call(f"POST {TOKENS}", create, take_create),
    "list": Call(f"GET {TOKENS}", list_all),
    "get": Call(f"GET {TOKENS}/{{id}}", get),
    "delete": Call(f"DELETE {TOKENS}/{{id}}", delete),
}

if __name__ == "__main__":
    main(CALLS, SETTINGS)
