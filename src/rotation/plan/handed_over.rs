//! A person writes the pending token into the connections that no program can
//! write. The daemon hands it over, looks for proof, and waits for as long as it
//! takes.

use super::deliveries::{has_died, next_to_deliver};
use super::published;
use super::side_tasks::meanwhile;
use super::view::{LOOK_AGAIN, View};
use crate::rotation::capability::{ConnectionTest, Writer};
use crate::rotation::decision::{Decision, Reason, Step};
use crate::rotation::handover;
use crate::rotation::record::{Delivery, DeliveryState, Rotation};
use crate::rotation::situation::Published;

pub(super) fn go_on(view: &View<'_>, rotation: &Rotation) -> Option<Decision> {
    if rotation.pending.as_ref().is_some_and(|p| has_died(view, p)) {
        return view.step(Step::Prove, Reason::InFlight);
    }
    // The daemon's own come first here too: one may have been configured since.
    let next = [Writer::Daemon, Writer::Person]
        .into_iter()
        .find_map(|writer| next_to_deliver(view, writer));
    if let Some(connection) = next.cloned() {
        return view.step(Step::Deliver { connection }, Reason::InFlight);
    }
    if let Published::Absent = view.situation.published
        && let Some(decision) = published::follow(view)
    {
        return Some(decision);
    }
    let open = open(view, rotation);
    let can_wait = handover::can_wait(view.record, view.situation.policy, view.now);
    if open.is_empty() || !can_wait {
        return view.step(Step::Prove, Reason::InFlight);
    }
    let due = open
        .iter()
        .find(|(name, delivery)| looks(view, name, delivery));
    match due {
        Some((connection, _)) => view.step(
            Step::Confirm {
                connection: (*connection).clone(),
            },
            Reason::InFlight,
        ),
        None => {
            let looks = open.iter().filter(|(name, _)| can_be_seen(view, name));
            let next = looks
                .filter_map(|(_, delivery)| delivery.ask_again_at)
                .min();
            let until = next.unwrap_or(view.after(LOOK_AGAIN));
            meanwhile(view, until, Reason::WaitingConnection)
        }
    }
}

/// Configured connections that hold it by a person's hand, or by the daemon's,
/// and are not confirmed.
fn open<'r>(view: &View<'_>, rotation: &'r Rotation) -> Vec<(&'r String, &'r Delivery)> {
    let configured = |name: &str| view.situation.connection(name).is_some();
    let deliveries = rotation.deliveries.iter();
    deliveries
        .filter(|(name, d)| d.state == DeliveryState::Delivered && configured(name))
        .collect()
}

/// Whether proof is looked for now.
fn looks(view: &View<'_>, name: &str, delivery: &Delivery) -> bool {
    let is_due = delivery.ask_again_at.is_none_or(|at| at <= view.now);
    is_due && (handover::is_acknowledged(view.record, name) || can_be_seen(view, name))
}

/// Whether anything but a person's word can show that the token was written.
fn can_be_seen(view: &View<'_>, name: &str) -> bool {
    let connection = view.situation.connection(name);
    let told_there = connection.is_some_and(|can| can.test != ConnectionTest::None);
    let connections = view.situation.connections.len();
    told_there || handover::use_shows(view.situation.issuer.last_used, connections)
}

/// Confirms a connection of which a person said, after the rotation had ended, that
/// the token is written there: it need not wait in Vault any more.
pub(super) fn close(view: &View<'_>) -> Option<Decision> {
    let mut known = view.record.connections.iter();
    let (connection, _) = known.find(|(name, holds)| {
        let is_told = holds.ack.is_some() && handover::open(view.record, name).is_some();
        is_told && view.situation.connection(name).is_some()
    })?;
    let connection = connection.clone();
    view.step(Step::Confirm { connection }, Reason::HandoverTold)
}
