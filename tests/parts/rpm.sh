#!/usr/bin/env bash
# What makes and reads packages of RPM, as $PARTS/rpm/bin/{cargo-generate-rpm,rpm,rpmkeys,rpmsign}: the first is built
# from crates.io, the others are Debian's package.
source "$(dirname "$0")/lib.sh"

VERSION=0.21.1

build() {
    local tool
    need cargo "install Rust"
    if ! command -v rpmsign >/dev/null; then debian_packages "rpm" rpm; fi
    say "building cargo-generate-rpm from source (about 3 minutes)"
    # --locked: its own lock file pins everything below it.
    quietly cargo install --locked --quiet --no-track --version "$VERSION" --root "$1" \
        --target-dir "$1/target" cargo-generate-rpm
    rm -rf "$1/target"
    [[ $("$1/bin/cargo-generate-rpm" --version) == *" $VERSION" ]] || fail "cargo-generate-rpm is not $VERSION"
    for tool in rpm rpmkeys rpmsign; do ln -s "$(command -v "$tool")" "$1/bin/$tool"; done
}

provide
