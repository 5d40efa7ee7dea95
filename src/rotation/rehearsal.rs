//! Whether a token may be rehearsed now: a throw-away token is issued, tested and
//! revoked, while the token in use and the connections stay as they are.

use jiff::{SignedDuration, Timestamp};

use super::capability::{IssueEffect, LiveTokens, Overlap, Supply};
use super::clock::is_behind;
use super::outcome::Listing;
use super::policy::Policy;
use super::record::{Record, SCHEMA};
use super::situation::Situation;

/// What the person who asks for a rehearsal accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Accepted {
    /// That the issue ends other tokens, or may.
    pub outage: bool,
    /// That the throw-away token stays valid until it expires.
    pub leftover: bool,
}

/// Whether a rehearsal may begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gate {
    /// It may.
    Open,
    /// The throw-away token of an earlier rehearsal must be ended first.
    EndEarlier,
    /// Not now.
    NotNow(String),
    /// Not unless the person accepts what it costs: the option that says so, and the
    /// consequence.
    NotUnless(&'static str, String),
}

/// Accepts that the issue ends other tokens.
pub const ACCEPT_OUTAGE: &str = "--accept-outage";
/// Accepts that the throw-away token cannot be revoked.
pub const ACCEPT_LEFTOVER: &str = "--accept-leftover";

/// Whether the issuer can be asked for a throw-away token at all: a person cannot.
#[must_use]
pub fn can_issue(situation: &Situation<'_>) -> bool {
    situation.issuer.supply == Supply::Issuer
}

/// Whether a rehearsal of this token may begin now.
#[must_use]
pub fn gate(
    record: &Record,
    situation: &Situation<'_>,
    accepted: Accepted,
    now: Timestamp,
) -> Gate {
    if let Some(why) = not_now(record, situation, now) {
        return Gate::NotNow(why);
    }
    if let Some(rehearsal) = record.rehearsal.as_deref() {
        let settled = situation
            .policy
            .lost_request_settled_at(rehearsal.intent.at);
        return match rehearsal.issued.is_none() && settled > now {
            true => Gate::NotNow(format!(
                "the issuer may still carry out the request of an earlier rehearsal whose reply was lost; that is known at {settled}"
            )),
            false => Gate::EndEarlier,
        };
    }
    let (policy, current) = (situation.policy, record.current.as_ref());
    if let Some(at) = policy.issue_permitted_at(&record.issues, current, now) {
        return Gate::NotNow(format!(
            "the permitted number of issues a day is reached; the next is permitted at {at} (`issues_per_day` of the token)"
        ));
    }
    costs(situation, accepted).unwrap_or(Gate::Open)
}

/// What keeps everybody from this token now.
fn not_now(record: &Record, situation: &Situation<'_>, now: Timestamp) -> Option<String> {
    let lease = record.lease.as_ref();
    let elsewhere = lease.filter(|l| situation.holder != Some(&l.holder) && l.expires_at > now);
    let why = if record.schema > SCHEMA {
        "its record was written by a newer version of scim-rotator".to_owned()
    } else if is_behind(record, situation.policy, now) {
        "this machine's clock is behind the last write of its record".to_owned()
    } else if situation.all_paused {
        "all work is paused: run `scim-rotator resume --all --reason …` first".to_owned()
    } else if record.paused.is_some() {
        format!(
            "it is paused, and nothing could remove the throw-away token after a crash: run `scim-rotator resume {}` first",
            record.token
        )
    } else if let Some(lease) = elsewhere {
        format!(
            "another process works on it until {} at the latest",
            lease.expires_at
        )
    } else if let Some(rotation) = &record.rotation {
        format!("a rotation is in flight since {}", rotation.began_at)
    } else if !record.issues_after_lease_loss.is_empty() {
        "an issuance request whose reply was lost is not resolved yet".to_owned()
    } else {
        return None;
    };
    Some(why)
}

/// What a throw-away token of this issuer costs, if that is not accepted.
fn costs(situation: &Situation<'_>, accepted: Accepted) -> Option<Gate> {
    let issuer = &situation.issuer;
    let outage = match (issuer.issue_effect, issuer.live_tokens) {
        (IssueEffect::Kills, _) | (_, LiveTokens::One) => Some(
            "the issuer accepts one token: the throw-away token ends the token in use at once, and provisioning is refused from then until the daemon has rotated it",
        ),
        (IssueEffect::SchedulesDeath, _) => Some(
            "the issuer sets an end for the token in use when it issues another one: it must be rotated before that end, which the daemon does",
        ),
        (IssueEffect::Keeps, LiveTokens::Two | LiveTokens::Many) => None,
    };
    if let Some(outage) = outage.filter(|_| !accepted.outage) {
        return Some(Gate::NotUnless(ACCEPT_OUTAGE, outage.to_owned()));
    }
    let two_phase = matches!(issuer.overlap, Overlap::TwoPhase { .. });
    if !two_phase && !issuer.revokes_single_tokens() && !accepted.leftover {
        let life = situation.policy.longest_life();
        let until = life.map_or_else(
            || "for as long as the issuer gives it".to_owned(),
            |life| format!("for {life:#}"),
        );
        return Some(Gate::NotUnless(
            ACCEPT_LEFTOVER,
            format!(
                "the issuer cannot revoke a single token: the throw-away token stays valid {until}, unless somebody ends it by hand at the service provider"
            ),
        ));
    }
    None
}

/// Whether the issuer has no room for the throw-away token, now that its tokens are
/// listed.
#[must_use]
pub fn room(listing: &Listing, situation: &Situation<'_>, accepted: Accepted) -> Gate {
    let live = listing.tokens.len();
    let full = situation.issuer.live_tokens == LiveTokens::Two
        && situation.issuer.issue_effect == IssueEffect::Keeps
        && live >= 2;
    match full && !accepted.outage {
        true => Gate::NotUnless(
            ACCEPT_OUTAGE,
            format!(
                "the issuer accepts two tokens and lists {live}: it refuses the throw-away token, or ends one of them, which may be the token in use"
            ),
        ),
        false => Gate::Open,
    }
}

/// Servers round a lifetime, and their clocks differ: so much longer counts as asked for.
const TOLERATED: SignedDuration = SignedDuration::from_mins(5);

/// Whether the throw-away token lives as long as was asked for. How much shorter it may
/// be, the policy says, as for a rotation.
#[must_use]
pub fn lives_as_asked(policy: &Policy, wanted: SignedDuration, life: SignedDuration) -> bool {
    let is_long = life > wanted.saturating_add(TOLERATED.max(wanted / 100));
    !is_long && policy.asked_in_vain(Some(wanted), Some(life)).is_none()
}
