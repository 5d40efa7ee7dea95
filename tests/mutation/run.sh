#!/usr/bin/env bash
# Shows that the net holds: takes one safeguard after the other out of a copy of
# the program, runs the tests of the core and the simulation there, and prints a
# table that tells which test noticed. Ends with 1 when none does.
#
#   tests/mutation/run.sh [NAME]      NAME: one file of tests/mutation, without .patch
#   tests/mutation/run.sh --check     only whether every patch still fits
#
# Each *.patch says in its first line what it takes out. The copy is made from
# what is committed; a patch that does not fit any more is a failure too.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
work=$root/target/mutation
copy=$work/copy
log=$work/log
table=$work/table
mkdir -p "$work"
: >"$table"
survivors=()

if [ "${1:-}" = --check ]; then
    for patch in tests/mutation/*.patch; do
        git apply --check --recount "$patch" || {
            printf '%s does not fit any more: make it anew, so that the safeguard is still shown to be tested\n' "$patch" >&2
            exit 1
        }
        printf '   fits: %s\n' "$(head -n 1 "$patch")"
    done
    exit 0
fi

# The copy stands at the last commit, with one patch.
prepare() {
    if [ ! -d "$copy" ]; then
        git clone --quiet . "$copy"
    fi
    git -C "$copy" fetch --quiet origin
    git -C "$copy" checkout --quiet --force --detach "$(git rev-parse HEAD)"
    git -C "$copy" apply --recount "$root/$1"
}

for patch in tests/mutation/${1:-*}.patch; do
    name=$(basename "$patch" .patch)
    safeguard=$(head -n 1 "$patch")
    printf '\n== %s: %s\n' "$name" "$safeguard"
    prepare "$patch"
    code=0
    # Without the pairs: a program that lacks a safeguard runs in circles in many of them, and takes its time.
    (cd "$copy" && CARGO_TARGET_DIR=$work/target RUST_BACKTRACE=0 \
        cargo test --locked --no-fail-fast --test rotation --test simulation -- \
        --skip exhaustive::every_pair_of_troubles) >"$log" 2>&1 || code=$?
    if grep -q '^error: could not compile' "$log" || grep -q '^error\[' "$log"; then
        printf 'the copy does not compile; the log is %s\n' "$log" >&2
        exit 2
    fi
    noticed=$(sed -n 's/^test \(.*\) \.\.\. FAILED$/\1/p' "$log" | sort -u)
    if [ "$code" -eq 0 ] || [ -z "$noticed" ]; then
        survivors+=("$name")
        noticed='NOBODY'
    fi
    sed 's/^/   noticed by /' <<<"$noticed"
    while read -r test; do
        printf '| %-60s | %s |\n' "$safeguard" "$test" >>"$table"
        safeguard=''
    done <<<"$noticed"
done

printf '\n| %-60s | %s |\n| %s | %s |\n' 'taken out' 'noticed by' \
    "$(printf -- '-%.0s' {1..60})" '---'
cat "$table"
if [ "${#survivors[@]}" -gt 0 ]; then
    printf '\nnot noticed: %s\n' "${survivors[*]}" >&2
    exit 1
fi
printf '\nevery safeguard that was taken out was missed by a test\n'
