//! Series of the connections of a token.

use jiff::Timestamp;

use super::with;
use crate::ports::condition::Condition;
use crate::telemetry::board::Entry;
use crate::telemetry::exposition::{Family, Series, gauge};
use crate::telemetry::snapshot::HandoverFacts;

pub(super) const FAMILIES: &[Family] = &[
    gauge(
        "scim_rotator_connection_info",
        "A connection that must hold the token: the kind of identity provider, and whether it was last given the token in use (or the new one of a rotation in flight) or an old one.",
        connection_info,
    ),
    gauge(
        "scim_rotator_connection_confirmed_timestamp_seconds",
        "When the connection last showed that it works with the token that it was given; absent if it never did.",
        confirmed,
    ),
    gauge(
        "scim_rotator_connection_waits_for_person_since_timestamp_seconds",
        "Since when a token waits for the person who writes it into the connection; absent if none does.",
        |entry, to| handovers(entry, to, |waits| Some(waits.since)),
    ),
    gauge(
        "scim_rotator_connection_person_deadline_timestamp_seconds",
        "When the person should have written the token into the connection at the latest; absent if no rotation waits for that.",
        |entry, to| handovers(entry, to, |waits| waits.deadline_at),
    ),
    gauge(
        "scim_rotator_idp_job_state",
        "1 for what the identity provider says of the connection; absent until it was asked.",
        |entry, to| {
            looks(entry, |token, connection, condition| {
                let state = condition.state.as_str();
                to.is_so(token, &[("connection", connection), ("state", state)]);
            })
        },
    ),
    gauge(
        "scim_rotator_idp_last_provisioning_success_timestamp_seconds",
        "When the connection last provisioned, as the identity provider says; absent where it does not.",
        |entry, to| {
            looks(entry, |token, connection, condition| {
                let labels = [("connection", connection)];
                to.time(token, &labels, condition.last_success_at);
            })
        },
    ),
];

/// What a connection holds is not known before the record was read, and before it was
/// first given a token.
fn connection_info(entry: &Entry, to: &mut Series<'_>) {
    let snapshot = entry.snapshot.as_deref();
    for (number, connection) in entry.facts.connections.iter().enumerate() {
        // A snapshot from before a reload may have others.
        let state = snapshot.and_then(|s| s.connections.get(number));
        let state = state.filter(|state| state.name == connection.name);
        let holds = match state.and_then(|state| state.in_sync) {
            Some(true) => "current",
            Some(false) => "old",
            None => "unknown",
        };
        let labels = [
            ("connection", connection.name.as_str()),
            ("idp", connection.kind.as_str()),
            ("confirm", if connection.can_confirm { "yes" } else { "no" }),
            ("holds", holds),
        ];
        to.is_so(&entry.facts.name, &labels);
    }
}

fn confirmed(entry: &Entry, to: &mut Series<'_>) {
    with(entry, |s| {
        for connection in &s.connections {
            let labels = [("connection", connection.name.as_str())];
            to.time(&s.facts.name, &labels, connection.confirmed_at);
        }
    });
}

fn handovers(
    entry: &Entry,
    to: &mut Series<'_>,
    time: impl Fn(&HandoverFacts) -> Option<Timestamp>,
) {
    with(entry, |s| {
        for connection in &s.connections {
            let labels = [("connection", connection.name.as_str())];
            let at = connection.handover.as_deref().and_then(&time);
            to.time(&s.facts.name, &labels, at);
        }
    });
}

fn looks(entry: &Entry, mut emit: impl FnMut(&str, &str, Condition)) {
    let Some(looks) = entry.looks.as_deref() else {
        return;
    };
    with(entry, |s| {
        let probed_at = s.probe.as_ref().map(|probe| probe.at);
        for connection in &s.connections {
            if let Some(condition) = looks.get(&connection.name, probed_at) {
                emit(&s.facts.name, &connection.name, condition);
            }
        }
    });
}
