//! Series of the tokens themselves.

use jiff::SignedDuration;

use super::with;
use crate::rotation::record::ExpiryKnown;
use crate::telemetry::board::Entry;
use crate::telemetry::exposition::{Family, Series, counter, gauge};
use crate::telemetry::snapshot::SlotFacts;

pub(super) const FAMILIES: &[Family] = &[
    gauge(
        "scim_rotator_token_info",
        "A configured token: its issuer, the kind of issuer, what the identity provider holds, how it is rotated, its environment.",
        token_info,
    ),
    gauge(
        "scim_rotator_connection_info",
        "A connection that must hold the token, and the kind of identity provider.",
        connection_info,
    ),
    gauge(
        "scim_rotator_token_record_readable",
        "Whether the record of the token could be read when it was last needed.",
        |entry, to| {
            if !entry.is_federated() {
                to.flag(&entry.facts.name, &[], entry.trouble.is_none());
            }
        },
    ),
    gauge(
        "scim_rotator_token_state",
        "The state of the token in a word: 0 if nobody needs to do anything, 1 if somebody should look at it, 2 if provisioning stops soon or has stopped.",
        |entry, to| {
            let state = entry.state(to.now);
            let labels = [("state", state.word.as_str())];
            to.count(&entry.facts.name, &labels, state.urgency.number().into());
        },
    ),
    gauge(
        "scim_rotator_token_enabled",
        "0 while the token is paused by a person.",
        |entry, to| with(entry, |s| to.flag(&s.facts.name, &[], s.paused.is_none())),
    ),
    gauge(
        "scim_rotator_token_expiry_timestamp_seconds",
        "When the token stops working; absent when unknown or never.",
        |entry, to| {
            slots(entry, |name, slot, token| {
                to.time(name, &[("slot", slot)], token.expires_at);
            })
        },
    ),
    gauge(
        "scim_rotator_token_issued_timestamp_seconds",
        "When the token was issued, or first seen.",
        |entry, to| {
            slots(entry, |name, slot, token| {
                to.time(name, &[("slot", slot)], Some(token.issued_at));
            })
        },
    ),
    gauge(
        "scim_rotator_token_expiry_source",
        "Where the expiry of the token in use is known from: 1 for that source, 0 for all others.",
        expiry_source,
    ),
    gauge(
        "scim_rotator_token_long_lived",
        "1 if the token in use lives for more than a day from its issue, or for a time that is not known; 0 for a federated credential.",
        long_lived,
    ),
    gauge(
        "scim_rotator_token_renewal_timestamp_seconds",
        "When the token is planned to be renewed, with jitter and windows.",
        |entry, to| with(entry, |s| to.time(&s.facts.name, &[], s.renew_at)),
    ),
    gauge(
        "scim_rotator_token_renewal_deadline_timestamp_seconds",
        "From when on rotation windows are ignored.",
        |entry, to| {
            with(entry, |s| {
                to.time(&s.facts.name, &[], s.renewal_deadline_at)
            })
        },
    ),
    counter(
        "scim_rotator_tokens_issued_total",
        "Tokens that this process had issued.",
        |entry, to| count(entry, entry.counters.issued(), to),
    ),
    counter(
        "scim_rotator_tokens_revoked_total",
        "Tokens that this process had revoked.",
        |entry, to| count(entry, entry.counters.revoked(), to),
    ),
    gauge(
        "scim_rotator_token_supplied_refused_timestamp_seconds",
        "When a value that somebody wrote to the published path was last refused; absent if none was.",
        |entry, to| {
            with(entry, |s| {
                let at = s.supplied.as_ref().map(|note| note.at);
                to.time(&s.facts.name, &[], at);
            })
        },
    ),
    gauge(
        "scim_rotator_token_privilege",
        "1 for how what the token in use may do compares with what it should; absent where no rule is set and no scope is known to allow far too much.",
        |entry, to| {
            with(entry, |s| {
                if let Some(privilege) = &s.privilege {
                    let labels = [("verdict", privilege.verdict.as_str())];
                    to.flag(&s.facts.name, &labels, true);
                }
            })
        },
    ),
    gauge(
        "scim_rotator_token_accepted_risk_until_timestamp_seconds",
        "Until when a person accepted that the token may do more than it should; absent if nobody did.",
        |entry, to| {
            with(entry, |s| {
                let risk = s.privilege.as_ref().and_then(|p| p.accepted_risk.as_ref());
                to.time(&s.facts.name, &[], risk.map(|risk| risk.until));
            })
        },
    ),
    gauge(
        "scim_rotator_token_superseded_still_used",
        "1 while a superseded token is not retired that was still used after its successor was delivered; absent otherwise.",
        |entry, to| {
            with(entry, |s| {
                if s.retiring.iter().any(|old| old.still_used) {
                    to.flag(&s.facts.name, &[], true);
                }
            })
        },
    ),
    gauge(
        "scim_rotator_tokens_orphaned",
        "Tokens of ours that may be alive and whose value was lost.",
        |entry, to| with(entry, |s| to.count(&s.facts.name, &[], s.orphans)),
    ),
    gauge(
        "scim_rotator_retirement_due_timestamp_seconds",
        "When the next superseded token is to be retired; absent when there is none.",
        |entry, to| with(entry, |s| to.time(&s.facts.name, &[], s.retirement_due_at)),
    ),
];

