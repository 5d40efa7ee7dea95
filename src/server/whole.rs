//! The state of the whole: of all tokens together, of Vault, of the replicas and of
//! the configuration. The head of every page and `/api/v1/state` tell it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::rotation::state::{Banner, Counts, Summary};
use crate::telemetry::Telemetry;
use crate::telemetry::board::Replica;

/// The state of the whole.
#[derive(Serialize)]
pub(super) struct Whole {
    pub(super) now: Timestamp,
    pub(super) version: &'static str,
    pub(super) ready: bool,
    /// Why it is not ready.
    pub(super) reasons: Vec<String>,
    pub(super) banners: Vec<Banner>,
    pub(super) summary: Summary,
    pub(super) vault: VaultState,
    pub(super) replicas: Replicas,
    pub(super) config: ConfigState,
}

/// What is known of Vault.
#[derive(Serialize)]
pub(super) struct VaultState {
    pub(super) up: bool,
    /// Why it is not.
    pub(super) trouble: Option<String>,
    /// When it last answered: what is shown of the tokens is not older if it is up.
    pub(super) answered_at: Option<Timestamp>,
}

/// Who works on the tokens.
#[derive(Serialize)]
pub(super) struct Replicas {
    /// The id of this process.
    pub(super) this: String,
    /// Those that held a lease of a token in the last hour.
    pub(super) others: Vec<Replica>,
}

/// Which configuration is in force.
#[derive(Serialize)]
pub(super) struct ConfigState {
    pub(super) in_force_since: Option<Timestamp>,
    /// Since when a changed one is refused.
    pub(super) refused_since: Option<Timestamp>,
}

impl Whole {
    pub(super) fn of(
        telemetry: &Telemetry,
        replica: &str,
        counts: &Counts,
        now: Timestamp,
    ) -> Self {
        let health = &telemetry.health;
        let reasons = health.not_ready_because();
        let trouble = health.vault_trouble();
        let mut others = telemetry.board.replicas(now);
        others.retain(|one| one.holder != replica);
        Self {
            now: to_the_second(now),
            version: env!("CARGO_PKG_VERSION"),
            ready: reasons.is_empty(),
            reasons,
            banners: health.banners(),
            summary: counts.summary(),
            vault: VaultState {
                up: trouble.is_none(),
                trouble,
                answered_at: health.vault_answered().and_then(|ago| before(now, ago)),
            },
            replicas: Replicas {
                this: replica.to_owned(),
                others,
            },
            config: ConfigState {
                in_force_since: health.config_in_force_since(),
                refused_since: health.config_refused_since(),
            },
        }
    }
}

fn before(now: Timestamp, ago: Duration) -> Option<Timestamp> {
    let ago = SignedDuration::from_secs(i64::try_from(ago.as_secs()).ok()?);
    Some(to_the_second(now.checked_sub(ago).ok()?))
}

/// A time without the part of a second.
pub(super) fn to_the_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}
