"""Okta, the provisioning connection and the client secrets of an app: `okta`. See judge.py for the command line."""

import asyncio
import logging
import os

# The SDK insists on https.
os.environ["OKTA_TESTING_TESTINGDISABLEHTTPSCHECK"] = "true"

from okta import models
from okta.api.application_api import ApplicationApi
from okta.api.application_connections_api import ApplicationConnectionsApi
from okta.api.application_sso_public_keys_api import ApplicationSSOPublicKeysApi
from okta.cache.no_op_cache import NoOpCache
from okta.config.config_setter import ConfigSetter
from okta.request_executor import RequestExecutor

from checks import Failed, known_model, want, want_texts, want_times
from judge import Call, main

SETTINGS = {
    "app": "0oa1gjh63g214q0Hq0g4",
    "token": "new-scim-token",
    "base_url": "https://sp.example.com/scim/v2",
    # Of a list.
    "query": [("limit", "200")],
    # `true`, or empty: not sent.
    "activate": "true",
    # `create_secret` puts the id of the new one there.
    "secret": "ocs2f4zrZbs8nUa7p0g4",
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


def list_apps(wire, settings):
    query = dict(settings["query"])
    found = ask(
        wire,
        lambda client: client.list_applications(after=query.get("after"), limit=int(query["limit"])),
        ApplicationApi,
    )
    answer = wire.exchanges[-1].json()
    want(isinstance(answer, list) and len(found) == len(answer), f"the SDK made {found!r} of {answer!r}")
    for app in answer:
        want_texts(app, "id", "label", "status")
    return [known_model(item, model) for item, model in zip(answer, found)]


def create_secret(wire, settings):
    wish = models.OAuth2ClientSecretRequestBody()
    made = of_secrets(wire, lambda client: client.create_o_auth2_client_secret(settings["app"], wish))
    decoded = known_secret(wire, made, 201)
    want_texts(decoded, "id", "client_secret")
    settings["secret"] = decoded["id"]
    return decoded


def list_secrets(wire, settings):
    found = of_secrets(wire, lambda client: client.list_o_auth2_client_secrets(settings["app"]))
    answer = wire.exchanges[-1].json()
    want(isinstance(answer, list) and len(found) == len(answer), f"the SDK made {found!r} of {answer!r}")
    return [known_times(known_model(item, model)) for item, model in zip(answer, found)]


def get_secret(wire, settings):
    found = of_secrets(wire, lambda client: client.get_o_auth2_client_secret(settings["app"], settings["secret"]))
    return known_secret(wire, found, 200)


def deactivate_secret(wire, settings):
    found = of_secrets(
        wire, lambda client: client.deactivate_o_auth2_client_secret(settings["app"], settings["secret"])
    )
    decoded = known_secret(wire, found, 200)
    want(decoded["status"] == "INACTIVE", f"it must be inactive: {decoded!r}")
    return decoded


def delete_secret(wire, settings):
    of_secrets(wire, lambda client: client.delete_o_auth2_client_secret(settings["app"], settings["secret"]))
    want(wire.exchanges[-1].body == "", "the answer has no body")


def of_secrets(wire, call):
    return ask(wire, call, ApplicationSSOPublicKeysApi)


def known_secret(wire, secret, status):
    want(wire.exchanges[-1].status == status, f"the answer to this has the status {status}")
    return known_times(known_model(wire.exchanges[-1].json(), secret))


def known_times(secret):
    want_texts(secret, "id")
    want_times(secret, "created", "lastUpdated")
    return secret


def ask(wire, call, api=ApplicationConnectionsApi):
    decoded, *_, error = asyncio.run(call(client_of(wire, api)))
    if error is None:
        return decoded
    answer = wire.exchanges[-1]
    want(answer.status >= 400, f"the SDK cannot read the answer: {error}")
    # It takes an error without these as well.
    errors = answer.json()
    want_texts(errors, "errorCode", "errorSummary", "errorLink", "errorId")
    want(isinstance(errors.get("errorCauses"), list), f"`errorCauses` must be a list: {errors!r}")
    raise Failed(known_model(errors, models.Error.from_dict(errors)))


def client_of(wire, api):
    """As `okta.client.Client`, which has all APIs in one and takes long to import."""
    setter = ConfigSetter()
    # It would repeat 429 by itself.
    setter._apply_config({"client": {"orgUrl": wire.url, "token": "t", "rateLimit": {"maxRetries": 0}}})
    config = setter._prune_config(setter.get_config())
    client = api(config)
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


SECRETS = "/api/v1/apps/{app}/credentials/secrets"
CONNECTION = "/api/v1/apps/{app}/connections/default"
CALLS = {
    "read": Call(f"GET {CONNECTION}", read),
    "save": Call(f"POST {CONNECTION}", save, take_save),
    "activate": Call(f"POST {CONNECTION}/lifecycle/activate", activate),
    "list_apps": Call("GET /api/v1/apps", list_apps),
    "create_secret": Call(f"POST {SECRETS}", create_secret),
    "list_secrets": Call(f"GET {SECRETS}", list_secrets),
    "get_secret": Call(f"GET {SECRETS}/{{secret}}", get_secret),
    "deactivate_secret": Call(f"POST {SECRETS}/{{secret}}/lifecycle/deactivate", deactivate_secret),
    "delete_secret": Call(f"DELETE {SECRETS}/{{secret}}", delete_secret),
}

# It tells of each error.
logging.getLogger("okta-sdk-python").disabled = True

if __name__ == "__main__":
    main(CALLS, SETTINGS)
