//! Every answer that a step may get.

use jiff::Timestamp;
use scim_rotator::fault::{Fault, FaultClass, FaultKind};
use scim_rotator::rotation::capability::{Recovery, Supply};
use scim_rotator::rotation::decision::Step;
use scim_rotator::rotation::outcome::{
    Confirmation, IssuedToken, ListedToken, Listing, Objection, Outcome, Preparation, Supplied,
    Throwaway,
};
use scim_rotator::rotation::record::ExpiryKnown;
use scim_rotator::rotation::situation::Published;
use scim_rotator::scim::evidence::{Evidence, FindingReason, Verdict};
use scim_rotator::secret::shown_parts::ShownParts;
use scim_rotator::secret::{BearerToken, Fingerprint};

use crate::scene::{Scene, days, evidence_of, finding, hours, refusal_of, secs, value};

/// Every way in which a step can fail.
pub(crate) fn failures(step: &Step) -> Vec<Outcome> {
    let mut all = Vec::new();
    for class in FaultClass::ALL {
        for kind in [FaultKind::Server, FaultKind::Config] {
            all.push(Outcome::Failed {
                step: step.clone(),
                fault: Fault::new(class, kind, "it failed").after(Some(secs(5))),
            });
        }
    }
    all
}

/// The answer with which a rotation goes on.
pub(crate) fn good(scene: &Scene, step: &Step) -> Outcome {
    answers(scene, step).swap_remove(0)
}

/// Every answer that is not a failure; the first is the good one.
pub(crate) fn answers(scene: &Scene, step: &Step) -> Vec<Outcome> {
    match step {
        Step::Adopt => vec![Outcome::Adopted {
            supplied: supplied(scene),
            lookup: None,
        }],
        Step::TakeSupplied => vec![Outcome::Supplied {
            rotation_id: format!("r-{}", scene.record.ordinal + 1),
            supplied: supplied(scene),
        }],
        Step::Prepare { trigger } => prepared(scene, *trigger),
        Step::Issue => issued(scene),
        Step::Recover => recovered(scene),
        Step::Prove => verdicts(pending(scene), scene.now)
            .into_iter()
            .map(Outcome::Proved)
            .chain([cannot_be_held()])
            .collect(),
        Step::Verify => verdicts(current(scene), scene.now)
            .into_iter()
            .map(Outcome::Verified)
            .collect(),
        Step::Deliver { connection } => vec![
            Outcome::Delivered {
                connection: connection.clone(),
            },
            cannot_be_held(),
        ],
        Step::Confirm { connection } => confirmations()
            .into_iter()
            .map(|confirmation| Outcome::Confirmed {
                connection: connection.clone(),
                confirmation,
            })
            .collect(),
        Step::Complete => vec![Outcome::Completed],
        Step::Publish => vec![Outcome::Published],
        Step::Revert { connection } => vec![Outcome::Reverted {
            connection: connection.clone(),
        }],
        Step::Discard => vec![Outcome::Discarded],
        Step::CheckUse { fingerprint } => [None, Some(scene.now)]
            .map(|last_used_at| Outcome::UseSeen {
                fingerprint: *fingerprint,
                last_used_at,
                last_used_by: None,
            })
            .to_vec(),
        Step::Retire { fingerprint } => retired(fingerprint, scene.now),
        Step::RevokeOrphan { id } => vec![Outcome::OrphanRevoked { id: id.clone() }],
        Step::EndRehearsal => vec![
            Outcome::RehearsalEnded(Throwaway::Revoked),
            Outcome::RehearsalEnded(Throwaway::LeftToExpire),
            Outcome::RehearsalEnded(Throwaway::Listed(Listing::default())),
        ],
        Step::RevokeUnrecorded { label } => vec![Outcome::UnrecordedRevoked {
            label: label.clone(),
        }],
    }
}

fn supplied(scene: &Scene) -> Supplied {
    let names = ["a", "b", "x", "old", "older", "by-hand"];
    let found = names
        .into_iter()
        .find(|name| scene.published == Published::Token(crate::scene::print(name)));
    Supplied {
        value: value(found.expect("a published token")),
        stated_id: Some("id-old".to_owned()),
        issued_at: None,
        expires_at: Some(scene.now + days(30)),
        expiry: ExpiryKnown::Api,
        stated_end: scene.stated_end,
        unreadable: None,
        by: Some("userpass-ann".to_owned()),
    }
}

