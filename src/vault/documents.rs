//! Documents in KV v2. A read never returns an older version than one that this
//! process knows, and a write whose answer was lost is resolved.

use std::sync::Arc;

use jiff::SignedDuration;

use super::client::Call;
use super::error::{VaultError, VaultErrorKind};
use super::floor::{Edition, Floors, Worth};
use super::kv::{self, Fields, Stored};
use super::path::KvPath;
use super::session::Session;

/// Pauses before a document is read again whose version was older than a known
/// one.
const PAUSES: [SignedDuration; 4] = [
    SignedDuration::from_millis(50),
    SignedDuration::from_millis(250),
    SignedDuration::from_secs(1),
    SignedDuration::from_secs(3),
];
/// How often a write is sent if its answers are lost.
const ATTEMPTS: i32 = 3;
const PAUSE_BETWEEN_ATTEMPTS: SignedDuration = SignedDuration::from_millis(200);

/// Reads and writes documents through one session.
pub(super) struct Documents {
    pub(super) session: Arc<Session>,
    floors: Floors,
}

impl Documents {
    pub(super) fn new(session: Arc<Session>) -> Self {
        Self {
            session,
            floors: Floors::default(),
        }
    }

    /// Reads the latest version.
    ///
    /// # Errors
    /// [`VaultErrorKind::Outdated`] if Vault returns an older version than is
    /// known, and has not done so for long.
    pub(super) async fn read(&self, path: &KvPath) -> Result<Stored, VaultError> {
        self.read_with_lost(path).await.map(|(stored, _)| stored)
    }

    /// Reads the latest version. With it comes the number of a later version that
    /// this process knows and that Vault has lost, because it was restored from a
    /// snapshot. A write that names the version that was read proves that.
    ///
    /// # Errors
    /// The same as of [`Self::read`].
    pub(super) async fn read_with_lost(
        &self,
        path: &KvPath,
    ) -> Result<(Stored, Option<u64>), VaultError> {
        let mut pauses = PAUSES.iter();
        loop {
            let stored = kv::read(&self.session, path).await?;
            let seen = stored.edition();
            let worth = self.floors.judge(path, seen, self.session.now());
            match (worth, pauses.next()) {
                (Worth::Outdated { .. } | Worth::Vanished, Some(pause)) => {
                    self.session.doubt();
                    self.session.sleep(*pause).await;
                }
                (Worth::Outdated { known }, None) => {
                    let call = Call::new("read", path.data());
                    let seen = stored.version();
                    let kind = VaultErrorKind::Outdated { seen, known };
                    return Err(VaultError::new(&call, kind));
                }
                (worth, _) => return Ok((stored, self.accept(path, seen, worth))),
            }
        }
    }

    /// Notes an answer that is used, and returns the number of a version that is
    /// lost.
    fn accept(&self, path: &KvPath, seen: Option<Edition>, worth: Worth) -> Option<u64> {
        let version = seen.map_or(0, |seen| seen.version);
        let lost = match worth {
            Worth::Latest | Worth::Outdated { .. } => None,
            Worth::SetBack { known } => {
                tracing::warn!(
                    %path, version, known,
                    "Vault keeps returning an older version of this secret than it had stored: it was restored from a snapshot, or a node lags far behind; the next write shows which"
                );
                return Some(known);
            }
            Worth::Recreated { known } => {
                tracing::warn!(
                    %path, version, known,
                    "the versions of this secret began anew: Vault was restored from a snapshot and another replica has written since, or somebody deleted the secret with all its versions"
                );
                self.floors.forget(path);
                Some(known)
            }
            Worth::Vanished => {
                tracing::warn!(
                    %path,
                    "somebody deleted this secret with all its versions, or Vault was restored from a snapshot that is older than the secret: going on from what is there now"
                );
                self.floors.forget(path);
                None
            }
        };
        if let Some(seen) = seen {
            self.floors.raise(path, seen);
        }
        lost
    }

    /// Writes a new version if `expected` is still the latest, and returns its
    /// number. If the answer is lost, the document is read; if the write is not
    /// in it, it is sent again, which check-and-set makes safe.
    ///
    /// # Errors
    /// [`VaultErrorKind::CasConflict`] if another writer came first; the error
    /// of the write if the document could not be read after it.
    pub(super) async fn write(
        &self,
        path: &KvPath,
        fields: &Fields,
        expected: u64,
        is_ours: impl Fn(&Fields) -> bool,
    ) -> Result<u64, VaultError> {
        let mut lost: Option<VaultError> = None;
        for attempt in 1..=ATTEMPTS {
            let written = kv::write(&self.session, path, fields.clone(), expected).await;
            let error = match written {
                Ok(edition) => {
                    self.floors.wrote(path, edition, self.session.now());
                    return Ok(edition.version);
                }
                Err(error) => error,
            };
            let late = lost.is_some() && error.kind == VaultErrorKind::CasConflict;
            if error.kind == VaultErrorKind::CasConflict {
                self.floors.refused(path);
            }
            if !error.is_ambiguous() && !late {
                return Err(error);
            }
            let error = lost.take().unwrap_or(error);
            let Ok(stored) = self.read(path).await else {
                return Err(error);
            };
            match &stored {
                Stored::Present {
                    edition, fields, ..
                } if is_ours(fields) => {
                    self.floors.wrote(path, *edition, self.session.now());
                    return Ok(edition.version);
                }
                Stored::Present { .. } | Stored::Absent | Stored::Deleted { .. } => {}
            }
            if stored.version() != expected {
                let kind = VaultErrorKind::CasConflict;
                return Err(VaultError { kind, ..error });
            }
            lost = Some(error);
            let pause = PAUSE_BETWEEN_ATTEMPTS.saturating_mul(attempt);
            self.session.sleep(pause).await;
        }
        let call = Call::changing("write", path.data());
        Err(lost.unwrap_or_else(|| VaultError::new(&call, VaultErrorKind::CasConflict)))
    }
}
