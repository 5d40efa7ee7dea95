//! Where a token waits for a person: one KV v2 secret for each token and
//! connection. The daemon writes it, a person reads it, and it is removed with
//! all its versions when the person has done the work.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::client::Call;
use super::endpoints::Plain;
use super::kv::{self, Fields, Stored};
use super::path::KvPath;
use super::session::Session;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::ports::handover::{Handover, Waiting};
use crate::secret::BearerToken;

/// The place in Vault.
pub struct VaultHandover {
    session: Arc<Session>,
}

impl VaultHandover {
    /// A place that is reached through this session.
    #[must_use]
    pub fn new(session: Arc<Session>) -> Self {
        Self { session }
    }
}

#[async_trait]
impl Handover for VaultHandover {
    async fn check(&self, path: &str) -> Result<(), Fault> {
        let path = parse(path)?;
        kv::read(&self.session, &path).await.map_err(Fault::from)?;
        Ok(())
    }

    async fn put(&self, path: &str, waiting: &Waiting<'_>) -> Result<(), Fault> {
        let path = parse(path)?;
        let fields = fields(waiting);
        let mut attempts = kv::Attempts::new();
        loop {
            let stored = kv::read(&self.session, &path).await.map_err(Fault::from)?;
            let version = stored.version();
            // A repetition adds no version.
            if matches!(&stored, Stored::Present { fields: there, .. } if *there == fields) {
                return Ok(());
            }
            match kv::write(&self.session, &path, fields.clone(), version).await {
                Ok(_) => return Ok(()),
                Err(error) => attempts.again(error).map_err(Fault::from)?,
            }
        }
    }

    async fn take_away(&self, path: &str, value: &BearerToken) -> Result<(), Fault> {
        let path = parse(path)?;
        let stored = kv::read(&self.session, &path).await.map_err(Fault::from)?;
        let Stored::Present { fields, .. } = stored else {
            return Ok(());
        };
        let there = fields.get("token").and_then(Value::as_str);
        if there.is_some_and(|text| text != value.expose()) {
            return Ok(());
        }
        let wish = path.metadata();
        let call = Call::changing("delete", wish.clone());
        let gone = self.session.call(&call, &Plain::delete(wish)).await;
        gone.map(drop).map_err(Fault::from)
    }
}

fn fields(waiting: &Waiting<'_>) -> Fields {
    let text = |text: &str| Value::String(text.to_owned());
    let client = waiting.value.client().cloned().unwrap_or_default();
    let parts = [
        ("client_id", client.id),
        ("token_url", client.token_url),
        ("scope", client.scope),
    ];
    let parts = parts
        .into_iter()
        .filter_map(|(name, part)| Some((name, part?)));
    let parts = parts.map(|(name, part)| (name.to_owned(), Value::String(part)));
    Fields::from_iter(
        [
            ("token".to_owned(), text(waiting.value.expose())),
            ("scim_url".to_owned(), text(waiting.scim_url.as_str())),
            ("for_token".to_owned(), text(waiting.token)),
            ("connection".to_owned(), text(waiting.connection)),
            ("what_to_do".to_owned(), text(waiting.instructions)),
            ("then_run".to_owned(), text(waiting.command)),
        ]
        .into_iter()
        .chain(parts),
    )
}

fn parse(path: &str) -> Result<KvPath, Fault> {
    KvPath::parse(path).map_err(|why| unusable(&format!("`{path}` is no path: {why}")))
}

fn unusable(why: &str) -> Fault {
    Fault::new(
        FaultClass::Rejected,
        FaultKind::Config,
        format!("the place where a token waits for a person cannot be used: {why}"),
    )
}
