"""Cloudflare, API tokens of an account (issuer) and the SCIM provisioning of an Access application (connection):
`cloudflare`. See judge.py for the command line."""

import cloudflare
from cloudflare.types.accounts import TokenCreateResponse, TokenDeleteResponse
from cloudflare.types.shared import Token
from cloudflare.types.zero_trust.access import application_get_response as applications
from pydantic import BaseModel

from checks import Failed, want, want_same, want_texts, want_times
from judge import Call, main

SETTINGS = {
    "access_token": "access-token",
    "account": "023e105f4ecef8ad9ca31a8372d0c353",
    "token": {
        "name": "scim-rotator",
        "expires_on": "2027-01-01T00:00:00Z",
        "policies": [
            {
                "effect": "allow",
                "permission_groups": [{"id": "c8fed203ed3043cba015a93ad1616f1f"}],
                "resources": {"com.cloudflare.api.account.023e105f4ecef8ad9ca31a8372d0c353": "*"},
            }
        ],
    },
    "query": {},
    # `create` puts the id of the new token there.
    "id": "ed17574386854bf78a67040be0a770b0",
    "app": "f174e90a-fafe-4643-bbbc-4a0ed4fc8415",
    "application": {
        "type": "saas",
        "scim_config": {
            "idp_uid": "2f8a0c1e-0000-4000-8000-000000000001",
            "remote_uri": "https://sp.example.com/scim/v2",
            "authentication": {"scheme": "oauthbearertoken", "token": "new-scim-token"},
        },
    },
}
TIMES = ("expires_on", "issued_on", "modified_on", "last_used_on")
SHOWN = {"created_at", "updated_at"}
APPLICATIONS = {
    "bookmark": applications.BookmarkApplication,
    "saas": applications.SaaSApplication,
    "self_hosted": applications.SelfHostedApplication,
}


def create(wire, settings):
    ask(wire, settings, lambda tokens, of: tokens.create(account_id=of, **settings["token"]))
    made = known(wire.exchanges[-1].json()["result"], TokenCreateResponse, "id", "value")
    settings["id"] = made["id"]
    return made


def list_page(wire, settings):
    ask(wire, settings, lambda tokens, of: tokens.list(account_id=of, **settings["query"]))
    answer = wire.exchanges[-1].json()
    want(isinstance(answer.get("result_info"), dict), f"`result_info` must be an object: {answer!r}")
    return [known(token, Token, "id", "name") for token in answer["result"]]


def get(wire, settings):
    ask(wire, settings, lambda tokens, of: tokens.get(settings["id"], account_id=of))
    return known(wire.exchanges[-1].json()["result"], Token, "id")


def delete(wire, settings):
    ask(wire, settings, lambda tokens, of: tokens.delete(settings["id"], account_id=of))
    return known(wire.exchanges[-1].json()["result"], TokenDeleteResponse, "id")


def application(wire, settings):
    manage(wire, settings, lambda apps, of: apps.get(settings["app"], account_id=of))
    return known_application(wire)


def list_applications(wire, settings):
    query = {name: int(value) for name, value in dict(settings["query"]).items()}
    manage(wire, settings, lambda apps, of: apps.list(account_id=of, **query))
    answer = wire.exchanges[-1].json()
    want(isinstance(answer.get("result_info"), dict), f"`result_info` must be an object: {answer!r}")
    return [known_one(result) for result in answer["result"]]


def save_application(wire, settings):
    manage(wire, settings, lambda apps, of: apps.update(settings["app"], account_id=of, **settings["application"]))
    return known_application(wire)


def ask(wire, settings, call):
    answered(wire, settings, lambda client: call(client.accounts.tokens, settings["account"]))


def manage(wire, settings, call):
    answered(wire, settings, lambda client: call(client.zero_trust.access.applications, settings["account"]))


def answered(wire, settings, call):
    # It would repeat 409, 429 and 5xx by itself.
    base = f"{wire.url}/client/v4"
    client = cloudflare.Cloudflare(api_token=settings["access_token"], base_url=base, max_retries=0)
    try:
        call(client)
        failed = False
    except cloudflare.APIStatusError:
        failed = True
    answer = wire.exchanges[-1].json()
    # The SDK looks at the status alone.
    want(type(answer.get("success")) is bool, f"`success` must be a boolean: {answer!r}")
    for name in ("errors", "messages"):
        want(isinstance(answer.get(name), list), f"`{name}` must be a list: {answer!r}")
    want(not (failed and answer["success"]), f"no success has this status: {answer!r}")
    if not answer["success"]:
        want(answer["errors"], f"no error: {answer!r}")
        for error in answer["errors"]:
            want(type(error.get("code")) is int, f"`code` must be a number: {error!r}")
            want_texts(error, "message")
        raise Failed(answer["errors"])


def known_application(wire):
    return known_one(wire.exchanges[-1].json()["result"])


def known_one(result):
    kind = APPLICATIONS.get(result.get("type"))
    want(kind, f"`type` must be one of {list(APPLICATIONS)}: {result!r}")
    # Cloudflare shows these two, and the SDK's models have no place for them.
    return known({name: value for name, value in result.items() if name not in SHOWN}, kind, "id")


def known(result, kind, *texts):
    """The SDK fills its models without a look at the types. Here they look, and must know each member."""
    model = kind.model_validate(result)
    nothing_unknown(model)
    want_texts(result, *texts)
    want_times(result, *TIMES)
    decoded = model.model_dump(by_alias=True, mode="json")
    want_same(result, decoded, "the answer, or what the SDK's models make of it")
    return decoded


def nothing_unknown(value):
    if isinstance(value, BaseModel):
        want(not value.model_extra, f"members that the SDK does not know: {value.model_extra}")
        value = [getattr(value, name) for name in value.model_fields_set]
    for item in value if isinstance(value, list) else []:
        nothing_unknown(item)


def take_create(settings, body):
    settings["token"] = body
    return True


def take_application(settings, body):
    settings["application"] = body
    return True


ACCOUNT = "/client/v4/accounts/{account}"
BEARER = ["authorization"]
CALLS = {
    "create": Call(f"POST {ACCOUNT}/tokens", create, take_create, headers=BEARER),
    "list": Call(f"GET {ACCOUNT}/tokens", list_page, headers=BEARER),
    "get": Call(f"GET {ACCOUNT}/tokens/{{id}}", get, headers=BEARER),
    "delete": Call(f"DELETE {ACCOUNT}/tokens/{{id}}", delete, headers=BEARER),
    "application": Call(f"GET {ACCOUNT}/access/apps/{{app}}", application, headers=BEARER),
    "list_applications": Call(f"GET {ACCOUNT}/access/apps", list_applications, headers=BEARER),
    "save_application": Call(f"PUT {ACCOUNT}/access/apps/{{app}}", save_application, take_application, headers=BEARER),
}

if __name__ == "__main__":
    main(CALLS, SETTINGS)
