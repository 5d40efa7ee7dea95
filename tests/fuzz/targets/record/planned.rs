//! What `plan` decides for a record, for a common issuer and two connections.

use jiff::SignedDuration;
use scim_rotator::rotation::capability::{
    ConnectionCapabilities, ConnectionTest, ConnectionWrite, ExpirySource, IssueEffect,
    IssuerCapabilities, LastUsed, LiveTokens, Overlap, Readback, Recovery, Revoke, SideEffects,
    Supply, Writer,
};
use scim_rotator::rotation::decision::Decision;
use scim_rotator::rotation::plan::plan;
use scim_rotator::rotation::policy::{AcceptSupplied, Policy, Renew};
use scim_rotator::rotation::privilege::PrivilegeRules;
use scim_rotator::rotation::record::{Record, StatedEnd};
use scim_rotator::rotation::schedule::Windows;
use scim_rotator::rotation::situation::{OurClock, Published, Situation};

use crate::targets::hold::now;

pub(super) fn decision(record: &Record) -> Decision {
    let connections = ["canary", "second"].map(|name| (name.to_owned(), connection()));
    let situation = Situation {
        token: &record.token,
        issuer_name: "idp-admin",
        issuer_settings: "settings-1",
        holder: Some("replica-a"),
        policy: &policy(),
        issuer: issuer(),
        connections: &connections,
        published: &Published::Absent,
        stated_end: StatedEnd::Absent,
        shares_issuer: false,
        intent_is_fresh: false,
        knows_deliveries: true,
        unrecorded: &[],
        our_clock: OurClock {
            skew: SignedDuration::ZERO,
            is_measured: false,
            vault_agrees: false,
        },
        full_cycle: None,
        all_paused: false,
        audit_fails: false,
        leaving: false,
    };
    plan(record, &situation, now())
}

fn issuer() -> IssuerCapabilities {
    IssuerCapabilities {
        supply: Supply::Issuer,
        live_tokens: LiveTokens::Many,
        overlap: Overlap::ExplicitRetire,
        issue_effect: IssueEffect::Keeps,
        recovery: Recovery::ByLabel,
        revoke: Revoke::ById,
        expiry: ExpirySource::Reported,
        last_used: LastUsed::None,
    }
}

fn connection() -> ConnectionCapabilities {
    ConnectionCapabilities {
        writer: Writer::Daemon,
        test: ConnectionTest::Saved,
        write: ConnectionWrite::Merge,
        readback: Readback::Masked,
        side_effects: SideEffects::None,
    }
}

fn policy() -> Policy {
    let hours = SignedDuration::from_hours;
    let mins = SignedDuration::from_mins;
    Policy {
        renew: Renew {
            fraction: Some(2.0 / 3.0),
            ..Renew::default()
        },
        overlap: hours(24),
        windows: Windows::default(),
        lifetime: None,
        declared_lifetime: None,
        retry_min: SignedDuration::from_secs(30),
        retry_max: hours(1),
        max_attempts: 5,
        issues_per_day: 3,
        probe_every: hours(1),
        max_clock_skew: mins(2),
        operator_deadline: hours(24 * 7),
        operator_poll: mins(1),
        settle: mins(2),
        new_token_patience: mins(5),
        confirm_timeout: hours(2),
        confirm_every: mins(1),
        lease: mins(2),
        full_cycle: None,
        accept_supplied: AcceptSupplied::default(),
        privilege: PrivilegeRules::default(),
        life_tolerance: 0.1,
        refusal_window: SignedDuration::ZERO,
    }
}
