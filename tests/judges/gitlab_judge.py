"""GitLab, access tokens of a group or project: `python-gitlab`. See judge.py for the command line."""

import datetime

import gitlab

from checks import Failed, want, want_same, want_texts, want_times
from judge import Call, main

SETTINGS = {
    "headers": {"private-token": "private-token"},
    "kind": "groups",
    "of": "acme/platform",
    "body": {"name": "scim-rotator", "scopes": ["read_api"], "access_level": 10, "expires_at": "2027-01-01"},
    "query": {"state": "active", "per_page": "100"},
    # `create` puts the id of the new token there.
    "id": "42",
}
# It would wait and repeat 429 by itself.
ONCE = {"obey_rate_limit": False}
TIMES = ("created_at", "last_used_at")
MEMBERS = {
    "id": int,
    "name": str,
    "description": str,
    "revoked": bool,
    "created_at": str,
    "scopes": list,
    "user_id": int,
    "last_used_at": str,
    "last_used_ips": list,
    "active": bool,
    "expires_at": str,
    "access_level": int,
    "resource_type": str,
    "resource_id": int,
    "token": str,
}


def create(wire, settings):
    made = ask(wire, settings, lambda tokens: tokens.create(settings["body"], **ONCE))
    decoded = known(wire.exchanges[-1].json(), made)
    want_texts(decoded, "token")
    settings["id"] = str(made.id)
    return decoded


def list_page(wire, settings):
    # With a page it reads that one alone.
    query = {"get_all": False, **settings["query"]}
    found = ask(wire, settings, lambda tokens: tokens.list(**query, **ONCE))
    decoded = [known(item, token) for item, token in zip(wire.exchanges[-1].json(), found, strict=True)]
    want(not any("token" in token for token in decoded), "only the answer to POST has the token itself")
    return decoded


def get(wire, settings):
    found = ask(wire, settings, lambda tokens: tokens.get(settings["id"], **ONCE))
    return known(wire.exchanges[-1].json(), found)


def delete(wire, settings):
    ask(wire, settings, lambda tokens: tokens.delete(settings["id"], **ONCE))
    want(wire.exchanges[-1].body == "", "an answer to DELETE has no body")


def ask(wire, settings, call):
    token = settings["headers"].get("private-token")
    client = gitlab.Gitlab(wire.url, private_token=token)
    objects = client.groups if settings["kind"] == "groups" else client.projects
    try:
        return call(objects.get(settings["of"], lazy=True).access_tokens)
    except gitlab.GitlabError as error:
        # What counts requests before GitLab itself answers in text.
        if error.response_code == 429:
            raise Failed({"text": wire.exchanges[-1].body}) from error
        answer = wire.exchanges[-1].json()
        want((error.response_code or 0) >= 400, f"the SDK cannot read the answer: {error}")
        want(answer.get("message") or answer.get("error"), f"`message` or `error` must be there: {answer!r}")
        raise Failed({"class": type(error).__name__, **answer}) from error


def known(answer, token):
    """The SDK takes any member, and looks at no types. These are those of GitLab's documentation."""
    want_same(answer, token.attributes, "the answer, or what the SDK made of it")
    for name, value in answer.items():
        kind = MEMBERS.get(name)
        want(kind, f"GitLab documents no member `{name}`")
        want(value is None or type(value) is kind, f"`{name}` must be a {kind.__name__}: {value!r}")
    want(type(token.get_id()) is int, f"`id` must be a number: {answer!r}")
    want_times(answer, *TIMES)
    if answer.get("expires_at") is not None:
        datetime.date.fromisoformat(answer["expires_at"])
    return answer


def take_create(settings, body):
    settings["body"] = body
    return True


TOKENS = "/api/v4/{kind}/{of}/access_tokens"
CREDENTIAL = ["private-token"]
CALLS = {
    "create": Call(f"POST {TOKENS}", create, take_create, headers=CREDENTIAL),
    "list": Call(f"GET {TOKENS}", list_page, headers=CREDENTIAL),
    "get": Call(f"GET {TOKENS}/{{id}}", get, headers=CREDENTIAL),
    "delete": Call(f"DELETE {TOKENS}/{{id}}", delete, headers=CREDENTIAL),
}

if __name__ == "__main__":
    main(CALLS, SETTINGS)
