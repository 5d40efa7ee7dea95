#!/usr/bin/env bash
# Vendors' own SDKs as $PARTS/judges/venv: what they send is what a vendor file must send, what they decode is proof of
# its replay; tests/judges has the scripts that ask them.
# Its lock: printf '%s\n' msgraph-sdk==1.65.0 auth0-python==6.8.0 pytfe==1.5.0 okta==3.4.6 authentik-client==2026.8.5 \
#           cloudflare==5.9.0 databricks-sdk==0.162.0 python-gitlab==8.6.0 datadog-api-client==2.62.0 stytch==15.3.0 \
#           scaleway==2.12.0 zitadel-client==4.1.9 descope==2.16.1, and on as in scim2-server.sh
source "$(dirname "$0")/lib.sh"

build() { venv "$1" requirements.lock; }

provide requirements.lock
