//! The ways to name a credential without holding it.

use std::fmt;
use std::path::PathBuf;

/// Where a credential is read from. A credential is never written into the
/// configuration itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecretRef {
    /// A field of a secret in Vault (KV v2): `{ vault = "kv/admin/auth0#client_secret" }`.
    Vault {
        /// `<mount>/<path>` without `data/`.
        path: String,
        /// Field of the secret.
        field: String,
    },
    /// A field of what an engine of Vault makes under a Vault lease:
    /// `{ vault = "terraform/creds/scim#token", lease = true }`.
    VaultLease {
        /// The whole path as Vault's API has it.
        path: String,
        /// Field of the answer.
        field: String,
    },
    /// A file, read again whenever the credential is needed; one line end at
    /// the end of the file is left out: `{ file = "/run/secrets/x" }`.
    File(PathBuf),
    /// An environment variable of this process, taken as it is:
    /// `{ env = "NAME" }`. It is looked up whenever the credential is needed,
    /// but the environment of a process changes with a restart only.
    Env(String),
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vault { path, field } => write!(f, "Vault secret {path}#{field}"),
            Self::VaultLease { path, field } => write!(f, "Vault engine {path}#{field}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Env(name) => write!(f, "environment variable {name}"),
        }
    }
}
