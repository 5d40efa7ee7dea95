//! The end of superseded tokens.

use jiff::{SignedDuration, Timestamp};
use scim_rotator::rotation::capability::{IssuerCapabilities, LastUsed, Overlap, Revoke};
use scim_rotator::rotation::outcome::Outcome;
use scim_rotator::rotation::record::{
    ExpiryKnown, Origin, PastRotation, Record, RotationResult, Trigger,
};
use scim_rotator::scim::evidence::{FindingReason, Verdict};

use crate::scene::{
    Scene, ago, ahead, finding, healthy, hours, mins, now, print, refusal_of, secs,
};

fn seen(scene: &Scene, at: Option<Timestamp>) -> Record {
    let outcome = Outcome::UseSeen {
        fingerprint: print("old"),
        last_used_at: at,
        last_used_by: None,
    };
    scene.apply(outcome).expect("folded")
}

fn superseded(before: SignedDuration) -> Scene {
    healthy()
        .retire_due()
        .superseded(|e| e.superseded_at = ago(before))
}

#[test]
fn a_token_in_use_gets_one_more_overlap() {
    use LastUsed as L;
    let rows = [
        ("never used", L::Exact, None, false),
        ("used before", L::Exact, Some(ago(hours(25))), false),
        (
            "used in the minute of the change",
            L::Exact,
            Some(ago(hours(24) - secs(60))),
            false,
        ),
        (
            "used after",
            L::Exact,
            Some(ago(hours(24) - secs(62))),
            true,
        ),
        (
            "used after, by a coarse clock",
            L::Throttled,
            Some(ago(hours(24) - secs(119))),
            false,
        ),
        (
            "used well after, by a coarse clock",
            L::Throttled,
            Some(ago(hours(24) - secs(121))),
            true,
        ),
        ("used on that day", L::Day, Some(ago(hours(1))), false),
        ("used days after", L::Day, Some(ahead(mins(2))), true),
    ];
    for (sentence, grain, at, used) in rows {
        let scene = superseded(hours(24)).issuer(|i| i.last_used = grain);
        let entry = seen(&scene, at).retiring.remove(0);
        assert_eq!(entry.extended, used, "{sentence}");
        assert_eq!(entry.use_checked.is_none(), used, "{sentence}");
        let end = if used { ahead(hours(24)) } else { ago(mins(1)) };
        assert_eq!(entry.not_before, end, "{sentence}");
    }
}

#[test]
fn it_is_prolonged_once_and_never_beyond_its_expiry() {
    let used = Some(ago(mins(1)));
    let scene = superseded(hours(24)).issuer(|i| i.last_used = LastUsed::Exact);
    let expiring = scene
        .clone()
        .superseded(|e| e.token.expires_at = Some(ahead(hours(3))));
    assert_eq!(
        seen(&expiring, used).retiring[0].not_before,
        ahead(hours(3))
    );
    let again = scene.superseded(|e| e.extended = true);
    let entry = seen(&again, used).retiring.remove(0);
    assert!(entry.use_checked.is_some(), "the second time it goes");
    assert_eq!(entry.not_before, ago(mins(1)));
}

#[test]
fn a_token_that_is_shown_to_be_dead_leaves_the_record_and_its_proof_stays() {
    let scene = superseded(hours(24)).with(|s| {
        s.record.history.push(PastRotation {
            steps: Vec::new(),
            asked_by: None,
            asked_why: None,
            id: "r0".to_owned(),
            trigger: Trigger::Schedule,
            began_at: ago(hours(25)),
            ended_at: ago(hours(24)),
            result: RotationResult::Success,
            old: Some(print("old")),
            new: Some(print("a")),
            old_refused: None,
            detail: None,
        });
    });
    let proof = refusal_of(&print("old"), now());
    let after = scene
        .apply(Outcome::Retired {
            fingerprint: print("old"),
            refusal: Verdict::Pass(proof.clone()),
        })
        .expect("folded");
    assert!(after.retiring.is_empty());
    assert_eq!(after.history[0].old_refused, Some(proof));
}

#[test]
fn a_token_that_is_still_accepted_stays_and_is_tried_again() {
    let still = || Outcome::Retired {
        fingerprint: print("old"),
        refusal: Verdict::Fail(finding(FindingReason::StillAccepted)),
    };
    let scene = superseded(hours(24)).then(still());
    let entry = &scene.record.retiring[0];
    assert_eq!(entry.revoked_at, Some(now()));
    assert_eq!(entry.retry_at, Some(ahead(secs(30))));
    assert!(entry.last_finding.is_some());

    let minutes_later = scene.at(ahead(mins(9))).then(still());
    let entry = &minutes_later.record.retiring[0];
    assert_eq!(entry.revoked_at, Some(now()), "the first revocation counts");
    assert_eq!(
        entry.retry_at,
        Some(ahead(mins(9) + secs(30))),
        "caches may take their time: it is looked at often"
    );

    let hours_later = minutes_later
        .at(ahead(hours(1)))
        .then(still())
        .then(still());
    let entry = &hours_later.record.retiring[0];
    assert!(entry.attempts >= 2);
    assert!(
        entry.retry_at > Some(ahead(hours(1) + secs(30))),
        "then less and less often"
    );
}

fn still_accepted() -> Outcome {
    Outcome::Retired {
        fingerprint: print("old"),
        refusal: Verdict::Fail(finding(FindingReason::StillAccepted)),
    }
}

/// Where the issuer revokes nothing, nobody is told of a revocation.
#[test]
fn a_revocation_is_noted_only_where_there_was_one() {
    type Change = fn(&mut IssuerCapabilities);
    let nothing: [(&str, Change); 4] = [
        ("never", |i| i.revoke = Revoke::Never),
        ("all of them only", |i| i.revoke = Revoke::AllOnly),
        ("by its clock", |i| {
            i.overlap = Overlap::IssuerTimed { max: hours(24) }
        }),
        ("no overlap", |i| i.overlap = Overlap::None),
    ];
    for (word, change) in nothing {
        let scene = superseded(hours(24)).issuer(change);
        // What an earlier program wrote.
        let scene = scene.superseded(|e| e.revoked_at = Some(ago(hours(1))));
        let entry = scene
            .apply(still_accepted())
            .expect("folded")
            .retiring
            .remove(0);
        assert_eq!(entry.revoked_at, None, "{word}");
        assert!(entry.still_accepted && entry.retry_at.is_some(), "{word}");
    }
    let two_phase: Change = |i| i.overlap = Overlap::TwoPhase { next_usable: false };
    let scene = superseded(hours(24)).issuer(two_phase);
    let entry = scene
        .apply(still_accepted())
        .expect("folded")
        .retiring
        .remove(0);
    assert_eq!(entry.revoked_at, Some(ago(hours(24))), "by the completion");
}

/// The configuration does not know how long a token lives that a person brought.
#[test]
fn an_end_that_nobody_told_frees_no_slot() {
    let rows = [
        (Origin::Adopted, ExpiryKnown::Declared, false),
        (Origin::Operator, ExpiryKnown::Declared, false),
        (Origin::Operator, ExpiryKnown::Api, true),
        (Origin::Adopted, ExpiryKnown::Jwt, true),
        (Origin::Issued, ExpiryKnown::Declared, true),
    ];
    for (origin, expiry, frees) in rows {
        let scene = superseded(hours(24)).superseded(|e| {
            e.token.origin = origin;
            e.token.expiry = expiry;
            e.token.expires_at = Some(ago(hours(1)));
        });
        let entry = &scene.record.retiring[0];
        assert_eq!(entry.frees_slot(now()), frees, "{origin:?} {expiry:?}");
    }
}
