"""Auth0: `auth0-python`. See judge.py for the command line. (A file named auth0.py would hide the SDK.)"""

import datetime

from auth0.authentication import GetToken
from auth0.authentication.exceptions import Auth0Error
from auth0.management.client import Auth0
from auth0.management.connections.scim_configuration.tokens.client import OMIT
from auth0.management.core.api_error import ApiError

from checks import Failed, want, want_texts, want_times
from judge import Call, main

SETTINGS = {
    "client_id": "client-id",
    "client_secret": "client-secret",
    "audience": "https://acme.eu.auth0.com/api/v2/",
    # Of the Management API; `login` puts the one there that it got.
    "access_token": "access-token",
    "connection": "con_0000000000000001",
    "scopes": "get:users,post:users,put:users,patch:users,delete:users",
    "lifetime": "5184000",
    # `create` puts the id of the new token there.
    "token_id": "tok_0000000000000001",
    "application": "AaiyAPdpYdesoKnqjj8HJqRn4T5titww",
    "secret": "a-secret-that-we-chose",
}
TIMES = ("created_at", "valid_until", "last_used_at")


def login(wire, settings):
    endpoint = GetToken(wire.authority, settings["client_id"], settings["client_secret"], protocol="http")
    try:
        answer = endpoint.client_credentials(settings["audience"])
    except Auth0Error as error:
        want_texts(wire.exchanges[-1].json(), "error", "error_description")
        raise Failed({"status": error.status_code, "code": error.error_code, "message": error.message}) from error
    want_texts(answer, "access_token")
    want(answer.get("token_type") == "Bearer", f"`token_type` must be Bearer: {answer!r}")
    want(type(answer.get("expires_in")) is int, f"`expires_in` must be a number: {answer!r}")
    settings["access_token"] = answer["access_token"]
    return answer


def create(wire, settings):
    # What is empty or 0 is left out.
    scopes = [scope for scope in settings["scopes"].split(",") if scope] or OMIT
    lifetime = int(settings["lifetime"]) or OMIT
    made = managed(wire, settings, lambda tokens, of: tokens.create(of, scopes=scopes, token_lifetime=lifetime))
    token = known(made, "token_id", "token")
    settings["token_id"] = made.token_id
    return token


def list_all(wire, settings):
    tokens = managed(wire, settings, lambda tokens, of: tokens.get(of))
    return [known(token, "token_id") for token in tokens]


def delete(wire, settings):
    managed(wire, settings, lambda tokens, of: tokens.delete(of, settings["token_id"]))
    want(wire.exchanges[-1].body == "", "an answer to DELETE has no body")


def set_secret(wire, settings):
    changed = asked(
        wire, settings, lambda client: client.clients.update(settings["application"], client_secret=settings["secret"])
    )
    decoded = known(changed, "client_id", "client_secret")
    want(decoded["client_secret"] == settings["secret"], "the answer shows the new secret")
    return decoded


def managed(wire, settings, call):
    def tokens(client):
        return call(client.connections.scim_configuration.tokens, settings["connection"])

    return asked(wire, settings, tokens)


def asked(wire, settings, call):
    # It would repeat 409 and 429 by itself.
    client = Auth0(base_url=f"{wire.url}/api/v2", token=settings["access_token"], max_retries=0)
    try:
        return call(client)
    except ApiError as error:
        # An answer without an error's status is one that it could not read.
        want(error.status_code >= 400, f"the SDK cannot read the answer: {error}")
        want_texts(error.body, "error", "message")
        want(error.body.get("statusCode") == error.status_code, f"`statusCode` is the status: {error.body!r}")
        raise Failed({"class": type(error).__name__, **error.body}) from error


def known(token, *texts):
    """The SDK keeps members that it does not know, and reads no times."""
    want(not token.model_extra, f"members that the SDK does not know: {token.model_extra}")
    decoded = token.model_dump()
    want_texts(decoded, *texts)
    # Those of an application are times of the SDK's already.
    want_times({name: time for name, time in decoded.items() if not isinstance(time, datetime.datetime)}, *TIMES)
    return decoded


def take_login(settings, body):
    settings.update({name: body.get(name, "") for name in ("client_id", "client_secret", "audience")})
    return body.get("grant_type") == "client_credentials"


def take_create(settings, body):
    settings["scopes"] = ",".join(body.get("scopes", []))
    settings["lifetime"] = body.get("token_lifetime", 0)
    return True


def take_set_secret(settings, body):
    settings["secret"] = body["client_secret"]
    return True


TOKENS = "/api/v2/connections/{connection}/scim-configuration/tokens"
CALLS = {
    # The SDK has two ways to ask for it: this one in JSON, with an organisation that is null, and one as a form.
    "login": Call("POST /oauth/token", login, take_login, extra=["organization"]),
    "create": Call(f"POST {TOKENS}", create, take_create),
    "list": Call(f"GET {TOKENS}", list_all),
    "delete": Call(f"DELETE {TOKENS}/{{token_id}}", delete),
    "set_secret": Call("PATCH /api/v2/clients/{application}", set_secret, take_set_secret),
}

if __name__ == "__main__":
    main(CALLS, SETTINGS)
