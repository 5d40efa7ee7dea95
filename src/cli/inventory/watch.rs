//! The daemon's inventory: each issuer and each identity provider is asked once in a
//! while, one after the other.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::{collect, providers};
use crate::cli::wiring::World;
use crate::rotation::inventory::Coverage;

/// Pause between two issuers, and between two identity providers.
const PACE: SignedDuration = SignedDuration::from_secs(5);

/// Asks the issuers at this interval until the end of the process. Zero: never.
pub(in crate::cli) async fn run(world: &World, every: SignedDuration, end: &CancellationToken) {
    if every.is_zero() {
        return;
    }
    let mut known = Known::default();
    // Replicas do not ask at the same time, nor at once after a start.
    let mut pause = (every / 24).mul_f64(1.0 + world.phase());
    loop {
        tokio::select! {
            () = world.clock.sleep(pause) => {}
            () = end.cancelled() => return,
        }
        tokio::select! {
            () = look(world, &mut known) => {}
            () = end.cancelled() => return,
        }
        pause = every;
    }
}

/// What was listed last.
#[derive(Default)]
struct Known {
    issuers: BTreeMap<String, (Coverage, Timestamp)>,
    providers: BTreeMap<String, Coverage>,
}

/// Asks every issuer and every identity provider. What one that did not answer listed
/// before stays.
async fn look(world: &World, known: &mut Known) {
    let issuers = world.issuers();
    let issuers_known = &mut known.issuers;
    issuers_known.retain(|name, _| issuers.iter().any(|(issuer, _)| issuer == name));
    for issuer in issuers {
        let seen = collect::of(world, issuer).await;
        if let Err(fault) = &seen.shown {
            tracing::warn!(issuer = %seen.issuer, %fault, "the inventory could not list the credentials of this issuer");
        }
        // What records that cannot be read account for would count as unmanaged.
        if let (Some(coverage), true) = (seen.coverage(), seen.unreadable.is_empty()) {
            let now = world.right_clock.now();
            known.issuers.insert(seen.issuer.clone(), (coverage, now));
        }
        tell(world, known);
        world.clock.sleep(PACE).await;
    }
    let groups = providers::groups(world.connections(), &[]).0;
    let providers_known = &mut known.providers;
    providers_known.retain(|name, _| groups.iter().any(|group| group.provider == *name));
    for group in groups {
        let seen = providers::of(world, group).await;
        if let Err(fault) = &seen.shown {
            tracing::warn!(provider = %seen.provider, %fault, "the inventory could not list the connections of this identity provider");
        }
        if let Some(coverage) = seen.coverage() {
            known.providers.insert(seen.provider.clone(), coverage);
        }
        tell(world, known);
        world.clock.sleep(PACE).await;
    }
}

fn tell(world: &World, known: &Known) {
    let metrics = &world.telemetry.metrics;
    metrics.inventory(&known.issuers, &known.providers);
}
