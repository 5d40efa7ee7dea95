"""The judges judged, where they follow recorded requests: each takes those of its vendor, and refuses each of the small
changes below.

    $SCIM_ROTATOR_PARTS/judges/venv/bin/python -B -m unittest -q test_follow"""

import contextlib
import io
import json
import tempfile
import unittest
from unittest import mock

import auth0_judge
import datadog_judge
import entra_judge
import gitlab_judge
import known_frodo
import known_requests
import scaleway_judge
import terraform_judge
from judge import main

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
JSON_API = "application/vnd.api+json"
GRAPH = "https://graph.microsoft.com/v1.0/servicePrincipals/sp-1/synchronization"
APPLICATION = "https://graph.microsoft.com/v1.0/applications/00000000-0000-0000-0000-000000000004"
AUTH0 = "https://acme.eu.auth0.com/api/v2/connections/con_1/scim-configuration/tokens"
TERRAFORM = "https://tfe.example.com/api/v2/admin/scim-tokens"

# Of each vendor: method, URL, type and body of the request; status and body of the answer; more headers of the request.
RECORDED = {
    auth0_judge: [
        (
            "POST",
            "https://acme.eu.auth0.com/oauth/token",
            FORM,
            "grant_type=client_credentials&client_id=c&client_secret=s%26&audience=https%3A%2F%2Facme%2Fapi%2Fv2%2F",
            200,
            {"access_token": "jwt", "token_type": "Bearer", "expires_in": 86400},
        ),
        ("GET", AUTH0, None, "", 200, []),
        (
            "POST",
            AUTH0,
            JSON,
            '{"scopes": ["get:users"], "token_lifetime": 3600}',
            201,
            {"token_id": "tok_1", "token": "tok_1.00", "valid_until": "2026-12-01T00:00:00.000Z"},
        ),
        ("DELETE", f"{AUTH0}/tok_%7C1", None, "", 204, None),
        ("DELETE", f"{AUTH0}/tok_2", None, "", 404, {"statusCode": 404, "error": "Not Found", "message": "gone"}),
        (
            "PATCH",
            "https://acme.eu.auth0.com/api/v2/clients/c1",
            JSON,
            '{"client_secret": "chosen"}',
            200,
            {"client_id": "c1", "client_secret": "chosen"},
        ),
    ],
    terraform_judge: [
        (
            "POST",
            TERRAFORM,
            JSON_API,
            '{"data": {"type": "authentication-tokens",'
            ' "attributes": {"description": "d", "expired-at": "2027-01-01T00:00:00Z"}}}',
            201,
            {"data": {"id": "at-1", "type": "authentication-tokens", "attributes": {"token": "x"}}},
        ),
        ("GET", TERRAFORM, None, "", 404, {"errors": [{"status": "404", "title": "not found"}]}),
        ("DELETE", f"{TERRAFORM}/at-1", None, "", 204, None),
    ],
    entra_judge: [
        (
            "POST",
            "https://login.microsoftonline.com/tenant-1/oauth2/v2.0/token",
            FORM,
            "grant_type=client_credentials&client_id=c&client_secret=s"
            "&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default",
            200,
            {"access_token": "jwt", "token_type": "Bearer", "expires_in": 3599},
        ),
        ("GET", f"{GRAPH}/jobs", None, "", 200, {"value": [{"id": "scim.1", "status": {"code": "Active"}}]}),
        (
            "POST",
            f"{GRAPH}/jobs/scim.1/validateCredentials",
            JSON,
            '{"credentials": [{"key": "SecretToken", "value": "t"}], "useSavedCredentials": false}',
            204,
            None,
        ),
        ("PUT", f"{GRAPH}/secrets", JSON, '{"value": [{"key": "SecretToken", "value": "t"}]}', 204, None),
        ("POST", f"{GRAPH}/jobs/scim.1/validateCredentials", JSON, '{"useSavedCredentials": true}', 204, None),
        ("POST", f"{GRAPH}/jobs/scim.1/start", None, "", 204, None),
        (
            "POST",
            f"{APPLICATION}/addPassword",
            JSON,
            '{"passwordCredential": {"displayName": "d", "endDateTime": "2027-01-26T00:00:00Z"}}',
            200,
            {"keyId": "00000000-0000-0000-0000-000000000005", "secretText": "t"},
        ),
        ("GET", f"{APPLICATION}?%24select=passwordCredentials", None, "", 200, {"passwordCredentials": []}),
        (
            "POST",
            f"{APPLICATION}/removePassword",
            JSON,
            '{"keyId": "00000000-0000-0000-0000-000000000005"}',
            204,
            None,
        ),
        (
            "GET",
            "https://graph.microsoft.com/v1.0/servicePrincipals?%24select=id%2CdisplayName&%24top=999",
            None,
            "",
            200,
            {"value": [{"id": "sp-1", "displayName": "CRM"}]},
        ),
    ],
}

