# What the daemon (and `once`) may do in Vault, and nothing else. People get the
# policies beside this one: scim-rotator-operator.hcl, scim-rotator-auditor.hcl,
# scim-rotator-publisher.hcl, scim-rotator-handover.hcl, scim-rotator-identifier.hcl.
#
#   vault policy write scim-rotator scim-rotator.hcl
#
# It fits this configuration; change both together:
#   vault.state_path             kv/scim-rotator
#   tokens.<name>.vault_path     kv/scim/...
#   connections.<name>.manual.vault_path   kv/handover/<name>
#   credentials of the callers   kv/scim-rotator-callers/...
# `scim-rotator check --online` names every line that is missing.

# The records: one secret a token. They hold tokens; only the daemon needs them.
# With the facts, the bell, the switch of all tokens, the last lines of the audit and
# the notes of what people were told, which hold none.
# No "delete": CAS numbers start anew after it, and a rotation could be lost.
path "kv/data/scim-rotator/*" {
  capabilities = ["create", "read", "update"]
}

# The key from which the fingerprints of secrets in the audit are computed. The
# daemon makes it once. No "update": nothing overwrites it, since every
# fingerprint that was written down would mean nothing then.
path "kv/data/scim-rotator/.installation-key" {
  capabilities = ["create", "read"]
}

# What people ask for. The daemon reads it, with who wrote it, and writes below
# its own name only: for commands that are given with its login.
path "kv/data/scim-rotator/requests/*" {
  capabilities = ["read"]
}

path "kv/metadata/scim-rotator/requests/*" {
  capabilities = ["list", "read"]
}

path "kv/data/scim-rotator/requests/{{identity.entity.id}}/*" {
  capabilities = ["create", "read", "update"]
}

# The published tokens. Their readers get a policy of their own with "read".
path "kv/data/scim/*" {
  capabilities = ["create", "read", "update"]
}

# Who wrote a version of a published token (Vault 1.21 and newer), so that alarms
# name that person. Without it they name no person.
path "kv/metadata/scim/*" {
  capabilities = ["read"]
}

# Where tokens wait for the person who writes them into an identity provider
# (connections of the kind `manual`): kv/handover/<connection>/<token>. They are
# removed with all their versions when they are written. Who does the work gets a
# policy of their own with "read" below that connection.
path "kv/data/handover/+/+" {
  capabilities = ["create", "read", "update"]
}

path "kv/metadata/handover/+/+" {
  capabilities = ["delete"]
}

# Credentials for the administrative calls to issuers and identity providers.
# Read only: a daemon that could write them could lock everybody out.
path "kv/data/scim-rotator-callers/*" {
  capabilities = ["read"]
}

# A credential that another engine of Vault makes, { vault = "engine/creds/role#field", lease = true },
# needs its own path and the renewal of its Vault lease. `scim-rotator check --online` prints both lines; such as:
#
#   path "terraform/creds/scim" { capabilities = ["read"] }
#   path "sys/leases/renew" { capabilities = ["update"] }
#
# Our token is then not revoked at the end, since the credential would end with it: both run out.

# An issuer of the kind `vault_dynamic` has an engine of Vault make tokens; config/issuers/vault_dynamic.toml
# shows the token role `scim-leases`. It needs such lines (the last two with `list = true`):
#
#    path "consul/creds/scim" { capabilities = ["read"] }
#    path "sys/leases/renew" { capabilities = ["update"] }
#    path "sys/leases/revoke" { capabilities = ["update"] }
#    path "auth/token/create/scim-leases" { capabilities = ["update"] }
#    path "sys/leases/lookup" { capabilities = ["update"] }
#    path "sys/leases/lookup/consul/creds/scim/" { capabilities = ["list", "sudo"] }

# An `oauth2` issuer with `refresh` writes each new refresh token back; such as:
#
#    path "kv/data/scim-rotator-refresh/*" { capabilities = ["create", "read", "update"] }

# Life of our own token. Vault's policy "default" allows these too; they stand
# here so that the role can leave that policy out.
path "auth/token/lookup-self" {
  capabilities = ["read"]
}

path "auth/token/renew-self" {
  capabilities = ["update"]
}

path "auth/token/revoke-self" {
  capabilities = ["update"]
}

# The question "what may I do?", asked before anything is rotated.
path "sys/capabilities-self" {
  capabilities = ["update"]
}
