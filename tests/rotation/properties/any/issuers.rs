//! Issuers with any capabilities.

use proptest::prelude::*;
use proptest::sample::select;
use scim_rotator::rotation::capability::{
    ExpirySource, IssueEffect, IssuerCapabilities, LastUsed, LiveTokens, Overlap, Recovery, Revoke,
    Supply,
};

use crate::scene::hours;

pub(crate) fn issuer() -> impl Strategy<Value = IssuerCapabilities> {
    let overlaps = vec![
        Overlap::ExplicitRetire,
        Overlap::IssuerTimed { max: hours(6) },
        Overlap::TwoPhase { next_usable: true },
        Overlap::TwoPhase { next_usable: false },
        Overlap::None,
    ];
    let recoveries = vec![
        Recovery::ClientChosen,
        Recovery::Replay,
        Recovery::ClientNamed,
        Recovery::ByLabel,
        Recovery::BySetDifference,
        Recovery::ByStatus,
        Recovery::None,
    ];
    let revokes = vec![
        Revoke::ById,
        Revoke::ByValue,
        Revoke::AllOnly,
        Revoke::OfItself,
        Revoke::Never,
    ];
    let effects = vec![
        IssueEffect::Keeps,
        IssueEffect::SchedulesDeath,
        IssueEffect::Kills,
    ];
    let uses = vec![
        LastUsed::Exact,
        LastUsed::Throttled,
        LastUsed::Day,
        LastUsed::None,
    ];
    (
        select(vec![Supply::Issuer, Supply::Issuer, Supply::Operator]),
        select(vec![LiveTokens::One, LiveTokens::Two, LiveTokens::Many]),
        select(overlaps),
        select(effects),
        select(recoveries),
        select(revokes),
        select(uses),
    )
        .prop_map(
            |(supply, live_tokens, overlap, issue_effect, recovery, revoke, last_used)| {
                IssuerCapabilities {
                    supply,
                    live_tokens,
                    overlap,
                    issue_effect,
                    recovery,
                    revoke,
                    expiry: ExpirySource::Reported,
                    last_used,
                }
            },
        )
}
