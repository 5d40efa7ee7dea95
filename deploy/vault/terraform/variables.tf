variable "role" {
  description = "Name of the policy and of the roles; the policies of people begin with it."
  type        = string
  default     = "scim-rotator"
}

variable "token_period" {
  description = "Life of the daemon's own Vault token, in seconds. It renews it without end."
  type        = number
  default     = 3600

  validation {
    condition     = var.token_period >= 600
    error_message = "A token of less than ten minutes raises ScimRotatorVaultAuthExpiring between two renewals."
  }
}

variable "approle" {
  description = "The role for servers; null for none. `enable` enables the login method at `mount`, which must not be there yet then. `secret_id_ttl` is in seconds: 90 days unless said otherwise, 0 is without end; issue another secret-id before it ends. `bound_cidrs` says where the daemon may come from; without it, everyone who reads the secret-id can log in from any address, and a plan warns of it."
  type = object({
    mount         = optional(string, "approle")
    enable        = optional(bool, false)
    secret_id_ttl = optional(number, 7776000)
    bound_cidrs   = optional(list(string), [])
  })
  default = {}
}

variable "kubernetes" {
  description = "The role for pods; null for none. The login method at `mount` belongs to the cluster and must be there. `audience` is that of the projected token."
  type = object({
    mount            = optional(string, "kubernetes")
    namespaces       = optional(list(string), ["scim-rotator"])
    service_accounts = optional(list(string), ["scim-rotator"])
    audience         = optional(string, "vault")
    bound_cidrs      = optional(list(string), [])
  })
  default = null

  validation {
    condition     = var.kubernetes == null ? true : !contains(concat(var.kubernetes.namespaces, var.kubernetes.service_accounts), "*")
    error_message = "With \"*\" any pod could take the tokens: name the namespaces and the service accounts."
  }
}
