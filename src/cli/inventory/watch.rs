//! The daemon's inventory: each issuer is asked once in a while, one after the other.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::collect;
use crate::cli::wiring::World;
use crate::rotation::inventory::Coverage;

/// Pause between two issuers.
const PACE: SignedDuration = SignedDuration::from_secs(5);

/// Asks the issuers at this interval until the end of the process. Zero: never.
pub(in crate::cli) async fn run(world: &World, every: SignedDuration, end: &CancellationToken) {
    if every.is_zero() {
        return;
    }
    let mut known = BTreeMap::new();
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

/// Asks every issuer. What one that did not answer listed before stays.
async fn look(world: &World, known: &mut BTreeMap<String, (Coverage, Timestamp)>) {
    let issuers = world.issuers();
    known.retain(|name, _| issuers.iter().any(|(issuer, _)| issuer == name));
    for issuer in issuers {
        let seen = collect::of(world, issuer).await;
        if let Err(fault) = &seen.shown {
            tracing::warn!(issuer = %seen.issuer, %fault, "the inventory could not list the credentials of this issuer");
        }
        // What records that cannot be read account for would count as unmanaged.
        if let (Some(coverage), true) = (seen.coverage(), seen.unreadable.is_empty()) {
            let now = world.right_clock.now();
            known.insert(seen.issuer.clone(), (coverage, now));
        }
        world.telemetry.metrics.inventory(known);
        world.clock.sleep(PACE).await;
    }
}
