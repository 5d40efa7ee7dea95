//! Reads the records and asks the issuers, one after the other.

use std::sync::Arc;

use futures_util::StreamExt as _;

use crate::cli::wiring::World;
use crate::driver::inventory::{Shown, of_issuer};
use crate::fault::Fault;
use crate::ports::{Issuer, Store as _};
use crate::rotation::inventory::{Claim, Coverage, Item, claims};

/// Number of records that are read at once.
const AT_ONCE: usize = 8;

/// What one issuer shows.
pub(super) struct Seen {
    pub(super) issuer: String,
    pub(super) shown: Result<Shown, Fault>,
    /// Tokens whose records could not be read: what is theirs is shown as foreign.
    pub(super) unreadable: Vec<String>,
}

impl Seen {
    pub(super) fn items(&self) -> impl Iterator<Item = &Item> {
        let items = match &self.shown {
            Ok(Shown::Items { items, .. }) => items.as_slice(),
            Ok(Shown::Nothing(_)) | Err(_) => &[],
        };
        items.iter()
    }

    /// How much of what it lists is managed. `None`: it lists nothing, or did not answer.
    pub(super) fn coverage(&self) -> Option<Coverage> {
        if !matches!(self.shown, Ok(Shown::Items { .. })) {
            return None;
        }
        let mut coverage = Coverage::default();
        self.items()
            .for_each(|item| coverage.count(item.whose.is_managed()));
        Some(coverage)
    }

    /// Whether nobody manages this credential. While a record cannot be read, that is not
    /// known.
    pub(super) fn can_be_adopted(&self, item: &Item) -> bool {
        self.unreadable.is_empty() && !item.whose.is_managed()
    }

    pub(super) fn tells_use(&self) -> bool {
        matches!(
            &self.shown,
            Ok(Shown::Items {
                tells_use: true,
                ..
            })
        )
    }

    /// Why there are no credentials in the table.
    pub(super) fn why_nothing(&self) -> Option<String> {
        match &self.shown {
            Ok(Shown::Items { items, .. }) if items.is_empty() => Some("no credential".to_owned()),
            Ok(Shown::Items { .. }) => None,
            Ok(Shown::Nothing(why)) => Some((*why).to_owned()),
            Err(fault) => Some(fault.to_string()),
        }
    }
}

/// What each of these issuers shows; of all if none is named.
pub(super) async fn all(world: &World, names: &[String]) -> Vec<Seen> {
    let mut seen = Vec::new();
    for issuer in world.issuers() {
        if names.is_empty() || names.contains(&issuer.0) {
            seen.push(of(world, issuer).await);
        }
    }
    seen
}

/// What one issuer shows. Only the records of its own tokens are read.
pub(super) async fn of(world: &World, (name, issuer): (String, Arc<dyn Issuer>)) -> Seen {
    let tokens = tokens_of(world, &name);
    let (claims, unreadable) = claims_of(world, &name, &tokens).await;
    // The name stands in templates only.
    let token = tokens.first().map_or("inventory", String::as_str);
    Seen {
        shown: of_issuer(issuer.as_ref(), token, &claims).await,
        issuer: name,
        unreadable,
    }
}

/// The tokens that name this issuer, as configured now.
fn tokens_of(world: &World, issuer: &str) -> Vec<String> {
    let entries = world.telemetry.board.all().into_iter();
    let named: Vec<String> = entries
        .filter(|entry| entry.facts.issuer == issuer)
        .map(|entry| entry.facts.name.clone())
        .collect();
    if !named.is_empty() {
        return named;
    }
    // A command fills no board.
    let units = world.units.iter().filter(|unit| unit.issuer_name == issuer);
    units.map(|unit| unit.name.clone()).collect()
}

async fn claims_of(world: &World, issuer: &str, tokens: &[String]) -> (Vec<Claim>, Vec<String>) {
    let read = tokens.iter().map(async |token| {
        let stored = world.store.load(token).await;
        (token, stored)
    });
    let mut read = futures_util::stream::iter(read).buffered(AT_ONCE);
    let (mut all, mut unreadable) = (Vec::new(), Vec::new());
    while let Some((token, stored)) = read.next().await {
        match stored {
            Ok(Some(stored)) => all.extend(claims(&stored.value, issuer)),
            Ok(None) => {}
            Err(_) => unreadable.push(token.clone()),
        }
    }
    (all, unreadable)
}
