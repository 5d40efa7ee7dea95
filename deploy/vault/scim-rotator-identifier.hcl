# What a person may do who finds out whose a leaked secret is: compute its keyed
# fingerprint, and compare it with those in the state of every token and in the
# audit. No token can be read or written with it.
#
#   vault policy write scim-rotator-identifier scim-rotator-identifier.hcl
#
# It fits `vault.state_path` kv/scim-rotator; change both together. With the key a
# fingerprint in the audit can be tried against guessed secrets: give this to few.

# The key from which keyed fingerprints are computed.
path "kv/data/scim-rotator/.installation-key" {
  capabilities = ["read"]
}

# The state of each token, without secrets.
path "kv/data/scim-rotator/facts/*" {
  capabilities = ["read"]
}

path "kv/metadata/scim-rotator/facts/*" {
  capabilities = ["list"]
}

# Life of the person's own Vault token, as in Vault's policy "default".
path "auth/token/lookup-self" {
  capabilities = ["read"]
}

path "auth/token/revoke-self" {
  capabilities = ["update"]
}
