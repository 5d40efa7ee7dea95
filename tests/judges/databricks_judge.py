"""Databricks, tokens on behalf of a service principal and OAuth secrets of one: `databricks-sdk`. See judge.py for the
command line."""

import logging

from databricks.sdk.clock import RealClock
from databricks.sdk.config import Config
from databricks.sdk.core import ApiClient
from databricks.sdk.errors import DatabricksError
from databricks.sdk.oauth import ClientCredentials
from databricks.sdk.service.oauth2 import SecretInfo, ServicePrincipalSecretsProxyAPI
from databricks.sdk.service.settings import TokenManagementAPI

from checks import Failed, want, want_same, want_texts, want_times
from judge import Call, main

SETTINGS = {
    "client_id": "client-id",
    "client_secret": "client-secret",
    "scope": "all-apis",
    # `login` puts the one there that it got.
    "access_token": "access-token",
    "application_id": "6f5ccf28-d83a-4957-9bfb-5bbfac551410",
    "comment": "scim-rotator",
    "lifetime": "86400",
    "scopes": "",
    # `create` puts the id of the new token there.
    "id": "9a01f0c2",
    "principal": "4917520163789012",
    "secret": "8b33c8ab",
    "query": {},
}


def login(wire, settings):
    source = ClientCredentials(
        client_id=settings["client_id"],
        client_secret=settings["client_secret"],
        token_url=f"{wire.url}/oidc/v1/token",
        scopes=settings["scope"],
        use_header=True,
    )
    try:
        token = source.refresh()
    except ValueError as error:
        answer = wire.exchanges[-1].json()
        want(wire.exchanges[-1].status >= 400, f"the SDK cannot read the answer: {error}")
        want_texts(answer, "error", "error_description")
        raise Failed(answer) from error
    answer = wire.exchanges[-1].json()
    want_texts(answer, "access_token")
    want(token.token_type == "Bearer", f"`token_type` must be Bearer: {answer!r}")
    want(type(answer.get("expires_in")) is int, f"`expires_in` must be a number: {answer!r}")
    settings["access_token"] = token.access_token
    return answer


def create(wire, settings):
    scopes = [scope for scope in settings["scopes"].split(",") if scope] or None
    made = ask(
        wire,
        settings,
        lambda client: TokenManagementAPI(client).create_obo_token(
            settings["application_id"],
            comment=settings["comment"],
            lifetime_seconds=int(settings["lifetime"]),
            scopes=scopes,
        ),
    )
    decoded = known(wire, made.as_dict())
    want_texts(decoded, "token_value")
    want_texts(decoded.get("token_info"), "token_id")
    settings["id"] = decoded["token_info"]["token_id"]
    return decoded


def list_all(wire, settings):
    decoded = ask(wire, settings, lambda client: list(TokenManagementAPI(client).list()))
    answer = wire.exchanges[-1].json()
    # The SDK takes an answer without it for an empty list.
    want(answer == {} or "token_infos" in answer, f"`token_infos` must be there: {answer!r}")
    return known(wire, {"token_infos": [token.as_dict() for token in decoded]})


def get(wire, settings):
    found = ask(wire, settings, lambda client: TokenManagementAPI(client).get(settings["id"]))
    decoded = known(wire, found.as_dict())
    want_texts(decoded.get("token_info"), "token_id")
    return decoded


def delete(wire, settings):
    ask(wire, settings, lambda client: TokenManagementAPI(client).delete(settings["id"]))
    return known(wire, {})


def create_secret(wire, settings):
    lifetime = settings["lifetime"]
    # The one settings' value serves both kinds: here it is a duration.
    lifetime = lifetime if str(lifetime).endswith("s") else f"{lifetime}s"
    made = ask(wire, settings, lambda client: secrets(client).create(settings["principal"], lifetime=lifetime))
    decoded = known(wire, made.as_dict())
    want_texts(decoded, "id", "secret")
    want_times(wire.exchanges[-1].json(), *TIMES)
    settings["secret"] = decoded["id"]
    return decoded


