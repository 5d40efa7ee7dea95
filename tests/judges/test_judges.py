"""The judges judged: each takes what its vendor answers, and refuses each of the small lies below.

    $SCIM_ROTATOR_PARTS/judges/venv/bin/python -B -m unittest -q test_judges"""

import contextlib
import copy
import io
import json
import logging
import unittest
from unittest import mock

import auth0_judge
import entra_judge
import known_answers
import known_frodo
import terraform_judge
from judge import main
from recorder import Recorder

AUTH0 = "/api/v2/connections/con_0000000000000001/scim-configuration/tokens"
AUTH0_TOKEN = {
    "token_id": "tok_a",
    "scopes": ["get:users"],
    "created_at": "2026-11-01T00:00:00.000Z",
    "valid_until": "2026-12-01T00:00:00.000Z",
}
TERRAFORM = "/api/v2/admin/scim-tokens"
TERRAFORM_TOKEN = {
    "id": "at-1",
    "type": "authentication-tokens",
    "attributes": {
        "created-at": "2026-11-27T00:00:00.000Z",
        "last-used-at": None,
        "description": "scim-rotator",
        "expired-at": "2027-01-01T00:00:00Z",
    },
}
TERRAFORM_NEW = copy.deepcopy(TERRAFORM_TOKEN)
TERRAFORM_NEW["attributes"]["token"] = "x.atlasv1.y"
ENTRA = "/v1.0/servicePrincipals/00000000-0000-0000-0000-000000000003/synchronization"
APPLICATION = "/v1.0/applications/00000000-0000-0000-0000-000000000004"
PASSWORD = {
    "customKeyIdentifier": None,
    "displayName": "scim-rotator",
    "endDateTime": "2027-01-26T00:00:00Z",
    "hint": "nQ2",
    "keyId": "00000000-0000-0000-0000-000000000005",
    "secretText": None,
    "startDateTime": "2026-11-27T00:00:01.5Z",
}
LOGIN = "POST /00000000-0000-0000-0000-000000000001/oauth2/v2.0/token"
ENTRA_ERROR = {"code": "Unauthorized", "message": "The token is refused.", "tenantActionable": True}
ENTRA_SECRET = {"key": "SecretToken", "value": "*"}
ENTRA_JOB = {
    "id": "scim.1",
    "templateId": "scim",
    "schedule": {"expiration": None, "interval": "PT40M", "state": "Active"},
    "status": {
        "code": "Quarantine",
        "countSuccessiveCompleteFailures": 3,
        "lastExecution": {"state": "Failed", "timeBegan": "2026-11-27T00:00:00Z", "error": ENTRA_ERROR},
        "quarantine": {"reason": "EncounteredQuarantineException", "seriesCount": 2, "error": ENTRA_ERROR},
        "progress": [],
        "synchronizedEntryCountByType": [{"key": "User", "value": 3}],
    },
}

