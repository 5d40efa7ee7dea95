# What setup.sh does, for those who keep Vault in Terraform: the policies, an
# AppRole for servers, a role for pods. The KV version 2 mount `kv` must exist.
#
#   module "scim_rotator" {
#     source     = "./deploy/vault/terraform"
#     kubernetes = {}
#   }
#
# No secret-id is issued here: Terraform would keep it in its state. Issue it
# on the server that it is for:
#
#   vault write -f -field=secret_id auth/approle/role/scim-rotator/secret-id
#
# It has a life (secret_id_ttl): issue another one before that ends.

resource "vault_policy" "scim_rotator" {
  name   = var.role
  policy = file("${path.module}/../scim-rotator.hcl")
}

# For people, by their own logins; no login has them yet.
resource "vault_policy" "people" {
  for_each = toset(["operator", "auditor", "publisher", "identifier"])

  name   = "${var.role}-${each.key}"
  policy = file("${path.module}/../scim-rotator-${each.key}.hcl")
}

resource "vault_auth_backend" "approle" {
  count = try(var.approle.enable, false) ? 1 : 0

  type = "approle"
  path = var.approle.mount
}

# A periodic token lives as long as it is renewed. Without the policy "default":
# the daemon's own policy holds all that it needs. Without num_uses: it would
# run dry.
resource "vault_approle_auth_backend_role" "scim_rotator" {
  count      = var.approle == null ? 0 : 1
  depends_on = [vault_auth_backend.approle]

  backend                 = var.approle.mount
  role_name               = var.role
  secret_id_ttl           = var.approle.secret_id_ttl
  secret_id_bound_cidrs   = var.approle.bound_cidrs
  token_policies          = [vault_policy.scim_rotator.name]
  token_no_default_policy = true
  token_period            = var.token_period
  token_type              = "service"
  token_bound_cidrs       = var.approle.bound_cidrs
}

check "approle_is_bound" {
  assert {
    condition     = var.approle == null || length(try(var.approle.bound_cidrs, [])) > 0
    error_message = "Everyone who reads the secret-id can log in from any address: set bound_cidrs, such as [\"10.1.2.3/32\"]."
  }
}

resource "vault_kubernetes_auth_backend_role" "scim_rotator" {
  count = var.kubernetes == null ? 0 : 1

  backend                          = var.kubernetes.mount
  role_name                        = var.role
  bound_service_account_names      = var.kubernetes.service_accounts
  bound_service_account_namespaces = var.kubernetes.namespaces
  audience                         = var.kubernetes.audience
  token_policies                   = [vault_policy.scim_rotator.name]
  token_no_default_policy          = true
  token_period                     = var.token_period
  token_type                       = "service"
  token_bound_cidrs                = var.kubernetes.bound_cidrs
}
