#!/usr/bin/env bash
# Builds the program for release, so that the same source gives the same bytes wherever and whenever it is built.
#
#   deploy/package/program.sh     prints the path of the program; FEATURES=fips builds it with that feature
#
# No path of the machine that builds is left in it: those of the source, of the registry, of the toolchain and of the
# folder that is built in are replaced by fixed names, in Rust and in C. reproduce.sh shows both.
set -euo pipefail
cd "$(dirname "$0")/../.."

here=$PWD
home=$(realpath -m "${CARGO_HOME:-$HOME/.cargo}")
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
toolchain=$(rustc --print sysroot)
# The last that fits counts.
names=("$toolchain=/toolchain" "$here=/scim-rotator" "$target=/target" "$home=/cargo")

flags=()
c_flags=
for name in "${names[@]}"; do
    flags+=("--remap-path-prefix=$name")
    c_flags+=" -ffile-prefix-map=$name"
done
# Separated by a character that no path has.
CARGO_ENCODED_RUSTFLAGS=$(IFS=$'\x1f'; printf '%s' "${flags[*]}")
export CARGO_ENCODED_RUSTFLAGS
export CFLAGS="${CFLAGS:-}$c_flags" CXXFLAGS="${CXXFLAGS:-}$c_flags"
export CARGO_INCREMENTAL=0 SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-0}"
cargo build --locked --release --features "${FEATURES:-}" --bin scim-rotator >&2
printf '%s\n' "$target/release/scim-rotator"
