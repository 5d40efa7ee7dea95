#!/usr/bin/env bash
# better-auth with its SCIM plug-in (a service provider with managed credentials) as $PARTS/better-auth/server.mjs.
source "$(dirname "$0")/lib.sh"

build() {
    need node "install Node.js 20 or newer"
    need npm "install npm"
    node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' || cannot "node is older than 20"
    say "installing with npm"
    # The server goes beside node_modules, since Node looks for packages upwards from the file that imports them.
    cp "$pins"/{package.json,package-lock.json,server.mjs} "$1"
    # --legacy-peer-deps: the plug-in and the core disagree on a peer, the lock settles it.
    npm --prefix "$1" --silent ci --legacy-peer-deps --ignore-scripts --no-audit --no-fund
}

provide package.json package-lock.json server.mjs
