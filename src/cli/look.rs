//! Reads the records of tokens without acting, for `plan --from-records`.

use futures_util::StreamExt;
use jiff::Timestamp;

use super::Exit;
use super::output::complain;
use super::wiring::World;
use crate::driver::situation::{Conditions, Inputs};
use crate::ports::Store;
use crate::ports::unit::Unit;
use crate::rotation::forecast::{Forecast, forecast};
use crate::rotation::invariant;
use crate::rotation::record::{Record, StatedEnd};
use crate::rotation::situation::Published;

/// Number of records that are read at once.
const AT_ONCE: usize = 16;

/// One token with its stored state.
pub(super) struct Seen {
    pub(super) unit: Unit,
    /// The record, or why it cannot be used.
    pub(super) found: Result<Found, String>,
}

/// A token's stored state.
pub(super) struct Found {
    record: Record,
    published: Published,
    stated_end: StatedEnd,
    conditions: Conditions,
}

/// Logs in and reads the state of these tokens, in their order.
///
/// # Errors
/// With the exit code, after a message, if Vault cannot be used at all.
pub(super) async fn at(world: &World, units: Vec<Unit>) -> Result<Vec<Seen>, Exit> {
    // This first request logs in.
    if let Err(error) = world.read_control().await {
        complain(&format!("{error}\n"));
        world.session.close().await;
        return Err(Exit::TryAgain);
    }
    let seen = futures_util::stream::iter(units)
        .map(|unit| async {
            let found = read(world, &unit).await;
            Seen { unit, found }
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    world.session.close().await;
    Ok(seen)
}

async fn read(world: &World, unit: &Unit) -> Result<Found, String> {
    let stored = world.store.load(&unit.name).await;
    let record = stored.map_err(|error| error.to_string())?;
    if let Some(stored) = &record {
        // The daemon does not act on such a record either.
        invariant::check(&stored.value).map_err(|error| error.to_string())?;
    }
    let published = world.store.published(&unit.name).await;
    let published = published.map_err(|error| error.to_string())?;
    let seen = published.seen(record.as_ref().map(|stored| &stored.value));
    Ok(Found {
        record: record.map_or_else(
            || Record::new(&unit.name, world.right_clock.now()),
            |stored| stored.value,
        ),
        stated_end: published.stated_end(),
        published: seen,
        conditions: world.conditions(),
    })
}

impl Found {
    /// The forecast from this time on.
    pub(super) fn forecast(&self, unit: &Unit, from: Timestamp) -> Forecast {
        let connections = unit.connection_capabilities();
        let inputs = Inputs::dry_run(&connections, &self.published, self.stated_end);
        let situation = self.conditions.situation(unit, inputs);
        forecast(&self.record, &situation, from)
    }
}