fn prepared(scene: &Scene, trigger: scim_rotator::rotation::record::Trigger) -> Vec<Outcome> {
    let by_issuer = scene.issuer.supply == Supply::Issuer;
    let chosen = by_issuer && scene.issuer.recovery == Recovery::ClientChosen;
    let listings = [&[][..], &["id-a"][..], &["id-a", "id-foreign"][..]];
    listings
        .into_iter()
        .map(|ids| {
            Outcome::Prepared(Preparation {
                trigger,
                rotation_id: format!("r-{}", scene.record.ordinal + 1),
                label: format!("label-{}", scene.record.issues.len()),
                listing: by_issuer.then(|| listing(scene, ids)),
                chosen: chosen.then(|| fresh(scene)),
                lookup: None,
            })
        })
        .collect()
}

fn cannot_be_held() -> Outcome {
    Outcome::CannotBeHeld(vec![Objection {
        connection: "second".to_owned(),
        why: "it is too long".to_owned(),
    }])
}

fn listing(scene: &Scene, ids: &[&str]) -> Listing {
    let tokens = ids.iter().map(|id| ListedToken {
        id: (*id).to_owned(),
        label: Some("crm-r1-1".to_owned()),
        created_at: Some(scene.now),
        expires_at: None,
        shown: ShownParts::default(),
        last_used_at: None,
        last_used_by: None,
        scopes: None,
    });
    Listing {
        tokens: tokens.collect(),
        etag: Some("v1".to_owned()),
    }
}

/// A token that nobody has seen yet.
fn fresh(scene: &Scene) -> BearerToken {
    value(&format!("fresh-{}", scene.now.as_nanosecond()))
}

fn issued(scene: &Scene) -> Vec<Outcome> {
    let rotation = scene.record.rotation.as_ref();
    let intent = rotation.and_then(|r| r.intent.as_ref()).expect("an intent");
    let new = IssuedToken {
        value: intent.chosen.clone().unwrap_or_else(|| fresh(scene)),
        id: Some(format!("id-{}", scene.now.as_nanosecond())),
        expires_at: Some(scene.now + days(30)),
        expiry: ExpiryKnown::Api,
        old_dies_at: Some(scene.now + hours(6)),
        scopes: None,
        asked_life: None,
    };
    let without_facts = IssuedToken {
        id: None,
        expires_at: None,
        expiry: ExpiryKnown::Unknown,
        old_dies_at: None,
        ..new.clone()
    };
    let expired = IssuedToken {
        expires_at: Some(scene.now),
        ..new.clone()
    };
    let known = scene.record.current.as_ref().map(|current| IssuedToken {
        value: current.value.clone(),
        ..new.clone()
    });
    let mut all = vec![new, without_facts, expired];
    all.extend(known);
    all.into_iter().map(Outcome::Issued).collect()
}

fn recovered(scene: &Scene) -> Vec<Outcome> {
    let listings = [
        &["id-a"][..],
        &["id-a", "id-foreign"][..],
        &["id-a", "id-foreign", "new-1"][..],
        &["new-1", "new-2", "lost-0"][..],
        &["crm-r1-1"][..],
    ];
    listings
        .into_iter()
        .map(|ids| Outcome::Recovered {
            listing: listing(scene, ids),
            next_label: format!("label-{}-again", scene.record.issues.len()),
        })
        .collect()
}

fn verdicts(token: Fingerprint, at: Timestamp) -> Vec<Verdict<Evidence>> {
    let mut all = vec![
        Verdict::Pass(evidence_of(&token, at, "refused")),
        Verdict::Pass(evidence_of(&token, at, "unclear")),
    ];
    for reason in FindingReason::ALL {
        all.push(Verdict::Fail(finding(reason)));
        all.push(Verdict::Inconclusive(finding(reason)));
    }
    all
}

fn confirmations() -> Vec<Confirmation> {
    let detail = || "as it says".to_owned();
    vec![
        Confirmation::Works,
        Confirmation::CannotTell,
        Confirmation::NotYet {
            detail: detail(),
            ask_again: None,
        },
        Confirmation::NotYet {
            detail: detail(),
            ask_again: Some(hours(1)),
        },
        Confirmation::Refused { detail: detail() },
    ]
}

fn retired(fingerprint: &Fingerprint, at: Timestamp) -> Vec<Outcome> {
    let proof = Verdict::Pass(refusal_of(fingerprint, at));
    let still = Verdict::Fail(finding(FindingReason::StillAccepted));
    let doubt = Verdict::Inconclusive(finding(FindingReason::Unreachable));
    [proof, still, doubt]
        .map(|refusal| Outcome::Retired {
            fingerprint: *fingerprint,
            refusal,
        })
        .to_vec()
}

fn pending(scene: &Scene) -> Fingerprint {
    let rotation = scene.record.rotation.as_ref();
    let pending = rotation.and_then(|r| r.pending.as_ref());
    pending.expect("a pending token").fingerprint()
}

fn current(scene: &Scene) -> Fingerprint {
    let current = scene.record.current.as_ref();
    current.expect("a current token").fingerprint()
}
