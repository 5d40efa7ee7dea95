//! What must hold of a decision, and of what was made of its outcome.

use proptest::prelude::*;
use scim_rotator::rotation::decision::{Action, Step};
use scim_rotator::rotation::outcome::Outcome;
use scim_rotator::rotation::record::{DeliveryState, Record, Trigger};
use scim_rotator::rotation::situation::Published;
use scim_rotator::scim::evidence::Verdict;

use crate::scene::Scene;

/// I2: what is retired has a proven successor that readers find, and has had its
/// overlap, unless a person said that it is compromised.
pub(crate) fn retires_rightly(scene: &Scene) -> Result<(), TestCaseError> {
    let Action::Do(Step::Retire { fingerprint }) = scene.plan().action else {
        return Ok(());
    };
    let record = &scene.record;
    let current = record.current.as_ref().expect("a successor");
    prop_assert!(current.evidence.as_ref().is_some_and(|e| e.is_full()));
    prop_assert!(record.probe.as_ref().is_none_or(|p| p.finding.is_none()));
    let request = record.request.as_ref();
    let compromised = request.is_some_and(|r| r.trigger == Trigger::Compromise);
    let mut entries = record.retiring.iter();
    let entry = entries.find(|e| e.token.fingerprint() == fingerprint);
    let entry = entry.expect("an entry");
    prop_assert!(compromised || entry.not_before <= scene.now);
    let readable = scene.published == Published::Token(current.fingerprint());
    prop_assert!(readable || compromised || !entry.has_window());
    let right = scene.clock_skew.abs() <= scene.policy.max_clock_skew;
    prop_assert!(right || compromised || !entry.has_window());
    Ok(())
}

/// The step finds what it works on.
pub(crate) fn can_be_performed(scene: &Scene, step: &Step) -> bool {
    let record = &scene.record;
    let rotation = record.rotation.as_ref();
    let pending = rotation.is_some_and(|r| r.pending.is_some());
    let intent = rotation.is_some_and(|r| r.intent.is_some());
    let current = record.current.is_some();
    let configured = |name: &str| scene.situation().connection(name).is_some();
    let superseded = |fingerprint: &scim_rotator::secret::Fingerprint| {
        let mut entries = record.retiring.iter();
        entries.any(|entry| entry.token.fingerprint() == *fingerprint)
    };
    match step {
        Step::Adopt => !current && matches!(scene.published, Published::Token(_)),
        Step::Prepare { .. } => rotation.is_none_or(|r| r.intent.is_none()),
        Step::Issue => intent,
        Step::Recover => intent || !record.issues_after_lease_loss.is_empty(),
        Step::TakeSupplied => matches!(scene.published, Published::Token(_)),
        Step::Prove | Step::Complete | Step::Discard => pending,
        Step::Deliver { connection } | Step::Confirm { connection } => {
            pending && configured(connection)
        }
        Step::Publish | Step::Verify => current,
        Step::Revert { connection } => configured(connection),
        Step::CheckUse { fingerprint } | Step::Retire { fingerprint } => {
            current && superseded(fingerprint)
        }
        Step::EndRehearsal => record.rehearsal.is_some(),
        Step::RevokeUnrecorded { label } => {
            let mut tokens = scene.unrecorded.iter();
            tokens.any(|token| token.intent.label == *label && !token.revoked)
        }
        Step::RevokeOrphan { id } => record.orphans.iter().any(|orphan| orphan.id.as_str() == id),
    }
}

/// I7 and the half of I2 that is about promotion.
pub(crate) fn grows_by_proof_only(
    scene: &Scene,
    after: &Record,
    outcome: &Outcome,
) -> Result<(), TestCaseError> {
    let before = &scene.record;
    prop_assert!(after.generation >= before.generation);
    if after.generation == before.generation {
        let unchanged = after.current.as_ref().map(|t| t.fingerprint());
        prop_assert_eq!(unchanged, before.current.as_ref().map(|t| t.fingerprint()));
        return Ok(());
    }
    prop_assert_eq!(after.generation, before.generation + 1);
    if matches!(outcome, Outcome::Adopted { .. }) {
        return Ok(());
    }
    let current = after.current.as_ref().expect("a current token");
    prop_assert!(current.evidence.is_some(), "promoted without evidence");
    let deliveries = before.rotation.as_ref().map(|r| &r.deliveries);
    for (name, _) in &scene.connections {
        let state = deliveries.and_then(|d| d.get(name)).map(|d| d.state);
        let now_confirmed =
            matches!(outcome, Outcome::Confirmed { connection, .. } if connection == name);
        prop_assert!(
            now_confirmed || state == Some(DeliveryState::Confirmed),
            "promoted before `{name}` confirmed it"
        );
    }
    Ok(())
}

/// No token of ours vanishes from the record but by proof of its end, by an
/// issue that ends it, or by being counted.
pub(crate) fn forgets_nothing(
    scene: &Scene,
    after: &Record,
    outcome: &Outcome,
) -> Result<(), TestCaseError> {
    let (before, now) = (&scene.record, scene.now);
    for entry in &before.retiring {
        let kept = after
            .retiring
            .iter()
            .any(|e| e.token.value == entry.token.value);
        let ended = matches!(
            outcome,
            Outcome::Retired { fingerprint, refusal: Verdict::Pass(_) }
                if *fingerprint == entry.token.fingerprint()
        );
        prop_assert!(kept || ended);
    }
    if let (Some(old), Some(new)) = (&before.current, &after.current) {
        let kept = old.value == new.value;
        let retiring = after.retiring.iter().any(|e| e.token.value == old.value);
        prop_assert!(kept || retiring, "the old current token waits for its end");
    }
    let may_live = |record: &Record| {
        let alive = record
            .orphans_uncounted
            .iter()
            .filter(|dies_at| **dies_at > now);
        alive.count()
    };
    let issued = matches!(outcome, Outcome::Issued(_));
    prop_assert!(may_live(after) >= may_live(before) || issued);
    Ok(())
}
