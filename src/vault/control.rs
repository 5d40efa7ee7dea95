//! The document about all tokens, which says whether a person stopped all work.
//! It is stored beside the records, so that every replica reads it.

use serde_json::Value;

use super::error::{VaultError, VaultErrorKind};
use super::kv::{self, Fields, Stored};
use super::path::KvPath;
use super::session::Session;
use crate::ports::StoreError;
use crate::rotation::record::Paused;

/// Its name below `state_path`. No token can have this name, because names of
/// tokens do not begin with a period.
pub const NAME: &str = ".control";

const PAUSED: &str = "paused";

/// Reads whether all work is stopped, since when and why.
pub(super) async fn read(session: &Session, path: &KvPath) -> Result<Option<Paused>, StoreError> {
    let stored = kv::read(session, path).await.map_err(fault)?;
    match stored {
        Stored::Absent | Stored::Deleted { .. } => Ok(None),
        Stored::Present { fields, .. } => decode(&fields).map_err(|why| unusable(path, why)),
    }
}

/// Writes it; other fields of the document are kept. After a conflict it is
/// written again: the last person's decision counts.
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
