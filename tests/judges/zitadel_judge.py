"""Zitadel, personal access tokens of a service account: `zitadel-client`. See judge.py for the command line."""

from lazy import lazy

lazy("zitadel_client", "api", "models")

from zitadel_client import ApiClient, Configuration, models
from zitadel_client.api.user_service_api import UserServiceApi
from zitadel_client.auth.personal_access_token_authenticator import PersonalAccessTokenAuthenticator
from zitadel_client.exceptions import ApiError

from checks import Failed, known_model, want, want_texts, want_times
from judge import Call, main

SETTINGS = {
    "access_token": "access-token",
    "user": "163840776835432705",
    "expires": "2027-01-01T00:00:00Z",
    "search": {
        "pagination": {"offset": 0, "limit": 1000, "asc": True},
        "filters": [{"userIdFilter": {"id": "163840776835432705"}}],
    },
    # `create` puts the id of the new token there.
    "id": "318838604669387138",
}
TIMES = ("creationDate", "changeDate", "deletionDate", "expirationDate")


def create(wire, settings):
    request = models.UserServiceAddPersonalAccessTokenRequest.model_validate(
        {"userId": settings["user"], "expirationDate": settings["expires"]}
    )
    decoded = ask(wire, settings, lambda users: users.add_personal_access_token(request))
    want_texts(decoded, "tokenId", "token")
    settings["id"] = decoded["tokenId"]
    return decoded


def search(wire, settings):
    request = models.UserServiceListPersonalAccessTokensRequest.from_dict(settings["search"])
    decoded = ask(wire, settings, lambda users: users.list_personal_access_tokens(request))
    for token in decoded.get("result") or []:
        want_texts(token, "id", "userId")
    want_texts(decoded.get("pagination"), "appliedLimit")
    return decoded


def remove(wire, settings):
    request = models.UserServiceRemovePersonalAccessTokenRequest.model_validate(
        {"userId": settings["user"], "tokenId": settings["id"]}
    )
    return ask(wire, settings, lambda users: users.remove_personal_access_token(request))


def ask(wire, settings, call):
    caller = PersonalAccessTokenAuthenticator(wire.url, settings["access_token"])
    with ApiClient(Configuration(caller)) as client:
        try:
            decoded = call(UserServiceApi(client))
        except ApiError as error:
            answer = wire.exchanges[-1].json()
            want(error.code >= 400, f"the SDK cannot read the answer: {error}")
            want_texts(answer, "code", "message")
            raise Failed(answer) from error
    answer = wire.exchanges[-1].json()
    for item in [answer, *answer.get("result", [])]:
        want_times(item, *TIMES)
    return known_model(answer, decoded)


def take_create(settings, body):
    settings.update(user=body["userId"], expires=body["expirationDate"])
    return True


def take_search(settings, body):
    settings["search"] = body
    return True


def take_remove(settings, body):
    settings.update(user=body["userId"], id=body["tokenId"])
    return True


SERVICE = "POST /zitadel.user.v2.UserService"
BEARER = ["authorization"]
CALLS = {
    "create": Call(f"{SERVICE}/AddPersonalAccessToken", create, take_create, headers=BEARER),
    "search": Call(f"{SERVICE}/ListPersonalAccessTokens", search, take_search, headers=BEARER),
    "remove": Call(f"{SERVICE}/RemovePersonalAccessToken", remove, take_remove, headers=BEARER),
}

if __name__ == "__main__":
    main(CALLS, SETTINGS)
