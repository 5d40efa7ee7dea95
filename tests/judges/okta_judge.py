"""Okta, the provisioning connection of an app: `okta`. See judge.py for the command line."""

import asyncio
import logging
import os

# The SDK insists on https.
os.environ["OKTA_TESTING_TESTINGDISABLEHTTPSCHECK"] = "true"

from okta import models
from okta.api.application_connections_api import ApplicationConnectionsApi
from okta.cache.no_op_cache import NoOpCache
from okta.config.config_setter import ConfigSetter
from okta.request_executor import RequestExecutor

from checks import Failed, known_model, want, want_texts
from judge import Call, main

SETTINGS = {
    "app": "0oa1gjh63g214q0Hq0g4",
    "token": "new-scim-token",
    "base_url": "https://sp.example.com/scim/v2",
    # `true`, or empty: not sent.
    "activate": "true",
}


def read(wire, settings):
    answer = ask(wire, lambda client: client.get_default_provisioning_connection_for_application(settings["app"]))
    return known(wire, answer)


def save(wire, settings):
    # The type says that this scheme has a token: the one of OAuth has none.
    profile = models.ProvisioningConnectionTokenRequestProfile(auth_scheme="TOKEN", token=settings["token"])
    connection = models.ProvisioningConnectionTokenRequest(base_url=settings["base_url"], profile=profile)
    request = models.UpdateDefaultProvisioningConnectionForApplicationRequest(connection)
    activate = True if settings["activate"] == "true" else None
    answer = ask(
        wire,
        lambda client: client.update_default_provisioning_connection_for_application(
            settings["app"], request, activate=activate
        ),
    )
    return known(wire, answer)


def activate(wire, settings):
    ask(wire, lambda client: client.activate_default_provisioning_connection_for_application(settings["app"]))
    want(wire.exchanges[-1].body == "", "the answer has no body")


def ask(wire, call):
    decoded, *_, error = asyncio.run(call(client_of(wire)))
    if error is None:
        return decoded
    answer = wire.exchanges[-1]
    want(answer.status >= 400, f"the SDK cannot read the answer: {error}")
    # It takes an error without these as well.
    errors = answer.json()
    want_texts(errors, "errorCode", "errorSummary", "errorLink", "errorId")
    want(isinstance(errors.get("errorCauses"), list), f"`errorCauses` must be a list: {errors!r}")
    raise Failed(known_model(errors, models.Error.from_dict(errors)))


def client_of(wire):
    """As `okta.client.Client`, which has all APIs in one and takes long to import."""
    setter = ConfigSetter()
    # It would repeat 429 by itself.
    setter._apply_config({"client": {"orgUrl": wire.url, "token": "t", "rateLimit": {"maxRetries": 0}}})
    config = setter._prune_config(setter.get_config())
    client = ApplicationConnectionsApi(config)
    client._request_executor = RequestExecutor(config, NoOpCache())
    return client


def known(wire, connection):
    want(wire.exchanges[-1].status == 200, "the answer to this has the status 200")
    return known_model(wire.exchanges[-1].json(), connection)


def take_save(settings, body):
    settings["token"] = body["profile"]["token"]
    settings["base_url"] = body.get("baseUrl")
    settings["activate"] = settings["query"].get("activate", "")
    return body["profile"]["authScheme"] == "TOKEN"


CONNECTION = "/api/v1/apps/{app}/connections/default"
CALLS = {
    "read": Call(f"GET {CONNECTION}", read),
    "save": Call(f"POST {CONNECTION}", save, take_save),
    "activate": Call(f"POST {CONNECTION}/lifecycle/activate", activate),
}

# It tells of each error.
logging.getLogger("okta-sdk-python").disabled = True

if __name__ == "__main__":
    main(CALLS, SETTINGS)
