"""Entra ID: `msgraph-sdk`, and `azure-identity` for the token. See judge.py for the command line."""

import asyncio
import datetime
import json
import uuid

from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline.transport import RequestsTransport
from azure.identity import ClientAssertionCredential, ClientSecretCredential
from kiota_abstractions.authentication import AuthenticationProvider
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.date_utils import parse_timedelta_from_iso_format
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from kiota_http.middleware.options import RetryHandlerOption
from kiota_serialization_json.json_serialization_writer import JsonSerializationWriter
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.applications.item.add_password.add_password_post_request_body import AddPasswordPostRequestBody
from msgraph.generated.applications.item.application_item_request_builder import ApplicationItemRequestBuilder
from msgraph.generated.applications.item.remove_password.remove_password_post_request_body import (
    RemovePasswordPostRequestBody,
)
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.password_credential import PasswordCredential
from msgraph.generated.models.synchronization_secret import SynchronizationSecret as Key
from msgraph.generated.models.synchronization_secret_key_string_value_pair import (
    SynchronizationSecretKeyStringValuePair as Secret,
)
from msgraph.generated.service_principals.item.synchronization.jobs.item.validate_credentials import (
    validate_credentials_post_request_body as validation,
)
from msgraph.generated.service_principals.item.synchronization.secrets.secrets_put_request_body import (
    SecretsPutRequestBody,
)
from msgraph.generated.service_principals.item.synchronization.secrets.secrets_put_response import SecretsPutResponse
from msgraph.generated.service_principals.service_principals_request_builder import ServicePrincipalsRequestBuilder
from msgraph_core import GraphClientFactory

from checks import Failed, want, want_same, want_texts, want_times
from judge import Call, main

SETTINGS = {
    "tenant": "00000000-0000-0000-0000-000000000001",
    "client_id": "00000000-0000-0000-0000-000000000002",
    "client_secret": "client-secret",
    "client_assertion": "client.assertion.jwt",
    # Of Microsoft Graph; `login` and `login_by_assertion` put the one there that they got.
    "access_token": "access-token",
    "service_principal": "00000000-0000-0000-0000-000000000003",
    # `jobs` puts the id of the first one there.
    "job": "scim.0000000000000001",
    "secrets": {"SecretToken": "new-scim-token", "BaseAddress": "https://acme.example.com/scim/v2"},
    # In a test of what is saved: an empty list, or nothing.
    "no_credentials": [],
    "application": "00000000-0000-0000-0000-000000000004",
    "label": "scim-rotator",
    "end": "2027-01-26T00:00:00Z",
    "select": ["passwordCredentials"],
    # Of a list.
    "query": [("$select", "id,displayName"), ("$top", "999")],
    # `add_password` puts the id of the new one there.
    "password": "00000000-0000-0000-0000-000000000005",
}
TIMES = (
    "expiration",
    "timeBegan",
    "timeEnded",
    "steadyStateFirstAchievedTime",
    "steadyStateLastAchievedTime",
    "progressObservationDateTime",
    "currentBegan",
    "nextAttempt",
    "seriesBegan",
    "startDateTime",
    "endDateTime",
)
SCOPE = "https://graph.microsoft.com/.default"

# Models write out what they do not know as well, and it would look as if they knew it.
JsonSerializationWriter.write_additional_data_value = lambda self, members: None


def login(wire, settings):
    return token_of(ClientSecretCredential, settings["client_secret"], wire, settings)


def login_by_assertion(wire, settings):
    return token_of(ClientAssertionCredential, lambda: settings["client_assertion"], wire, settings)


def token_of(credential, secret, wire, settings):
    class Plain(RequestsTransport):
        """The SDK insists on https."""

        def send(self, request, **options):
            request.url = request.url.replace("https://", "http://", 1)
            return super().send(request, **options)

        def open(self):
            super().open()
            # A loopback must not go through a proxy that the environment names.
            self.session.trust_env = False

    # It asks the tenant for the address of its token endpoint first, which is a fixed one: no business of the server's.
    def endpoints(method, path):
        if method == "GET" and path.endswith("/.well-known/openid-configuration"):
            base = f"https://{wire.authority}/{settings['tenant']}"
            return {
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
            }
        return None

    wire.answer_here = endpoints
    who = credential(
        settings["tenant"],
        settings["client_id"],
        secret,
        authority=f"https://{wire.authority}",
        transport=Plain(),
        disable_instance_discovery=True,
        retry_total=0,
    )
    try:
        settings["access_token"] = who.get_token(SCOPE).token
    except ClientAuthenticationError as error:
        answer = wire.exchanges[-1].json()
        # It hides an answer that it cannot read in the same error.
        want(wire.exchanges[-1].status >= 400, f"the SDK cannot read the answer: {error}")
        want_texts(answer, "error", "error_description")
        raise Failed({"message": error.message, **answer}) from error
    answer = wire.exchanges[-1].json()
    want(answer.get("token_type") == "Bearer", f"`token_type` must be Bearer: {answer!r}")
    want(type(answer.get("expires_in")) is int, f"`expires_in` must be a number: {answer!r}")
    return answer


