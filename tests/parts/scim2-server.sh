#!/usr/bin/env bash
# scim2-server, a second SCIM service provider, as $PARTS/scim2-server/venv; scim2-server/tokens.py gives it tokens.
# Its lock: echo scim2-server==0.8.3 | uv pip compile - --universal --python-version 3.11 --generate-hashes \
#           --no-header --no-emit-index-url --only-binary :all: -o requirements.lock
source "$(dirname "$0")/lib.sh"

build() { venv "$1" requirements.lock; }

provide requirements.lock
