//! The nine strategies, as capabilities and policies. No code of the driver or
//! of this simulation asks which strategy it is.

use std::sync::Arc;

use jiff::SignedDuration;
use scim_rotator::rotation::capability::{
    ConnectionCapabilities, ConnectionTest, ConnectionWrite, ExpirySource, IssueEffect,
    IssuerCapabilities, LastUsed, LiveTokens, Overlap, Readback, Recovery, Revoke, SideEffects,
    Supply, Writer,
};
use scim_rotator::rotation::policy::{AcceptSupplied, Policy, Renew};
use scim_rotator::rotation::privilege::PrivilegeRules;
use scim_rotator::rotation::schedule::Windows;

/// One kind of issuer with what is configured for it.
#[derive(Debug, Clone)]
pub(crate) struct Profile {
    /// Number of the strategy, and what is special.
    pub(crate) name: &'static str,
    pub(crate) issuer: IssuerRules,
    pub(crate) connections: Vec<(String, ConnectionCapabilities)>,
    pub(crate) policy: Policy,
    /// A token is read from Vault at least this often.
    pub(crate) sweep: SignedDuration,
}

/// How the service provider behaves beyond what its capabilities say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IssuerRules {
    pub(crate) can: IssuerCapabilities,
    /// Life of a token when none is asked for.
    pub(crate) life: SignedDuration,
    /// Whether its answers name the token.
    pub(crate) has_ids: bool,
    /// Whether the token in use is the credential that asks for the next.
    pub(crate) caller_is_token: bool,
    /// Whether it makes client secrets: a new client id with each, and neither works
    /// without the other.
    pub(crate) client_secrets: bool,
}

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// The default: many live, we retire.
const OVERLAPPING: IssuerCapabilities = IssuerCapabilities {
    supply: Supply::Issuer,
    live_tokens: LiveTokens::Many,
    overlap: Overlap::ExplicitRetire,
    issue_effect: IssueEffect::Keeps,
    recovery: Recovery::ByLabel,
    revoke: Revoke::ById,
    expiry: ExpirySource::Requested,
    last_used: LastUsed::Throttled,
};

/// One live token; a new one kills it.
const SINGLE: IssuerCapabilities = IssuerCapabilities {
    live_tokens: LiveTokens::One,
    overlap: Overlap::None,
    issue_effect: IssueEffect::Kills,
    recovery: Recovery::None,
    revoke: Revoke::Never,
    expiry: ExpirySource::Reported,
    last_used: LastUsed::None,
    ..OVERLAPPING
};

/// Two slots; the issuer is told when to drop which.
const TWO_PHASE: IssuerCapabilities = IssuerCapabilities {
    live_tokens: LiveTokens::Two,
    overlap: Overlap::TwoPhase { next_usable: false },
    recovery: Recovery::ByStatus,
    revoke: Revoke::Never,
    expiry: ExpirySource::Reported,
    last_used: LastUsed::None,
    ..OVERLAPPING
};

/// One profile for each of the nine strategies.
pub(crate) fn strategies() -> Vec<Arc<Profile>> {
    vec![
        profile("S1 overlapping, by label", OVERLAPPING).client_secrets(),
        profile(
            "S2 overlap timed by the issuer",
            IssuerCapabilities {
                overlap: Overlap::IssuerTimed { max: DAY },
                issue_effect: IssueEffect::SchedulesDeath,
                recovery: Recovery::ByStatus,
                revoke: Revoke::AllOnly,
                last_used: LastUsed::None,
                ..OVERLAPPING
            },
        ),
        profile("S3 a new token kills the old", SINGLE).client_secrets(),
        profile(
            "S4 the secret is chosen by us",
            IssuerCapabilities {
                recovery: Recovery::ClientChosen,
                revoke: Revoke::ByValue,
                expiry: ExpirySource::None,
                last_used: LastUsed::None,
                ..OVERLAPPING
            },
        )
        .declared()
        .client_secrets()
        .without_ids(),
        profile(
            "S5 the token asks for its successor",
            IssuerCapabilities {
                recovery: Recovery::Replay,
                ..SINGLE
            },
        )
        .caller_is_token(),
        profile(
            "S6 a lease that dies by itself",
            IssuerCapabilities {
                recovery: Recovery::None,
                expiry: ExpirySource::Reported,
                last_used: LastUsed::None,
                ..OVERLAPPING
            },
        ),
        profile("S7 two phases, next works after completion", TWO_PHASE).client_secrets(),
        profile(
            "S8 short-lived, never revoked",
            IssuerCapabilities {
                recovery: Recovery::None,
                revoke: Revoke::Never,
                expiry: ExpirySource::Reported,
                last_used: LastUsed::None,
                ..OVERLAPPING
            },
        )
        .short_lived()
        .without_ids(),
        profile(
            "S9 supplied by an operator",
            IssuerCapabilities {
                supply: Supply::Operator,
                live_tokens: LiveTokens::Two,
                recovery: Recovery::None,
                revoke: Revoke::Never,
                expiry: ExpirySource::Declared,
                last_used: LastUsed::None,
                ..OVERLAPPING
            },
        )
        .declared()
        .client_secrets()
        .patient(),
    ]
    .into_iter()
    .map(Arc::new)
    .collect()
}

