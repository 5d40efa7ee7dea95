//! What the calendar needs of each token.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::cli::report::time;
use crate::issuers::IssuerKind;
use crate::ports::unit::Unit;
use crate::rotation::calendar::{Renewal, renewals};
use crate::rotation::capability::{Supply, Writer};
use crate::rotation::policy::{Life, Policy};

/// One token of the configuration, with the life of the token in use.
#[derive(Debug, Clone)]
pub(in crate::cli::plan) struct Token {
    pub(in crate::cli::plan) name: String,
    pub(in crate::cli::plan) issuer: String,
    pub(in crate::cli::plan) policy: Arc<Policy>,
    /// How many rotations have succeeded.
    generation: u64,
    life: Life,
    /// The life of each following token; `None` if they do not expire.
    pub(in crate::cli::plan) next_life: Option<SignedDuration>,
    /// What persons must do in each rotation: supply a token, write connections.
    pub(in crate::cli::plan) turns: u32,
    /// Whether a person supplies its tokens.
    pub(in crate::cli::plan) is_supplied: bool,
}

/// The token, from its settings and its facts.
///
/// # Errors
/// Says why nothing can be told of it.
pub(in crate::cli::plan) fn token_of(
    unit: &Unit,
    kind: Option<&IssuerKind>,
    facts: &Value,
) -> Result<Token, String> {
    let state = &facts["token"];
    let current = &state["current"];
    let Some(issued_at) = time(&current["issued_at"]) else {
        return Err("there is no token yet".to_owned());
    };
    let policy = &unit.policy;
    let expires_at = time(&current["expires_at"]);
    let seen = expires_at.map(|end| end.duration_since(issued_at));
    let asked = policy.lifetime.zip(kind);
    let asked = asked.and_then(|(wish, kind)| kind.as_kind().asked_lifetime(wish));
    let by_person = unit.connection_capabilities();
    let by_person = by_person
        .iter()
        .filter(|(_, can)| can.writer == Writer::Person);
    let is_supplied = unit.issuer.capabilities().supply == Supply::Operator;
    Ok(Token {
        name: unit.name.clone(),
        issuer: unit.issuer_name.clone(),
        policy: Arc::clone(policy),
        generation: state["generation"].as_u64().unwrap_or_default(),
        life: Life {
            issued_at,
            expires_at,
        },
        next_life: asked.or(policy.declared_lifetime).or(seen),
        turns: u32::try_from(by_person.count()).unwrap_or(u32::MAX) + u32::from(is_supplied),
        is_supplied,
    })
}

/// A change of the configuration that is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli::plan) enum Change {
    Lifetime(SignedDuration),
    RenewBefore(SignedDuration),
    MaxAge(SignedDuration),
    Overlap(SignedDuration),
}

impl Token {
    /// Its renewals from the token in use on.
    pub(in crate::cli::plan) fn renewals(&self, now: Timestamp, until: Timestamp) -> Vec<Renewal> {
        let named = (self.name.as_str(), self.generation);
        renewals(&self.policy, named, self.life, self.next_life, (now, until))
    }

    /// The same, as if a new token were issued now: how it goes on in the long run.
    pub(in crate::cli::plan) fn in_the_long_run(
        &self,
        now: Timestamp,
        until: Timestamp,
    ) -> Vec<Renewal> {
        let fresh = Self {
            life: Life {
                issued_at: now,
                expires_at: self.next_life.and_then(|life| now.checked_add(life).ok()),
            },
            ..self.clone()
        };
        fresh.renewals(now, until)
    }

    /// The token under a changed policy. Its next life is set where the change names one.
    pub(in crate::cli::plan) fn changed(&self, change: Change) -> Self {
        let mut policy = Policy::clone(&self.policy);
        let mut next_life = self.next_life;
        match change {
            Change::Lifetime(life) => next_life = Some(life),
            Change::RenewBefore(before) => {
                policy.renew.before = Some(before);
                policy.renew.fraction = None;
            }
            Change::MaxAge(age) => policy.renew.max_age = Some(age),
            Change::Overlap(overlap) => policy.overlap = overlap,
        }
        Self {
            policy: Arc::new(policy),
            next_life,
            ..self.clone()
        }
    }
}
