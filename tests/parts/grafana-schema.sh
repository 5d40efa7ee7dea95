#!/usr/bin/env bash
# The types that Grafana publishes for its dashboards (@grafana/schema, Apache-2.0; Grafana itself is under the AGPL), and
# TypeScript, as $PARTS/grafana-schema/node_modules: tests/judges/grafana.mjs judges the dashboards by them.
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
