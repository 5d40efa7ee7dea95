//! The federated credentials among the tokens.

use std::sync::Arc;

use super::World;
use crate::config::Settings;
use crate::driver::federated::{AllWatched, Watched};
use crate::ports::unit::Unit;
use crate::telemetry::Telemetry;
use crate::telemetry::facts::TokenFacts;

impl World {
    /// The named tokens that are rotated, and the named federated credentials; all
    /// if none is named.
    ///
    /// # Errors
    /// Names what is not configured.
    pub(in crate::cli) fn named_of_both(
        &self,
        names: &[String],
    ) -> anyhow::Result<(Vec<Unit>, Vec<Arc<Watched>>)> {
        let all = Arc::clone(&self.federated.borrow());
        let wanted = |one: &&Arc<Watched>| names.is_empty() || names.contains(&one.name);
        let federated: Vec<_> = all.iter().filter(wanted).cloned().collect();
        let rotated = names.iter().filter(|name| !self.is_federated(name));
        let rotated: Vec<String> = rotated.cloned().collect();
        let units = match rotated.is_empty() && !names.is_empty() {
            true => Vec::new(),
            false => self.named(&rotated)?,
        };
        Ok((units, federated))
    }

    pub(super) fn is_federated(&self, name: &str) -> bool {
        self.federated.borrow().iter().any(|one| one.name == name)
    }

    /// Takes over the federated credentials of a changed configuration.
    pub(in crate::cli) fn change_federated(&self, settings: &Settings, federated: AllWatched) {
        let before = self.federated.send_replace(federated);
        for one in before.iter().filter(|one| !self.is_federated(&one.name)) {
            self.telemetry.board.remove(&one.name);
        }
        expect_federated(&self.telemetry, settings);
    }
}

/// Shows federated credentials before their first look.
pub(super) fn expect_federated(telemetry: &Telemetry, settings: &Settings) {
    for (name, token) in &settings.federated {
        let issuer = &token.federated.issuer;
        let facts = TokenFacts {
            owner: token.owner.clone(),
            ..TokenFacts::federated(name, issuer, token.environment.as_str())
        };
        telemetry.board.expect(Arc::new(facts));
    }
}
