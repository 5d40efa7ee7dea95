//! Tokens of any age and state, and the probes of them.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::sample::select;
use scim_rotator::rotation::record::{
    ExpiryKnown, HeldToken, LastProbe, Origin, Retiring, UseSeen,
};
use scim_rotator::scim::evidence::{Evidence, FindingReason};

use crate::scene::{ago, evidence, finding, held, now, secs, shown_id, weak_evidence};

/// From long ago to soon.
pub(super) fn near_now() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        8 => (-3_000_000_i64..100_000).prop_map(|s| now() + secs(s)),
        1 => Just(now()),
        1 => (-120_i64..120).prop_map(|s| now() + secs(s)),
    ]
}

pub(super) fn past() -> impl Strategy<Value = Timestamp> {
    (1_i64..3_000_000).prop_map(|s| ago(secs(s)))
}

pub(super) fn count() -> impl Strategy<Value = u32> {
    prop_oneof![9 => 0_u32..8, 1 => Just(u32::MAX)]
}

fn proof(name: &'static str) -> impl Strategy<Value = Option<Evidence>> {
    let at = || prop_oneof![past(), (0_i64..400).prop_map(|s| ago(secs(s)))];
    prop_oneof![
        Just(None),
        at().prop_map(move |at| Some(weak_evidence(name, at))),
        at().prop_map(move |at| Some(evidence(name, at))),
        at().prop_map(move |at| Some(evidence(name, at))),
    ]
}

pub(super) fn token(name: &'static str) -> impl Strategy<Value = HeldToken> {
    let life = prop_oneof![
        6 => (60_i64..9_000_000).prop_map(|s| Some(secs(s))),
        1 => Just(None),
    ];
    let origins = vec![
        Origin::Issued,
        Origin::Issued,
        Origin::Adopted,
        Origin::Operator,
    ];
    let has_id = prop::bool::weighted(0.8);
    (past(), life, proof(name), select(origins), has_id).prop_map(
        move |(issued_at, life, evidence, origin, has_id)| HeldToken {
            issued_at,
            expires_at: life.map(|life: SignedDuration| issued_at + life),
            expiry: life.map_or(ExpiryKnown::Never, |_| ExpiryKnown::Api),
            evidence,
            origin,
            id: has_id.then(|| shown_id(&format!("id-{name}"))),
            // Others than ours have an id only if the issuer's list shows it.
            issuer: (has_id && origin != Origin::Issued).then(|| "idp-admin".to_owned()),
            ..held(name)
        },
    )
}

pub(super) fn probe() -> impl Strategy<Value = Option<LastProbe>> {
    let found = prop_oneof![
        Just(None),
        select(FindingReason::ALL.to_vec()).prop_map(Some)
    ];
    prop::option::weighted(
        0.8,
        (past(), 0_u32..4, found).prop_map(|(at, refused, found)| LastProbe {
            at,
            refused,
            passed_at: None,
            finding: found.map(finding),
        }),
    )
}

pub(super) fn superseded(name: &'static str) -> impl Strategy<Value = Retiring> {
    // Without a window, with one of any length, and with one that is open still.
    let not_before = (past(), 1_i64..400_000).prop_flat_map(|(at, window)| {
        let ends = vec![at, at + secs(window), now() + secs(window)];
        (Just(at), select(ends))
    });
    (
        token(name),
        not_before,
        any::<bool>(),
        any::<bool>(),
        count(),
    )
        .prop_map(
            |(mut token, (superseded_at, not_before), extended, asked, attempts)| {
                token.evidence = None;
                Retiring {
                    token,
                    superseded_at,
                    not_before,
                    extended,
                    use_checked: asked.then_some(UseSeen {
                        at: superseded_at,
                        last_used_at: None,
                    }),
                    revoked_at: extended.then_some(superseded_at),
                    still_accepted: extended && asked,
                    attempts,
                    retry_at: None,
                    last_finding: None,
                    still_used: asked,
                    used_by: None,
                    refused_since: extended.then_some(superseded_at),
                }
            },
        )
}
