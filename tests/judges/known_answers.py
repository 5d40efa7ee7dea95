"""What more vendors answer to the calls of their judges, and small lies about it; the tables of test_judges.py say how
they are read."""

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

JUDGES = {
    "okta": okta_judge,
    "authentik": authentik_judge,
    "cloudflare": cloudflare_judge,
    "databricks": databricks_judge,
    "gitlab": gitlab_judge,
    "datadog": datadog_judge,
    "stytch": stytch_judge,
    "scaleway": scaleway_judge,
    "zitadel": zitadel_judge,
    "descope": descope_judge,
}

TIME, LATER = "2026-11-27T00:00:00Z", "2027-01-26T00:00:00Z"
OKTA = "/api/v1/apps/0oa1gjh63g214q0Hq0g4/connections/default"
OKTA_CONNECTION = {
    "authScheme": "TOKEN",
    "status": "ENABLED",
    "baseUrl": "https://sp.example.com/scim/v2",
    "profile": {"authScheme": "TOKEN"},
    "_links": {"self": {"href": "https://acme.okta.com/x", "hints": {"allow": ["GET", "POST"]}}},
}
OKTA_APP = {
    "id": "0oa1gjh63g214q0Hq0g4",
    "name": "okta_org2org",
    "label": "CRM",
    "status": "ACTIVE",
    "signOnMode": "AUTO_LOGIN",
    "features": ["PUSH_NEW_USERS"],
}
OKTA_SECRETS = "/api/v1/apps/0oa1gjh63g214q0Hq0g4/credentials/secrets"
OKTA_SECRET = {
    "id": "ocs2f4zrZbs8nUa7p0g4",
    "status": "ACTIVE",
    "client_secret": "DRUFXGF9XbLn",
    "secret_hash": "FpCwXwSjTRQ",
    "created": TIME,
    "lastUpdated": TIME,
    "_links": {"deactivate": {"href": "https://acme.okta.com/x", "hints": {"allow": ["POST"]}}},
}
OKTA_ERROR = {"errorCode": "E0000001", "errorSummary": "s", "errorLink": "E0000001", "errorId": "o", "errorCauses": []}
AUTHENTIK = "/api/v3/providers/scim/7/"
AUTHENTIK_PROVIDER = {
    "pk": 7,
    "name": "crm",
    "component": "ak-provider-scim-form",
    "assigned_backchannel_application_slug": "crm",
    "assigned_backchannel_application_name": "CRM",
    "verbose_name": "SCIM Provider",
    "verbose_name_plural": "SCIM Providers",
    "meta_model_name": "authentik_providers_scim.scimprovider",
    "url": "https://sp.example.com/scim/v2",
    "auth_mode": "token",
    "auth_oauth_token_last_updated": None,
    "auth_oauth_token_expires": None,
    "auth_oauth_url_callback": None,
    "auth_oauth_url_start": None,
}
AUTHENTIK_PAGE = {
    "next": 0,
    "previous": 0,
    "count": 1,
    "current": 1,
    "total_pages": 1,
    "start_index": 1,
    "end_index": 1,
}
CLOUDFLARE = "/client/v4/accounts/023e105f4ecef8ad9ca31a8372d0c353"
CLOUDFLARE_APP = f"{CLOUDFLARE}/access/apps/f174e90a-fafe-4643-bbbc-4a0ed4fc8415"
CLOUDFLARE_TOKEN = {
    "id": "ed17",
    "name": "scim-rotator",
    "status": "active",
    "issued_on": TIME,
    "modified_on": TIME,
    "last_used_on": None,
    "expires_on": LATER,
    "policies": [{"id": "f267", "effect": "allow", "permission_groups": [{"id": "c8fe"}], "resources": {"a": "*"}}],
}
CLOUDFLARE_APPLICATION = {
    "id": "f174e90a-fafe-4643-bbbc-4a0ed4fc8415",
    "type": "saas",
    "name": "crm",
    "scim_config": {
        "idp_uid": "2f8a",
        "remote_uri": "https://sp.example.com/scim/v2",
        "authentication": {"scheme": "oauthbearertoken", "token": "REDACTED"},
    },
}
DATABRICKS = "/api/2.0/token-management"
DATABRICKS_TOKEN = {"token_id": "9a01", "creation_time": 1795737600000, "expiry_time": -1, "comment": "c"}
SECRETS = "/api/2.0/accounts/servicePrincipals/4917520163789012/credentials/secrets"
SECRET = {"id": "8b33", "create_time": TIME, "expire_time": LATER, "status": "ACTIVE", "secret_hash": "h"}
GITLAB = "/api/v4/groups/acme%2Fplatform/access_tokens"
GITLAB_TOKEN = {
    "id": 42,
    "name": "scim-rotator",
    "revoked": False,
    "created_at": "2026-11-27T00:00:00.120Z",
    "scopes": ["read_api"],
    "user_id": 166,
    "last_used_at": None,
    "active": True,
    "expires_at": "2027-01-26",
    "access_level": 10,
}
DATADOG = "/api/v2/service_accounts/00000000-0000-1234-0000-000000000000/application_keys"
DATADOG_KEY = {
    "id": "11111111-0000-1234-0000-000000000000",
    "type": "application_keys",
    "attributes": {"name": "scim-rotator", "created_at": TIME, "last4": "abcd", "last_used_at": None},
}
DATADOG_NEW = {**DATADOG_KEY, "attributes": {"name": "scim-rotator", "created_at": TIME, "last4": "abcd", "key": "k"}}
STYTCH = "/v1/b2b/scim/organization-live-1/connection"
STYTCH_CONNECTION = {
    "organization_id": "organization-live-1",
    "connection_id": "scim-connection-live-1",
    "status": "active",
    "display_name": "crm",
    "base_url": "https://api.stytch.com/v1/b2b/scim/scim-connection-live-1",
    "identity_provider": "okta",
    "bearer_token_last_four": "abcd",
    "bearer_token_expires_at": LATER,
    "scim_group_implicit_role_assignments": [],
}
STYTCH_OK = {"status_code": 200, "request_id": "r"}
STYTCH_NOW = {**STYTCH_OK, "connection": {**STYTCH_CONNECTION, "next_bearer_token_last_four": ""}}
STYTCH_NEXT = {**STYTCH_OK, "connection": {**STYTCH_CONNECTION, "next_bearer_token": "n"}}
SCALEWAY = "/iam/v1alpha1/scim"
SCALEWAY_TOKEN = {"id": "3333", "scim_id": "1111", "created_at": TIME, "expires_at": LATER}
ZITADEL = "/zitadel.user.v2.UserService"
ZITADEL_TOKEN = {"id": "318", "userId": "163", "organizationId": "1", "creationDate": TIME, "expirationDate": LATER}
DESCOPE = {"configuration": {"appId": "SA2", "configuration": {}, "enabled": True, "version": 3, "failures": "0"}}


