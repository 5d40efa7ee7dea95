//! The step of each stage of a rotation in flight.

use super::View;
use crate::rotation::capability::{LiveTokens, Recovery};
use crate::rotation::decision::{Decision, Reason, Step};
use crate::rotation::record::{DeliveryState, Intent, Rotation, Stage};
use crate::rotation::situation::Published;

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
        Stage::WaitingOperator => waiting_operator(view),
    }
}

/// Without an intent nothing was sent. With one of this very run nothing was
/// sent yet. With any other, a token may have been issued.
fn issuing(view: &View<'_>, rotation: &Rotation) -> Option<Decision> {
    match &rotation.intent {
        None => match super::due::issue_cap_until(view) {
            Some(until) => view.wait(until, Reason::IssueCap),
            None => view.step(
                Step::Prepare {
                    trigger: rotation.trigger,
                },
                Reason::InFlight,
            ),
        },
        Some(_) if view.situation.intent_is_fresh => free_slot_or_issue(view),
        Some(intent) => recover(view, intent),
    }
}

fn free_slot_or_issue(view: &View<'_>) -> Option<Decision> {
    let due = |retry_at: Option<jiff::Timestamp>| retry_at.is_none_or(|at| at <= view.now);
    let lost = view
        .record
        .orphans
        .iter()
        .find(|orphan| due(orphan.retry_at));
    match (view.situation.issuer.live_tokens, lost) {
        (LiveTokens::Two, Some(orphan)) => view.step(
            Step::RevokeOrphan {
                id: orphan.id.clone(),
            },
            Reason::SlotNeeded,
        ),
        (LiveTokens::One | LiveTokens::Two | LiveTokens::Many, _) => {
            view.step(Step::Issue, Reason::InFlight)
        }
    }
}

fn recover(view: &View<'_>, intent: &Intent) -> Option<Decision> {
    match view.situation.issuer.recovery {
        Recovery::ClientChosen | Recovery::Replay => view.step(Step::Issue, Reason::ReplyLost),
        Recovery::ClientNamed
        | Recovery::ByLabel
        | Recovery::BySetDifference
        | Recovery::ByStatus => {
            let settled = intent
                .at
                .checked_add(view.situation.policy.settle)
                .unwrap_or(view.now);
            if view.now < settled {
                view.wait(settled, Reason::Settling)
            } else {
                view.step(Step::Recover, Reason::ReplyLost)
            }
        }
        Recovery::None => view.step(Step::Recover, Reason::ReplyLost),
    }
}

/// The first connection is the canary: the others follow only after it took
/// the token.
fn delivering(view: &View<'_>, rotation: &Rotation) -> Option<Decision> {
    let next = view.situation.connections.iter().find(|(name, _)| {
        !rotation
            .deliveries
            .get(name)
            .is_some_and(|d| matches!(d.state, DeliveryState::Delivered | DeliveryState::Confirmed))
    });
    match next {
        Some((connection, _)) => view.step(
            Step::Deliver {
                connection: connection.clone(),
            },
            Reason::InFlight,
        ),
        // The connection that was missing has left the configuration.
        None => view.step(Step::Prove, Reason::InFlight),
    }
}

fn confirming(view: &View<'_>, rotation: &Rotation) -> Option<Decision> {
    let configured = |name: &str| view.situation.connection(name).is_some();
    let open = rotation
        .deliveries
        .iter()
        .filter(|(name, d)| d.state == DeliveryState::Delivered && configured(name));
    let next = open.min_by_key(|(_, d)| d.ask_again_at);
    match next {
        None => view.step(Step::Prove, Reason::InFlight),
        Some((connection, delivery)) => match delivery.ask_again_at.filter(|at| *at > view.now) {
            Some(at) => view.wait(at, Reason::InFlight),
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

fn waiting_operator(view: &View<'_>) -> Option<Decision> {
    match view.situation.published {
        Published::Token(found) if !view.record.knows(found) => {
            view.step(Step::TakeSupplied, Reason::OperatorSupplied)
        }
        Published::Unknown | Published::Absent | Published::Token(_) | Published::Malformed => view
            .wait(
                view.after(view.situation.policy.operator_poll),
                Reason::WaitingOperator,
            ),
    }
}
