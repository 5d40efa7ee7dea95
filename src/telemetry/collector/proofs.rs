//! Series of probes, and of what the connections hold.

use jiff::Timestamp;

use super::with;
use crate::ports::condition::{Condition, ConnectionState};
use crate::rotation::reason::Reason;
use crate::telemetry::board::Entry;
use crate::telemetry::exposition::{Family, Series, gauge};
use crate::telemetry::snapshot::HandoverFacts;

pub(super) const FAMILIES: &[Family] = &[
    gauge(
        "scim_rotator_probe_success",
        "Whether the token in use was accepted by the service provider: 0 when it was refused, unchanged by a probe that showed nothing.",
        probe_success,
    ),
    gauge(
        "scim_rotator_token_proven",
        "Whether the token in use was shown to work: 0 when it is refused, and when nothing shows that it works.",
        proven,
    ),
    gauge(
        "scim_rotator_probe_last_success_timestamp_seconds",
        "When the token in use was last shown to work, at the service provider (sp) or at a connection (idp).",
        probe_last_success,
    ),
    gauge(
        "scim_rotator_probe_controls_unclear",
        "1 while it is not clear whether the service provider refuses wrong tokens, so that no superseded token is retired; absent otherwise.",
        controls_unclear,
    ),
    gauge(
        "scim_rotator_full_cycle_success",
        "Whether the last full cycle that showed something passed; absent before the first, and for tokens without full cycles.",
        full_cycle,
    ),
    gauge(
        "scim_rotator_full_cycle_last_success_timestamp_seconds",
        "When a full cycle last passed.",
        full_cycle_passed,
    ),
    gauge(
        "scim_rotator_full_cycle_leftovers",
        "Users and groups of full cycles that may still be at the service provider.",
        full_cycle_leftovers,
    ),
    gauge(
        "scim_rotator_full_cycle_waited",
        "1 while a renewal that is due waits for the full cycle of another token; absent otherwise.",
        full_cycle_waited,
    ),
    gauge(
        "scim_rotator_full_cycle_ignored_timestamp_seconds",
        "When the last rotation began although the full cycle that it waits for had not passed, because the token would have expired; absent if the last one had no need to.",
        full_cycle_ignored,
    ),
    gauge(
        "scim_rotator_idp_credential_in_sync",
        "Whether the connection was last given the token in use or the new one of a rotation in flight; absent before the first delivery.",
        in_sync,
    ),
    gauge(
        "scim_rotator_connection_waits_for_person_since_timestamp_seconds",
        "Since when a token waits for the person who writes it into the connection; absent if none does.",
        waits_for_person,
    ),
    gauge(
        "scim_rotator_connection_person_deadline_timestamp_seconds",
        "When the person should have written the token into the connection at the latest; absent if no rotation waits for that.",
        person_deadline,
    ),
    gauge(
        "scim_rotator_idp_job_state",
        "What the identity provider says of the connection: 1 for that state, 0 for all others; absent until it was asked.",
        job_state,
    ),
    gauge(
        "scim_rotator_idp_last_provisioning_success_timestamp_seconds",
        "When the connection last provisioned, as the identity provider says; absent where it does not.",
        last_provisioning_success,
    ),
];

const AT_SERVICE_PROVIDER: [(&str, &str); 3] =
    [("connection", ""), ("slot", "current"), ("endpoint", "sp")];

/// A probe that showed nothing must not alert like a refused token, so only a
/// refusal is 0. Another series has the age of the last proof.
fn probe_success(entry: &Entry, to: &mut Series<'_>) {
    with(entry, |s| {
        let Some(probe) = &s.probe else { return };
        if probe.refused > 0 || probe.passed_at.is_some() {
            to.flag(&s.facts.name, &AT_SERVICE_PROVIDER, probe.refused == 0);
        }
    });
}

fn proven(entry: &Entry, to: &mut Series<'_>) {
    with(entry, |s| {
        if s.current.is_some() {
            to.flag(&s.facts.name, &[], s.doubt().is_none());
        }
    });
}

fn probe_last_success(entry: &Entry, to: &mut Series<'_>) {
    with(entry, |s| {
        let probed = s.probe.as_ref().and_then(|probe| probe.passed_at);
        let proven = s.current.as_ref().and_then(|token| token.proven_at);
        to.time(&s.facts.name, &AT_SERVICE_PROVIDER, probed.max(proven));
        for connection in &s.connections {
            let labels = [
                ("connection", connection.name.as_str()),
                ("slot", "current"),
                ("endpoint", "idp"),
            ];
            to.time(&s.facts.name, &labels, connection.confirmed_at);
        }
    });
}

fn controls_unclear(entry: &Entry, to: &mut Series<'_>) {
    with(entry, |s| {
        let current = s.current.as_ref();
        if let Some(cause) = current.and_then(|token| token.unclear_controls.as_deref()) {
            let labels = [("reason", cause.reason.as_str())];
            to.flag(&s.facts.name, &labels, true);
        }
    });
}

fn full_cycle(entry: &Entry, to: &mut Series<'_>) {
    if let Some(passed) = entry.cycle.as_ref().and_then(|cycle| cycle.passed) {
        to.flag(&entry.facts.name, &[], passed);
    }
}

fn full_cycle_passed(entry: &Entry, to: &mut Series<'_>) {
    let passed_at = entry.cycle.as_ref().and_then(|cycle| cycle.passed_at);
    to.time(&entry.facts.name, &[], passed_at);
}

fn full_cycle_leftovers(entry: &Entry, to: &mut Series<'_>) {
    if let Some(cycle) = &entry.cycle {
        to.count(&entry.facts.name, &[], cycle.leftovers);
    }
}

fn full_cycle_waited(entry: &Entry, to: &mut Series<'_>) {
    with(entry, |s| {
        if s.reason == Reason::WaitingFullCycle {
            to.flag(&s.facts.name, &[], true);
        }
    });
}

fn full_cycle_ignored(entry: &Entry, to: &mut Series<'_>) {
    with(entry, |s| {
        to.time(&s.facts.name, &[], s.full_cycle_ignored_at);
    });
}

fn in_sync(entry: &Entry, to: &mut Series<'_>) {
    with(entry, |s| {
        for connection in &s.connections {
            if let Some(in_sync) = connection.in_sync {
                let labels = [("connection", connection.name.as_str())];
                to.flag(&s.facts.name, &labels, in_sync);
            }
        }
    });
}

fn waits_for_person(entry: &Entry, to: &mut Series<'_>) {
    handovers(entry, to, |waits| Some(waits.since));
}

fn person_deadline(entry: &Entry, to: &mut Series<'_>) {
    handovers(entry, to, |waits| waits.deadline_at);
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

fn job_state(entry: &Entry, to: &mut Series<'_>) {
    looks(entry, |token, connection, condition| {
        for state in ConnectionState::ALL {
            let labels = [("connection", connection), ("state", state.as_str())];
            to.flag(token, &labels, condition.state == state);
        }
    });
}

fn last_provisioning_success(entry: &Entry, to: &mut Series<'_>) {
    looks(entry, |token, connection, condition| {
        to.time(
            token,
            &[("connection", connection)],
            condition.last_success_at,
        );
    });
}

fn looks(entry: &Entry, mut emit: impl FnMut(&str, &str, Condition)) {
    with(entry, |s| {
        let probed_at = s.probe.as_ref().map(|probe| probe.at);
        for connection in &s.connections {
            if let Some(condition) = entry.looks.get(&connection.name, probed_at) {
                emit(&s.facts.name, &connection.name, condition);
            }
        }
    });
}
