"""Scaleway, SCIM tokens of an organization: `scaleway`. See judge.py for the command line."""

import logging

from scaleway import Client
from scaleway.iam.v1alpha1 import IamV1Alpha1API
from scaleway_core.api import ScalewayException

from checks import Failed, want, want_same, want_texts, want_times
from judge import Call, main

SETTINGS = {
    "secret_key": "22222222-2222-4222-8222-222222222222",
    "scim": "11111111-1111-4111-8111-111111111111",
    "query": {"order_by": "created_at_asc", "page": "1", "page_size": "100"},
    # `create` puts the id of the new token there.
    "id": "33333333-3333-4333-8333-333333333333",
}


def create(wire, settings):
    made = ask(wire, settings, lambda api: api.create_scim_token(scim_id=settings["scim"]))
    want_texts(vars(made), "bearer_token")
    want(made.token is not None, "`token` must be there")
    settings["id"] = made.token.id
    return known(wire, {**vars(made), "token": token_of(made.token)})


def list_page(wire, settings):
    page = ask(wire, settings, lambda api: api.list_scim_tokens(scim_id=settings["scim"], **settings["query"]))
    # The SDK takes an answer without them for an empty list.
    want("scim_tokens" in wire.exchanges[-1].json(), "`scim_tokens` must be there")
    want(type(page.total_count) is int, f"`total_count` must be a number: {page.total_count!r}")
    return known(wire, {**vars(page), "scim_tokens": [token_of(token) for token in page.scim_tokens]})


def delete(wire, settings):
    ask(wire, settings, lambda api: api.delete_scim_token(token_id=settings["id"]))
    want(wire.exchanges[-1].body == "", "an answer to DELETE has no body")


def ask(wire, settings, call):
    headers = settings.get("headers", {})
    # It looks at the shape of both, and sends the second alone.
    client = Client(
        access_key="SCWXXXXXXXXXXXXXXXXX",
        secret_key=headers.get("x-auth-token", settings["secret_key"]),
        api_url=wire.url,
    )
    try:
        # The keys of tests have no such shape.
        return call(IamV1Alpha1API(client, bypass_validation=True))
    except ScalewayException as error:
        answer = wire.exchanges[-1].json()
        want_texts(answer, "type", "message")
        raise Failed({"status": error.status_code, **answer}) from error


def token_of(token):
    decoded = vars(token)
    times = {name: decoded[name] and decoded[name].isoformat() for name in ("created_at", "expires_at")}
    want_texts(decoded, "id", "scim_id")
    return {**decoded, **times}


def known(wire, decoded):
    """The SDK drops members that it does not know, and looks at no types."""
    answer = wire.exchanges[-1].json()
    want_same(answer, decoded, "the answer, or what the SDK made of it")
    for token in [answer.get("token", {}), *answer.get("scim_tokens", [])]:
        want_times(token, "created_at", "expires_at")
    return decoded


SCIM = "/iam/v1alpha1/scim"
CREDENTIAL = ["x-auth-token"]
CALLS = {
    "create": Call(f"POST {SCIM}/{{scim}}/tokens", create, headers=CREDENTIAL),
    "list": Call(f"GET {SCIM}/{{scim}}/tokens", list_page, headers=CREDENTIAL),
    "delete": Call(f"DELETE {SCIM}-tokens/{{id}}", delete, headers=CREDENTIAL),
}

logging.getLogger("scaleway").setLevel(logging.ERROR)

if __name__ == "__main__":
    main(CALLS, SETTINGS)
