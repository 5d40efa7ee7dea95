#!/usr/bin/env bash
# checkov (policies over manifests and the image file, offline with --skip-download) as $PARTS/checkov/venv/bin/checkov.
# Its lock: checkov==3.3.30, as in scim2-server.sh
source "$(dirname "$0")/lib.sh"

build() { venv "$1" requirements.lock; }

provide requirements.lock
