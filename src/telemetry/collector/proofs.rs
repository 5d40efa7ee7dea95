//! Series of probes and of full cycles.

use super::with;
use crate::rotation::proof::Proof;
use crate::rotation::reason::Reason;
use crate::telemetry::board::Entry;
use crate::telemetry::exposition::{Family, Series, gauge};
use crate::telemetry::snapshot::TokenSnapshot;

pub(super) const FAMILIES: &[Family] = &[
    gauge(
        "scim_rotator_token_proven_timestamp_seconds",
        "When the service provider last accepted the token in use, 0 if it never did; the label proof is what is shown of it now, and controls why it is not clear whether wrong tokens are refused.",
        |entry, to| with(entry, |s| proven(s, to)),
    ),
    gauge(
        "scim_rotator_full_cycle_leftovers",
        "Users and groups of full cycles that may still be at the service provider; the label result is that of the last full cycle that showed something.",
        full_cycle,
    ),
    gauge(
        "scim_rotator_full_cycle_waited",
        "1 while a renewal that is due waits for the full cycle of another token; absent otherwise.",
        |entry, to| {
            with(entry, |s| {
                if s.reason == Reason::WaitingFullCycle && s.paused.is_none() {
                    to.is_so(&s.facts.name, &[]);
                }
            })
        },
    ),
    gauge(
        "scim_rotator_full_cycle_ignored_timestamp_seconds",
        "When the last rotation began although the full cycle that it waits for had not passed, because the token would have expired; absent if the last one had no need to.",
        |entry, to| {
            with(entry, |s| {
                to.time(&s.facts.name, &[], s.full_cycle_ignored_at);
            })
        },
    ),
];

fn proven(snapshot: &TokenSnapshot, to: &mut Series<'_>) {
    let Some(current) = &snapshot.current else {
        return;
    };
    let probed_at = snapshot.probe.as_ref().and_then(|probe| probe.passed_at);
    let at = probed_at.max(current.proven_at);
    let controls = current.unclear_controls.as_deref();
    let labels = [
        ("proof", proof(snapshot)),
        (
            "controls",
            controls.map_or("", |cause| cause.reason.as_str()),
        ),
    ];
    let seconds = at.map_or(0, |at| at.as_second());
    to.sample(&snapshot.facts.name, &labels, seconds);
}

/// A probe that showed nothing does not take a refusal back.
fn proof(snapshot: &TokenSnapshot) -> &'static str {
    let refused = snapshot
        .probe
        .as_ref()
        .is_some_and(|probe| probe.refused > 0);
    match (refused, snapshot.doubt()) {
        (true, _) => "refused",
        (false, Some(word)) => word,
        (false, None) => Proof::Works.as_str(),
    }
}

fn full_cycle(entry: &Entry, to: &mut Series<'_>) {
    if let Some(cycle) = &entry.cycle {
        let result = match cycle.passed {
            Some(true) => "passed",
            Some(false) => "failed",
            None => "none",
        };
        to.count(&entry.facts.name, &[("result", result)], cycle.leftovers);
    }
}
