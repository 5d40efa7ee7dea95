#!/usr/bin/env bash
# setup.sh DIR PORT [PUSH_URL PUSH_TOKEN]: a fresh canaille in DIR (new or empty), to be served on 127.0.0.1:PORT.
#
# Always: DIR/canaille, the `canaille` command bound to this instance; DIR/client.json, an OAuth client that may take
#   tokens by client credentials: {"base", "client_id", "client_secret"}.
# With PUSH_URL (the SCIM base of a service provider): an outward connection to it, client `sp`, whose bearer token is
#   PUSH_TOKEN (token id `px1`), and a user `alice`. Every change of a user is pushed there.
# Nothing is left running. What to run next is printed.
set -euo pipefail
source_dir=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
parts=${SCIM_ROTATOR_PARTS:-target/parts}
[[ $parts == /* ]] || parts=$source_dir/$parts
venv=$parts/canaille/venv
[[ -x $venv/bin/canaille ]] || { echo "setup.sh: canaille is not there; run tests/parts/canaille.sh" >&2; exit 1; }
[[ $# == 2 || $# == 4 ]] || { echo "usage: setup.sh DIR PORT [PUSH_URL PUSH_TOKEN]" >&2; exit 2; }

umask 077
mkdir -p "$1"
dir=$(cd -P "$1" && pwd)
port=$2
secret() { python3 -c 'import secrets; print(secrets.token_urlsafe(32))'; }

cat >"$dir/canaille" <<EOF
#!/bin/sh
# Plain http is for loopback only. The variables are canaille's own.
CANAILLE_CONFIG='$dir/canaille.toml' AUTHLIB_INSECURE_TRANSPORT=1 exec '$venv/bin/canaille' "\$@"
EOF
chmod 700 "$dir/canaille"

jwk=$("$venv/bin/python" -c '
import json
from joserfc.jwk import RSAKey
key = RSAKey.generate_key(2048, auto_kid=True)
print(", ".join(f"{name} = {json.dumps(value)}" for name, value in key.as_dict(private=True).items()))')
cat >"$dir/canaille.toml" <<EOF
SECRET_KEY = "$(secret)"
# Requests under another host and port are redirected: it must be the address of \`run --bind\`.
SERVER_NAME = "127.0.0.1:$port"
PREFERRED_URL_SCHEME = "http"

[CANAILLE]
DATABASE = "sql"

[CANAILLE_SQL]
DATABASE_URI = "sqlite:///$dir/canaille.sqlite"

[CANAILLE_OIDC]
ACTIVE_JWKS = [{ $jwk }]

[CANAILLE_SCIM]
ENABLE_SERVER = true
ENABLE_CLIENT = true
EOF

client_secret=$(secret)
{
    "$dir/canaille" install
    "$dir/canaille" create client --client-id rotator --client-secret "$client_secret" --client-name rotator \
        --grant-types client_credentials --token-endpoint-auth-method client_secret_basic \
        --scope openid --scope profile
    if [[ $# == 4 ]]; then
        "$dir/canaille" create client --client-id sp --client-secret "$(secret)" --client-name sp --client-uri "$3"
        "$dir/canaille" create token --client sp --token-id px1 --access-token "$4" --type access_token \
            --lifetime 864000 --issue-date "$(date -u +%FT%T+00:00)" --scope openid
        "$dir/canaille" create user --user-name alice --family-name Example --emails alice@example.com
    fi
} >"$dir/setup.log" 2>&1 || { cat "$dir/setup.log" >&2; exit 1; }
printf '{"base": "http://127.0.0.1:%s", "client_id": "rotator", "client_secret": "%s"}\n' "$port" "$client_secret" \
    >"$dir/client.json"

cat <<EOF
serve:       $dir/canaille run --bind 127.0.0.1:$port
token:       curl -u rotator:SECRET -d grant_type=client_credentials http://127.0.0.1:$port/oauth/token
revoke:      curl -u rotator:SECRET -d token=TOKEN http://127.0.0.1:$port/oauth/revoke
SCIM base:   http://127.0.0.1:$port/scim/v2
EOF
if [[ $# == 4 ]]; then
    cat <<EOF
new token outward: $dir/canaille set token px1 --access-token TOKEN
a push:            $dir/canaille set user alice --display-name NAME
EOF
fi
