# What a person may do who audits scim-rotator: see the state of every token and
# who has asked for what, and verify the audit against the last lines in Vault. Nothing can be changed with it, and no token read.
#
#   vault policy write scim-rotator-auditor scim-rotator-auditor.hcl
#
# It fits `vault.state_path` kv/scim-rotator; change both together.

# The state of each token, without secrets: `status`, `plan`, `history` and `report`.
path "kv/data/scim-rotator/facts/*" {
  capabilities = ["read"]
}

path "kv/metadata/scim-rotator/facts/*" {
  capabilities = ["list"]
}

# What people have asked for, with who wrote it.
path "kv/data/scim-rotator/requests/*" {
  capabilities = ["read"]
}

path "kv/metadata/scim-rotator/requests/*" {
  capabilities = ["list", "read"]
}

# The last line of each replica's audit: `audit verify --against-vault`.
path "kv/data/scim-rotator/audit/*" {
  capabilities = ["read"]
}

path "kv/metadata/scim-rotator/audit/*" {
  capabilities = ["list"]
}

# Life of the person's own Vault token, as in Vault's policy "default".
path "auth/token/lookup-self" {
  capabilities = ["read"]
}

path "auth/token/revoke-self" {
  capabilities = ["update"]
}
