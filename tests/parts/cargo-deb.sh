#!/usr/bin/env bash
# cargo-deb, which makes the Debian package, as $PARTS/cargo-deb/bin/cargo-deb: built from crates.io.
source "$(dirname "$0")/lib.sh"

VERSION=3.8.0

build() {
    need cargo "install Rust"
    command -v dpkg-shlibdeps >/dev/null || debian_packages "dpkg-shlibdeps" dpkg-dev
    say "building from source (about 2 minutes)"
    # --locked: its own lock file pins everything below it.
    quietly cargo install --locked --quiet --no-track --version "$VERSION" --root "$1" \
        --target-dir "$1/target" cargo-deb
    rm -rf "$1/target"
    "$1/bin/cargo-deb" --version >/dev/null
    ln -s "$(command -v dpkg-shlibdeps)" "$1/bin/dpkg-shlibdeps"
}

provide
