# A fleet of tokens for the measurements beside this file, which source it: a real Vault and a real service provider, one
# token that the program adopted, and its record and published secret under so many names. The sourcing script sets
# `program`, `tokens` and `here` (the root of the repository). This leaves `configuration`, `VAULT_ADDR`, `served`
# (where a daemon shall listen), `made` (the token), `started` (processes that end with the script) and the current
# directory, a temporary one.
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
