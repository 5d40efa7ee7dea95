"""Stytch, the bearer token of a SCIM connection: `stytch`. See judge.py for the command line."""

import requests
from stytch import B2BClient
from stytch.core.response_base import StytchError

from checks import Failed, known_model, want, want_texts, want_times
from judge import Call, main

SETTINGS = {
    # Of the project; the SDK's basic authentication.
    "client_id": "project-live-1",
    "client_secret": "secret-live-1",
    "organization": "organization-live-1",
    "connection": "scim-connection-live-1",
}
TIMES = ("bearer_token_expires_at", "next_bearer_token_expires_at")


def read(wire, settings):
    return ask(wire, settings, lambda of: of.get(settings["organization"]))


def start(wire, settings):
    decoded = ask(wire, settings, lambda of: of.rotate_start(settings["organization"], settings["connection"]))
    want_texts(decoded["connection"], "next_bearer_token")
    return decoded


def complete(wire, settings):
    return ask(wire, settings, lambda of: of.rotate_complete(settings["organization"], settings["connection"]))


def cancel(wire, settings):
    return ask(wire, settings, lambda of: of.rotate_cancel(settings["organization"], settings["connection"]))


class Plain(requests.Session):
    """The SDK insists on https."""

    def request(self, method, url, **options):
        return super().request(method, url.replace("https://", "http://", 1), **options)


def ask(wire, settings, call):
    base = f"https://{wire.authority}/"
    client = B2BClient(settings["client_id"], settings["client_secret"], custom_base_url=base, sync_session=Plain())
    try:
        decoded = call(client.scim.connection)
    except StytchError as error:
        answer = wire.exchanges[-1].json()
        want(wire.exchanges[-1].status >= 400, f"the SDK cannot read the answer: {error}")
        want(error.details.request_id, f"the SDK knows no such error: {answer!r}")
        want(answer.get("status_code") == wire.exchanges[-1].status, f"`status_code` is the status: {answer!r}")
        want_texts(answer, "request_id", "error_type", "error_message", "error_url")
        raise Failed(answer) from error
    answer = wire.exchanges[-1].json()
    want(answer.get("status_code") == wire.exchanges[-1].status, f"`status_code` is the status: {answer!r}")
    # The SDK takes an answer without it, and drops members that it does not know.
    want_texts(answer.get("connection"), "connection_id")
    want_times(answer["connection"], *TIMES)
    return known_model(answer, decoded)


def take_rotation(settings, body):
    settings.update(organization=body["organization_id"], connection=body["connection_id"])
    return True


CONNECTION = "/v1/b2b/scim/{organization}/connection"
ROTATE = f"POST {CONNECTION}/{{connection}}/rotate"
CREDENTIAL = ["authorization"]
CALLS = {
    "read": Call(f"GET {CONNECTION}", read, headers=CREDENTIAL),
    "start": Call(f"{ROTATE}/start", start, take_rotation, headers=CREDENTIAL),
    "complete": Call(f"{ROTATE}/complete", complete, take_rotation, headers=CREDENTIAL),
    "cancel": Call(f"{ROTATE}/cancel", cancel, take_rotation, headers=CREDENTIAL),
}

if __name__ == "__main__":
    main(CALLS, SETTINGS)