def cloudflare(result, **more):
    return {"success": True, "errors": [], "messages": [], "result": result, **more}


ANSWERS = {
    "okta": {
        "read": (f"GET {OKTA}", 200, OKTA_CONNECTION),
        "save": (f"POST {OKTA}", 200, OKTA_CONNECTION),
        "activate": (f"POST {OKTA}/lifecycle/activate", 204, None),
        "list_apps": ("GET /api/v1/apps", 200, [OKTA_APP]),
        "create_secret": (f"POST {OKTA_SECRETS}", 201, OKTA_SECRET),
        "list_secrets": (f"GET {OKTA_SECRETS}", 200, [OKTA_SECRET]),
        "get_secret": (f"GET {OKTA_SECRETS}/ocs2f4zrZbs8nUa7p0g4", 200, OKTA_SECRET),
        "deactivate_secret": (
            f"POST {OKTA_SECRETS}/ocs2f4zrZbs8nUa7p0g4/lifecycle/deactivate",
            200,
            {**OKTA_SECRET, "status": "INACTIVE"},
        ),
        "delete_secret": (f"DELETE {OKTA_SECRETS}/ocs2f4zrZbs8nUa7p0g4", 204, None),
    },
    "authentik": {
        "provider": (f"GET {AUTHENTIK}", 200, AUTHENTIK_PROVIDER),
        "providers": (
            "GET /api/v3/providers/scim/",
            200,
            {"pagination": AUTHENTIK_PAGE, "results": [AUTHENTIK_PROVIDER], "autocomplete": {}},
        ),
        "save": (f"PATCH {AUTHENTIK}", 200, AUTHENTIK_PROVIDER),
        "status": (
            f"GET {AUTHENTIK}sync/status/",
            200,
            {"is_running": False, "last_successful_sync": TIME, "last_sync_status": "info"},
        ),
        "set_key": ("POST /api/v3/core/tokens/ak-source-scim-1/set_key/", 204, None),
    },
    "cloudflare": {
        "create": (f"POST {CLOUDFLARE}/tokens", 200, cloudflare({**CLOUDFLARE_TOKEN, "value": "cfat"})),
        "list": (f"GET {CLOUDFLARE}/tokens", 200, cloudflare([CLOUDFLARE_TOKEN], result_info={"page": 1})),
        "get": (f"GET {CLOUDFLARE}/tokens/ed17", 200, cloudflare(CLOUDFLARE_TOKEN)),
        "delete": (f"DELETE {CLOUDFLARE}/tokens/ed17", 200, cloudflare({"id": "ed17"})),
        "application": (f"GET {CLOUDFLARE_APP}", 200, cloudflare(CLOUDFLARE_APPLICATION)),
        "list_applications": (
            f"GET {CLOUDFLARE}/access/apps",
            200,
            cloudflare([CLOUDFLARE_APPLICATION], result_info={"page": 1}),
        ),
        "save_application": (f"PUT {CLOUDFLARE_APP}", 200, cloudflare(CLOUDFLARE_APPLICATION)),
    },
    "databricks": {
        "login": ("POST /oidc/v1/token", 200, {"access_token": "a", "token_type": "Bearer", "expires_in": 3600}),
        "create": (
            f"POST {DATABRICKS}/on-behalf-of/tokens",
            200,
            {"token_value": "dapi", "token_info": DATABRICKS_TOKEN},
        ),
        "list": (f"GET {DATABRICKS}/tokens", 200, {"token_infos": [DATABRICKS_TOKEN]}),
        "get": (f"GET {DATABRICKS}/tokens/9a01", 200, {"token_info": DATABRICKS_TOKEN}),
        "delete": (f"DELETE {DATABRICKS}/tokens/9a01", 200, {}),
        "create_secret": (f"POST {SECRETS}", 200, {**SECRET, "secret": "dose"}),
        "list_secrets": (f"GET {SECRETS}", 200, {"secrets": [SECRET]}),
        "delete_secret": (f"DELETE {SECRETS}/8b33", 200, {}),
    },
    "gitlab": {
        "create": (f"POST {GITLAB}", 201, {**GITLAB_TOKEN, "token": "glpat"}),
        "list": (f"GET {GITLAB}", 200, [GITLAB_TOKEN]),
        "get": (f"GET {GITLAB}/42", 200, GITLAB_TOKEN),
        "delete": (f"DELETE {GITLAB}/42", 204, None),
    },
    "datadog": {
        "create": (f"POST {DATADOG}", 201, {"data": DATADOG_NEW}),
        "list": (f"GET {DATADOG}", 200, {"data": [DATADOG_KEY]}),
        "get": (f"GET {DATADOG}/{DATADOG_KEY['id']}", 200, {"data": DATADOG_KEY}),
        "delete": (f"DELETE {DATADOG}/{DATADOG_KEY['id']}", 204, None),
    },
    "stytch": {
        "read": (f"GET {STYTCH}", 200, STYTCH_NOW),
        "start": (f"POST {STYTCH}/scim-connection-live-1/rotate/start", 200, STYTCH_NEXT),
        "complete": (f"POST {STYTCH}/scim-connection-live-1/rotate/complete", 200, STYTCH_NOW),
        "cancel": (f"POST {STYTCH}/scim-connection-live-1/rotate/cancel", 200, STYTCH_NOW),
    },
    "scaleway": {
        "create": (
            f"POST {SCALEWAY}/11111111-1111-4111-8111-111111111111/tokens",
            200,
            {"bearer_token": "b", "token": SCALEWAY_TOKEN},
        ),
        "list": (
            f"GET {SCALEWAY}/11111111-1111-4111-8111-111111111111/tokens",
            200,
            {"scim_tokens": [SCALEWAY_TOKEN], "total_count": 1},
        ),
        "delete": (f"DELETE {SCALEWAY}-tokens/3333", 204, None),
    },
    "zitadel": {
        "create": (
            f"POST {ZITADEL}/AddPersonalAccessToken",
            200,
            {"creationDate": TIME, "tokenId": "318", "token": "z"},
        ),
        "search": (
            f"POST {ZITADEL}/ListPersonalAccessTokens",
            200,
            {"pagination": {"totalResult": "1", "appliedLimit": "1000"}, "result": [ZITADEL_TOKEN]},
        ),
        "remove": (f"POST {ZITADEL}/RemovePersonalAccessToken", 200, {"deletionDate": TIME}),
    },
    "descope": {
        "load": ("GET /v1/mgmt/outbound/scim/SA2abcdefghijklmnopqrstuvwxyz", 200, DESCOPE),
        "update": ("POST /v1/mgmt/outbound/scim/update", 200, DESCOPE),
        "delete_key": ("POST /v1/mgmt/accesskey/delete", 200, {}),
    },
}
IDS = {
    "cloudflare": {"id": "ed17"},
    "databricks": {"id": "9a01", "secret": "8b33"},
    "scaleway": {"id": "3333"},
}

