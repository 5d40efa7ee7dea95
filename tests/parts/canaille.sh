#!/usr/bin/env bash
# canaille (OAuth 2 issuer, SCIM service provider and pushing identity provider) as $PARTS/canaille/venv; see
# canaille/setup.sh. In a venv of its own: it does not start with the scim2 packages of today.
# Its lock: printf '%s\n' 'canaille[front,oidc,scim,server,sqlite]==0.3.6' scim2-client==0.7.5 scim2-models==0.6.12,
#           and on as in scim2-server.sh
source "$(dirname "$0")/lib.sh"

build() { venv "$1" requirements.lock; }

provide requirements.lock
