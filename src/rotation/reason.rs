//! Why something was decided for a token, and what that says about the token.

use serde::Serialize;

/// Machine word of a decision; the same in logs, `plan`, `status` and
/// `/readyz`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The record was written by a newer version of this program.
    SchemaTooNew,
    /// This machine's clock is behind the time of the record's last write.
    ClockBehind,
    /// This machine's clock is too wrong to retire a token by it.
    ClockSkew,
    /// A person paused this token, or everything.
    Paused,
    /// Another replica holds the lease.
    LeaseElsewhere,
    /// The token is halted: a person has to act first.
    Halted,
    /// The last failure is too recent for another attempt.
    Backoff,
    /// A rotation is in flight.
    InFlight,
    /// The reply to an issuance request was lost: the daemon finds out whether
    /// it was carried out.
    ReplyLost,
    /// A request whose reply was lost may still be carried out: it is too early
    /// to list tokens.
    Settling,
    /// There is no token.
    Missing,
    /// The token has expired.
    Expired,
    /// The renewal time has come.
    RenewalDue,
    /// A person asked for a rotation.
    Forced,
    /// A person said that the token is compromised.
    Compromised,
    /// The token in use is refused by the service provider.
    Drift,
    /// Vault was restored from a snapshot, and what happened since is lost.
    VaultRestored,
    /// A person wrote a new token to the published path.
    OperatorSupplied,
    /// A value that a person wrote to the published path is not accepted.
    SuppliedRefused,
    /// A person wrote another end for the token in use to the published path.
    EndSupplied,
    /// A person must supply the new token.
    WaitingOperator,
    /// A person must write the new token into a connection.
    WaitingConnection,
    /// A token exists without a record.
    Adoptable,
    /// The published path does not have the current token.
    PublishDue,
    /// An overlap window has ended.
    RetireDue,
    /// A superseded token waits for the end of its overlap window.
    WaitingOverlap,
    /// The old token cannot be revoked; it is kept until it expires.
    WaitingExpiry,
    /// The issuer accepts no more tokens until one is revoked.
    SlotNeeded,
    /// A token that the daemon had issued, and whose value was lost, must be
    /// revoked.
    OrphanFound,
    /// A token that was issued to this process is in no record.
    TokenUnrecorded,
    /// The throw-away token of a rehearsal may be valid.
    RehearsalOpen,
    /// The renewal is due but no window allows it.
    WaitingWindow,
    /// The renewal waits until the full cycle of another token has passed.
    WaitingFullCycle,
    /// The audit cannot be written, and no rotation may begin then.
    AuditFails,
    /// The number of tokens that may be issued in a day is reached.
    IssueCap,
    /// The last proof that the token works is too weak or too old.
    ProofNeeded,
    /// The periodic probe is due.
    ProbeDue,
    /// The new token is rolled back.
    RollingBack,
    /// A connection may hold another token than the current one.
    ConnectionInDoubt,
    /// A person said that the token in use is written into a connection.
    HandoverTold,
    /// The service provider refused the token in use when it was last tested.
    Refused,
    /// Nothing shows that the token in use works.
    Unproven,
    /// Nothing is due before the next renewal.
    Fresh,
    /// The token does not expire and no age limit is set.
    NothingScheduled,
    /// The token was taken out of the configuration, and nothing is left to do
    /// for it.
    Left,
}

/// The state of a token for which a reason was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// As it should be: nothing is overdue.
    Healthy,
    /// A person, or a window of the configuration, holds a rotation back.
    HeldBack,
    /// Work on it is not finished, or was disturbed; the daemon goes on with it.
    Unfinished,
    /// Only a person can make it go on.
    NeedsPerson,
}

/// What ends a wait for this reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitEnds {
    /// The time of [`Decision::wake_at`](super::decision::Decision::wake_at).
    ByTime,
    /// Another replica, which writes the record; at the latest that time.
    ByOtherReplica,
    /// A person, who writes the record or the published path.
    ByPerson,
    /// A change of the configuration, of the clock or of this program.
    FromOutside,
}

/// What follows from a reason alone.
struct Class {
    word: &'static str,
    urgency: Urgency,
    wait_ends: WaitEnds,
    sentence: &'static str,
}