# What each vendor answers to each call of its judge.
ANSWERS = {
    "auth0": {
        "login": ("POST /oauth/token", 200, {"access_token": "jwt", "token_type": "Bearer", "expires_in": 86400}),
        "create": (f"POST {AUTH0}", 201, {**AUTH0_TOKEN, "token": "tok_a.00ff"}),
        "list": (f"GET {AUTH0}", 200, [{**AUTH0_TOKEN, "last_used_at": None}]),
        "delete": (f"DELETE {AUTH0}/tok_a", 204, None),
        "set_secret": (
            "PATCH /api/v2/clients/AaiyAPdpYdesoKnqjj8HJqRn4T5titww",
            200,
            {"client_id": "AaiyAPdpYdesoKnqjj8HJqRn4T5titww", "client_secret": "a-secret-that-we-chose"},
        ),
    },
    "terraform": {
        "create": (f"POST {TERRAFORM}", 201, {"data": TERRAFORM_NEW}),
        "list": (f"GET {TERRAFORM}", 200, {"data": [TERRAFORM_TOKEN]}),
        "get": (f"GET {TERRAFORM}/at-1", 200, {"data": TERRAFORM_TOKEN}),
        "delete": (f"DELETE {TERRAFORM}/at-1", 204, None),
    },
    "entra": {
        "login": (LOGIN, 200, {"access_token": "jwt", "token_type": "Bearer", "expires_in": 3599}),
        "login_by_assertion": (LOGIN, 200, {"access_token": "jwt", "token_type": "Bearer", "expires_in": 3599}),
        "secrets": (f"GET {ENTRA}/secrets", 200, {"@odata.context": "x", "value": [ENTRA_SECRET]}),
        "service_principals": (
            "GET /v1.0/servicePrincipals",
            200,
            {"@odata.nextLink": "https://x", "value": [{"id": "sp-1", "displayName": "CRM"}]},
        ),
        "jobs": (f"GET {ENTRA}/jobs", 200, {"value": [ENTRA_JOB]}),
        "job": (f"GET {ENTRA}/jobs/scim.1", 200, ENTRA_JOB),
        "test_candidate": (f"POST {ENTRA}/jobs/scim.1/validateCredentials", 204, None),
        "save": (f"PUT {ENTRA}/secrets", 204, None),
        "test_saved": (f"POST {ENTRA}/jobs/scim.1/validateCredentials", 204, None),
        "start": (f"POST {ENTRA}/jobs/scim.1/start", 204, None),
        "add_password": (f"POST {APPLICATION}/addPassword", 200, {**PASSWORD, "secretText": "nQ28Q~t"}),
        "passwords": (f"GET {APPLICATION}", 200, {"@odata.context": "x", "passwordCredentials": [PASSWORD]}),
        "remove_password": (f"POST {APPLICATION}/removePassword", 204, None),
    },
}
IDS = {"auth0": {"token_id": "tok_a"}, "terraform": {"id": "at-1"}, "entra": {"job": "scim.1"}}
JUDGES = {"auth0": auth0_judge, "terraform": terraform_judge, "entra": entra_judge}

# Of the answer to a call: where, and what stands there instead. `...`: nothing does.
LIES = [
    ("auth0", "login", "expires_in", ...),
    ("auth0", "login", "token_type", "MAC"),
    ("auth0", "create", "token", ...),
    ("auth0", "create", "token_id", 5),
    ("auth0", "create", "scopes", "get:users"),
    ("auth0", "create", "valid_until", "2026-12-01"),
    ("auth0", "create", "expires_at", "2026-12-01T00:00:00Z"),
    ("auth0", "list", "", {"tokens": []}),
    ("auth0", "list", "0/token_id", ...),
    ("auth0", "delete", "", {"deleted": True}),
    ("auth0", "set_secret", "client_secret", "another"),
    ("auth0", "set_secret", "client_id", 5),
    ("auth0", "set_secret", "secret", "a-secret-that-we-chose"),
    ("terraform", "create", "data", ...),
    ("terraform", "create", "data/type", "scim-tokens"),
    ("terraform", "create", "data/attributes/token", ...),
    ("terraform", "create", "data/attributes/expired-at", "tomorrow"),
    ("terraform", "create", "data/attributes/created-at", 1764201600),
    ("terraform", "create", "data/attributes/label", "scim-rotator"),
    ("terraform", "list", "data", ...),
    ("terraform", "list", "data/0/attributes/token", "x.atlasv1.y"),
    ("terraform", "get", "data/attributes/last-used-at", "2026-11-27"),
    ("terraform", "delete", "", {"data": None}),
    ("entra", "login", "expires_in", ...),
    ("entra", "secrets", "value/0/key", "Token"),
    ("entra", "secrets", "value/0/name", "x"),
    ("entra", "save", "", {"credentials": []}),
    ("entra", "service_principals", "value", ...),
    ("entra", "service_principals", "value/0/id", ...),
    ("entra", "service_principals", "value/0/name", "CRM"),
    ("entra", "jobs", "value", ...),
    ("entra", "jobs", "value/0/id", ...),
    ("entra", "jobs", "value/0/status/code", "Quarantined"),
    ("entra", "jobs", "value/0/status/quarantine/seriesCount", "2"),
    ("entra", "jobs", "value/0/status/lastExecution/state", "Failure"),
    ("entra", "jobs", "value/0/schedule/interval", "40m"),
    ("entra", "job", "status/lastExecution/timeBegan", "2026-11-27T00:00:00"),
    ("entra", "job", "status/lastExecution/timeBegan", "yesterday"),
    ("entra", "job", "state", "Active"),
    ("entra", "test_saved", "", {}),
    ("entra", "add_password", "secretText", ...),
    ("entra", "add_password", "keyId", "5"),
    ("entra", "add_password", "endDateTime", "2027-01-26T00:00:00"),
    ("entra", "add_password", "expiresAt", "2027-01-26T00:00:00Z"),
    ("entra", "passwords", "passwordCredentials", ...),
    ("entra", "passwords", "passwordCredentials/0/keyId", ...),
    ("entra", "passwords", "passwordCredentials/0/secretText", "nQ28Q~t"),
    ("entra", "remove_password", "", {}),
]

