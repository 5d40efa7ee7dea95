//! What became of an issue whose reply was lost.

use super::failing::halt;
use super::issuing::{owns, set_intent};
use super::{Change, IllegalOutcome};
use crate::rotation::capability::{IssueEffect, Overlap, Recovery};
use crate::rotation::outcome::Listing;
use crate::rotation::record::{HaltCause, Intent, Orphan, Stage};

/// An issue whose reply was lost: what the issuer shows now tells which ids are
/// ours. The value is gone in any case, so such a token is an orphan.
pub(super) fn recovered(
    mut change: Change<'_, '_>,
    listing: &Listing,
    next_label: String,
) -> Result<(), IllegalOutcome> {
    let intent = change
        .record
        .rotation
        .as_ref()
        .filter(|r| r.stage == Stage::Issuing)
        .and_then(|r| r.intent.clone());
    let Some(intent) = intent else {
        return Err(change.illegal("recovered"));
    };
    match find_orphans(&change, &intent, listing) {
        Found::Ours(ids) => {
            let found_at = change.now;
            let orphans = ids.into_iter().map(|id| Orphan {
                id,
                found_at,
                attempts: 0,
                retry_at: None,
            });
            change.record.orphans.extend(orphans);
        }
        Found::Uncountable => change.record.orphans_uncounted += 1,
        Found::Foreign(detail) => {
            halt(&mut change, HaltCause::ForeignTokens, detail);
            return Ok(());
        }
    }
    let attempts = change.record.rotation.as_ref().map_or(0, |r| r.attempts);
    if attempts >= change.situation.policy.max_attempts {
        if let Some(rotation) = change.record.rotation.as_mut() {
            rotation.intent = None;
        }
        let detail = format!("the reply of the issuer was lost {attempts} times in one rotation");
        halt(&mut change, HaltCause::AttemptsUsedUp, detail);
        return Ok(());
    }
    set_intent(&mut change, next_label, listing, None);
    Ok(())
}

enum Found {
    Ours(Vec<String>),
    Uncountable,
    Foreign(String),
}

fn find_orphans(change: &Change<'_, '_>, intent: &Intent, listing: &Listing) -> Found {
    let unknown = || {
        listing
            .tokens
            .iter()
            .filter(|t| !intent.ids_before.contains(&t.id) && !owns(change.record, &t.id))
    };
    match change.situation.issuer.recovery {
        Recovery::ByLabel => {
            let ours = unknown().filter(|t| t.label.as_deref() == Some(intent.label.as_str()));
            Found::Ours(ours.map(|t| t.id.clone()).collect())
        }
        Recovery::ClientNamed => {
            let ours = unknown().filter(|t| t.id == intent.label);
            Found::Ours(ours.map(|t| t.id.clone()).collect())
        }
        Recovery::BySetDifference => {
            let slack = change.situation.policy.max_clock_skew;
            let earliest = intent.at.checked_sub(slack).unwrap_or(intent.at);
            let young = unknown().filter(|t| t.created_at.is_none_or(|at| at >= earliest));
            let ids: Vec<_> = young.map(|t| t.id.clone()).collect();
            if ids.len() > 1 {
                return Found::Foreign(format!(
                    "{} tokens appeared at the issuer while one was being issued ({}): delete those that nobody uses, then run `scim-rotator rotate {}`",
                    ids.len(),
                    ids.join(", "),
                    change.record.token
                ));
            }
            Found::Ours(ids)
        }
        Recovery::ByStatus | Recovery::None => {
            let issuer = &change.situation.issuer;
            match (issuer.issue_effect, issuer.overlap) {
                // The next attempt begins by dropping what this one made.
                (IssueEffect::Keeps, Overlap::TwoPhase { .. }) => Found::Ours(Vec::new()),
                (
                    IssueEffect::Keeps,
                    Overlap::ExplicitRetire | Overlap::IssuerTimed { .. } | Overlap::None,
                ) => Found::Uncountable,
                (IssueEffect::Kills | IssueEffect::SchedulesDeath, _) => Found::Ours(Vec::new()),
            }
        }
        Recovery::ClientChosen | Recovery::Replay => Found::Ours(Vec::new()),
    }
}