def list_secrets(wire, settings):
    def page(client):
        return next(iter(secrets(client).list(settings["principal"], **settings["query"])), None)

    first = len(wire.exchanges)
    ask(wire, settings, page)
    answer = wire.exchanges[first].json()
    want(answer == {} or "secrets" in answer, f"`secrets` must be there: {answer!r}")
    # The SDK follows `next_page_token` by itself and tells nothing of it.
    decoded = [SecretInfo.from_dict(item).as_dict() for item in answer.get("secrets", [])]
    for item in answer.get("secrets", []):
        want_times(item, *TIMES)
    token = {name: value for name, value in answer.items() if name == "next_page_token"}
    want_same(answer, {"secrets": decoded, **token}, "the answer, or what the SDK made of it")
    return decoded


def delete_secret(wire, settings):
    ask(wire, settings, lambda client: secrets(client).delete(settings["principal"], settings["secret"]))
    want(wire.exchanges[-1].body in ("", "{}"), "the answer to DELETE says nothing")


def secrets(client):
    return ServicePrincipalSecretsProxyAPI(client)


def ask(wire, settings, call):
    # What the host is asked about first is no business of the server's.
    wire.answer_here = lambda method, path: {} if path.startswith("/.well-known/") else None
    config = Config(host=wire.url, token=settings["access_token"], auth_type="pat")
    try:
        return call(ApiClient(config))
    except DatabricksError as error:
        answer = wire.exchanges[-1].json()
        want(wire.exchanges[-1].status >= 400, f"the SDK cannot read the answer: {error}")
        want_texts(answer, "error_code", "message")
        raise Failed({"class": type(error).__name__, **answer}) from error


def known(wire, decoded):
    """The SDK drops members that it does not know, and looks at no types."""
    answer = wire.exchanges[-1].json()
    want_same(answer, decoded, "the answer, or what the SDK made of it")
    numbers(answer)
    return decoded


def numbers(answer):
    if isinstance(answer, dict):
        for name, value in answer.items():
            want(name not in NUMBERS or type(value) is int, f"`{name}` must be a number: {value!r}")
            want(name not in TEXTS or isinstance(value, str), f"`{name}` must be a text: {value!r}")
            numbers(value)
    for item in answer if isinstance(answer, list) else []:
        numbers(item)


NUMBERS = {"creation_time", "expiry_time", "created_by_id", "owner_id", "workspace_id", "last_used_day"}
TEXTS = {"token_id", "token_value", "comment", "created_by_username"}
TIMES = ("create_time", "update_time", "expire_time")


def take_login(settings, body):
    settings["scope"] = body.get("scope", "")
    return body.get("grant_type") == "client_credentials"


def take_create(settings, body):
    settings.update(application_id=body["application_id"], comment=body["comment"], lifetime=body["lifetime_seconds"])
    settings["scopes"] = ",".join(body.get("scopes", []))
    return True


def take_create_secret(settings, body):
    settings["lifetime"] = body["lifetime"]
    return True


TOKENS = "/api/2.0/token-management"
SECRETS = "/api/2.0/accounts/servicePrincipals/{principal}/credentials/secrets"
CREDENTIAL = ["authorization"]
CALLS = {
    "login": Call("POST /oidc/v1/token", login, take_login, headers=CREDENTIAL),
    "create": Call(f"POST {TOKENS}/on-behalf-of/tokens", create, take_create, headers=CREDENTIAL),
    "list": Call(f"GET {TOKENS}/tokens", list_all, headers=CREDENTIAL),
    "get": Call(f"GET {TOKENS}/tokens/{{id}}", get, headers=CREDENTIAL),
    "delete": Call(f"DELETE {TOKENS}/tokens/{{id}}", delete, headers=CREDENTIAL),
    "create_secret": Call(f"POST {SECRETS}", create_secret, take_create_secret, headers=CREDENTIAL),
    "list_secrets": Call(f"GET {SECRETS}", list_secrets, headers=CREDENTIAL),
    "delete_secret": Call(f"DELETE {SECRETS}/{{secret}}", delete_secret, headers=CREDENTIAL),
}


def give_up(clock, seconds):
    """It would repeat 429 and 503 by itself: the error that it waits after is the answer."""
    raise


RealClock.sleep = give_up
# It tells of each of its own attempts.
logging.getLogger("databricks.sdk").setLevel(logging.ERROR)

if __name__ == "__main__":
    main(CALLS, SETTINGS)