# Of a vendor's recorded request with this number: what stands in it, and what instead.
CHANGES = [
    (auth0_judge, 0, "audience=", "resource="),
    (auth0_judge, 0, "grant_type=client_credentials", "grant_type=password"),
    (auth0_judge, 1, "/scim-configuration/", "/scim/"),
    (auth0_judge, 1, "/tokens", "/tokens?page=1"),
    (auth0_judge, 2, "token_lifetime", "lifetime"),
    (auth0_judge, 2, "3600}", '3600, "name": "x"}'),
    (auth0_judge, 2, "3600", '"3600"'),
    (auth0_judge, 2, JSON, "text/plain"),
    (auth0_judge, 3, "DELETE", "POST"),
    (auth0_judge, 5, "PATCH", "PUT"),
    (auth0_judge, 5, "client_secret", "secret"),
    (terraform_judge, 0, "authentication-tokens", "scim-tokens"),
    (terraform_judge, 0, "expired-at", "expires-at"),
    (terraform_judge, 0, JSON_API, JSON),
    (terraform_judge, 0, '"description": "d", ', ""),
    (entra_judge, 0, "/v2.0/", "/v1.0/"),
    (entra_judge, 0, "scope=", "resource="),
    (entra_judge, 2, ', "useSavedCredentials": false', ""),
    (entra_judge, 2, '"credentials"', '"value"'),
    (entra_judge, 3, '"value": [', '"credentials": ['),
    (entra_judge, 3, "SecretToken", "Token"),
    (entra_judge, 3, "PUT", "POST"),
    (entra_judge, 9, "servicePrincipals", "applications"),
    (entra_judge, 9, "top=999", "limit=999"),
    (entra_judge, 4, "true", '"true"'),
    (entra_judge, 5, "/start", "/start?force=true"),
    (entra_judge, 6, "passwordCredential", "credential"),
    (entra_judge, 6, "endDateTime", "expires"),
    (entra_judge, 6, "addPassword", "addKey"),
    (entra_judge, 7, "select", "filter"),
    (entra_judge, 8, "keyId", "id"),
]

for more in [known_requests, *([known_frodo] if known_frodo.is_there else [])]:
    RECORDED.update(more.RECORDED)
    CHANGES += more.CHANGES


class Follow(unittest.TestCase):
    def test_what_the_sdk_would_send_too_is_taken(self):
        for judge, recorded in RECORDED.items():
            with self.subTest(judge.__name__):
                code, report, complaint = followed(judge, map(line, recorded))
                self.assertIsNone(code, complaint)
                self.assertEqual(len(report), len(recorded))

    def test_each_change_is_refused(self):
        for judge, number, this, that in CHANGES:
            with self.subTest(f"{judge.__name__} {number}: {that} for {this}"):
                method, url, kind, body, *rest = RECORDED[judge][number]
                changed = [text and text.replace(this, that) for text in (method, url, kind, body)]
                self.assertNotEqual(changed, [method, url, kind, body])
                code, _, _ = followed(judge, [line((*changed, *rest))])
                self.assertIsNotNone(code, "taken for the SDK's")

    def test_a_wrong_credential_header_is_refused(self):
        for judge, number, name in [
            (gitlab_judge, 1, "private-token"),
            (datadog_judge, 1, "dd-application-key"),
            (scaleway_judge, 1, "x-auth-token"),
        ]:
            with self.subTest(name):
                asked = line(RECORDED[judge][number])
                asked["headers"] = [header for header in asked["headers"] if header[0] != name]
                code, _, _ = followed(judge, [asked])
                self.assertIsNotNone(code, "taken for the SDK's")

    def test_a_made_up_scene_must_be_one(self):
        request = RECORDED[auth0_judge][1]
        page = line((*request[:4], 200, "<html>"), scene="a page")
        code, _, _ = followed(auth0_judge, [page])
        self.assertIsNotNone(code)
        code, _, complaint = followed(auth0_judge, [page], "--made-up", "a page")
        self.assertIsNone(code, complaint)
        for true_or_missing in [line(request, scene="a page"), line(request)]:
            code, _, _ = followed(auth0_judge, [true_or_missing], "--made-up", "a page")
            self.assertIsNotNone(code)

    def test_a_foreign_scene_must_be_one(self):
        method, url, *rest = RECORDED[terraform_judge][1]
        hosted = line((method, url.replace("admin/scim-tokens", "scim-configurations/1/tokens"), *rest), scene="hosted")
        code, _, complaint = followed(terraform_judge, [hosted], "--foreign", "hosted")
        self.assertIsNone(code, complaint)
        code, _, _ = followed(terraform_judge, [hosted], "--made-up", "hosted")
        self.assertIsNotNone(code)
        code, _, _ = followed(terraform_judge, [line((method, url, *rest), "hosted")], "--foreign", "hosted")
        self.assertIsNotNone(code)

    def test_an_answer_that_was_lost_is_not_judged(self):
        for answer in [None, {"status": 201, "headers": [], "body": '{"token_i', "torn": True}]:
            code, _, complaint = followed(auth0_judge, [{**line(RECORDED[auth0_judge][2]), "answer": answer}])
            self.assertIsNone(code, complaint)


def line(recorded, scene="good"):
    """As the replay writes it."""
    method, url, kind, body, status, answer, *more = recorded
    headers = [["authorization", "Bearer jwt"], *([["content-type", kind]] if kind else []), *more]
    text = "" if answer is None else json.dumps(answer)
    told = {"status": status, "headers": [["content-type", JSON]] if text else [], "body": text}
    return {"scene": scene, "method": method, "url": url, "headers": headers, "body": body, "answer": told}


def followed(judge, lines, *options):
    """Exit code (`None`: it ended well), report and complaints."""
    said = io.StringIO()
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        file.write("".join(json.dumps(line) + "\n" for line in lines))
        file.flush()
        arguments = ["judge", "follow", file.name, *options]
        with mock.patch("sys.argv", arguments), contextlib.redirect_stdout(said):
            code, complaint = None, ""
            try:
                main(judge.CALLS, dict(judge.SETTINGS))
            except SystemExit as end:
                code, complaint = 1, str(end.code)
    return code, json.loads(said.getvalue() or "[]"), complaint


if __name__ == "__main__":
    unittest.main()
