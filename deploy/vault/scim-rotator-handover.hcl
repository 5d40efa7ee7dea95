# What a person may do who writes tokens into an identity provider by hand
# (connections of the kind `manual`): read the token that waits, and say that it is
# written (`ack`). Give it besides scim-rotator-operator.hcl, which holds the right
# to say so in the own name.
#
#   vault policy write scim-rotator-handover scim-rotator-handover.hcl
#
# Name the connections of this person only: who may read what waits there may read
# the next token of every service provider that this connection provisions.
path "kv/data/handover/directory/*" {
  capabilities = ["read"]
}
