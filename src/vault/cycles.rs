//! The journals of full cycles: `<state_path>/cycles/<token>`. They say what may be at
//! a service provider, and how the last run ended. They contain no secret.

use async_trait::async_trait;
use serde_json::Value;

use super::error::VaultErrorKind;
use super::kv::{Fields, Stored};
use super::path::KvPath;
use super::store::VaultStore;
use crate::ports::StoreError;
use crate::scim::cycle::journal::{Journal, JournalDocument, JournalError, Passed, SCHEMA};

/// The folder below `state_path`.
pub const FOLDER: &str = "cycles";

#[async_trait]
impl Journal for VaultStore {
    async fn read(&self, token: &str) -> Result<(JournalDocument, u64), JournalError> {
        let path = self.journal_path(token)?;
        let stored = self.documents.read(&path).await;
        let stored = stored.map_err(|error| JournalError::Failed(error.to_string()))?;
        let version = stored.version();
        let document = match stored {
            Stored::Absent => JournalDocument::default(),
            // It may say what is left behind.
            Stored::Deleted { .. } => {
                return Err(JournalError::Failed(format!(
                    "{path} was deleted: bring it back with `vault kv undelete`, or remove it for good with `vault kv metadata delete -mount={} {}`",
                    path.mount(),
                    path.path()
                )));
            }
            Stored::Present { fields, .. } => decode(fields, &path)?,
        };
        Ok((document, version))
    }

    async fn write(
        &self,
        token: &str,
        document: &JournalDocument,
        version: u64,
    ) -> Result<u64, JournalError> {
        let path = self.journal_path(token)?;
        let Ok(Value::Object(fields)) = serde_json::to_value(document) else {
            let why = "it cannot be written as JSON";
            return Err(JournalError::Failed(why.to_owned()));
        };
        let fields: Fields = fields.into();
        let is_ours = |stored: &Fields| *stored == fields;
        let written = self.documents.write(&path, &fields, version, is_ours).await;
        written.map_err(|error| {
            if error.kind == VaultErrorKind::CasConflict {
                JournalError::Conflict
            } else {
                JournalError::Failed(error.to_string())
            }
        })
    }

    async fn wake(&self, tokens: &[String]) {
        if let Err(error) = self.ring(tokens).await {
            tracing::debug!(%error, "the tokens that waited for a full cycle are looked at some minutes later");
        }
    }
}

impl VaultStore {
    fn journal_path(&self, token: &str) -> Result<KvPath, JournalError> {
        let folder = self.state_path.child(FOLDER);
        let path = folder.and_then(|folder| folder.child(token));
        path.map_err(|reason| JournalError::Failed(format!("there is no path for it: {reason}")))
    }

    pub(super) async fn passed_cycle(&self, token: &str) -> Result<Option<Passed>, StoreError> {
        match Journal::read(self, token).await {
            Ok((journal, _)) => Ok(journal.passed),
            Err(error) => Err(StoreError::Unusable(error.to_string())),
        }
    }
}

/// What cannot be understood is not overwritten: it may say what is left behind. A newer
/// version may have written fields that this one cannot read.
fn decode(fields: Fields, path: &KvPath) -> Result<JournalDocument, JournalError> {
    let schema = fields.get("schema").and_then(Value::as_u64);
    if schema.is_some_and(|schema| schema > u64::from(SCHEMA)) {
        return Err(JournalError::Failed(format!(
            "{path} was written by a newer version of scim-rotator"
        )));
    }
    serde_json::from_value(fields.into_value()).map_err(|_| {
        JournalError::Failed(format!(
            "{path} is not what scim-rotator writes there: look for users of full cycles at the service provider, then delete it with `vault kv metadata delete -mount={} {}`",
            path.mount(),
            path.path()
        ))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said_of(document: &Value) -> String {
        let path = KvPath::parse("kv/state/cycles/crm").expect("a path");
        let fields = document.as_object().expect("an object").clone();
        decode(fields.into(), &path)
            .expect_err("refused")
            .to_string()
    }

    #[test]
    fn nobody_is_told_to_delete_what_a_newer_version_wrote() {
        for newer in [
            json!({ "schema": 2 }),
            json!({ "schema": 2, "entries": [{ "kind": "device" }] }),
        ] {
            let said = said_of(&newer);
            assert!(said.contains("newer version"), "{said}");
            assert!(!said.contains("delete"), "{said}");
        }
        for odd in [json!({ "schema": 1, "entries": 7 }), json!({})] {
            let said = said_of(&odd);
            assert!(said.contains("metadata delete"), "{said}");
        }
    }
}