def secrets(wire, settings):
    """The SDK has no such call: its own means, with the shape of the answer to PUT."""

    async def read(client):
        builder = of(client, settings).secrets
        request = RequestInformation(Method.GET, builder.url_template, builder.path_parameters)
        request.headers.try_add("Accept", "application/json")
        errors = {"XXX": ODataError}
        return await builder.request_adapter.send_async(request, SecretsPutResponse, errors)

    return known(wire, ask(wire, settings, read))


def save(wire, settings):
    body = SecretsPutRequestBody(value=pairs(settings))
    decoded = ask(wire, settings, lambda client: of(client, settings).secrets.put(body))
    return nothing_or(wire, decoded)


def jobs(wire, settings):
    decoded = known(wire, ask(wire, settings, lambda client: of(client, settings).jobs.get()))
    want(isinstance(decoded.get("value"), list), f"`value` must be a list: {decoded!r}")
    for found in decoded["value"]:
        want_texts(found, "id")
    if decoded["value"]:
        settings["job"] = decoded["value"][0]["id"]
    return decoded


def job(wire, settings):
    decoded = known(wire, ask(wire, settings, lambda client: this_job(client, settings).get()))
    want_texts(decoded, "id")
    return decoded


def test_candidate(wire, settings):
    body = validation.ValidateCredentialsPostRequestBody(credentials=pairs(settings), use_saved_credentials=False)
    return nothing(wire, ask(wire, settings, lambda client: this_job(client, settings).validate_credentials.post(body)))


def test_saved(wire, settings):
    body = validation.ValidateCredentialsPostRequestBody(
        credentials=settings["no_credentials"], use_saved_credentials=True
    )
    return nothing(wire, ask(wire, settings, lambda client: this_job(client, settings).validate_credentials.post(body)))


def start(wire, settings):
    return nothing(wire, ask(wire, settings, lambda client: this_job(client, settings).start.post()))


def service_principals(wire, settings):
    query = dict(settings["query"])
    if "$skiptoken" in query:
        more = f"{wire.url}/v1.0/servicePrincipals?$skiptoken={query['$skiptoken']}"
        page = ask(wire, settings, lambda client: client.service_principals.with_url(more).get())
    else:
        wish = ServicePrincipalsRequestBuilder.ServicePrincipalsRequestBuilderGetQueryParameters(
            filter=query.get("$filter"), select=query["$select"].split(","), top=int(query["$top"])
        )
        wish = RequestConfiguration(query_parameters=wish)
        page = ask(wire, settings, lambda client: client.service_principals.get(wish))
    decoded = known(wire, page)
    want(isinstance(decoded.get("value"), list), f"`value` must be a list: {decoded!r}")
    for found in decoded["value"]:
        want_texts(found, "id", "displayName")
    return decoded


def add_password(wire, settings):
    end = datetime.datetime.fromisoformat(settings["end"])
    wish = PasswordCredential(display_name=settings["label"], end_date_time=end)
    body = AddPasswordPostRequestBody(password_credential=wish)
    decoded = known(wire, ask(wire, settings, lambda client: application(client, settings).add_password.post(body)))
    want_texts(decoded, "secretText", "keyId")
    settings["password"] = decoded["keyId"]
    return decoded


def passwords(wire, settings):
    query = ApplicationItemRequestBuilder.ApplicationItemRequestBuilderGetQueryParameters(select=settings["select"])
    wish = RequestConfiguration(query_parameters=query)
    decoded = known(wire, ask(wire, settings, lambda client: application(client, settings).get(wish)))
    want(isinstance(decoded.get("passwordCredentials"), list), f"`passwordCredentials` must be a list: {decoded!r}")
    for found in decoded["passwordCredentials"]:
        want_texts(found, "keyId")
        want(not found.get("secretText"), "a list never shows the secret")
    return decoded


def remove_password(wire, settings):
    body = RemovePasswordPostRequestBody(key_id=uuid.UUID(settings["password"]))
    return nothing(wire, ask(wire, settings, lambda client: application(client, settings).remove_password.post(body)))


def application(client, settings):
    return client.applications.by_application_id(settings["application"])


def of(client, settings):
    return client.service_principals.by_service_principal_id(settings["service_principal"]).synchronization


def this_job(client, settings):
    return of(client, settings).jobs.by_synchronization_job_id(settings["job"])


def pairs(settings):
    return [Secret(key=Key(name), value=value) for name, value in settings["secrets"].items()]


