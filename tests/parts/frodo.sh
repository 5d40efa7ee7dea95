#!/usr/bin/env bash
# frodo, Ping's own tool for PingIDM and Advanced Identity Cloud, as $PARTS/frodo/node_modules: tests/judges/openidm_judge.py
# has it send what a vendor file must send.
source "$(dirname "$0")/lib.sh"

build() {
    need node "install Node.js 20 or newer"
    need npm "install npm"
    node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' || cannot "node is older than 20"
    say "installing with npm"
    cp "$pins"/{package.json,package-lock.json} "$1"
    npm --prefix "$1" --silent ci --ignore-scripts --no-audit --no-fund
}

provide package.json package-lock.json
