#!/usr/bin/env bash
# Builds the committed source twice, in two folders, and shows that both programs are the same to the byte and hold no
# path of this machine. Takes as long as two builds for release.
#
#   deploy/package/reproduce.sh [PROGRAM]     compares them with PROGRAM too
set -euo pipefail
cd "$(dirname "$0")/../.."

given=${1:-}
# As release.sh has it.
export SCIM_ROTATOR_REVISION=${SCIM_ROTATOR_REVISION-$(git rev-parse HEAD)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    printf 'reproduce.sh: %s\n' "$*" >&2
    exit 1
}
for folder in first a/second/place; do
    mkdir -p "$work/$folder"
    git archive HEAD | tar -x -C "$work/$folder"
    # Each has a folder of its own to build in.
    program=$(env -u CARGO_TARGET_DIR "$work/$folder/deploy/package/program.sh")
    cp "$program" "$work/$(basename "$folder").program"
    rm -rf "$work/$folder"
done
sha256sum "$work"/*.program ${given:+"$given"}
cmp "$work/first.program" "$work/place.program" || fail "two builds of the same source differ"
[[ -z $given ]] || cmp "$work/first.program" "$given" || fail "$given is not what this source gives"

for path in "$work" "$HOME" "${CARGO_HOME:-$HOME/.cargo}" "$(rustc --print sysroot)"; do
    found=$(grep --text --count --fixed-strings "$path/" "$work/first.program" || true)
    [[ $found == 0 ]] || fail "$path stands in the program, on $found lines"
done
printf 'Both builds are the same, and hold no path of this machine.\n'
