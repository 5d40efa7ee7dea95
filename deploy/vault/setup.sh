#!/usr/bin/env bash
# Sets up AppRole for scim-rotator: the policies of the daemon and of people, a
# role for the daemon, and a secret-id.
#
#   VAULT_ADDR=... VAULT_TOKEN=... ./setup.sh FILE
#   ./setup.sh --help
#
# Writes a new secret-id to FILE (mode 0600, without a newline) and prints the
# role-id, which is no secret. It makes the folder of FILE if there is none. May
# be run again: it updates policy and role and issues another secret-id. One that
# could not be written to FILE is destroyed. The KV v2 mount `kv` must exist.
#
# A secret-id has a life. Before it ends, run this again: the daemon reads the file
# at each login, so a new one needs no restart (with systemd's LoadCredential=, a
# restart). A token that it holds already goes on living; but after the end no new
# login succeeds, such as the one after a restart. The secret-id before stays valid
# until its own end; if it may have been read, destroy it:
#   vault list auth/approle/role/ROLE/secret-id
#   vault write auth/approle/role/ROLE/secret-id-accessor/destroy secret_id_accessor=...
#
# Settings, with their defaults:
#   ROLE=scim-rotator          name of the role and of the policy; those of people are
#                              ROLE-operator, ROLE-auditor, ROLE-publisher and
#                              ROLE-identifier
#   TOKEN_PERIOD=1h            life of the daemon's token; it renews it without end
#   SECRET_ID_TTL=90d          life of the secret-id; 0: without end
#   BOUND_CIDRS=               where the daemon may come from, such as 10.1.2.3/32;
#                              without it, who has the file can log in from anywhere
set -euo pipefail

usage() {
    sed -e 1d -e '/^[^#]/,$d' -e 's/^# \{0,1\}//' "${BASH_SOURCE[0]}"
}
case "${1:-}" in
    -h | --help) usage; exit 0 ;;
    "" | -*) usage >&2; exit 64 ;;
esac
[ $# -eq 1 ] || { usage >&2; exit 64; }
out=$1
here=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)
vault=${VAULT_BIN:-vault}
role=${ROLE:-scim-rotator}
life=${SECRET_ID_TTL:-90d}

[ -n "${BOUND_CIDRS:-}" ] || printf '%s\n' \
    "warning: everyone who reads $out can log in from any address; bind it to this server, such as BOUND_CIDRS=10.1.2.3/32" >&2
case "$life" in
    0 | 0[smhd]) printf '%s\n' "warning: SECRET_ID_TTL=$life: the secret-id never ends, also when it was stolen" >&2 ;;
esac

# Not through a pipe: `grep -q` ends at the first match, and Vault's own end by SIGPIPE would look like "not mounted".
methods=$("$vault" auth list -format=json)
if [[ $methods != *'"approle/"'* ]]; then
    "$vault" auth enable approle >&2
fi
"$vault" policy write "$role" "$here/scim-rotator.hcl" >&2
# For people, by their own logins; no login has them yet.
for who in operator auditor publisher identifier; do
    "$vault" policy write "$role-$who" "$here/scim-rotator-$who.hcl" >&2
done

# A periodic token lives as long as it is renewed. Without the policy "default":
# the daemon's own policy holds all that it needs. Without num_uses: it would
# run dry.
"$vault" write "auth/approle/role/$role" \
    token_policies="$role" \
    token_no_default_policy=true \
    token_period="${TOKEN_PERIOD:-1h}" \
    token_type=service \
    token_bound_cidrs="${BOUND_CIDRS:-}" \
    secret_id_bound_cidrs="${BOUND_CIDRS:-}" \
    secret_id_ttl="$life" >&2

# Before a secret-id is issued: a place to write it.
folder=$(dirname "$out")
mkdir -p "$folder"
umask 077
[ ! -d "$out" ] || { printf '%s is a folder: name a file\n' "$out" >&2; exit 64; }
new=$(mktemp "$folder/.secret-id.XXXXXX")

accessor=
undo() {
    rm -f "$new"
    [ -z "$accessor" ] || "$vault" write "auth/approle/role/$role/secret-id-accessor/destroy" \
        secret_id_accessor="$accessor" >&2
}
trap undo EXIT

answer=$("$vault" write -f -format=json "auth/approle/role/$role/secret-id")
field() {
    sed -n 's/^ *"'"$1"'": "\([^"]*\)".*/\1/p' <<<"$answer"
}
accessor=$(field secret_id_accessor)
printf %s "$(field secret_id)" >"$new"
[ -s "$new" ] || { echo "no secret-id was issued" >&2; exit 1; }
mv -f "$new" "$out"
accessor=

printf 'role_id = "%s"\n' "$("$vault" read -field=role_id "auth/approle/role/$role/role-id")"
case "$life" in
    0 | 0[smhd]) ;;
    *) printf '%s\n' "The secret-id lives for $life. Before that, run this again: it writes another one to $out." >&2 ;;
esac
