"""Descope, the outbound SCIM configuration of a federated application (connection), and the deletion of an access key
(issuer): `descope`. See judge.py for the command line."""

from descope import AuthException, DescopeClient, RateLimitException

from checks import Failed, want, want_texts
from judge import Call, main

SETTINGS = {
    # Both parts of the caller's credential, `PROJECT:KEY`.
    "access_token": "P2abcdefghijklmnopqrstuvwxyz:management-key",
    "app": "SA2abcdefghijklmnopqrstuvwxyz",
    "version": 3,
    "configuration": {
        "host": "https://sp.example.com/scim/v2",
        "authentication": {"method": "bearerToken", "bearerToken": "new-scim-token"},
    },
    "id": "K2abcdefghijklmnopqrstuvwxyz",
}
NUMBER = "number"
KINDS = {
    "appId": str,
    "configuration": dict,
    "enabled": bool,
    # As numbers, says the SDK. Numbers of 64 bits become texts where an answer is made from protocol buffers.
    "lastExportTime": NUMBER,
    "lastProcessingTime": NUMBER,
    "failures": NUMBER,
    "version": NUMBER,
}


def load(wire, settings):
    return known(ask(wire, settings, lambda managed: managed.outbound_scim.load_configuration(settings["app"])))


def update(wire, settings):
    app, version, configuration = (settings[name] for name in ("app", "version", "configuration"))
    return known(
        ask(wire, settings, lambda managed: managed.outbound_scim.update_configuration(app, version, configuration))
    )


def delete_key(wire, settings):
    ask(wire, settings, lambda managed: managed.access_key.delete(settings["id"]))


def ask(wire, settings, call):
    project, _, key = settings["access_token"].partition(":")
    # What it asks for the licence first is no business of the server's.
    wire.answer_here = lambda method, path: {} if path == "/v1/mgmt/license" else None
    client = DescopeClient(project_id=project, management_key=key, base_url=wire.url, skip_verify=True)
    try:
        return call(client.mgmt)
    except (AuthException, RateLimitException) as error:
        answer = wire.exchanges[-1].json()
        want(wire.exchanges[-1].status >= 400, f"the SDK cannot read the answer: {error}")
        want_texts(answer, "errorCode", "errorDescription")
        raise Failed(answer) from error


def known(answer):
    """The SDK returns any JSON. These members are those of its documentation."""
    configuration = answer.get("configuration")
    want_texts(configuration, "appId")
    for name, value in configuration.items():
        kind = KINDS.get(name)
        want(kind, f"the SDK names no member `{name}`")
        fits = str(value).isdecimal() if kind is NUMBER else type(value) is kind
        want(fits, f"`{name}` must be a {kind}: {value!r}")
    return answer


def take_update(settings, body):
    settings.update(app=body["appId"], version=body["version"], configuration=body["configuration"])
    return True


def take_delete_key(settings, body):
    settings["id"] = body["id"]
    return True


BEARER = ["authorization"]
CALLS = {
    "load": Call("GET /v1/mgmt/outbound/scim/{app}", load, headers=BEARER),
    "update": Call("POST /v1/mgmt/outbound/scim/update", update, take_update, headers=BEARER),
    # The calls that make and list SCIM keys are documented, and not in the SDK.
    "create_key": Call("POST /v1/mgmt/scim/key/create", None),
    "keys": Call("GET /v1/mgmt/scim/key", None),
    "delete_key": Call("POST /v1/mgmt/accesskey/delete", delete_key, take_delete_key, headers=BEARER),
}

if __name__ == "__main__":
    main(CALLS, SETTINGS)
