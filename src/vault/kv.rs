//! Read and check-and-set write of one KV v2 secret.

use serde::Deserialize;
use serde_json::Value;
use vaultrs::api::kv2::requests::{ReadSecretRequest, SetSecretRequest, SetSecretRequestOptions};

use super::client::Call;
use super::endpoints::Plain;
use super::error::{VaultError, VaultErrorKind};
use super::floor::Edition;
use super::path::KvPath;
use super::session::Session;
pub(super) use super::wiped::Fields;
use crate::http::message::wipe;

/// The content of a path.
pub(super) enum Stored {
    /// Nothing, or only metadata: the first write names version 0.
    Absent,
    /// The latest version was deleted or destroyed. The next write still has to
    /// name its number.
    Deleted {
        edition: Edition,
        deletion_time: String,
        destroyed: bool,
    },
    /// A version that can be read.
    Present {
        edition: Edition,
        fields: Fields,
        /// When Vault will delete it by itself, in Vault's format; empty if
        /// never.
        ends_at: String,
    },
}

impl Stored {
    /// Its number and time; `None` if there is none.
    pub(super) fn edition(&self) -> Option<Edition> {
        match self {
            Self::Absent => None,
            Self::Deleted { edition, .. } | Self::Present { edition, .. } => Some(*edition),
        }
    }

    /// The version that the next write must name.
    pub(super) fn version(&self) -> u64 {
        self.edition().map_or(0, |edition| edition.version)
    }
}

/// How often a document is read again and written over what others wrote meanwhile: each
/// time one of them has succeeded.
const MOST_CONFLICTS: u32 = 20;
/// How often that is done after a write whose answer was lost.
const MOST_LOST: u32 = 3;

/// What is left of the attempts at one write. Vault may serve reads while no write
/// succeeds, so that nobody may repeat a write without an end.
pub(super) struct Attempts {
    conflicts: u32,
    lost: u32,
}

impl Attempts {
    pub(super) fn new() -> Self {
        Self {
            conflicts: MOST_CONFLICTS,
            lost: MOST_LOST,
        }
    }

    /// Permits another attempt after this error, if the next read shows what became of
    /// the write.
    ///
    /// # Errors
    /// The error itself, if the write was refused or was attempted often enough.
    pub(super) fn again(&mut self, error: VaultError) -> Result<(), VaultError> {
        let left = if error.kind == VaultErrorKind::CasConflict {
            &mut self.conflicts
        } else if error.is_ambiguous() {
            &mut self.lost
        } else {
            return Err(error);
        };
        *left = left.checked_sub(1).ok_or(error)?;
        Ok(())
    }
}

#[derive(Deserialize)]
struct ReadData {
    data: Fields,
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    version: u64,
    #[serde(default)]
    created_time: String,
    #[serde(default)]
    deletion_time: String,
}

impl Metadata {
    fn edition(&self) -> Edition {
        Edition {
            version: self.version,
            created_at: self.created_time.parse().ok(),
        }
    }
}

/// Reads the latest version.
pub(super) async fn read(session: &Session, path: &KvPath) -> Result<Stored, VaultError> {
    let call = Call::new("read", path.data());
    let request = ReadSecretRequest {
        mount: path.mount().to_owned(),
        path: path.path().to_owned(),
        version: None,
    };
    let answer = match session.call(&call, &request).await {
        Ok(answer) => answer,
        Err(error) => return absent_or(error),
    };
    let read: ReadData = answer.field("data").ok_or_else(|| {
        let text = "there is no `data` with `data` and `metadata` in it".to_owned();
        VaultError::new(&call, VaultErrorKind::Malformed(text))
    })?;
    if !read.metadata.deletion_time.is_empty() {
        tracing::warn!(
            path = %path,
            at = %read.metadata.deletion_time,
            "Vault will delete this version by itself: set `delete_version_after` to 0 for this path"
        );
    }
    Ok(Stored::Present {
        edition: read.metadata.edition(),
        fields: read.data,
        ends_at: read.metadata.deletion_time,
    })
}

