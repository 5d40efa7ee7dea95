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
parts=${SCIM_ROTATOR_PARTS:-$here/target/parts}
vault=$parts/vault/vault python=$parts/scim2-server/venv/bin/python

work=$(mktemp -d)
started=()
finish() {
  for process in "${started[@]}"; do kill "$process" 2>/dev/null || true; done
  wait
  rm -rf "$work"
}
trap finish EXIT
cd "$work"
# These are what the unit and the image set.
export MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=131072
export VAULT_TOKEN=root

port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
VAULT_ADDR=http://127.0.0.1:$(port)
export VAULT_ADDR
served=127.0.0.1:$(port)
"$vault" server -dev -dev-root-token-id=root -dev-no-store-token -dev-listen-address="${VAULT_ADDR#http://}" >vault.log 2>&1 &
started+=($!)
"$python" "$here/tests/parts/scim2-server/tokens.py" --port 0 >provider.log 2>&1 &
started+=($!)
until "$vault" status >/dev/null 2>&1 && grep -q listening provider.log; do sleep 0.2; done
provider=$(grep -o 'http://[0-9.:]*' provider.log | head -1)
"$vault" secrets enable -path=kv -version=2 kv >/dev/null

made=$(curl -sS "$provider/_tokens" -d '{"ttl": 34560000}' | python3 -c 'import json, sys; print(json.load(sys.stdin)["token"])')
printf '%s' "$made" | "$vault" kv put -mount=kv scim/t00000 token=- \
  issued_at="$(date -u +%FT%TZ)" expires_at="$(date -u -d '+390 days' +%FT%TZ)" >/dev/null

# Prints a configuration of so many tokens, read every so often.
configuration() {
  cat <<TOML
[vault]
address = "$VAULT_ADDR"
state_path = "kv/scim-rotator"
auth.token.token = { env = "VAULT_TOKEN" }
[server]
listen = "$served"
[log]
filter = "warn"
[limits]
sweep = "$2"
[defaults]
environment = "test"
probe_every = "30d"
overlap = "31d"
[issuers.sp.operator]
live_tokens = "many"
issue_effect = "keeps"
lifetime = "390d"
instructions = "Settings > Tokens > New"
TOML
  for name in $(seq -f 't%05g' 0 $(($1 - 1))); do
    printf '[tokens.%s]\nvault_path = "kv/scim/%s"\nscim_url = "%s/v2"\nissuer = "sp"\nconnections = []\n' \
      "$name" "$name" "$provider"
  done
}

# One token is adopted; its record and its published secret are copied to the names of the others.
configuration 1 1h >daemon.toml
"$program" --config daemon.toml once --timeout 2m >once.log
cat >copy.py <<'PY'
import concurrent.futures, http.client, json, sys

address, count = sys.argv[1].removeprefix("http://"), int(sys.argv[2])
HEAD = {"X-Vault-Token": "root"}


def call(line, method, path, body=None):
    line.request(method, "/v1/kv/data/" + path, body, HEAD)
    answer = line.getresponse()
    text = answer.read()
    assert answer.status == 200, (answer.status, text)
    return json.loads(text)["data"]


def copy(names):
    line = http.client.HTTPConnection(address)
    first = {folder: json.dumps(call(line, "GET", f"{folder}/t00000")["data"]) for folder in ("scim-rotator", "scim")}
    for name in names:
        for folder, text in first.items():
            call(line, "POST", f"{folder}/{name}", '{"data": %s}' % text.replace("t00000", name))


names = [f"t{number:05}" for number in range(1, count)]
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    list(pool.map(copy, [names[start::4] for start in range(4)]))
PY
python3 copy.py "$VAULT_ADDR" "$tokens"

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
