"""Requests that more vendors' SDKs send too, with their answers, and small changes to them; the tables of
test_follow.py say how they are read."""

import base64

import authentik_judge
import cloudflare_judge
import databricks_judge
import datadog_judge
import descope_judge
import gitlab_judge
import okta_judge
import scaleway_judge
import stytch_judge
import zitadel_judge
from known_answers import ANSWERS

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
BASIC = "Basic " + base64.b64encode(b"client%2Fid:secret%2B1").decode()
DESCOPE = [("authorization", "Bearer P2abcdefghijklmnopqrstuvwxyz:key")]
CLOUDFLARE_BODY = (
    '{"name": "n", "expires_on": "2027-01-26T00:00:00Z", "policies": [{"effect": "allow",'
    ' "permission_groups": [{"id": "c8fe"}], "resources": {"com.cloudflare.api.account.1": "*"}}]}'
)
SEARCH = '{"pagination": {"offset": 0, "limit": 1000, "asc": true}, "filters": [{"userIdFilter": {"id": "163"}}]}'


def recorded(vendor, call, host, kind=None, body="", query="", headers=()):
    """That call with the answer of known_answers.py, which is the vendor's."""
    request, status, answer = ANSWERS[vendor][call]
    method, path = request.split()
    return (method, f"https://{host}{path}{query}", kind, body, status, answer, *headers)


STYTCH_BODY = '{"organization_id": "organization-live-1", "connection_id": "scim-connection-live-1"}'
RECORDED = {
    okta_judge: [
        recorded("okta", "read", "acme.okta.com"),
        recorded(
            "okta",
            "save",
            "acme.okta.com",
            JSON,
            '{"baseUrl": "https://sp.example.com", "profile": {"authScheme": "TOKEN", "token": "t"}}',
            "?activate=true",
        ),
        recorded("okta", "activate", "acme.okta.com"),
        recorded("okta", "create_secret", "acme.okta.com", JSON, "{}"),
        recorded("okta", "list_secrets", "acme.okta.com"),
        recorded("okta", "get_secret", "acme.okta.com"),
        recorded("okta", "deactivate_secret", "acme.okta.com"),
        recorded("okta", "delete_secret", "acme.okta.com"),
    ],
    authentik_judge: [
        recorded("authentik", "provider", "sso.example.com"),
        recorded("authentik", "save", "sso.example.com", JSON, '{"token": "t"}'),
        recorded("authentik", "status", "sso.example.com"),
        recorded("authentik", "set_key", "sso.example.com", JSON, '{"key": "t"}'),
    ],
    cloudflare_judge: [
        recorded("cloudflare", "create", "api.cloudflare.com", JSON, CLOUDFLARE_BODY),
        recorded("cloudflare", "list", "api.cloudflare.com", query="?per_page=50&page=2"),
        recorded("cloudflare", "delete", "api.cloudflare.com"),
        recorded(
            "cloudflare",
            "save_application",
            "api.cloudflare.com",
            JSON,
            '{"type": "saas", "scim_config": {"idp_uid": "i"}}',
        ),
    ],
    databricks_judge: [
        recorded(
            "databricks",
            "login",
            "dbc.example.com",
            FORM,
            "grant_type=client_credentials&scope=all-apis",
            headers=[("authorization", BASIC)],
        ),
        recorded(
            "databricks",
            "create",
            "dbc.example.com",
            JSON,
            '{"application_id": "a", "comment": "c", "lifetime_seconds": 5184000, "scopes": ["scim"]}',
        ),
        recorded("databricks", "list", "dbc.example.com"),
        recorded("databricks", "create_secret", "dbc.example.com", JSON, '{"lifetime": "5184000s"}'),
        recorded("databricks", "list_secrets", "dbc.example.com", query="?page_token=p"),
        recorded("databricks", "delete_secret", "dbc.example.com"),
    ],
    gitlab_judge: [
        recorded(
            "gitlab",
            "create",
            "gitlab.com",
            JSON,
            '{"name": "n", "scopes": ["read_api"], "access_level": 10, "expires_at": "2027-01-26"}',
            headers=[("private-token", "t")],
        ),
        recorded("gitlab", "list", "gitlab.com", query="?state=active&per_page=100", headers=[("private-token", "t")]),
        recorded("gitlab", "delete", "gitlab.com", headers=[("private-token", "t")]),
    ],
    datadog_judge: [
        recorded(
            "datadog",
            "create",
            "api.datadoghq.com",
            JSON,
            '{"data": {"type": "application_keys", "attributes": {"name": "n", "scopes": ["s"]}}}',
            headers=[("dd-api-key", "a"), ("dd-application-key", "b")],
        ),
        recorded(
            "datadog",
            "list",
            "api.datadoghq.com",
            query="?page%5Bsize%5D=100&page%5Bnumber%5D=1",
            headers=[("dd-api-key", "a"), ("dd-application-key", "b")],
        ),
    ],
    stytch_judge: [
        recorded(
            "stytch",
            "read",
            "api.stytch.com",
            query="?organization_id=organization-live-1",
            headers=[("authorization", BASIC)],
        ),
        recorded("stytch", "start", "api.stytch.com", JSON, STYTCH_BODY, headers=[("authorization", BASIC)]),
    ],
    scaleway_judge: [
        recorded("scaleway", "create", "api.scaleway.com", JSON, "{}", headers=[("x-auth-token", "k")]),
        recorded(
            "scaleway",
            "list",
            "api.scaleway.com",
            query="?order_by=created_at_asc&page=1&page_size=100",
            headers=[("x-auth-token", "k")],
        ),
        recorded("scaleway", "delete", "api.scaleway.com", headers=[("x-auth-token", "k")]),
    ],
    zitadel_judge: [
        recorded(
            "zitadel", "create", "z.example.com", JSON, '{"userId": "163", "expirationDate": "2027-01-26T00:00:00Z"}'
        ),
        recorded("zitadel", "search", "z.example.com", JSON, SEARCH),
        recorded("zitadel", "remove", "z.example.com", JSON, '{"userId": "163", "tokenId": "318"}'),
    ],
    descope_judge: [
        recorded("descope", "load", "api.descope.com", headers=DESCOPE),
        recorded(
            "descope",
            "update",
            "api.descope.com",
            JSON,
            '{"appId": "SA2", "version": 3, "configuration": {"host": "https://sp.example.com"}}',
            headers=DESCOPE,
        ),
        recorded("descope", "delete_key", "api.descope.com", JSON, '{"id": "K2"}', headers=DESCOPE),
    ],
}

