//! Reads the facts of tokens with the rights of a person.

use std::path::Path;
use std::sync::Arc;

use futures_util::StreamExt as _;
use jiff::Timestamp;
use serde_json::Value;

use super::document::banners;
use crate::cli::wiring::World;
use crate::cli::{Exit, asking, load};
use crate::driver::federated::Watched;
use crate::ports::StoreError;
use crate::ports::unit::Unit;
use crate::rotation::state::Banner;
use crate::vault::requests::ALL;

/// How many documents are read at once.
const AT_ONCE: usize = 8;

/// The facts of each token, or why there are none.
pub(in crate::cli) type Read = Vec<(String, Result<Value, String>)>;

/// What the facts tell.
pub(in crate::cli) struct Facts {
    /// Of each token.
    pub(in crate::cli) tokens: Read,
    /// Of all tokens together.
    pub(in crate::cli) banners: Vec<Banner>,
}

/// Runs a command that only tells what the facts of the named tokens (all if none is
/// named) say.
pub(in crate::cli) fn command(
    config: &Path,
    names: &[String],
    tell: impl FnOnce(Facts, Timestamp) -> Exit,
) -> Exit {
    let loaded = load::world_of_a_person_of_both(config, names);
    let (world, (units, federated)) = match loaded {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    load::block_on(async {
        let now = world.right_clock.now();
        match read(&world, &units, &federated).await {
            Ok(read) => tell(read, now),
            Err(exit) => exit,
        }
    })
}

/// Reads the facts of these tokens, in their order, with the person's rights.
///
/// # Errors
/// With the exit code, after a message, if Vault cannot be used at all.
pub(in crate::cli) async fn read(
    world: &World,
    units: &[Unit],
    federated: &[Arc<Watched>],
) -> Result<Facts, Exit> {
    let read = look(world, units, federated).await;
    world.session.close().await;
    read.map_err(|error| asking::failed(&error))
}

/// The same, by a session that stays open.
///
/// # Errors
/// If Vault cannot be used at all.
pub(in crate::cli) async fn look(
    world: &World,
    units: &[Unit],
    federated: &[Arc<Watched>],
) -> Result<Facts, StoreError> {
    // The first request logs in.
    let control = world.store.facts(ALL).await?;
    let banners = banners(&control.facts.unwrap_or_default());
    let units = units.iter().map(|unit| &unit.name);
    let federated = federated.iter().map(|one| &one.name);
    let reads = units.chain(federated).map(async |name| {
        let stored = world.store.facts(name).await;
        let facts = stored.map_err(|error| error.to_string());
        let facts = facts.and_then(|stored| stored.facts.ok_or_else(no_facts));
        (name.clone(), facts)
    });
    let reads = futures_util::stream::iter(reads).buffered(AT_ONCE);
    let tokens = reads.collect().await;
    Ok(Facts { tokens, banners })
}

/// What is said where no daemon has told anything of a token.
pub(in crate::cli) fn no_facts() -> String {
    "the daemon has told nothing about this token yet, which it does some seconds after its start: is it running, or does another `vault.state_path` belong to it?".to_owned()
}
