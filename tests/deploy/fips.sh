#!/usr/bin/env bash
# Builds the program with the feature `fips` and looks at what came out. Takes as long as a build of everything, so it is
# run by hand, after a change of rustls or aws-lc-rs.
#
#   tests/deploy/fips.sh [PROGRAM]     PROGRAM: built with the feature already
#
# Needs CMake, Go and Perl, and binutils for nm.
set -euo pipefail
cd "$(dirname "$0")/../.."

fail() {
    printf 'fips.sh: %s\n' "$*" >&2
    exit 1
}
for tool in cmake go perl nm python3; do command -v "$tool" >/dev/null || fail "$tool is missing"; done
program=${1:-}
if [[ -z $program ]]; then
    cargo build --locked --features fips --bin scim-rotator
    program=${CARGO_TARGET_DIR:-target}/debug/scim-rotator
fi

"$program" version --output json | python3 -c '
import json, sys
said = json.load(sys.stdin)
assert said["fips_module"] and said["cryptography"].startswith("AWS-LC FIPS "), said
print("  ", said["cryptography"], "module", said["fips_module"])
'
"$program" version | grep -q '^FIPS module:    AWS-LC-FIPS [0-9]' || fail "the table does not name the module"

# Symbols bear the name of the crate that they come from.
work=$(mktemp -d)
vault=
finish() {
    if [[ -n $vault ]]; then kill "$vault" && wait "$vault" || true; fi
    rm -rf "$work"
}
trap finish EXIT
nm "$program" | sed -n 's/.* \(aws_lc_[a-z_]*[0-9]*\)_.*/\1/p' | sort | uniq -c >"$work/symbols"
grep -q aws_lc_fips_ "$work/symbols" || fail "no symbol of the module: $(<"$work/symbols")"
! grep -qv aws_lc_fips_ "$work/symbols" || fail "AWS-LC outside of the module is linked: $(<"$work/symbols")"

# It talks TLS, with a real Vault.
parts=${SCIM_ROTATOR_PARTS:-target/parts}
if [[ ! -x $parts/vault/vault ]]; then
    printf '!! SKIPPED: TLS with a real Vault; tests/parts/vault.sh provides it\n' >&2
    exit
fi
address=127.0.0.1:8787
"$parts/vault/vault" server -dev -dev-tls -dev-tls-cert-dir="$work" -dev-no-store-token -dev-listen-address="$address" \
    -dev-root-token-id=root >"$work/vault.log" 2>&1 &
vault=$!
for _ in {1..100}; do
    ! curl --silent --fail --cacert "$work/vault-ca.pem" "https://$address/v1/sys/health" >/dev/null 2>&1 || break
    sleep 0.1
done
(umask 077 && printf root >"$work/token")
cat >"$work/config.toml" <<TOML
[vault]
address = "https://$address"
state_path = "secret/scim-rotator"
ca_file = "$work/vault-ca.pem"

[vault.auth.token]
token = { file = "$work/token" }

[issuers.admin.operator]
instructions = "Make one."
live_tokens = "many"
issue_effect = "keeps"
lifetime = "90d"

[tokens.crm]
vault_path = "secret/scim/crm"
scim_url = "https://crm.example.com/scim/v2"
issuer = "admin"
TOML
"$program" check --online --config "$work/config.toml" >"$work/said" 2>&1 || fail "$(<"$work/said")"
printf '   TLS with Vault works\n'
