#!/usr/bin/env bash
# Fuzzes one target (tests/fuzz/targets) for so many seconds.
#
#   tests/fuzz/run.sh TARGET SECONDS [FOLDER]
#
#   TARGET   configuration, vendor_file, template, place, record, jwt,
#            retry_after, date, time, challenge or scim_body
#   FOLDER   where new inputs, findings and the log go (target/fuzz-out/TARGET)
#
# It needs the stable toolchain of this repository and a C++ compiler (for
# libFuzzer, which cargo downloads as the crate libfuzzer-sys). It begins with
# corpus/TARGET and ends with 0 when nothing was found. An input with which
# something does not hold is written to FOLDER/finding-*: copy it to
# corpus/TARGET under a name that says what it is, see it fail in
# `cargo test --test fuzz`, then fix the fault.
#
#   tests/fuzz/run.sh --build              only builds
#   tests/fuzz/run.sh --minimize TARGET FOLDER
#                                          copies those inputs of FOLDER that
#                                          reach something new to FOLDER-small
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
usage() {
  sed -e 1d -e '/^[^#]/,$d' -e 's/^# \{0,1\}//' "$0"
}

build() {
  (cd "$here" && CARGO_TARGET_DIR="$root/target/fuzz" RUSTC_WRAPPER="$here/rustc.sh" \
    cargo build --quiet)
}
fuzzer=$root/target/fuzz/debug/fuzzer

# Words of the target's language, one a line, as libFuzzer wants them.
words() {
  local list=$here/words/$1
  [ -f "$list" ] && printf '%s\n' "-dict=$list"
  return 0
}

case "${1:-}" in
  -h | --help) usage; exit 0 ;;
  --build) build; exit 0 ;;
  --minimize)
    target=${2:?which target?} folder=${3:?which folder?}
    build
    mkdir -p "$folder-small"
    SCIM_ROTATOR_FUZZ_TARGET=$target "$fuzzer" -merge=1 -timeout=20 "$folder-small" \
      "$here/corpus/$target" "$folder"
    exit 0
    ;;
esac
[ $# -ge 2 ] || { usage >&2; exit 64; }
target=$1 seconds=$2 folder=${3:-$root/target/fuzz-out/$1}
[ -d "$here/corpus/$target" ] || { printf 'there is no target `%s`\n' "$target" >&2; exit 64; }
build
mkdir -p "$folder/new"

# Besides the corpus: what ships of the same kind.
seeds=("$here/corpus/$target")
case "$target" in
  configuration) seeds+=("$root/config/issuers" "$root/config/connections") ;;
  vendor_file) seeds+=("$root"/config/vendors/{issuers,connections} "$root"/tests/vendors/files/{issuers,connections}) ;;
esac
mapfile -t options < <(words "$target")
export SCIM_ROTATOR_FUZZ_TARGET=$target
exec "$fuzzer" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=1024 -max_len=16384 \
  -print_final_stats=1 -artifact_prefix="$folder/finding-" "${options[@]}" \
  "$folder/new" "${seeds[@]}"
