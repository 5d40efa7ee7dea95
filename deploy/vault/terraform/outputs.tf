output "role_id" {
  description = "For `[vault.auth.approle]` of the configuration; no secret. Null without that role."
  value       = one(vault_approle_auth_backend_role.scim_rotator[*].role_id)
}
