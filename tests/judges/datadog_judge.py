"""Datadog, application keys of a service account: `datadog-api-client`. See judge.py for the command line."""

import json

from datadog_api_client import ApiClient, Configuration
from datadog_api_client.exceptions import ApiException
from datadog_api_client.v2.api.service_accounts_api import ServiceAccountsApi
from datadog_api_client.v2.model.application_key_create_attributes import ApplicationKeyCreateAttributes
from datadog_api_client.v2.model.application_key_create_data import ApplicationKeyCreateData
from datadog_api_client.v2.model.application_key_create_request import ApplicationKeyCreateRequest
from datadog_api_client.v2.model.application_keys_type import ApplicationKeysType
from datadog_api_client.v2.model.full_application_key_attributes import FullApplicationKeyAttributes
from datadog_api_client.v2.model.partial_application_key_attributes import PartialApplicationKeyAttributes

from checks import Failed, want, want_same, want_texts, want_times
from judge import Call, main

SETTINGS = {
    "headers": {"dd-api-key": "api-key", "dd-application-key": "application-key"},
    "account": "00000000-0000-1234-0000-000000000000",
    "attributes": {"name": "scim-rotator"},
    "query": {"page[size]": "100", "page[number]": "0"},
    # `create` puts the id of the new key there.
    "id": "11111111-0000-1234-0000-000000000000",
}


def create(wire, settings):
    # The SDK sends attributes that it does not know.
    unknown = set(settings["attributes"]) - set(ApplicationKeyCreateAttributes.attribute_map.values())
    want(not unknown, f"attributes that the SDK does not know: {unknown}")
    attributes = ApplicationKeyCreateAttributes(**settings["attributes"])
    data = ApplicationKeyCreateData(attributes=attributes, type=ApplicationKeysType("application_keys"))
    request = ApplicationKeyCreateRequest(data=data)
    decoded = ask(wire, settings, lambda api, of: api.create_service_account_application_key(of, request))
    want_texts(decoded["data"]["attributes"], "key")
    settings["id"] = decoded["data"]["id"]
    return decoded


def list_page(wire, settings):
    names = {"page[size]": "page_size", "page[number]": "page_number"}
    page = {names[name]: int(value) for name, value in settings["query"].items()}
    decoded = ask(wire, settings, lambda api, of: api.list_service_account_application_keys(of, **page))
    for key in decoded["data"]:
        want("key" not in key["attributes"], "only the answer to POST has the key itself")
    return decoded


def get(wire, settings):
    return ask(wire, settings, lambda api, of: api.get_service_account_application_key(of, settings["id"]))


def delete(wire, settings):
    ask(wire, settings, lambda api, of: api.delete_service_account_application_key(of, settings["id"]))


def ask(wire, settings, call):
    headers = settings["headers"]
    keys = {"apiKeyAuth": headers.get("dd-api-key"), "appKeyAuth": headers.get("dd-application-key")}
    with ApiClient(Configuration(host=wire.url, api_key=keys, enable_retry=False)) as client:
        try:
            decoded = call(ServiceAccountsApi(client), settings["account"])
        except ApiException as error:
            answer = wire.exchanges[-1].json()
            want(error.status >= 400, f"the SDK cannot read the answer: {error}")
            errors = answer.get("errors")
            want(errors and all(isinstance(text, str) for text in errors), f"`errors` must be texts: {answer!r}")
            raise Failed(answer) from error
    if decoded is None:
        want(wire.exchanges[-1].body == "", "the answer has no body")
        return None
    decoded = json.loads(json.dumps(decoded.to_dict(), default=lambda time: time.isoformat()))
    return known(wire.exchanges[-1].json(), decoded)


def known(answer, decoded):
    """The SDK keeps members that it does not know."""
    want_same(answer, decoded, "the answer, or what the SDK made of it")
    want("data" in answer, f"`data` must be there: {answer!r}")
    for item in answer["data"] if isinstance(answer["data"], list) else [answer["data"]]:
        want_texts(item, "id", "type")
        want(item["type"] == "application_keys", f"`type` must be application_keys: {item!r}")
        attributes = item.get("attributes")
        want_texts(attributes, "name", "created_at")
        want_times(attributes, "created_at", "last_used_at")
        unknown = set(attributes) - ATTRIBUTES
        want(not unknown, f"attributes that the SDK does not know: {unknown}")
    return decoded


def take_create(settings, body):
    settings["attributes"] = body["data"]["attributes"]
    return True


ATTRIBUTES = {
    name
    for model in (FullApplicationKeyAttributes, PartialApplicationKeyAttributes)
    for name in model.attribute_map.values()
}
KEYS = "/api/v2/service_accounts/{account}/application_keys"
CREDENTIAL = ["dd-api-key", "dd-application-key"]
CALLS = {
    "create": Call(f"POST {KEYS}", create, take_create, headers=CREDENTIAL),
    "list": Call(f"GET {KEYS}", list_page, headers=CREDENTIAL),
    "get": Call(f"GET {KEYS}/{{id}}", get, headers=CREDENTIAL),
    "delete": Call(f"DELETE {KEYS}/{{id}}", delete, headers=CREDENTIAL),
}

if __name__ == "__main__":
    main(CALLS, SETTINGS)
