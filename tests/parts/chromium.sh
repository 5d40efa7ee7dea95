#!/usr/bin/env bash
# Chromium, as $PARTS/chromium/bin/chromium: that of the machine, installed by apt-get when it lacks one; with
# playwright-core, which drives it, axe-core, which judges pages, and ajv and an OpenAPI validator, which judge JSON, from npm, as
# $PARTS/chromium/node_modules.
source "$(dirname "$0")/lib.sh"

build() {
    need node "install Node.js 20 or newer"
    need npm "install npm"
    node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' || cannot "node is older than 20"
    # Debian's fonts, so that text and its contrast are what a person sees.
    command -v chromium >/dev/null || debian_packages Chromium chromium fonts-dejavu-core
    say "installing with npm"
    cp "$pins"/{package.json,package-lock.json} "$1"
    npm --prefix "$1" --silent ci --ignore-scripts --no-audit --no-fund
    mkdir "$1/bin"
    ln -s "$(command -v chromium)" "$1/bin/chromium"
}

provide package.json package-lock.json
