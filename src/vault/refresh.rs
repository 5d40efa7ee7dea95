//! Refresh tokens in KV v2: the token, and whether it is being used.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

use super::kv::{self, Fields, Stored};
use super::path::KvPath;
use super::session::Session;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::ports::Version;
use crate::ports::refresh::{RefreshTokens, StoredRefresh};
use crate::secret::SecretText;

/// The field of the refresh token.
const TOKEN: &str = "refresh_token";
/// Which refresh token is being used, by its fingerprint, and since when. A token
/// that a person writes over it is another one, so it is not being used.
const USED: &str = "used";
const USED_AT: &str = "used_at";

/// The refresh tokens of one Vault.
pub struct VaultRefreshTokens {
    session: Arc<Session>,
}

impl VaultRefreshTokens {
    /// Refresh tokens that are reached through this session.
    #[must_use]
    pub fn new(session: Arc<Session>) -> Self {
        Self { session }
    }

    async fn read(&self, path: &str) -> Result<(KvPath, Fields, u64), Fault> {
        let parsed = KvPath::parse(path).map_err(|why| unusable(path, &why))?;
        match kv::read(&self.session, &parsed).await? {
            Stored::Present {
                fields, edition, ..
            } => Ok((parsed, fields, edition.version)),
            Stored::Absent | Stored::Deleted { .. } => {
                Err(unusable(path, "there is none: write it there"))
            }
        }
    }
}

#[async_trait]
impl RefreshTokens for VaultRefreshTokens {
    async fn load(&self, path: &str) -> Result<StoredRefresh, Fault> {
        let (_, fields, version) = self.read(path).await?;
        understood(&fields, version).map_err(|why| unusable(path, why))
    }

    async fn store(&self, path: &str, wanted: &StoredRefresh) -> Result<Version, Fault> {
        let mut attempts = kv::Attempts::new();
        loop {
            let (parsed, mut fields, version) = self.read(path).await?;
            let is_written = understood(&fields, version)
                .is_ok_and(|there| there.token == wanted.token && there.used_at == wanted.used_at);
            if is_written {
                return Ok(Version(version));
            }
            if Version(version) != wanted.version {
                let text = format!("somebody else wrote the refresh token at {path}");
                return Err(Fault::new(FaultClass::Conflict, FaultKind::Conflict, text));
            }
            put(&mut fields, wanted);
            match kv::write(&self.session, &parsed, fields, version).await {
                Ok(edition) => return Ok(Version(edition.version)),
                Err(error) => attempts.again(error).map_err(Fault::from)?,
            }
        }
    }
}

fn understood(fields: &Fields, version: u64) -> Result<StoredRefresh, &'static str> {
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let token = text(TOKEN).and_then(|token| SecretText::parse(token).ok());
    let token = token.ok_or("it has no usable text in the field `refresh_token`")?;
    let is_this = text(USED) == Some(token.fingerprint().to_string().as_str());
    let used_at = text(USED_AT).filter(|_| is_this);
    let used_at: Option<Timestamp> = match used_at.map(str::parse) {
        None => None,
        Some(Ok(at)) => Some(at),
        Some(Err(_)) => return Err("its field `used_at` is no time"),
    };
    Ok(StoredRefresh {
        token,
        used_at,
        version: Version(version),
    })
}

fn put(fields: &mut Fields, wanted: &StoredRefresh) {
    fields.put(TOKEN, Value::String(wanted.token.expose().to_owned()));
    match wanted.used_at {
        Some(at) => {
            let fingerprint = wanted.token.fingerprint().to_string();
            fields.put(USED, Value::String(fingerprint));
            fields.put(USED_AT, Value::String(at.to_string()));
        }
        None => {
            fields.take_out(USED);
            fields.take_out(USED_AT);
        }
    }
}

fn unusable(path: &str, why: &str) -> Fault {
    let text = format!("the refresh token at {path}: {why}");
    Fault::new(FaultClass::Rejected, FaultKind::Config, text)
}
