//! The key of the installation: `<state_path>/.installation-key`, from which keyed
//! fingerprints are computed. The first replica that needs it makes it; nothing ever
//! overwrites it, since every fingerprint that was written down would mean nothing then.

use serde_json::Value;

use super::error::VaultError;
use super::error::VaultErrorKind;
use super::kv::{self, Fields, Stored};
use super::path::KvPath;
use super::session::Session;
use super::store::fault;
use crate::ports::StoreError;
use crate::secret::InstallationKey;

/// Its name below `state_path`. No token can have this name.
pub const NAME: &str = ".installation-key";

const KEY: &str = "key";
const PURPOSE: &str = "purpose";
const PURPOSE_TEXT: &str =
    "key for the fingerprints of secrets in the audit of scim-rotator; never change or delete it";

/// Reads the key; `None` if none was made yet.
///
/// # Errors
/// [`StoreError::Unusable`] if there is something else at its path.
pub(super) async fn read(
    session: &Session,
    path: &KvPath,
) -> Result<Option<InstallationKey>, StoreError> {
    match kv::read(session, path).await.map_err(fault)? {
        Stored::Absent => Ok(None),
        Stored::Present { fields, .. } => understood(&fields, path).map(Some),
        Stored::Deleted { destroyed, .. } => Err(gone(path, destroyed)),
    }
}

/// Reads the key, and makes it if there is none. Of replicas that make one at the same
/// time, one succeeds, and the others take its key.
///
/// # Errors
/// The same as of [`read`].
pub(super) async fn read_or_make(
    session: &Session,
    path: &KvPath,
) -> Result<InstallationKey, StoreError> {
    let mut attempts = kv::Attempts::new();
    loop {
        if let Some(key) = read(session, path).await? {
            return Ok(key);
        }
        let key = InstallationKey::random();
        match kv::write(session, path, fields(&key), 0).await {
            Ok(_) => return Ok(key),
            // The policy permits no overwriting, so that Vault refuses to a replica that
            // came late what it permits to the first one.
            Err(error) if is_refused(&error) => {
                return read(session, path).await?.ok_or_else(|| fault(error));
            }
            // What is stored counts, and not who has written it.
            Err(error) => attempts.again(error).map_err(fault)?,
        }
    }
}

fn is_refused(error: &VaultError) -> bool {
    matches!(error.kind, VaultErrorKind::Forbidden { .. })
}

fn fields(key: &InstallationKey) -> Fields {
    let text = |text: &str| Value::String(text.to_owned());
    Fields::from_iter([
        (KEY.to_owned(), text(key.expose())),
        (PURPOSE.to_owned(), text(PURPOSE_TEXT)),
    ])
}

fn understood(fields: &Fields, path: &KvPath) -> Result<InstallationKey, StoreError> {
    let key = fields.get(KEY).and_then(Value::as_str).unwrap_or_default();
    InstallationKey::parse(key).map_err(|why| {
        StoreError::Unusable(format!(
            "{path} cannot be used: its field `{KEY}` is no key ({why}); write back the version before with `vault kv rollback -mount={} -version=N {}`",
            path.mount(),
            path.path()
        ))
    })
}

fn gone(path: &KvPath, destroyed: bool) -> StoreError {
    let (mount, place) = (path.mount(), path.path());
    let remedy = match destroyed {
        false => format!("`vault kv undelete -mount={mount} -versions=N {place}` brings it back"),
        true => format!(
            "restore it from a backup of Vault; `vault kv metadata delete -mount={mount} {place}` has a new key made, with which no earlier fingerprint is found again"
        ),
    };
    StoreError::Unusable(format!("the key at {path} was deleted: {remedy}"))
}
