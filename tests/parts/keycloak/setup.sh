#!/usr/bin/env bash
# setup.sh URL ADMIN PASSWORD REALM CLIENT_ID SECRET LIFESPAN_SECONDS: in the Keycloak that runs at URL, a realm with
# the SCIM API switched on and an OAuth client that may use it; its tokens live for LIFESPAN_SECONDS.
#
# Start one with (nothing is kept; kc.sh has a child, so stop it by SIGTERM or by its process group):
#   KC_BOOTSTRAP_ADMIN_USERNAME=ADMIN KC_BOOTSTRAP_ADMIN_PASSWORD=PASSWORD \
#     $PARTS/keycloak/bin/kc.sh start --optimized --http-port=PORT
# and wait until GET URL/realms/master answers 200. Prints the URLs that a test needs.
set -euo pipefail
[[ $# == 7 ]] || { echo "usage: setup.sh URL ADMIN PASSWORD REALM CLIENT_ID SECRET LIFESPAN_SECONDS" >&2; exit 2; }
exec python3 - "$@" <<'PYTHON'
import json
import sys
import urllib.error
import urllib.parse
import urllib.request

url, admin, password, realm, client_id, secret, lifespan = sys.argv[1:]
url = url.rstrip("/")
scim = f"{url}/realms/{realm}/scim/v2"
# Loopback must not go through a proxy that the environment names.
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
headers = {}


def call(method, path, body=None, form=None):
    data = urllib.parse.urlencode(form).encode() if form else body and json.dumps(body).encode()
    kind = {"Content-Type": "application/json"} if body else {}
    request = urllib.request.Request(url + path, data, {**headers, **kind}, method=method)
    try:
        with opener.open(request, timeout=60) as reply:
            text = reply.read()
            return json.loads(text) if text else None
    except urllib.error.HTTPError as error:
        sys.exit(f"setup.sh: {method} {path}: {error.code} {error.read().decode(errors='replace')[:300]}")


login = {"grant_type": "password", "client_id": "admin-cli", "username": admin, "password": password}
token = call("POST", "/realms/master/protocol/openid-connect/token", form=login)["access_token"]
headers["Authorization"] = f"Bearer {token}"

call("POST", "/admin/realms", {"realm": realm, "enabled": True, "scimApiEnabled": True})
base = f"/admin/realms/{realm}"
call("POST", f"{base}/clients", {
    "clientId": client_id,
    "secret": secret,
    "serviceAccountsEnabled": True,
    "standardFlowEnabled": False,
    "attributes": {"access.token.lifespan": lifespan},
    # The SCIM API takes only tokens that are meant for it.
    "protocolMappers": [{
        "name": "scim-audience",
        "protocol": "openid-connect",
        "protocolMapper": "oidc-audience-mapper",
        "config": {"included.custom.audience": scim, "access.token.claim": "true"},
    }],
})


def client(name):
    return call("GET", f"{base}/clients?clientId={urllib.parse.quote(name)}")[0]["id"]


account = call("GET", f"{base}/clients/{client(client_id)}/service-account-user")["id"]
management = client("realm-management")
role = call("GET", f"{base}/clients/{management}/roles/manage-users")
call("POST", f"{base}/users/{account}/role-mappings/clients/{management}", [role])

oauth = f"{url}/realms/{realm}/protocol/openid-connect"
print(json.dumps({"scim": scim, "token": f"{oauth}/token", "revoke": f"{oauth}/revoke"}))
PYTHON