fn token_info(entry: &Entry, to: &mut Series<'_>) {
    let facts = &entry.facts;
    // The issuer that signs is a URL, and no name of the configuration.
    let issuer = match entry.is_federated() {
        true => "",
        false => facts.issuer.as_str(),
    };
    let labels = [
        ("issuer", issuer),
        ("provider", facts.provider.as_str()),
        ("credential", facts.credential),
        ("strategy", facts.strategy),
        ("environment", facts.environment.as_deref().unwrap_or("")),
    ];
    to.flag(&facts.name, &labels, true);
}

/// A credential of a longer life than this is a long-lived one.
const SHORT_LIFE: SignedDuration = SignedDuration::from_hours(24);

/// Nothing is issued or revoked of a federated credential.
fn count(entry: &Entry, number: u64, to: &mut Series<'_>) {
    if !entry.is_federated() {
        to.count(&entry.facts.name, &[], number);
    }
}

/// A federated credential has no secret that could live long.
fn long_lived(entry: &Entry, to: &mut Series<'_>) {
    if entry.is_federated() {
        to.flag(&entry.facts.name, &[], false);
    }
    with(entry, |s| {
        if let Some(token) = &s.current {
            let end = token.expires_at;
            let life = end.map(|end| end.duration_since(token.issued_at));
            let is_long = life.is_none_or(|life| life > SHORT_LIFE);
            to.flag(&s.facts.name, &[], is_long);
        }
    });
}

fn connection_info(entry: &Entry, to: &mut Series<'_>) {
    for connection in &entry.facts.connections {
        let labels = [
            ("connection", connection.name.as_str()),
            ("idp", connection.kind.as_str()),
            ("confirm", if connection.can_confirm { "yes" } else { "no" }),
        ];
        to.flag(&entry.facts.name, &labels, true);
    }
}

/// The slot `previous` is the token that was superseded last.
fn slots(entry: &Entry, mut emit: impl FnMut(&str, &str, &SlotFacts)) {
    with(entry, |s| {
        let previous = s.retiring.last().map(|old| &old.token);
        let slots = [
            ("current", s.current.as_ref()),
            ("pending", s.pending.as_deref()),
            ("previous", previous),
        ];
        for (slot, token) in slots {
            if let Some(token) = token {
                emit(&s.facts.name, slot, token);
            }
        }
    });
}

fn expiry_source(entry: &Entry, to: &mut Series<'_>) {
    with(entry, |s| {
        if s.current.is_none() {
            return;
        }
        for source in ExpiryKnown::ALL {
            let labels = [("source", source.as_str())];
            to.flag(&s.facts.name, &labels, s.expiry() == source);
        }
    });
}