CHANGES = [
    (okta_judge, 1, "?activate=true", "?activated=true"),
    (okta_judge, 1, '"TOKEN"', '"OAUTH2"'),
    (okta_judge, 1, "POST", "PUT"),
    (okta_judge, 2, "/lifecycle/activate", "/activate"),
    (okta_judge, 3, "/secrets", "/secret"),
    (okta_judge, 3, "{}", '{"name": "n"}'),
    (okta_judge, 4, "/secrets", "/secrets?limit=2"),
    (okta_judge, 6, "/lifecycle/deactivate", "/deactivate"),
    (okta_judge, 7, "DELETE", "POST"),
    (authentik_judge, 0, "/scim/7/", "/scim/7"),
    (authentik_judge, 1, "PATCH", "PUT"),
    (authentik_judge, 1, '"token"', '"bearer_token"'),
    (authentik_judge, 3, '"key"', '"token"'),
    (cloudflare_judge, 0, "expires_on", "expires_at"),
    (cloudflare_judge, 0, '"name": "n", ', ""),
    (cloudflare_judge, 1, "per_page", "page_size"),
    (cloudflare_judge, 2, "DELETE", "POST"),
    (cloudflare_judge, 3, '"saas"', '"saas", "updated_at": "2026-06-01T00:00:00Z"'),
    (databricks_judge, 0, "scope=", "scopes="),
    (databricks_judge, 0, "/oidc/v1/", "/oidc/v2/"),
    (databricks_judge, 1, "lifetime_seconds", "lifetime"),
    (databricks_judge, 1, '"scopes": ["scim"]', '"scope": "scim"'),
    (databricks_judge, 2, "/tokens", "/tokens?limit=2"),
    (databricks_judge, 3, '"5184000s"', "5184000"),
    (databricks_judge, 4, "page_token", "next_page_token"),
    (gitlab_judge, 0, "acme%2Fplatform", "acme/platform"),
    (gitlab_judge, 0, '"name"', '"label"'),
    (gitlab_judge, 2, "DELETE", "POST"),
    (datadog_judge, 0, "application_keys", "application_key"),
    (datadog_judge, 0, '"scopes"', '"scope"'),
    (datadog_judge, 1, "page%5Bnumber%5D", "page"),
    (stytch_judge, 0, "?organization_id=organization-live-1", ""),
    (stytch_judge, 1, '"connection_id": "scim-connection-live-1"', '"connection": "scim-connection-live-1"'),
    (stytch_judge, 1, "/rotate/start", "/rotate"),
    (scaleway_judge, 0, "{}", '{"expires_at": "2027-01-26T00:00:00Z"}'),
    (scaleway_judge, 1, "page_size", "per_page"),
    (scaleway_judge, 2, "/scim-tokens/", "/scim/tokens/"),
    (zitadel_judge, 0, "expirationDate", "expiration"),
    (zitadel_judge, 1, "userIdFilter", "userFilter"),
    (zitadel_judge, 1, "1000", '"1000"'),
    (zitadel_judge, 2, '"tokenId": "318"', '"id": "318"'),
    (descope_judge, 0, "/scim/", "/scim/load/"),
    (descope_judge, 1, '"version"', '"revision"'),
    (descope_judge, 2, '"id": "K2"', '"ids": ["K2"]'),
]
