#!/usr/bin/env bash
# The published schema of OCSF 1.7.0 as Python models, as $PARTS/ocsf/venv: what deploy/audit/ocsf.py makes of the
# audit must be an event of it.
# Its lock: echo pydantic-ocsf==3.0.0 | uv pip compile, and on as in scim2-server.sh
source "$(dirname "$0")/lib.sh"

build() { venv "$1" requirements.lock; }

provide requirements.lock
