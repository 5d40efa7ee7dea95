#!/usr/bin/env bash
# Lets the pods of scim-rotator log in to Vault by their service account: the policies, the login method and a role.
#
#   VAULT_ADDR=... VAULT_TOKEN=... ./setup-kubernetes.sh
#
# `kubectl` must be logged in to the cluster of the pods. For a Vault outside of that cluster, apply
# deploy/kubernetes/vault-reviewer first: with that account Vault asks the cluster whose token it was shown. May be run
# again. The KV v2 mount `kv` must exist.
#
# Settings, with their defaults:
#   ROLE=scim-rotator              name of the role and of the policy; people have ROLE-operator, ROLE-auditor, ROLE-publisher, ROLE-identifier
#   NAMESPACE=scim-rotator         where the pods run
#   SERVICE_ACCOUNT=scim-rotator   as whom
#   AUDIENCE=vault                 whom their tokens are for, as in the Deployment
#   MOUNT=kubernetes               where the method is mounted; one mount for each cluster
#   IN_CLUSTER=                    `yes`: Vault runs in the same cluster and asks with its own account
#   TOKEN_PERIOD=1h                life of the daemon's token; it renews it without end
set -euo pipefail

here=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)
vault=${VAULT_BIN:-vault}
role=${ROLE:-scim-rotator}
mount=${MOUNT:-kubernetes}

# Not through a pipe: `grep -q` ends at the first match, and Vault's own end by SIGPIPE would look like "not mounted".
methods=$("$vault" auth list -format=json)
if [[ $methods != *"\"$mount/\""* ]]; then
    "$vault" auth enable -path="$mount" kubernetes
fi
"$vault" policy write "$role" "$here/scim-rotator.hcl"
# For people, by their own logins; no login has them yet.
for who in operator auditor publisher identifier; do
    "$vault" policy write "$role-$who" "$here/scim-rotator-$who.hcl"
done

if [ "${IN_CLUSTER:-}" = yes ]; then
    "$vault" write "auth/$mount/config" kubernetes_host=https://kubernetes.default.svc
else
    reviewer() {
        kubectl --namespace=vault-reviewer get secret vault-reviewer --output="jsonpath={.data.$1}" | base64 --decode
    }
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    # Through files: arguments can be read by everybody on this machine.
    (umask 077 && reviewer token >"$folder/token" && reviewer 'ca\.crt' >"$folder/ca.crt")
    [ -s "$folder/token" ] || { echo "apply deploy/kubernetes/vault-reviewer first" >&2; exit 1; }
    "$vault" write "auth/$mount/config" \
        kubernetes_host="$(kubectl config view --minify --output='jsonpath={.clusters[0].cluster.server}')" \
        kubernetes_ca_cert=@"$folder/ca.crt" \
        token_reviewer_jwt=@"$folder/token" \
        disable_local_ca_jwt=true
fi

# A periodic token lives as long as it is renewed. Without the policy "default": the daemon's own policy holds all that
# it needs. Without num_uses: it would run dry.
"$vault" write "auth/$mount/role/$role" \
    bound_service_account_names="${SERVICE_ACCOUNT:-scim-rotator}" \
    bound_service_account_namespaces="${NAMESPACE:-scim-rotator}" \
    audience="${AUDIENCE:-vault}" \
    token_policies="$role" \
    token_no_default_policy=true \
    token_period="${TOKEN_PERIOD:-1h}" \
    token_type=service
