# What a person or pipeline may do that makes tokens by hand (issuers of the kind
# `operator`) and writes them where the daemon takes them up. The value cannot be
# read back with it, nor any other token.
#
#   vault policy write scim-rotator-publisher scim-rotator-publisher.hcl
#
# Name the paths of these tokens only (`tokens.<name>.vault_path`): a token of an
# issuer with an API is not written by people.

path "kv/data/scim/*" {
  capabilities = ["create", "update", "patch"]
}

# The state of each token, without secrets: `status` tells which one is due.
path "kv/data/scim-rotator/facts/*" {
  capabilities = ["read"]
}

# Life of the person's own Vault token, as in Vault's policy "default".
path "auth/token/lookup-self" {
  capabilities = ["read"]
}

path "auth/token/revoke-self" {
  capabilities = ["update"]
}
