//! The one document about all tokens: whether a person stopped all work. It
//! stands beside the records, so that every replica sees it.

use serde_json::Value;

use super::error::{VaultError, VaultErrorKind};
use super::kv::{self, Fields, Stored};
use super::path::KvPath;
use super::session::Session;
use crate::ports::StoreError;
use crate::rotation::record::Paused;

/// Its name below `state_path`; no token may have it, for a token's name does
/// not begin with a period.
pub const NAME: &str = ".control";

const PAUSED: &str = "paused";

/// Reads who stopped all work, if somebody did.
pub(super) async fn read(session: &Session, path: &KvPath) -> Result<Option<Paused>, StoreError> {
    let stored = kv::read(session, path).await.map_err(fault)?;
    match stored {
        Stored::Absent | Stored::Deleted { .. } => Ok(None),
        Stored::Present { fields, .. } => decode(&fields).map_err(|why| unusable(path, why)),
    }
}

/// Writes it; other fields of the document are kept. A rival write is repeated
/// over: the last person decides.
pub(super) async fn write(
    session: &Session,
    path: &KvPath,
    paused: Option<&Paused>,
) -> Result<(), StoreError> {
    loop {
        let stored = kv::read(session, path).await.map_err(fault)?;
        let version = stored.version();
        let mut fields = match stored {
            Stored::Absent | Stored::Deleted { .. } => Fields::new(),
            Stored::Present { fields, .. } => fields,
        };
        let value = serde_json::to_value(paused);
        let value = value.map_err(|_| unusable(path, "it cannot be written as JSON"))?;
        fields.insert(PAUSED.to_owned(), value);
        match kv::write(session, path, fields, version).await {
            Ok(_) => return Ok(()),
            Err(error) if error.kind == VaultErrorKind::CasConflict => {}
            Err(error) => return Err(fault(error)),
        }
    }
}

fn decode(fields: &Fields) -> Result<Option<Paused>, &'static str> {
    match fields.get(PAUSED) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => serde_json::from_value(value.clone())
            .map_err(|_| "its field `paused` is not what `scim-rotator pause --all` writes"),
    }
}

fn fault(error: VaultError) -> StoreError {
    StoreError::Fault(error.into())
}

fn unusable(path: &KvPath, why: &str) -> StoreError {
    StoreError::Unusable(format!(
        "{path} cannot be used: {why}; write it anew with `scim-rotator pause --all` or `resume --all`"
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_cannot_be_understood_is_an_error_and_not_a_permission() {
        let fields = |value| Fields::from_iter([(PAUSED.to_owned(), value)]);
        assert_eq!(decode(&Fields::new()), Ok(None));
        assert_eq!(decode(&fields(Value::Null)), Ok(None));
        let paused = json!({ "since": "2026-01-01T00:00:00Z", "reason": "audit" });
        let read = decode(&fields(paused)).expect("readable").expect("paused");
        assert_eq!(read.reason, "audit");
        for nonsense in [json!(false), json!("yes"), json!({}), json!({ "since": 7 })] {
            assert!(decode(&fields(nonsense)).is_err());
        }
    }
}
