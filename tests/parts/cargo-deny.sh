#!/usr/bin/env bash
# cargo-deny, which holds .cargo/deny.toml, as $PARTS/cargo-deny/bin/cargo-deny: built from crates.io.
source "$(dirname "$0")/lib.sh"

VERSION=0.20.2

build() {
    need cargo "install Rust"
    say "building from source (about 5 minutes)"
    # --locked: its own lock file pins everything below it. Without what fetches advisories, which lie outside the
    # package registries.
    quietly cargo install --locked --quiet --no-track --version "$VERSION" --root "$1" \
        --target-dir "$1/target" cargo-deny
    rm -rf "$1/target"
    "$1/bin/cargo-deny" --version >/dev/null
}

provide