# How each vendor says no, to one of its calls.
ERRORS = {
    "auth0": ("list", {"statusCode": 409, "error": "Conflict", "message": "m"}),
    "terraform": ("list", {"errors": [{"status": "409", "title": "conflict"}]}),
    "entra": ("jobs", {"error": {"code": "Conflict", "message": "m", "innerError": {"date": "2026-11-27T00:00:00"}}}),
}

for more in [known_answers, *([known_frodo] if known_frodo.is_there else [])]:
    ANSWERS.update(more.ANSWERS)
    JUDGES.update(more.JUDGES)
    IDS.update(more.IDS)
    ERRORS.update(more.ERRORS)
    LIES += more.LIES


class Judges(unittest.TestCase):
    def test_what_the_vendor_answers_is_decoded(self):
        for vendor, answers in ANSWERS.items():
            with self.subTest(vendor):
                code, report, complaint = judged(vendor, answers.values())
                self.assertIsNone(code, complaint)
                self.assertTrue(all("decoded" in entry for entry in report), report)

    def test_each_lie_is_refused(self):
        for vendor, call, place, lie in LIES:
            with self.subTest(f"{vendor} {call} {place} {lie}"):
                request, status, body = ANSWERS[vendor][call]
                # A body under 204 would not arrive.
                answer = (request, 200 if body is None else status, told(body, place, lie))
                code, _, _ = judged(vendor, [answer], "decode", call)
                self.assertIsNotNone(code, "taken for true")

    def test_an_error_is_decoded_and_a_foreign_one_is_refused(self):
        for vendor, (call, error) in ERRORS.items():
            with self.subTest(vendor):
                request, _, _ = ANSWERS[vendor][call]
                code, report, complaint = judged(vendor, [(request, 409, error)], "decode", call)
                self.assertIsNone(code, complaint)
                self.assertEqual([409], [entry["status"] for entry in report if "failed" in entry])
                code, _, _ = judged(vendor, [(request, 409, {"oops": True})], "decode", call)
                self.assertIsNotNone(code, "taken for true")

    def test_requests_are_shown_whatever_is_answered(self):
        for vendor in ANSWERS:
            with self.subTest(vendor):
                code, report, complaint = judged(vendor, [], "requests")
                self.assertIsNone(code, complaint)
                calls = JUDGES[vendor].CALLS
                self.assertEqual({entry["call"] for entry in report}, {name for name in calls if calls[name].make})


def judged(vendor, answers, mode="decode", *calls):
    """Exit code (`None`: it ended well), report and complaints of a run with this command line."""
    judge, said = JUDGES[vendor], io.StringIO()
    server = Recorder({request: answer for request, *answer in answers})
    arguments = ["judge", mode, "--base", server.url, *calls]
    with mock.patch("sys.argv", arguments), contextlib.redirect_stdout(said):
        code, complaint = None, ""
        try:
            main(judge.CALLS, {**judge.SETTINGS, **IDS.get(vendor, {})})
        except SystemExit as end:
            code, complaint = 1, str(end.code)
    return code, json.loads(said.getvalue() or "[]"), complaint


def told(body, place, lie):
    body = copy.deepcopy(body)
    if place == "":
        return lie
    *path, last = [int(name) if name.isdigit() else name for name in place.split("/")]
    at = body
    for name in path:
        at = at[name]
    if lie is ...:
        del at[last]
    else:
        at[last] = lie
    return body


# The SDKs tell of each lie.
logging.disable()

if __name__ == "__main__":
    unittest.main()
