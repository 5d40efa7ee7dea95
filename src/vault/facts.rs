//! The facts of each token: `<state_path>/facts/<token>`, its state without any
//! secret, for people and programs that may not read records.

use serde_json::Value;

use super::error::{VaultError, VaultErrorKind};
use super::kv::{self, Fields, Stored};
use super::path::KvPath;
use super::session::Session;

/// The folder below `state_path`.
pub const FOLDER: &str = "facts";

/// The version of the record that the facts were taken from; facts from an older
/// one never replace them.
pub const RECORD_VERSION: &str = "record_version";

/// Facts with the version of their document.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StoredFacts {
    /// The document; `None` if there is none.
    pub facts: Option<Value>,
    /// Its version, for the next write.
    pub version: u64,
}

pub(super) async fn read(session: &Session, path: &KvPath) -> Result<StoredFacts, VaultError> {
    let stored = kv::read(session, path).await?;
    let version = stored.version();
    let facts = match stored {
        Stored::Present { fields, .. } => Some(fields.into_value()),
        Stored::Absent | Stored::Deleted { .. } => None,
    };
    Ok(StoredFacts { facts, version })
}

/// Writes the facts over `version`, and returns the new version. `None`: another
/// replica wrote first.
pub(super) async fn write(
    session: &Session,
    path: &KvPath,
    facts: Fields,
    version: u64,
) -> Result<Option<u64>, VaultError> {
    match kv::write(session, path, facts, version).await {
        Ok(edition) => Ok(Some(edition.version)),
        Err(error) if error.kind == VaultErrorKind::CasConflict => Ok(None),
        Err(error) => Err(error),
    }
}
