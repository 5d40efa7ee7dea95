//! Series of the tokens themselves.

use super::with;
use crate::telemetry::board::Entry;
use crate::telemetry::exposition::{Family, Series, counter, gauge};
use crate::telemetry::snapshot::TokenSnapshot;

/// Characters of the reason of a pause that its label has: it is a text of a person.
const LONGEST_REASON: usize = 120;

pub(super) const FAMILIES: &[Family] = &[
    gauge(
        "scim_rotator_token_info",
        "A configured token: its issuer, the kind of issuer, what the identity provider holds, how it is rotated, its environment, and what tells when it expires.",
        token_info,
    ),
    gauge(
        "scim_rotator_token_record_unreadable",
        "1 while the record of the token cannot be read; absent otherwise.",
        |entry, to| {
            if entry.trouble.is_some() && !entry.is_federated() {
                to.is_so(&entry.facts.name, &[]);
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
        "scim_rotator_token_paused_since_timestamp_seconds",
        "Since when a person has paused the token, and why; absent otherwise.",
        |entry, to| with(entry, |s| paused(s, to)),
    ),
    gauge(
        "scim_rotator_token_expiry_timestamp_seconds",
        "When the token in use stops working; absent when unknown or never.",
        |entry, to| {
            with(entry, |s| {
                let expires_at = s.current.as_ref().and_then(|token| token.expires_at);
                to.time(&s.facts.name, &[], expires_at);
            })
        },
    ),
    gauge(
        "scim_rotator_token_issued_timestamp_seconds",
        "When the token in use was issued, or first seen; absent when there is none.",
        |entry, to| {
            with(entry, |s| {
                let issued_at = s.current.as_ref().map(|token| token.issued_at);
                to.time(&s.facts.name, &[], issued_at);
            })
        },
    ),
    gauge(
        "scim_rotator_token_renewal_timestamp_seconds",
        "When the token is planned to be renewed, with jitter and windows.",
        |entry, to| with(entry, |s| to.time(&s.facts.name, &[], s.renew_at)),
    ),
    counter(
        "scim_rotator_tokens_issued_total",
        "Tokens that this process had issued.",
        |entry, to| {
            if !entry.is_federated() {
                let issued = entry.counters.as_ref().map_or(0, |c| c.issued());
                to.count(&entry.facts.name, &[], issued);
            }
        },
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
        "1 for how what the token in use may do compares with what it should; absent where no rule is set and no scope is known to allow far too much, and where a person accepted that.",
        |entry, to| {
            with(entry, |s| {
                let judged = s.privilege.as_ref();
                if let Some(judged) = judged.filter(|p| p.accepted_risk.is_none()) {
                    to.is_so(&s.facts.name, &[("verdict", judged.verdict.as_str())]);
                }
            })
        },
    ),
    gauge(
        "scim_rotator_token_accepted_risk_until_timestamp_seconds",
        "Until when a person accepted that the token may do more than it should; absent if nobody did.",
        |entry, to| {
            with(entry, |s| {
                let Some(judged) = s.privilege.as_ref() else {
                    return;
                };
                let until = judged.accepted_risk.as_ref().map(|risk| risk.until);
                to.time(
                    &s.facts.name,
                    &[("verdict", judged.verdict.as_str())],
                    until,
                );
            })
        },
    ),
    gauge(
        "scim_rotator_tokens_orphaned",
        "Tokens of ours that may be alive and whose value was lost; absent when there is none.",
        |entry, to| {
            with(entry, |s| {
                if s.orphans > 0 {
                    to.count(&s.facts.name, &[], s.orphans);
                }
            })
        },
    ),
    gauge(
        "scim_rotator_retirement_due_timestamp_seconds",
        "When the next superseded token is to be retired; absent when there is none.",
        |entry, to| {
            with(entry, |s| {
                let is_used = s.retiring.iter().any(|old| old.still_used);
                let still_used = if is_used { "yes" } else { "no" };
                let labels = [("still_used", still_used)];
                to.time(&s.facts.name, &labels, s.retirement_due_at);
            })
        },
    ),
];

fn token_info(entry: &Entry, to: &mut Series<'_>) {
    let facts = &entry.facts;
    // The issuer that signs is a URL, and no name of the configuration.
    let issuer = match entry.is_federated() {
        true => "",
        false => facts.issuer.as_str(),
    };
    let snapshot = entry.snapshot.as_deref();
    let source = snapshot.filter(|s| s.current.is_some()).map(|s| s.expiry());
    let labels = [
        ("issuer", issuer),
        ("provider", facts.provider.as_str()),
        ("credential", facts.credential),
        ("strategy", facts.strategy),
        ("environment", facts.environment.as_deref().unwrap_or("")),
        ("expiry_source", source.map_or("", |source| source.as_str())),
    ];
    to.is_so(&facts.name, &labels);
}

fn paused(snapshot: &TokenSnapshot, to: &mut Series<'_>) {
    if let Some(paused) = &snapshot.paused {
        let reason = reason_label(&paused.reason);
        let labels = [("reason", reason.as_str())];
        to.time(&snapshot.facts.name, &labels, Some(paused.since));
    }
}

/// The reason of a pause as the value of a label: one line, not too long. Secrets in it
/// were masked when it was stored.
pub(in crate::telemetry) fn reason_label(reason: &str) -> String {
    let words: Vec<&str> = reason.split_whitespace().collect();
    let mut line = words.join(" ");
    if let Some((end, _)) = line.char_indices().nth(LONGEST_REASON) {
        line.truncate(end);
        line.push('…');
    }
    line
}