def ask(wire, settings, call):
    class Bearer(AuthenticationProvider):
        async def authenticate_request(self, request, additional_authentication_context=None):
            request.headers.try_add("Authorization", f"Bearer {settings['access_token']}")

    async def asked():
        # It would repeat 429 and 503 by itself.
        once = {RetryHandlerOption.get_key(): RetryHandlerOption(max_retries=0)}
        adapter = GraphRequestAdapter(Bearer(), GraphClientFactory.create_with_default_middleware(options=once))
        adapter.base_url = f"{wire.url}/v1.0"
        return await call(GraphServiceClient(request_adapter=adapter))

    try:
        return asyncio.run(asked())
    except ODataError as error:
        decoded = known(wire, error)
        want_texts(decoded.get("error"), "code", "message")
        raise Failed(decoded) from error


def known(wire, model):
    """The SDK makes null of what it cannot read, and puts aside what it does not know."""
    answer = wire.exchanges[-1].json()
    writer = JsonSerializationWriter()
    writer.write_object_value(None, model)
    decoded = json.loads(writer.get_serialized_content())
    want_same(with_durations_as_written_by_the_sdk(answer), decoded, "the answer, or what the SDK made of it")
    zoned(answer)
    return decoded


def with_durations_as_written_by_the_sdk(answer):
    if isinstance(answer, list):
        return [with_durations_as_written_by_the_sdk(item) for item in answer]
    if not isinstance(answer, dict):
        return answer
    return {
        name: str(parse_timedelta_from_iso_format(value))
        if name == "interval"
        else with_durations_as_written_by_the_sdk(value)
        for name, value in answer.items()
    }


def zoned(answer):
    """That times of the answer have a zone, which the SDK does not ask for. The date of an error has none."""
    for item in answer if isinstance(answer, list) else []:
        zoned(item)
    if isinstance(answer, dict):
        want_times(answer, *TIMES)
        for value in answer.values():
            zoned(value)


def nothing(wire, decoded):
    want(decoded is None and wire.exchanges[-1].body == "", "the answer has no body")


def nothing_or(wire, decoded):
    return known(wire, decoded) if wire.exchanges[-1].body else nothing(wire, decoded)


def take_login(settings, body):
    settings.update({name: body.get(name, "") for name in ("client_id", "client_secret")})
    return "client_secret" in body


def take_login_by_assertion(settings, body):
    settings.update({name: body.get(name, "") for name in ("client_id", "client_assertion")})
    return "client_assertion" in body


def take_save(settings, body):
    settings["secrets"] = {secret["key"]: secret["value"] for secret in body["value"]}
    return True


def take_test_candidate(settings, body):
    settings["secrets"] = {secret["key"]: secret["value"] for secret in body.get("credentials", [])}
    return not body.get("useSavedCredentials", False)


def take_test_saved(settings, body):
    settings["no_credentials"] = body.get("credentials")
    return True


def take_add_password(settings, body):
    wish = body["passwordCredential"]
    settings.update(label=wish["displayName"], end=wish["endDateTime"])
    return True


def take_passwords(settings, body):
    select = dict(settings["query"]).get("$select")
    settings["select"] = select.split(",") if select else None
    return True


def take_remove_password(settings, body):
    settings["password"] = body["keyId"]
    return True


APPLICATION = "/v1.0/applications/{application}"
TOKEN = "POST /{tenant}/oauth2/v2.0/token"
OURS = "/v1.0/servicePrincipals/{service_principal}/synchronization"
JOB = f"{OURS}/jobs/{{job}}"
CALLS = {
    # The SDK asks to be told about the client, and needs no answer to that.
    "login": Call(TOKEN, login, take_login, extra=["client_info"]),
    "login_by_assertion": Call(TOKEN, login_by_assertion, take_login_by_assertion),
    "secrets": Call(f"GET {OURS}/secrets", secrets),
    "service_principals": Call("GET /v1.0/servicePrincipals", service_principals),
    "jobs": Call(f"GET {OURS}/jobs", jobs),
    "job": Call(f"GET {JOB}", job),
    "test_candidate": Call(f"POST {JOB}/validateCredentials", test_candidate, take_test_candidate),
    "save": Call(f"PUT {OURS}/secrets", save, take_save),
    "test_saved": Call(f"POST {JOB}/validateCredentials", test_saved, take_test_saved),
    "start": Call(f"POST {JOB}/start", start),
    "add_password": Call(f"POST {APPLICATION}/addPassword", add_password, take_add_password),
    "passwords": Call(f"GET {APPLICATION}", passwords, take_passwords),
    "remove_password": Call(f"POST {APPLICATION}/removePassword", remove_password, take_remove_password),
}

if __name__ == "__main__":
    main(CALLS, SETTINGS)
