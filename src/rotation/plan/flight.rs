//! The step of each stage of a rotation in flight.

use jiff::Timestamp;

use super::deliveries::{has_died, next_to_deliver};
use super::side_tasks::meanwhile;
use super::view::View;
use super::{due, ending, handed_over, published};
use crate::rotation::capability::{LiveTokens, Overlap, Recovery, Supply, Writer};
use crate::rotation::decision::{Decision, Reason, Step};
use crate::rotation::record::{DeliveryState, Intent, Rotation, Stage};

pub(super) fn go_on(view: &View<'_>) -> Option<Decision> {
    let rotation = view.record.rotation.as_ref()?;
    match rotation.stage {
        Stage::Issuing => issuing(view, rotation),
        Stage::Proving => view.step(Step::Prove, Reason::InFlight),
        Stage::Delivering => delivering(view, rotation),
        Stage::Completing => view.step(Step::Complete, Reason::InFlight),
        Stage::Confirming => confirming(view, rotation),
        Stage::Reverting => reverting(view, rotation),
        Stage::Discarding => view.step(Step::Discard, Reason::RollingBack),
        // The configuration names another issuer since a person was asked.
        Stage::WaitingOperator if view.situation.issuer.supply == Supply::Issuer => {
            published::rescue(view).or_else(|| prepare_again(view, rotation))
        }
        Stage::WaitingOperator => waiting_operator(view),
        Stage::HandedOver => handed_over::go_on(view, rotation),
    }
}

/// Without an intent no request was sent. With an intent of this run, none was
/// sent yet. With any other intent, a token may have been issued.
fn issuing(view: &View<'_>, rotation: &Rotation) -> Option<Decision> {
    match &rotation.intent {
        None => published::rescue(view).or_else(|| prepare_again(view, rotation)),
        // The configured issuer's tokens do not show what another issuer did.
        Some(intent) if view.is_of_another_issuer(intent.issuer.as_deref()) => {
            view.step(Step::Recover, Reason::ReplyLost)
        }
        Some(_) if view.situation.intent_is_fresh => free_slot_or_issue(view),
        Some(intent) => recover(view, intent),
    }
}

fn prepare_again(view: &View<'_>, rotation: &Rotation) -> Option<Decision> {
    let trigger = rotation.trigger;
    if let Some(until) = due::issue_cap_until(view) {
        return meanwhile(view, until, Reason::IssueCap);
    }
    if let Some(until) = due::cut_is_permitted_at(view, trigger) {
        return meanwhile(view, until, Reason::WaitingWindow);
    }
    view.step(Step::Prepare { trigger }, Reason::InFlight)
}

/// A lost token may take the slot that the new one needs.
fn free_slot_or_issue(view: &View<'_>) -> Option<Decision> {
    let issuer = &view.situation.issuer;
    let frees = match issuer.overlap {
        Overlap::TwoPhase { .. } => true,
        Overlap::ExplicitRetire | Overlap::IssuerTimed { .. } | Overlap::None => {
            issuer.live_tokens == LiveTokens::Two && issuer.revokes_by_id()
        }
    };
    let mut orphans = view.record.orphans.iter();
    match orphans.find(|orphan| frees && ending::must_go_first(view, orphan)) {
        Some(orphan) => {
            let id = orphan.id.text();
            view.step(Step::RevokeOrphan { id }, Reason::SlotNeeded)
        }
        None => view.step(Step::Issue, Reason::InFlight),
    }
}

fn recover(view: &View<'_>, intent: &Intent) -> Option<Decision> {
    match view.situation.issuer.recovery {
        Recovery::ClientChosen | Recovery::Replay => view.step(Step::Issue, Reason::ReplyLost),
        Recovery::ClientNamed
        | Recovery::ByLabel
        | Recovery::BySetDifference
        | Recovery::ByStatus => match settled_at(view, intent) {
            at if at > view.now => meanwhile(view, at, Reason::Settling),
            _ => view.step(Step::Recover, Reason::ReplyLost),
        },
        Recovery::None => view.step(Step::Recover, Reason::ReplyLost),
    }
}

/// From when on a lost request cannot be carried out any more. It was sent
/// after its intent was written, and before its failure was noted.
fn settled_at(view: &View<'_>, intent: &Intent) -> Timestamp {
    let last = view.record.failures.last.as_ref();
    let lost_at = last
        .filter(|failure| failure.step == Step::Issue.as_str())
        .map_or(intent.at, |failure| failure.at.max(intent.at));
    lost_at
        .checked_add(view.situation.policy.settle)
        .unwrap_or(view.now)
}

/// The first connection is the canary: the others are written only after it
/// accepted the token.
fn delivering(view: &View<'_>, rotation: &Rotation) -> Option<Decision> {
    let pending = rotation.pending.as_ref();
    let proven = pending.is_some_and(|p| p.evidence.is_some());
    let completes_first = view.situation.issuer.overlap == Overlap::TwoPhase { next_usable: false };
    let dead = proven && pending.is_some_and(|p| has_died(view, p));
    if dead || !(proven || completes_first) {
        return view.step(Step::Prove, Reason::InFlight);
    }
    match next_to_deliver(view, Writer::Daemon) {
        Some(connection) => view.step(
            Step::Deliver {
                connection: connection.clone(),
            },
            Reason::InFlight,
        ),
        // The connection that had not been given the token has left the
        // configuration.
        None if proven => view.step(Step::Prove, Reason::InFlight),
        None => view.step(Step::Complete, Reason::InFlight),
    }
}

fn confirming(view: &View<'_>, rotation: &Rotation) -> Option<Decision> {
    // A person's connections are waited for last.
    let is_ours = |name: &str| {
        let can = view.situation.connection(name);
        can.is_some_and(|can| can.writer == Writer::Daemon)
    };
    let open = rotation
        .deliveries
        .iter()
        .filter(|(name, d)| d.state == DeliveryState::Delivered && is_ours(name));
    let next = open.min_by_key(|(_, d)| d.ask_again_at);
    match next {
        None => view.step(Step::Prove, Reason::InFlight),
        Some((connection, delivery)) => match delivery.ask_again_at.filter(|at| *at > view.now) {
            Some(at) => meanwhile(view, at, Reason::InFlight),
            None => view.step(
                Step::Confirm {
                    connection: connection.clone(),
                },
                Reason::InFlight,
            ),
        },
    }
}

fn reverting(view: &View<'_>, rotation: &Rotation) -> Option<Decision> {
    let next = rotation.deliveries.iter().find(|(name, d)| {
        d.state != DeliveryState::Reverted && view.situation.connection(name).is_some()
    });
    match next {
        Some((connection, _)) => view.step(
            Step::Revert {
                connection: connection.clone(),
            },
            Reason::RollingBack,
        ),
        None => view.step(Step::Discard, Reason::RollingBack),
    }
}

/// While a person writes a token, the published path may be unreadable for a
/// moment. So only a missing or outdated copy is published again.
fn waiting_operator(view: &View<'_>) -> Option<Decision> {
    use crate::rotation::situation::Published;
    let publish = match view.situation.published {
        Published::Token(_) | Published::Absent => published::follow(view),
        Published::Unknown | Published::Malformed => None,
    };
    let look_again = view.after(view.situation.policy.operator_poll);
    published::take(view)
        .or(publish)
        .or_else(|| meanwhile(view, look_again, Reason::WaitingOperator))
}
