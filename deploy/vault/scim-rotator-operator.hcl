# What a person may do who operates scim-rotator: see the state of every token,
# and ask for rotations and pauses. No token can be read or written with it.
#
#   vault policy write scim-rotator-operator scim-rotator-operator.hcl
#
# It fits `vault.state_path` kv/scim-rotator; change both together. Give it to
# people by their login (OIDC, LDAP, userpass): a request is written in the name
# of the login's entity.

# The state of each token, without secrets: `status` and `plan`.
path "kv/data/scim-rotator/facts/*" {
  capabilities = ["read"]
}

path "kv/metadata/scim-rotator/facts/*" {
  capabilities = ["list"]
}

# Requests in the own name: `rotate`, `pause`, `resume`, `ack`, `adopt`. Vault puts the id of the
# person's entity here, so that no person can ask in another's name.
path "kv/data/scim-rotator/requests/{{identity.entity.id}}/*" {
  capabilities = ["create", "read", "update"]
}

# The bell, by which the daemon notices a request within seconds. It holds names
# only, and nothing that is written there is believed.
path "kv/data/scim-rotator/.bell" {
  capabilities = ["create", "read", "update"]
}

# Life of the person's own Vault token, as in Vault's policy "default".
path "auth/token/lookup-self" {
  capabilities = ["read"]
}

path "auth/token/revoke-self" {
  capabilities = ["update"]
}
