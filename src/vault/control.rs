//! The document about all tokens, which says whether a person stopped all work.
//! It is stored beside the records, and only the daemon reads and writes it.

use serde_json::Value;

use super::error::VaultError;
use super::kv::{self, Fields, Stored};
use super::path::KvPath;
use super::session::Session;
use crate::ports::StoreError;
use crate::rotation::record::Control;
use crate::secret::redact;

/// Its name below `state_path`. No token can have this name, because names of
/// tokens do not begin with a period.
pub const NAME: &str = ".control";

/// Reads whether all work is stopped, since when and why.
pub(super) async fn read(session: &Session, path: &KvPath) -> Result<Control, StoreError> {
    let stored = kv::read(session, path).await.map_err(fault)?;
    decode(stored, path).map(|(control, _)| control)
}

/// Changes it, also while other replicas do, and returns what was stored before and what
/// is stored then. Other fields of the document are kept, and secrets in the texts of
/// people are masked.
pub(super) async fn change(
    session: &Session,
    path: &KvPath,
    change: impl Fn(&Control) -> Control,
) -> Result<(Control, Control), StoreError> {
    let redactor = redact::global();
    let mut attempts = kv::Attempts::new();
    loop {
        let stored = kv::read(session, path).await.map_err(fault)?;
        let version = stored.version();
        let (before, mut fields) = decode(stored, path)?;
        let mut after = change(&before);
        if after == before {
            return Ok((before, after));
        }
        after
            .texts_mut()
            .for_each(|text| redactor.mask_in_place(text));
        let value = serde_json::to_value(&after);
        let Ok(Value::Object(changed)) = value else {
            return Err(unusable(path, "it cannot be written as JSON"));
        };
        fields.extend(changed);
        match kv::write(session, path, fields, version).await {
            Ok(_) => return Ok((before, after)),
            Err(error) => attempts.again(error).map_err(fault)?,
        }
    }
}

fn decode(stored: Stored, path: &KvPath) -> Result<(Control, Fields), StoreError> {
    let fields = match stored {
        Stored::Absent | Stored::Deleted { .. } => Fields::new(),
        Stored::Present { fields, .. } => fields,
    };
    let control = understood(&fields).map_err(|why| unusable(path, why))?;
    Ok((control, fields))
}

fn understood(fields: &Fields) -> Result<Control, &'static str> {
    serde_json::from_value(fields.clone().into_value())
        .map_err(|_| "its fields are not what scim-rotator writes there")
}

fn fault(error: VaultError) -> StoreError {
    StoreError::Fault(error.into())
}

fn unusable(path: &KvPath, why: &str) -> StoreError {
    StoreError::Unusable(format!(
        "{path} cannot be used: {why}; delete it with `vault kv metadata delete -mount={} {}`, then pause all work again if it is to be paused",
        path.mount(),
        path.path()
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_cannot_be_understood_is_an_error_and_not_a_permission() {
        let fields = |value| Fields::from_iter([("paused".to_owned(), value)]);
        assert_eq!(understood(&Fields::new()), Ok(Control::default()));
        assert_eq!(understood(&fields(Value::Null)), Ok(Control::default()));
        let paused = json!({ "since": "2026-01-01T00:00:00Z", "reason": "audit" });
        let read = understood(&fields(paused)).expect("readable");
        assert_eq!(read.paused.expect("paused").reason, "audit");
        for nonsense in [json!(false), json!("yes"), json!({}), json!({ "since": 7 })] {
            assert!(understood(&fields(nonsense)).is_err());
        }
    }
}