impl Reason {
    /// The word for logs and output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.class().word
    }

    /// The reason with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }

    /// The state of the token.
    #[must_use]
    pub fn urgency(self) -> Urgency {
        self.class().urgency
    }

    /// What ends a wait for this reason.
    #[must_use]
    pub fn wait_ends(self) -> WaitEnds {
        self.class().wait_ends
    }

    /// Whether somebody else writes what is waited for, so that the next
    /// decision must be made on what is stored then.
    #[must_use]
    pub fn waits_for_other_writer(self) -> bool {
        match self.wait_ends() {
            WaitEnds::ByOtherReplica | WaitEnds::ByPerson => true,
            WaitEnds::ByTime | WaitEnds::FromOutside => false,
        }
    }

    /// A sentence for people, to follow the token's name or `waits:`.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        self.class().sentence
    }

    /// Every reason.
    pub const ALL: [Self; 45] = [
        Self::SchemaTooNew,
        Self::ClockBehind,
        Self::ClockSkew,
        Self::Paused,
        Self::LeaseElsewhere,
        Self::Halted,
        Self::Backoff,
        Self::InFlight,
        Self::ReplyLost,
        Self::Settling,
        Self::Missing,
        Self::Expired,
        Self::RenewalDue,
        Self::Forced,
        Self::Compromised,
        Self::Drift,
        Self::VaultRestored,
        Self::OperatorSupplied,
        Self::SuppliedRefused,
        Self::EndSupplied,
        Self::WaitingOperator,
        Self::WaitingConnection,
        Self::Adoptable,
        Self::PublishDue,
        Self::RetireDue,
        Self::WaitingOverlap,
        Self::WaitingExpiry,
        Self::SlotNeeded,
        Self::OrphanFound,
        Self::TokenUnrecorded,
        Self::RehearsalOpen,
        Self::WaitingWindow,
        Self::WaitingFullCycle,
        Self::AuditFails,
        Self::IssueCap,
        Self::ProofNeeded,
        Self::ProbeDue,
        Self::RollingBack,
        Self::ConnectionInDoubt,
        Self::HandoverTold,
        Self::Refused,
        Self::Unproven,
        Self::Fresh,
        Self::NothingScheduled,
        Self::Left,
    ];

    /// The one table of what follows from a reason.
    #[rustfmt::skip]
    fn class(self) -> Class {
        match self {
            Self::SchemaTooNew => class("schema_too_new", Urgency::NeedsPerson, WaitEnds::FromOutside, "the record was written by a newer version of scim-rotator"),
            Self::ClockBehind => class("clock_behind", Urgency::Unfinished, WaitEnds::FromOutside, "this machine's clock is behind the last write of the record"),
            Self::ClockSkew => class("clock_skew", Urgency::Unfinished, WaitEnds::FromOutside, "Vault and most servers say that this machine's clock is too wrong to retire a token by it"),
            Self::Paused => class("paused", Urgency::HeldBack, WaitEnds::ByPerson, "a person paused it"),
            Self::LeaseElsewhere => class("lease_elsewhere", Urgency::Healthy, WaitEnds::ByOtherReplica, "another process holds the lease"),
            Self::Halted => class("halted", Urgency::NeedsPerson, WaitEnds::ByPerson, "it is halted until a person decides"),
            Self::Backoff => class("backoff", Urgency::Unfinished, WaitEnds::ByTime, "the last attempt failed"),
            Self::InFlight => class("in_flight", Urgency::Unfinished, WaitEnds::ByTime, "a rotation is in flight"),
            Self::ReplyLost => class("reply_lost", Urgency::Unfinished, WaitEnds::ByTime, "the reply of the issuer was lost: what it did is found out"),
            Self::Settling => class("settling", Urgency::Unfinished, WaitEnds::ByTime, "a lost call may still take effect"),
            Self::Missing => class("missing", Urgency::Unfinished, WaitEnds::ByTime, "there is no token"),
            Self::Expired => class("expired", Urgency::Unfinished, WaitEnds::ByTime, "the token has expired"),
            Self::RenewalDue => class("renewal_due", Urgency::Unfinished, WaitEnds::ByTime, "the renewal is due"),
            Self::Forced => class("forced", Urgency::Unfinished, WaitEnds::ByTime, "a person asked for a rotation"),
            Self::Compromised => class("compromised", Urgency::Unfinished, WaitEnds::ByTime, "a person said that the token is compromised"),
            Self::Drift => class("drift", Urgency::Unfinished, WaitEnds::ByTime, "the service provider refuses the token in use"),
            Self::VaultRestored => class("vault_restored", Urgency::Unfinished, WaitEnds::ByTime, "Vault was restored from a snapshot: what happened since is looked for, and the token is replaced if need be"),
            Self::OperatorSupplied => class("operator_supplied", Urgency::Unfinished, WaitEnds::ByTime, "a person wrote a new token to the published path"),
            Self::SuppliedRefused => class("supplied_refused", Urgency::Unfinished, WaitEnds::ByTime, "a value that a person wrote to the published path is not accepted: the token in use is written back"),
            Self::EndSupplied => class("end_supplied", Urgency::Healthy, WaitEnds::ByTime, "a person wrote another end for the token in use to the published path"),
            Self::WaitingOperator => class("waiting_operator", Urgency::NeedsPerson, WaitEnds::ByPerson, "a person must supply the new token"),
            Self::WaitingConnection => class("waiting_connection", Urgency::NeedsPerson, WaitEnds::ByPerson, "a person must write the new token into a connection that no program can write"),
            Self::Adoptable => class("adoptable", Urgency::Unfinished, WaitEnds::ByTime, "a token exists without a record"),
            Self::PublishDue => class("publish_due", Urgency::Healthy, WaitEnds::ByTime, "the published copy is not the token in use"),
            Self::RetireDue => class("retire_due", Urgency::Healthy, WaitEnds::ByTime, "an overlap has ended"),
            Self::WaitingOverlap => class("waiting_overlap", Urgency::Healthy, WaitEnds::ByTime, "the old token stays valid during the overlap"),
            Self::WaitingExpiry => class("waiting_expiry", Urgency::Healthy, WaitEnds::ByTime, "the old token cannot be revoked and is valid until it expires"),
            Self::SlotNeeded => class("slot_needed", Urgency::Unfinished, WaitEnds::ByTime, "a slot at the issuer must be freed first"),
            Self::OrphanFound => class("orphan_found", Urgency::Unfinished, WaitEnds::ByTime, "a token whose value was lost must be revoked"),
            Self::TokenUnrecorded => class("token_unrecorded", Urgency::Unfinished, WaitEnds::ByTime, "a token of this process that is in no record must be revoked"),
            Self::RehearsalOpen => class("rehearsal_open", Urgency::Unfinished, WaitEnds::ByTime, "the throw-away token of a rehearsal must be revoked"),
            Self::WaitingWindow => class("waiting_window", Urgency::HeldBack, WaitEnds::ByTime, "no window allows the rotation now"),
            Self::WaitingFullCycle => class("waiting_full_cycle", Urgency::HeldBack, WaitEnds::ByTime, "the full cycle of the token that `require_full_cycle_on` names has not passed in time with a fresh token; `rotate --override-guards` does not wait"),
            Self::AuditFails => class("audit_fails", Urgency::Unfinished, WaitEnds::ByTime, "the audit cannot be written, and `[audit] on_failure` lets no rotation begin until it can"),
            Self::IssueCap => class("issue_cap", Urgency::Unfinished, WaitEnds::ByTime, "the permitted number of issues a day is reached; `rotate --override-guards --reason TEXT` does not wait"),
            Self::ProofNeeded => class("proof_needed", Urgency::Unfinished, WaitEnds::ByTime, "the proof of the token in use is too weak or too old"),
            Self::ProbeDue => class("probe_due", Urgency::Healthy, WaitEnds::ByTime, "the periodic probe is due"),
            Self::RollingBack => class("rolling_back", Urgency::Unfinished, WaitEnds::ByTime, "the new token is rolled back"),
            Self::ConnectionInDoubt => class("connection_in_doubt", Urgency::Unfinished, WaitEnds::ByTime, "a connection may hold another token than the one in use"),
            Self::HandoverTold => class("handover_told", Urgency::Healthy, WaitEnds::ByTime, "a person said that the token in use is written into a connection"),
            Self::Refused => class("refused", Urgency::Unfinished, WaitEnds::ByTime, "the service provider refused the token in use when it was last tested"),
            Self::Unproven => class("unproven", Urgency::Unfinished, WaitEnds::ByTime, "nothing shows yet that the token in use works"),
            Self::Fresh => class("fresh", Urgency::Healthy, WaitEnds::ByTime, "the next renewal is not due yet"),
            Self::NothingScheduled => class("nothing_scheduled", Urgency::Healthy, WaitEnds::FromOutside, "the token does not expire and no age limit is set"),
            Self::Left => class("left", Urgency::Healthy, WaitEnds::FromOutside, "it is no longer configured, and nothing is left to do for it"),
        }
    }
}

fn class(
    word: &'static str,
    urgency: Urgency,
    wait_ends: WaitEnds,
    sentence: &'static str,
) -> Class {
    Class {
        word,
        urgency,
        wait_ends,
        sentence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_found_by_its_word_and_is_serialised_as_it() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_word(reason.as_str()), Some(reason));
            let written = serde_json::to_value(reason).expect("a word");
            assert_eq!(written, reason.as_str());
            assert!(!reason.sentence().is_empty());
        }
        assert_eq!(Reason::from_word("unknown"), None);
    }

    #[test]
    fn the_list_has_every_reason_in_the_order_of_the_type() {
        for (place, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, place, "{}", reason.as_str());
        }
        assert_eq!(Reason::ALL.last(), Some(&Reason::Left), "the last one");
    }

    #[test]
    fn only_a_person_ends_what_needs_one_unless_the_program_is_too_old() {
        for reason in Reason::ALL {
            if reason.urgency() == Urgency::NeedsPerson {
                let ends = reason.wait_ends();
                let by_hand = matches!(ends, WaitEnds::ByPerson | WaitEnds::FromOutside);
                assert!(by_hand, "{}", reason.as_str());
            }
        }
    }
}
