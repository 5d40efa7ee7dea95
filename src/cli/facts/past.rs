//! The rotations of a token as the daemon's HTTP server tells them: from the facts,
//! since the memory of the daemon has no steps.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use crate::cli::history::with_seconds;
use crate::cli::report::rotations;
use crate::server::Rotations;
use crate::vault::VaultStore;

/// Reads them with the daemon's rights.
pub(in crate::cli) struct FromFacts(pub(in crate::cli) Arc<VaultStore>);

#[async_trait]
impl Rotations for FromFacts {
    async fn of(&self, token: &str) -> Result<Vec<Value>, String> {
        let stored = self.0.facts(token).await;
        let facts = stored.map_err(|error| error.to_string())?.facts;
        Ok(facts.map_or_else(Vec::new, |facts| {
            let all = rotations(&facts).into_iter();
            all.map(with_seconds).collect()
        }))
    }
}
