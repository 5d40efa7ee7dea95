#!/usr/bin/env bash
# How long `identify` takes for a token that is ours and for an unknown string, with a real Vault on this machine. Takes
# some minutes: the daemon reads each token once, and completes the index of fingerprints.
#
#   tests/bench/identify.sh PROGRAM [TOKENS]     of 10000 tokens
#
# PROGRAM is a build for release (deploy/package/program.sh prints its path). Each document of the index is filled to the
# size that it has with ten fingerprints a token. Ends with 1 if an answer takes a second or longer.
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
program=$(realpath "${1:?usage: tests/bench/identify.sh PROGRAM [TOKENS]}")
tokens=${2:-10000}
. "$here/tests/bench/fleet.sh"

# One token is the same under each name: the other entries of the index are made up, so that its documents are as large
# as they are with tokens of their own.
cat >fill.py <<'PY2'
import http.client, json, random, sys

address, count = sys.argv[1].removeprefix("http://"), int(sys.argv[2])
line = http.client.HTTPConnection(address)
letters = "abcdefghijklmnopqrstuvwxyz234567"
draw = random.Random(7)
for number in range(256):
    made = {
        "hmac-" + "".join(draw.choice(letters) for _ in range(26)): [f"t{draw.randrange(count):05}", 1795737600]
        for _ in range(count * 10 // 256)
    }
    body = json.dumps({"data": {"schema": 1, "fingerprints": made}})
    path = f"/v1/kv/data/scim-rotator/facts/.fingerprints-{number:02x}"
    line.request("POST", path, body, {"X-Vault-Token": "root"})
    answer = line.getresponse()
    assert answer.status == 200, answer.read()
    answer.read()
PY2
python3 fill.py "$VAULT_ADDR" "$tokens"

configuration "$tokens" 1h >daemon.toml
"$program" --config daemon.toml run 2>daemon.log &
started+=($!)
is_complete() {
  # It ends with 1: the string is unknown.
  printf '%s' nothing-of-ours | "$program" --config daemon.toml --output json identify >answer.json 2>/dev/null || true
  grep -q '"index_complete_since": *"' answer.json
}
until is_complete; do sleep 5; done

# The best of three, in milliseconds, with the exit code that it must have.
measure() {
  local wanted=$1 best=999999 began took code
  for _ in 1 2 3; do
    began=$(date +%s%N) code=0
    printf '%s' "$2" | "$program" --config daemon.toml --output json identify >answer.json 2>answer.log || code=$?
    took=$((($(date +%s%N) - began) / 1000000))
    if [[ $code != "$wanted" ]]; then
      cat answer.json answer.log
      exit 1
    fi
    if ((took < best)); then best=$took; fi
  done
  printf '%s\n' "$best"
}

ours=$(measure 0 "401 for Authorization: Bearer $made at /Users")
unknown=$(measure 1 "scim_0123456789012345678901234567890123456789")
grep -q '"index_complete_since": *"' answer.json
printf '%s tokens: ours %s ms, unknown %s ms\n' "$tokens" "$ours" "$unknown"
((ours < 1000 && unknown < 1000))
