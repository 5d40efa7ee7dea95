"""authentik, the SCIM provider (connection) and the token of a SCIM source (issuer): `authentik-client`. See judge.py
for the command line."""

from lazy import lazy

lazy("authentik_client", "api", "models")

from authentik_client import ApiClient, Configuration, PatchedSCIMProviderRequest, TokenSetKeyRequest
from authentik_client.api.core_api import CoreApi
from authentik_client.api.providers_api import ProvidersApi
from authentik_client.exceptions import ApiException

from checks import Failed, known_model, want, want_times
from judge import Call, main

SETTINGS = {
    "access_token": "access-token",
    "provider": "7",
    "token": "new-scim-token",
    # Of a list.
    "query": [("page_size", "100")],
    "identifier": "ak-source-scim-1",
}


def provider(wire, settings):
    return ask(wire, settings, ProvidersApi, lambda api: api.providers_scim_retrieve(int(settings["provider"])))


def providers(wire, settings):
    query = {name: int(value) for name, value in dict(settings["query"]).items()}
    return ask(wire, settings, ProvidersApi, lambda api: api.providers_scim_list(**query))


def save(wire, settings):
    changed = PatchedSCIMProviderRequest(token=settings["token"])
    number = int(settings["provider"])
    return ask(wire, settings, ProvidersApi, lambda api: api.providers_scim_partial_update(number, changed))


def status(wire, settings):
    number = int(settings["provider"])
    decoded = ask(wire, settings, ProvidersApi, lambda api: api.providers_scim_sync_status_retrieve(number))
    want_times(wire.exchanges[-1].json(), "last_successful_sync")
    return decoded


def set_key(wire, settings):
    key = TokenSetKeyRequest(key=settings["token"])
    return ask(wire, settings, CoreApi, lambda api: api.core_tokens_set_key_create(settings["identifier"], key))


def ask(wire, settings, kind, call):
    configuration = Configuration(host=f"{wire.url}/api/v3", access_token=settings["access_token"], retries=False)
    with ApiClient(configuration) as client:
        try:
            decoded = call(kind(client))
        except ApiException as error:
            answer = wire.exchanges[-1].json()
            want(error.status >= 400, f"the SDK cannot read the answer: {error}")
            # The field's own name where a value is not taken, `detail` for all else.
            told = [answer.get("detail")] if "detail" in answer else sum(answer.values(), [])
            want(told and all(isinstance(text, str) for text in told), f"no error of authentik: {answer!r}")
            raise Failed(answer) from error
    if decoded is None:
        want(wire.exchanges[-1].body == "", "the answer has no body")
        return None
    return known_model(wire.exchanges[-1].json(), decoded)


def take_save(settings, body):
    settings["token"] = body["token"]
    return True


def take_set_key(settings, body):
    settings["token"] = body["key"]
    return True


PROVIDER = "/api/v3/providers/scim/{provider}/"
BEARER = ["authorization"]
CALLS = {
    "provider": Call(f"GET {PROVIDER}", provider, headers=BEARER),
    "providers": Call("GET /api/v3/providers/scim/", providers, headers=BEARER),
    "save": Call(f"PATCH {PROVIDER}", save, take_save, headers=BEARER),
    "status": Call(f"GET {PROVIDER}sync/status/", status, headers=BEARER),
    "set_key": Call("POST /api/v3/core/tokens/{identifier}/set_key/", set_key, take_set_key, headers=BEARER),
}

if __name__ == "__main__":
    main(CALLS, SETTINGS)
