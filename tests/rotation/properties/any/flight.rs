//! A rotation in any stage.

use jiff::Timestamp;
use proptest::prelude::*;
use proptest::sample::select;
use scim_rotator::rotation::record::{DeliveryState, HeldToken, Stage, Trigger};

use super::tokens::{count, past, token};
use crate::scene::{Scene, delivery, intent};

/// A rotation in any stage, with what belongs there, and more or less done.
#[derive(Debug, Clone)]
pub(super) struct Flight {
    stage: Stage,
    trigger: Trigger,
    pending: HeldToken,
    has_intent: bool,
    intent_at: Timestamp,
    attempts: u32,
    deliveries: Vec<(&'static str, Option<DeliveryState>)>,
    completed: bool,
    entered: Timestamp,
}

pub(super) fn flight() -> impl Strategy<Value = Flight> {
    let states = || {
        prop::option::of(select(vec![
            DeliveryState::Started,
            DeliveryState::Delivered,
            DeliveryState::Confirmed,
            DeliveryState::Reverted,
        ]))
    };
    let deliveries = (states(), states(), states(), prop::bool::weighted(0.2));
    (
        select(Stage::ALL.to_vec()),
        select(Trigger::ALL.to_vec()),
        token("b"),
        any::<bool>(),
        past(),
        count(),
        deliveries,
        past(),
    )
        .prop_map(
            |(
                stage,
                trigger,
                pending,
                has_intent,
                intent_at,
                attempts,
                (one, two, gone, completed),
                entered,
            )| {
                Flight {
                    stage,
                    trigger,
                    pending,
                    has_intent,
                    intent_at,
                    attempts,
                    deliveries: vec![("canary", one), ("second", two), ("left-us", gone)],
                    completed,
                    entered,
                }
            },
        )
}

pub(super) fn fly(scene: Scene, flight: Flight) -> Scene {
    let nothing_to_give_back = flight.stage == Stage::Reverting && scene.record.current.is_none();
    let stage = match nothing_to_give_back {
        true => Stage::Discarding,
        false => flight.stage,
    };
    let scene = scene.stage(stage).rotation(|rotation| {
        rotation.trigger = flight.trigger;
        rotation.attempts = flight.attempts;
        rotation.stage_entered_at = flight.entered;
        rotation.intent =
            (stage == Stage::Issuing && flight.has_intent).then(|| intent(flight.intent_at));
        if rotation.pending.is_some() {
            rotation.pending = Some(flight.pending.clone());
        }
        rotation.completed = flight.completed && rotation.pending.is_some();
        rotation.deliveries.clear();
    });
    let has_pending = scene
        .record
        .rotation
        .as_ref()
        .is_some_and(|r| r.pending.is_some());
    let touched = flight.deliveries.into_iter().filter(|_| has_pending);
    touched.fold(scene, |scene, (name, state)| match state {
        None => scene,
        Some(state) => scene.rotation(|r| {
            r.deliveries.insert(name.to_owned(), delivery(state));
        }),
    })
}
