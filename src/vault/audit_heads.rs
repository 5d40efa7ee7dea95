//! The last line of each replica's audit: `<state_path>/audit/<replica>`, so that lines
//! which are cut off at the end of a file show.

use serde_json::Value;

use super::error::VaultErrorKind;
use super::kv::{self, Fields, Stored};
use super::path::KvPath;
use super::session::Session;
use super::store::fault;
use crate::audit::chain::Head;
use crate::ports::StoreError;

/// The folder below `state_path`.
pub const FOLDER: &str = "audit";

/// Reads the head of a chain, with the version of its document.
pub(super) async fn read(
    session: &Session,
    path: &KvPath,
) -> Result<(Option<Head>, u64), StoreError> {
    let stored = kv::read(session, path).await.map_err(fault)?;
    let version = stored.version();
    let Stored::Present { fields, .. } = stored else {
        return Ok((None, version));
    };
    let head = serde_json::from_value(fields.into_value()).map_err(|_| {
        let (mount, path) = (path.mount(), path.path());
        StoreError::Unusable(format!(
            "{mount}/{path} is not what scim-rotator writes there: somebody changed it; `vault kv rollback -mount={mount} -version=N {path}` brings back what was there"
        ))
    })?;
    Ok((Some(head), version))
}

/// Writes the head over `version`, and returns the new version. `None`: somebody else wrote
/// first.
pub(super) async fn write(
    session: &Session,
    path: &KvPath,
    head: Head,
    version: u64,
) -> Result<Option<u64>, StoreError> {
    let fields = match serde_json::to_value(head) {
        Ok(Value::Object(fields)) => Fields::from(fields),
        Ok(_) | Err(_) => Fields::new(),
    };
    match kv::write(session, path, fields, version).await {
        Ok(edition) => Ok(Some(edition.version)),
        Err(error) if error.kind == VaultErrorKind::CasConflict => Ok(None),
        Err(error) => Err(fault(error)),
    }
}