/// The same strategies with the other values of their capabilities.
pub(crate) fn variants() -> Vec<Arc<Profile>> {
    vec![
        profile(
            "S1 overlapping, by set difference",
            IssuerCapabilities {
                recovery: Recovery::BySetDifference,
                last_used: LastUsed::None,
                ..OVERLAPPING
            },
        ),
        profile(
            "S1 overlapping, the id is ours",
            IssuerCapabilities {
                recovery: Recovery::ClientNamed,
                ..OVERLAPPING
            },
        ),
        profile(
            "S1 overlapping, two slots",
            IssuerCapabilities {
                live_tokens: LiveTokens::Two,
                ..OVERLAPPING
            },
        ),
        profile(
            "S1 overlapping, replayed",
            IssuerCapabilities {
                recovery: Recovery::Replay,
                revoke: Revoke::AllOnly,
                ..OVERLAPPING
            },
        )
        .patient(),
        profile(
            "S4 one place for the secret chosen by us",
            IssuerCapabilities {
                recovery: Recovery::ClientChosen,
                expiry: ExpirySource::None,
                ..SINGLE
            },
        )
        .declared()
        .without_ids(),
        profile("S1 overlapping, one connection by hand", OVERLAPPING).by_hand(),
        profile(
            "S7 two phases, next works at once",
            IssuerCapabilities {
                overlap: Overlap::TwoPhase { next_usable: true },
                ..TWO_PHASE
            },
        ),
    ]
    .into_iter()
    .map(Arc::new)
    .collect()
}

fn profile(name: &'static str, can: IssuerCapabilities) -> Profile {
    Profile {
        name,
        issuer: IssuerRules {
            can,
            life: SignedDuration::from_hours(30 * 24),
            has_ids: true,
            caller_is_token: false,
            client_secrets: false,
        },
        connections: vec![
            ("canary".to_owned(), connection(ConnectionTest::Saved)),
            ("quiet".to_owned(), connection(ConnectionTest::None)),
        ],
        policy: policy(),
        sweep: SignedDuration::from_hours(3),
    }
}

impl Profile {
    /// With a connection that a person writes, beside the two others.
    fn by_hand(mut self) -> Self {
        let can = ConnectionCapabilities {
            writer: Writer::Person,
            ..connection(ConnectionTest::None)
        };
        self.connections.push(("by-hand".to_owned(), can));
        self
    }
}

fn connection(test: ConnectionTest) -> ConnectionCapabilities {
    ConnectionCapabilities {
        writer: Writer::Daemon,
        test,
        write: ConnectionWrite::Merge,
        readback: Readback::Absent,
        side_effects: SideEffects::None,
    }
}

/// What the configuration gives when nothing is said, with waits that keep a
/// run short.
fn policy() -> Policy {
    Policy {
        renew: Renew {
            fraction: Some(0.67),
            jitter: true,
            ..Renew::default()
        },
        overlap: SignedDuration::from_hours(5),
        windows: Windows::default(),
        lifetime: None,
        declared_lifetime: None,
        retry_min: SignedDuration::from_secs(30),
        retry_max: SignedDuration::from_hours(1),
        max_attempts: 5,
        issues_per_day: 3,
        probe_every: SignedDuration::from_hours(24),
        max_clock_skew: SignedDuration::from_mins(2),
        operator_deadline: SignedDuration::from_hours(7 * 24),
        // Proof of what a person wrote is looked for every two and a half hours.
        operator_poll: SignedDuration::from_secs(450),
        settle: SignedDuration::from_mins(2),
        new_token_patience: SignedDuration::from_mins(15),
        confirm_timeout: SignedDuration::from_hours(2),
        confirm_every: SignedDuration::from_mins(1),
        lease: SignedDuration::from_secs(90),
        full_cycle: None,
        accept_supplied: AcceptSupplied::default(),
        privilege: PrivilegeRules::default(),
        life_tolerance: 0.1,
        refusal_window: SignedDuration::from_secs(30),
    }
}

impl Profile {
    /// Nothing but the configuration tells how long its tokens live.
    fn declared(mut self) -> Self {
        self.policy.declared_lifetime = Some(self.issuer.life);
        self
    }

    /// Old tokens live on until they expire: nothing happens for long.
    fn patient(mut self) -> Self {
        self.policy.probe_every = SignedDuration::from_hours(5 * 24);
        self.sweep = SignedDuration::from_hours(4 * 24);
        self
    }

    fn without_ids(mut self) -> Self {
        self.issuer.has_ids = false;
        self
    }

    fn client_secrets(mut self) -> Self {
        self.issuer.client_secrets = true;
        self
    }

    fn caller_is_token(mut self) -> Self {
        self.issuer.caller_is_token = true;
        self
    }

    fn short_lived(mut self) -> Self {
        self.issuer.life = SignedDuration::from_hours(12);
        self.policy.overlap = SignedDuration::from_hours(2);
        self.policy.probe_every = SignedDuration::from_hours(6);
        self.policy.issues_per_day = 12;
        self
    }

    /// Whether a person makes its tokens.
    pub(crate) fn is_by_hand(&self) -> bool {
        self.issuer.can.supply == Supply::Operator
    }
}
