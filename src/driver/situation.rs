//! Builds every [`Situation`], for the daemon and for commands that decide
//! without acting (`scim-rotator plan`), so that both decide alike.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;

use crate::ports::unit::Unit;
use crate::rotation::capability::ConnectionCapabilities;
use crate::rotation::record::StatedEnd;
use crate::rotation::situation::{OurClock, Published, Situation};
use crate::rotation::uncommitted::UnrecordedToken;
use crate::scim::evidence::Passed;

/// What holds for all tokens of this process; read at each decision.
#[derive(Clone)]
pub struct Conditions {
    /// What the servers say of our clock.
    pub our_clock: Arc<dyn Fn() -> OurClock + Send + Sync>,
    /// The full cycles that tokens wait for, as last read.
    pub full_cycles: Arc<FullCycles>,
    /// Whether a person stopped all work.
    pub all_paused: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Whether no rotation may begin because the audit cannot be written.
    pub audit_fails: Arc<dyn Fn() -> bool + Send + Sync>,
}

/// The last full cycle that passed of each token that others wait for.
#[derive(Debug, Default)]
pub struct FullCycles(Mutex<BTreeMap<String, Passed>>);

impl FullCycles {
    fn get(&self, token: &str) -> Option<Passed> {
        self.0.lock().get(token).cloned()
    }

    /// Notes what was read.
    pub fn set(&self, token: &str, passed: Option<Passed>) {
        let mut all = self.0.lock();
        match passed {
            Some(passed) => all.insert(token.to_owned(), passed),
            None => all.remove(token),
        };
    }
}

/// What was read at the published path.
pub(super) struct Seen {
    pub(super) what: Published,
    pub(super) end: StatedEnd,
}

/// What a decision depends on besides the token's configuration and the
/// conditions of the process.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// See [`Situation::holder`].
    pub holder: Option<&'a str>,
    /// The unit's [`Unit::connection_capabilities`].
    pub connections: &'a [(String, ConnectionCapabilities)],
    /// See [`Situation::published`].
    pub published: &'a Published,
    /// See [`Situation::stated_end`].
    pub stated_end: StatedEnd,
    /// See [`Situation::intent_is_fresh`].
    pub intent_is_fresh: bool,
    /// See [`Situation::knows_deliveries`].
    pub knows_deliveries: bool,
    /// See [`Situation::unrecorded`].
    pub unrecorded: &'a [UnrecordedToken],
}

impl<'a> Inputs<'a> {
    /// For a process that only decides: it holds no lease and has issued
    /// nothing.
    #[must_use]
    pub fn dry_run(
        connections: &'a [(String, ConnectionCapabilities)],
        published: &'a Published,
        stated_end: StatedEnd,
    ) -> Self {
        Self {
            holder: None,
            connections,
            published,
            stated_end,
            intent_is_fresh: false,
            knows_deliveries: false,
            unrecorded: &[],
        }
    }
}

impl Conditions {
    /// The time by which is decided for a token when our clock shows `shown`.
    #[must_use]
    pub fn right_time(&self, unit: &Unit, shown: Timestamp) -> Timestamp {
        (self.our_clock)().right_time(shown, unit.policy.max_clock_skew)
    }

    /// The situation of one token now.
    #[must_use]
    pub fn situation<'a>(&self, unit: &'a Unit, inputs: Inputs<'a>) -> Situation<'a> {
        Situation {
            token: &unit.name,
            issuer_name: &unit.issuer_name,
            issuer_settings: unit.issuer.settings(),
            holder: inputs.holder,
            policy: &unit.policy,
            issuer: unit.issuer.capabilities(),
            connections: inputs.connections,
            published: inputs.published,
            stated_end: inputs.stated_end,
            shares_issuer: unit.shares_issuer,
            intent_is_fresh: inputs.intent_is_fresh,
            knows_deliveries: inputs.knows_deliveries,
            unrecorded: inputs.unrecorded,
            our_clock: (self.our_clock)(),
            full_cycle: unit
                .policy
                .full_cycle
                .as_ref()
                .and_then(|gate| self.full_cycles.get(&gate.on)),
            all_paused: (self.all_paused)(),
            audit_fails: (self.audit_fails)(),
            leaving: unit.leaving,
        }
    }
}