LIES = [
    ("okta", "read", "profile", ...),
    ("okta", "read", "status", "PAUSED"),
    ("okta", "read", "authScheme", "UNKNOWN"),
    ("okta", "save", "profile/token", "t"),
    ("okta", "activate", "", {}),
    ("okta", "create_secret", "client_secret", ...),
    ("okta", "create_secret", "id", 5),
    ("okta", "create_secret", "expires", TIME),
    ("okta", "list_secrets", "0/status", "REVOKED"),
    ("okta", "list_secrets", "0/created", "yesterday"),
    ("okta", "list_secrets", "", {"secrets": []}),
    ("okta", "get_secret", "id", ...),
    ("okta", "deactivate_secret", "status", "ACTIVE"),
    ("okta", "delete_secret", "", {}),
    ("authentik", "provider", "verbose_name", ...),
    ("authentik", "provider", "auth_mode", "bearer"),
    ("authentik", "provider", "pk", "7"),
    ("authentik", "save", "token", "t"),
    ("authentik", "status", "tasks", ["t"]),
    ("authentik", "status", "last_sync_status", "successful"),
    ("authentik", "set_key", "", {"key": "t"}),
    ("cloudflare", "create", "result/value", ...),
    ("cloudflare", "create", "success", ...),
    ("cloudflare", "create", "result/policies/0/effect", "permit"),
    ("cloudflare", "list", "result_info", ...),
    ("cloudflare", "list", "result/0/token", "cfat"),
    ("cloudflare", "list", "result/0/status", "revoked"),
    ("cloudflare", "get", "result/expires_on", "2027-01-26"),
    ("cloudflare", "delete", "result/id", ...),
    ("cloudflare", "application", "result/type", ...),
    ("cloudflare", "application", "result/scim_config/idp_uid", ...),
    ("cloudflare", "save_application", "result/scim_config/authentication/scheme", "bearer"),
    ("databricks", "login", "expires_in", ...),
    ("databricks", "create", "token_value", ...),
    ("databricks", "create", "token_info/expiry_time", "2027-01-26T00:00:00Z"),
    ("databricks", "list", "token_infos/0/token_value", "dapi"),
    ("databricks", "list", "", {"tokens": []}),
    ("databricks", "create_secret", "secret", ...),
    ("databricks", "list_secrets", "secrets/0/secret", "dose"),
    ("databricks", "list_secrets", "secrets/0/expire_time", "tomorrow"),
    ("gitlab", "create", "token", ...),
    ("gitlab", "create", "id", "42"),
    ("gitlab", "list", "0/expires_at", "2027-01-26T00:00:00Z"),
    ("gitlab", "list", "0/token", "glpat"),
    ("gitlab", "get", "label", "x"),
    ("gitlab", "delete", "", {}),
    ("datadog", "create", "data/attributes/key", ...),
    ("datadog", "create", "data/type", "application_key"),
    ("datadog", "list", "data/0/attributes/key", "k"),
    ("datadog", "list", "data/0/attributes/expires_at", LATER),
    ("datadog", "get", "data/attributes/created_at", 1795737600),
    ("stytch", "read", "status_code", 201),
    ("stytch", "read", "connection/status", ...),
    ("stytch", "start", "connection/next_bearer_token", ...),
    ("stytch", "start", "connection/bearer_token", "t"),
    ("stytch", "complete", "connection/bearer_token_expires_at", "tomorrow"),
    ("scaleway", "create", "bearer_token", ...),
    ("scaleway", "create", "token/name", "x"),
    ("scaleway", "list", "scim_tokens", ...),
    ("scaleway", "list", "scim_tokens/0/expires_at", "2027-01-26"),
    ("scaleway", "list", "total_count", "1"),
    ("zitadel", "create", "token", ...),
    ("zitadel", "create", "expirationDate", LATER),
    ("zitadel", "search", "pagination", ...),
    ("zitadel", "search", "result/0/id", 318),
    ("zitadel", "search", "result/0/expirationDate", "tomorrow"),
    ("zitadel", "remove", "details", {"sequence": "1"}),
    ("descope", "load", "configuration/appId", ...),
    ("descope", "load", "configuration/version", "three"),
    ("descope", "update", "configuration/host", "https://sp.example.com"),
]

ERRORS = {
    "okta": ("read", OKTA_ERROR),
    "authentik": ("provider", {"detail": "d", "code": "c"}),
    "cloudflare": ("list", {"success": False, "errors": [{"code": 1, "message": "m"}], "messages": [], "result": None}),
    "databricks": ("list", {"error_code": "RESOURCE_CONFLICT", "message": "m"}),
    "gitlab": ("list", {"message": "409 Conflict"}),
    "datadog": ("list", {"errors": ["Conflict"]}),
    "stytch": (
        "read",
        {"status_code": 409, "request_id": "r", "error_type": "t", "error_message": "m", "error_url": "u"},
    ),
    "scaleway": ("list", {"type": "conflict", "message": "m"}),
    "zitadel": ("search", {"code": "already_exists", "message": "m"}),
    "descope": ("load", {"errorCode": "E1", "errorDescription": "d"}),
}
