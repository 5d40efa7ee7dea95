//! What the rules of a state look at.

use jiff::Timestamp;

use crate::rotation::decision::Decision;
use crate::rotation::policy::Policy;
use crate::rotation::reason::Reason;
use crate::rotation::record::Record;

/// What the configuration says of a token, as far as the words for people need it.
#[derive(Debug, Clone, Default)]
pub struct About<'a> {
    /// Where it is published.
    pub vault_path: &'a str,
    /// The field that it has there.
    pub token_field: &'a str,
    /// What a person is told who has to supply the next token.
    pub instructions: Option<&'a str>,
    /// The connections that must hold it.
    pub connections: Vec<AboutConnection<'a>>,
}

/// What the configuration says of a connection.
#[derive(Debug, Clone)]
pub struct AboutConnection<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether anything can confirm that it works with the token.
    pub can_confirm: bool,
    /// What the person must know who writes it, where a person does.
    pub handover: Option<HandoverTold<'a>>,
}

/// What a person must know who writes a token into a connection.
#[derive(Debug, Clone, Copy)]
pub struct HandoverTold<'a> {
    /// Where the token waits in Vault.
    pub vault_path: &'a str,
    /// What to do.
    pub instructions: &'a str,
    /// The command that tells that it is done.
    pub command: &'a str,
}

/// What the rules look at.
pub(super) struct View<'a> {
    pub(super) record: &'a Record,
    pub(super) policy: &'a Policy,
    pub(super) decision: &'a Decision,
    pub(super) about: &'a About<'a>,
    pub(super) now: Timestamp,
}

impl View<'_> {
    pub(super) fn name(&self) -> &str {
        &self.record.token
    }

    pub(super) fn expiry(&self) -> Option<Timestamp> {
        let current = self.record.current.as_ref()?;
        self.policy.expiry(current)
    }

    /// The same, unless it is only counted from when the token was first seen.
    pub(super) fn known_expiry(&self) -> Option<Timestamp> {
        let current = self.record.current.as_ref()?;
        match self.policy.end_is_assumed(current) {
            true => None,
            false => self.expiry(),
        }
    }

    pub(super) fn renew_at(&self) -> Option<Timestamp> {
        let current = self.record.current.as_ref()?;
        let ordinal = self.record.generation;
        self.policy.renew_at(&self.record.token, ordinal, current)
    }

    /// Whether a person stopped all work.
    pub(super) fn all_is_paused(&self) -> bool {
        self.decision.reason == Reason::Paused && self.record.paused.is_none()
    }

    pub(super) fn is_paused(&self) -> bool {
        self.decision.reason == Reason::Paused || self.record.paused.is_some()
    }

    /// Since when the token in use is as it is.
    pub(super) fn in_use_since(&self) -> Option<Timestamp> {
        let current = self.record.current.as_ref()?;
        let promoted = self.record.history.first().map(|past| past.ended_at);
        Some(promoted.unwrap_or(current.issued_at))
    }

    /// When the token in use was last shown to work, or else came into use.
    pub(super) fn last_worked_at(&self) -> Option<Timestamp> {
        let probe = self.record.probe.as_ref();
        let passed = probe.and_then(|probe| probe.passed_at);
        passed.or_else(|| self.in_use_since())
    }
}
