//! Capabilities in the words of the configuration.

use crate::rotation::capability::{
    ConnectionTest, ExpirySource, IssueEffect, LastUsed, LiveTokens, Overlap, Recovery, Revoke,
};

pub(in crate::cli) fn live_tokens(live: LiveTokens) -> &'static str {
    match live {
        LiveTokens::One => "one",
        LiveTokens::Two => "two",
        LiveTokens::Many => "many",
    }
}

pub(in crate::cli) fn issue_effect(effect: IssueEffect) -> &'static str {
    match effect {
        IssueEffect::Keeps => "keeps",
        IssueEffect::SchedulesDeath => "schedules_death",
        IssueEffect::Kills => "kills",
    }
}

pub(in crate::cli) fn overlap(overlap: Overlap) -> String {
    match overlap {
        Overlap::ExplicitRetire => "explicit_retire".to_owned(),
        Overlap::IssuerTimed { max } => format!("issuer_timed {max:#}"),
        Overlap::TwoPhase { .. } => "two_phase".to_owned(),
        Overlap::None => "none".to_owned(),
    }
}

pub(in crate::cli) fn recovery(recovery: Recovery) -> &'static str {
    match recovery {
        Recovery::ClientChosen => "client_chosen",
        Recovery::Replay => "replay",
        Recovery::ClientNamed => "client_named",
        Recovery::ByLabel => "by_label",
        Recovery::BySetDifference => "by_set_difference",
        Recovery::ByStatus => "by_status",
        Recovery::None => "none",
    }
}

pub(in crate::cli) fn revoke(revoke: Revoke) -> &'static str {
    match revoke {
        Revoke::ById => "by_id",
        Revoke::ByValue => "by_value",
        Revoke::AllOnly => "all_only",
        Revoke::OfItself => "self",
        Revoke::Never => "never",
    }
}

pub(in crate::cli) fn expiry(source: ExpirySource) -> &'static str {
    match source {
        ExpirySource::Requested => "requested",
        ExpirySource::Reported => "reported",
        ExpirySource::Jwt => "jwt",
        ExpirySource::Declared => "declared",
        ExpirySource::None => "none",
    }
}

pub(in crate::cli) fn last_used(last_used: LastUsed) -> &'static str {
    match last_used {
        LastUsed::Exact => "exact",
        LastUsed::Throttled => "throttled",
        LastUsed::Day => "day",
        LastUsed::None => "none",
    }
}

pub(in crate::cli) fn test(test: ConnectionTest) -> &'static str {
    match test {
        ConnectionTest::Candidate => "candidate",
        ConnectionTest::Saved => "saved",
        ConnectionTest::None => "none",
    }
}
