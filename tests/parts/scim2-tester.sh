#!/usr/bin/env bash
# scim2-tester, a conformance test of SCIM service providers, as $PARTS/scim2-tester/venv; scim2-tester/check.py runs it.
# In a venv of its own: scim2-server pins other versions of the packages that both use.
# Its lock: printf '%s\n' scim2-tester==0.5.2 'scim2-client[httpx2]==0.13.2', and on as in scim2-server.sh
source "$(dirname "$0")/lib.sh"

build() { venv "$1" requirements.lock; }

provide requirements.lock
