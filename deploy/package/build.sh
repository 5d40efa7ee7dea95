#!/usr/bin/env bash
# Makes the Debian package of this machine's release and architecture.
#
#   deploy/package/build.sh [FOLDER]     puts it into FOLDER (default: target/debian) and prints its path
#
# Needs cargo-deb (`cargo install --locked cargo-deb`) and dpkg-dev. Settings, with their defaults:
#   PROGRAM=                   the program, built already; default: it is built for release
#   PACKAGE_VERSION=           version of the package; default: the one in Cargo.toml
#   FAST=                      not empty: less compression, for a package that nobody keeps
set -euo pipefail
cd "$(dirname "$0")/../.."

out=$(realpath -m "${1:-target/debian}")
program=${PROGRAM:-}
if [[ -z $program ]]; then
    program=$(deploy/package/program.sh)
fi

# Manual pages and completions come out of the program itself, so they say what it does.
made=target/package
rm -rf "$made"
mkdir -p "$made/completions" "$out"
strip --strip-debug -o "$made/scim-rotator" "$program"
"$program" man --folder "$made/man"
"$program" completions bash >"$made/completions/scim-rotator.bash"
"$program" completions zsh >"$made/completions/_scim-rotator"
deploy/package/sbom.sh >"$made/sbom.cdx.json"
"$program" completions fish >"$made/completions/scim-rotator.fish"

options=(--no-build --no-strip --locked --quiet --output "$out/")
[[ -z ${PACKAGE_VERSION:-} ]] || options+=(--deb-version "$PACKAGE_VERSION")
[[ -z ${FAST:-} ]] || options+=(--fast)
cargo deb "${options[@]}"
