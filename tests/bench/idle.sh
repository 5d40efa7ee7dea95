#!/usr/bin/env bash
# What idle tokens cost the daemon: the share of a core and the resident memory, with a real Vault and a real service
# provider on this machine. Takes some twenty minutes.
#
#   tests/bench/idle.sh PROGRAM [TOKENS] [SECONDS]     of 10000 tokens, measured over 300 s
#
# PROGRAM is a build for release (deploy/package/program.sh prints its path). Printed are the share while no record is
# read, what reading each of them once costs, and from both the share with the hourly read of all (`limits.sweep`).
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
program=$(realpath "${1:?usage: tests/bench/idle.sh PROGRAM [TOKENS] [SECONDS]}")
tokens=${2:-10000} seconds=${3:-300}
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

configuration "$tokens" 1h >daemon.toml
"$program" --config daemon.toml run 2>daemon.log &
daemon=$!
started+=("$daemon")

memory() { awk '/VmRSS/ {printf "%.0f", $2 / 1024}' "/proc/$daemon/status"; }
# Hundredths of a second on any core since the start.
ran() { sed 's/.*) //' "/proc/$daemon/stat" | awk '{print $12 + $13}'; }
# Prints the seconds of work in a time of so many seconds.
measure() {
  local before
  before=$(ran)
  sleep "$seconds"
  python3 -c "print(($(ran) - $before) / 100)"
}

# The start ends with the facts of each token.
while [[ $("$vault" kv list -format=json -mount=kv scim-rotator/facts 2>/dev/null | grep -c '"t') -lt $tokens ]]; do sleep 2; done
sleep 30
idle=$(measure)
resident=$(memory)

# The configuration is read again, after which each token is read once in a time of measuring.
configuration "$tokens" "${seconds}s" >daemon.toml
kill -HUP "$daemon"
sleep 90
reading=$(measure)
after=$(memory)
for _ in 1 2 3; do curl -sS "http://$served/metrics" | wc -c >scrape; done
sleep 5
python3 - <<PY
idle, reading = $idle, $reading
share = lambda work: f"{work / $seconds * 100:.3f} % of a core"
print("$tokens idle tokens")
print(f"no record is read:           {share(idle)} ({idle:.2f} s in $seconds s), $resident MiB")
print(f"each is read once:           {share(reading)} ({reading:.2f} s in $seconds s), $after MiB")
print(f"so with a read of all an hour: {(idle / $seconds + (reading - idle) / 3600) * 100:.3f} % of a core")
print(f"after three scrapes:         $(memory) MiB; {$(cat scrape) / 2**20:.1f} MiB each")
PY
if [[ -s daemon.log ]]; then
  printf 'The daemon said:\n'
  tail -n 5 daemon.log
fi