#[derive(Deserialize)]
struct VersionFacts {
    created_by: Option<Author>,
}

/// Vault 1.21 and newer tell who wrote a version.
#[derive(Deserialize)]
struct Author {
    #[serde(default)]
    actor: String,
    #[serde(default)]
    entity_id: String,
}

/// Longest name of an author that is shown.
const LONGEST_NAME: usize = 128;

/// Who wrote a version; `None` if this Vault does not tell, or our token may not
/// read the metadata.
pub(super) async fn author(session: &Session, path: &KvPath, version: u64) -> Option<String> {
    let path = path.metadata();
    let call = Call::new("read", path.clone());
    let answer = session.call(&call, &Plain::get(path)).await.ok()?;
    let data: Value = answer.field("data")?;
    let facts = data.get("versions")?.get(version.to_string())?.clone();
    let facts: VersionFacts = serde_json::from_value(facts).ok()?;
    let author = facts.created_by?;
    let name = [author.actor, author.entity_id];
    name.iter()
        .map(|name| visible(name))
        .find(|name| !name.is_empty())
}

/// What may be shown of a name: no control characters, and not too long.
fn visible(name: &str) -> String {
    let visible = name.chars().filter(|c| c.is_ascii_graphic());
    visible.take(LONGEST_NAME).collect()
}

fn absent_or(error: VaultError) -> Result<Stored, VaultError> {
    if error.kind == VaultErrorKind::NotFound {
        return Ok(Stored::Absent);
    }
    if let VaultErrorKind::VersionDeleted {
        version,
        created_at,
        deletion_time,
        destroyed,
    } = error.kind
    {
        return Ok(Stored::Deleted {
            edition: Edition {
                version,
                created_at,
            },
            deletion_time: deletion_time.into(),
            destroyed,
        });
    }
    Err(error)
}

/// Writes a new version if `expected` is still the latest, and returns it.
pub(super) async fn write(
    session: &Session,
    path: &KvPath,
    fields: Fields,
    expected: u64,
) -> Result<Edition, VaultError> {
    let call = Call::changing("write", path.data());
    let malformed = |text: &str| VaultError::new(&call, VaultErrorKind::Malformed(text.to_owned()));
    // vaultrs has a 32-bit version number; KV cannot reach that many versions.
    let cas =
        u32::try_from(expected).map_err(|_| VaultError::new(&call, VaultErrorKind::CasConflict))?;
    let request = Wiped(SetSecretRequest {
        mount: path.mount().to_owned(),
        path: path.path().to_owned(),
        data: fields.into_value(),
        options: Some(SetSecretRequestOptions { cas }),
    });
    let answer = session.call(&call, &request.0).await?;
    let written: Metadata = answer
        .field("data")
        .ok_or_else(|| malformed("a write was not answered with a version"))?;
    Ok(written.edition())
}

/// A request whose secret is wiped when it is dropped.
struct Wiped(SetSecretRequest);

impl Drop for Wiped {
    fn drop(&mut self) {
        wipe(&mut self.0.data);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: VaultErrorKind) -> VaultError {
        VaultError::new(&Call::changing("write", "kv/data/a"), kind)
    }

    /// The attempts that follow the first one.
    fn repeated(kind: &VaultErrorKind) -> usize {
        let mut attempts = Attempts::new();
        let again = std::iter::from_fn(|| attempts.again(error(kind.clone())).ok());
        again.take(1000).count()
    }

    #[test]
    fn a_write_is_repeated_while_that_may_help_and_never_without_an_end() {
        let lost = VaultErrorKind::Server { status: 500 };
        assert!(error(lost.clone()).is_ambiguous());
        assert_eq!(repeated(&lost), 3);
        assert_eq!(repeated(&VaultErrorKind::CasConflict), 20);
        let forbidden = VaultErrorKind::Forbidden {
            invalid_token: false,
        };
        assert_eq!(repeated(&forbidden), 0);
    }
}
