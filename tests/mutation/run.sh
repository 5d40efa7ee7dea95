#!/usr/bin/env bash
# Shows that the net holds: takes one safeguard after the other out of a copy of
# the program, runs the tests of the core and the simulation there, and tells
# which test notices. Ends with 1 when none does.
#
#   tests/mutation/run.sh [NAME]      NAME: one file of tests/mutation, without .patch
#
# Each *.patch says in its first line what it takes out. It is made from what is
# committed; a patch that does not fit any more is a failure too.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$PWD/target/mutation
copy=$work/copy
log=$work/log
mkdir -p "$work"
survivors=()

pattern=${1:-*}
for patch in tests/mutation/$pattern.patch; do
    name=$(basename "$patch" .patch)
    printf '\n== %s: %s\n' "$name" "$(head -n 1 "$patch")"
    if [ ! -d "$copy" ]; then
        git clone --quiet . "$copy"
    fi
    git -C "$copy" fetch --quiet origin
    git -C "$copy" checkout --quiet --force --detach "$(git rev-parse HEAD)"
    git -C "$copy" apply --recount "$PWD/$patch"
    code=0
    (cd "$copy" && CARGO_TARGET_DIR=$work/target RUST_BACKTRACE=0 \
        cargo test --locked --no-fail-fast --test rotation --test simulation) >"$log" 2>&1 || code=$?
    if grep -q '^error: could not compile' "$log" || grep -q '^error\[' "$log"; then
        printf 'the copy does not compile; the log is %s\n' "$log" >&2
        exit 2
    fi
    if [ "$code" -eq 0 ]; then
        survivors+=("$name")
        printf '   NOBODY NOTICED\n'
    else
        sed -n 's/^test \(.*\) \.\.\. FAILED$/   noticed by \1/p' "$log"
    fi
done

if [ "${#survivors[@]}" -gt 0 ]; then
    printf '\nnot noticed: %s\n' "${survivors[*]}" >&2
    exit 1
fi
printf '\nevery safeguard that was taken out was missed by a test\n'
