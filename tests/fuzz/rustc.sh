#!/usr/bin/env bash
# The compiler as `run.sh` has cargo call it: what parses input of other people
# is compiled with the counters that tell the fuzzer which code an input reached.
# Everything else stays as it is, so that only these counters guide the search.
set -euo pipefail
rustc=$1
shift
crate=
for ((i = 1; i < $#; i++)); do
  if [ "${!i}" = --crate-name ]; then
    next=$((i + 1))
    crate=${!next}
    break
  fi
done
case "$crate" in
  fuzzer | scim_rotator | toml | toml_parser | serde_spanned | minijinja | serde_json | jiff | url)
    exec "$rustc" "$@" \
      -C passes=sancov-module \
      -C llvm-args=-sanitizer-coverage-level=4 \
      -C llvm-args=-sanitizer-coverage-inline-8bit-counters \
      -C llvm-args=-sanitizer-coverage-pc-table \
      -C llvm-args=-sanitizer-coverage-trace-compares
    ;;
  *) exec "$rustc" "$@" ;;
esac
