//! The per-token series: the custom collector over the [`Board`].
//!
//! It writes the text format straight from the board instead of handing
//! `MetricFamily` trees to the registry. With about sixty series a token the
//! trees of 10 000 tokens cost ten allocations a series, hundreds of MiB and
//! more than the 100 ms that a scrape may take; the text itself needs neither.
//! As there is no other copy, a removed token has no series.

use super::board::{Board, Entry};
use super::exposition::{self, Family, Series, counter, gauge};
use super::snapshot::{SlotFacts, TokenSnapshot};
use crate::rotation::record::{ExpiryKnown, RotationResult, StageName, Trigger};

/// Appends the series of all tokens in the text format 0.0.4.
pub fn write(board: &Board, out: &mut String) {
    exposition::write(FAMILIES, &board.all(), out);
}

const FAMILIES: &[Family] = &[
    gauge(
        "scim_rotator_token_info",
        "A configured token: its issuer, the kind of issuer, how it is rotated, its environment.",
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
        |entry, to| to.flag(&entry.facts.name, &[], entry.trouble.is_none()),
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
    gauge(
        "scim_rotator_rotation_stage",
        "Stage of the rotation: 1 for the stage it is in, 0 for all others.",
        rotation_stage,
    ),
    gauge(
        "scim_rotator_rotation_stage_entered_timestamp_seconds",
        "Since when the rotation is in its stage.",
        |entry, to| {
            with(entry, |s| {
                to.time(&s.facts.name, &[], Some(s.stage_entered_at));
            })
        },
    ),
    counter(
        "scim_rotator_rotations_total",
        "Rotations that this process finished.",
        rotations,
    ),
    gauge(
        "scim_rotator_rotation_last_success_timestamp_seconds",
        "When a rotation last succeeded.",
        |entry, to| with(entry, |s| to.time(&s.facts.name, &[], s.last_success_at)),
    ),
    gauge(
        "scim_rotator_rotation_last_attempt_timestamp_seconds",
        "When a rotation was last attempted.",
        |entry, to| with(entry, |s| to.time(&s.facts.name, &[], s.last_attempt_at)),
    ),
    gauge(
        "scim_rotator_rotation_consecutive_failures",
        "Failures in a row since the last success.",
        |entry, to| {
            with(entry, |s| {
                to.count(&s.facts.name, &[], u64::from(s.consecutive_failures));
            })
        },
    ),
    gauge(
        "scim_rotator_rotation_next_attempt_timestamp_seconds",
        "When something is done for the token next; absent while paused or halted.",
        |entry, to| with(entry, |s| to.time(&s.facts.name, &[], s.next_attempt_at)),
    ),
    counter(
        "scim_rotator_rotation_step_failures_total",
        "Steps that failed, by step and reason.",
        step_failures,
    ),
    gauge(
        "scim_rotator_probe_success",
        "Whether the token in use was accepted by the service provider: 0 when it was refused, unchanged by a probe that showed nothing.",
        probe_success,
    ),
    gauge(
        "scim_rotator_probe_last_success_timestamp_seconds",
        "When the token in use was last shown to work, at the service provider (sp) or at a connection (idp).",
        probe_last_success,
    ),
    gauge(
        "scim_rotator_idp_credential_in_sync",
        "Whether the connection was last given the token in use or the new one of a rotation in flight; absent before the first delivery.",
        in_sync,
    ),
    counter(
        "scim_rotator_tokens_issued_total",
        "Tokens that this process had issued.",
        |entry, to| to.count(&entry.facts.name, &[], entry.counters.issued()),
    ),
    counter(
        "scim_rotator_tokens_revoked_total",
        "Tokens that this process had revoked.",
        |entry, to| to.count(&entry.facts.name, &[], entry.counters.revoked()),
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

fn with(entry: &Entry, emit: impl FnOnce(&TokenSnapshot)) {
    if let Some(snapshot) = entry.snapshot.as_deref() {
        emit(snapshot);
    }
}

/// `previous` is the token that was superseded last.
fn slots(entry: &Entry, mut emit: impl FnMut(&str, &str, &SlotFacts)) {
    with(entry, |s| {
        let previous = s.retiring.last().map(|old| &old.token);
        let slots = [
            ("current", s.current.as_ref()),
            ("pending", s.pending.as_ref()),
            ("previous", previous),
        ];
        for (slot, token) in slots {
            if let Some(token) = token {
                emit(&s.facts.name, slot, token);
            }
        }
    });
}

fn token_info(entry: &Entry, to: &mut Series<'_>) {
    let facts = &entry.facts;
    let labels = [
        ("issuer", facts.issuer.as_str()),
        ("provider", facts.provider.as_str()),
        ("strategy", facts.strategy),
        ("environment", facts.environment.as_deref().unwrap_or("")),
    ];
    to.flag(&facts.name, &labels, true);
}

fn connection_info(entry: &Entry, to: &mut Series<'_>) {
    for connection in &entry.facts.connections {
        let labels = [
            ("connection", connection.name.as_str()),
            ("idp", connection.kind.as_str()),
        ];
        to.flag(&entry.facts.name, &labels, true);
    }
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

fn rotation_stage(entry: &Entry, to: &mut Series<'_>) {
    with(entry, |s| {
        for stage in StageName::ALL {
            let labels = [("stage", stage.as_str())];
            to.flag(&s.facts.name, &labels, s.stage == stage);
        }
    });
}

fn rotations(entry: &Entry, to: &mut Series<'_>) {
    for trigger in Trigger::ALL {
        for result in RotationResult::ALL {
            let labels = [("trigger", trigger.as_str()), ("result", result.as_str())];
            let count = entry.counters.rotations(trigger, result);
            to.count(&entry.facts.name, &labels, count);
        }
    }
}

/// Only failures that happened: all combinations would be 160 series a token.
fn step_failures(entry: &Entry, to: &mut Series<'_>) {
    for ((step, reason), count) in entry.counters.step_failures() {
        let labels = [("step", step), ("reason", reason)];
        to.count(&entry.facts.name, &labels, count);
    }
}

const AT_SERVICE_PROVIDER: [(&str, &str); 3] =
    [("connection", ""), ("slot", "current"), ("endpoint", "sp")];

/// A probe that showed nothing must not page as a refused token, so only a
/// refusal is a 0; how old the last proof is, tells the other series.
fn probe_success(entry: &Entry, to: &mut Series<'_>) {
    with(entry, |s| {
        let Some(probe) = &s.probe else { return };
        if probe.refused > 0 || probe.passed_at.is_some() {
            to.flag(&s.facts.name, &AT_SERVICE_PROVIDER, probe.refused == 0);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::fixture;
    use crate::telemetry::snapshot::TokenSnapshot;

    fn text(snapshots: impl IntoIterator<Item = TokenSnapshot>) -> String {
        let board = Board::new();
        for snapshot in snapshots {
            board.set(snapshot);
        }
        let mut out = String::new();
        write(&board, &mut out);
        out
    }

    fn fresh(name: &str) -> TokenSnapshot {
        fixture::snapshot(&fixture::fresh_record(name))
    }

    #[test]
    fn a_token_has_its_series() {
        let out = text([fixture::snapshot(&fixture::busy_record("crm"))]);
        let expected = [
            "scim_rotator_token_info{token=\"crm\",issuer=\"crm\",provider=\"http\",strategy=\"overlap\",environment=\"production\"} 1",
            "scim_rotator_connection_info{token=\"crm\",connection=\"entra-hr\",idp=\"http\"} 1",
            "scim_rotator_token_expiry_timestamp_seconds{token=\"crm\",slot=\"pending\"} 1806926400",
            "scim_rotator_rotation_stage{token=\"crm\",stage=\"delivering\"} 1",
            "scim_rotator_rotation_stage{token=\"crm\",stage=\"halted\"} 0",
            "scim_rotator_rotations_total{token=\"crm\",trigger=\"drift\",result=\"failed\"} 0",
            "scim_rotator_token_expiry_source{token=\"crm\",source=\"api\"} 1",
            "scim_rotator_idp_credential_in_sync{token=\"crm\",connection=\"entra-hr\"} 1",
            "scim_rotator_probe_success{token=\"crm\",connection=\"\",slot=\"current\",endpoint=\"sp\"} 1",
            "scim_rotator_retirement_due_timestamp_seconds{token=\"crm\"} 1800010800",
        ];
        for line in expected {
            assert!(out.lines().any(|l| l == line), "{line}\n{out}");
        }
    }

    #[test]
    fn a_removed_token_leaves_no_series() {
        let board = Board::new();
        board.set(fresh("stays"));
        board.set(fresh("goes"));
        board.remove("goes");
        let mut out = String::new();
        write(&board, &mut out);
        assert!(out.contains("\"stays\"") && !out.contains("\"goes\""));
    }

    #[test]
    fn families_without_samples_have_no_header() {
        assert_eq!(text([]), "");
        let out = text([fresh("crm")]);
        assert!(!out.contains("retirement_due"), "{out}");
    }

    #[test]
    fn a_probe_that_shows_nothing_is_no_refusal() {
        use crate::scim::evidence::{Finding, FindingReason};
        let mut record = fixture::fresh_record("crm");
        let cases = [
            (0, FindingReason::Unreachable, 1),
            (2, FindingReason::Rejected, 0),
        ];
        for (refused, reason, expected) in cases {
            let probe = record.probe.as_mut().expect("probe");
            probe.refused = refused;
            probe.finding = Some(Finding {
                reason,
                detail: String::new(),
            });
            let out = text([fixture::snapshot(&record)]);
            let line = format!(
                "scim_rotator_probe_success{{token=\"crm\",connection=\"\",slot=\"current\",endpoint=\"sp\"}} {expected}"
            );
            assert!(out.lines().any(|l| l == line), "{line}\n{out}");
        }
    }

    #[test]
    fn ten_thousand_tokens_stay_within_forty_lines_and_the_rotation_counters() {
        let count = 10_000;
        let out = text((0..count).map(|n| fresh(&format!("t{n:05}"))));
        let samples = out.lines().filter(|line| !line.starts_with('#')).count();
        let counters = Trigger::ALL.len() * RotationResult::ALL.len();
        assert!(samples <= count * (40 + counters), "{samples}");
        assert_eq!(samples % count, 0, "every token has the same series");
    }
}
