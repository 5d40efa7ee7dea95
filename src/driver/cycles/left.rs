//! What full cycles left behind of tokens that may run none any more: the configuration
//! forbids to write with them, so that nobody deletes it, and a person is told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use tokio_util::sync::CancellationToken;

use crate::ports::unit::Unit;
use crate::scim::cycle::journal::{Journal, JournalDocument};

/// How often the journal of such a token is read: one in which nothing is left, and one
/// that names something.
const READ_EMPTY: SignedDuration = SignedDuration::from_hours(24);
const READ_LEFT: SignedDuration = SignedDuration::from_hours(1);

/// Most journals that are read in one look: with thousands of tokens it takes hours.
const MOST_READ: usize = 10;

const NOT_ALLOWED: &str =
    "no full cycle is allowed with it any more (`allow_write_probe` and the other locks)";
const NOT_CONFIGURED: &str = "the token is not configured any more";

/// What was read of the journals of tokens that may run no full cycle.
#[derive(Debug, Default)]
pub(super) struct Forbidden(BTreeMap<String, Seen>);

#[derive(Debug, Clone, Copy)]
struct Seen {
    at: Timestamp,
    /// How much was left behind.
    left: usize,
}

impl Forbidden {
    /// A token that could run full cycles is not configured any more.
    pub(super) fn was_taken_out(&mut self, token: &str) {
        let seen = Seen {
            at: Timestamp::MIN,
            left: 1,
        };
        self.0.insert(token.to_owned(), seen);
    }

    fn is_due(&self, token: &str, now: Timestamp) -> bool {
        self.0.get(token).is_none_or(|seen| {
            let pause = match seen.left {
                0 => READ_EMPTY,
                _ => READ_LEFT,
            };
            now.duration_since(seen.at) >= pause
        })
    }

    /// The tokens whose journals are to be read now, each with why nobody deletes what is
    /// in it.
    fn due(&mut self, all: &[Arc<Unit>], now: Timestamp) -> Vec<(String, &'static str)> {
        let names: BTreeSet<&str> = all.iter().map(|unit| unit.name.as_str()).collect();
        self.0
            .retain(|name, seen| seen.left > 0 || names.contains(name.as_str()));
        let is_allowed = |unit: &Unit| unit.probe.full_cycle().is_some();
        for unit in all.iter().filter(|unit| is_allowed(unit)) {
            // When the permission is taken away, its journal is read at once.
            self.0.remove(&unit.name);
        }
        let gone = self.0.keys().filter(|name| !names.contains(name.as_str()));
        let gone = gone.map(|name| (name.as_str(), NOT_CONFIGURED));
        // Tokens of production never ran one.
        let of_production = |wanted: bool| {
            let forbidden = all.iter().filter(|unit| !is_allowed(unit));
            forbidden.filter(move |unit| is_production(unit) == wanted)
        };
        let forbidden = of_production(false).chain(of_production(true));
        let forbidden = forbidden.map(|unit| (unit.name.as_str(), NOT_ALLOWED));
        gone.chain(forbidden)
            .filter(|(name, _)| self.is_due(name, now))
            .take(MOST_READ)
            .map(|(name, why)| (name.to_owned(), why))
            .collect()
    }
}

/// Whether a token is one of production.
pub(super) fn is_production(unit: &Unit) -> bool {
    unit.labels.environment == "production"
}

/// Who reads the journals, and who is told.
pub(super) struct Look<'a> {
    pub(super) journal: &'a dyn Journal,
    pub(super) told: &'a (dyn Fn(&str, &JournalDocument) + Send + Sync),
    pub(super) cancel: &'a CancellationToken,
    pub(super) now: Timestamp,
}

impl Look<'_> {
    /// Tells what such tokens left behind, as often as it is to be told.
    pub(super) async fn at(&self, known: &mut Forbidden, all: &[Arc<Unit>]) {
        let now = self.now;
        for (token, why) in known.due(all, now) {
            if self.cancel.is_cancelled() {
                return;
            }
            let was_told = known.0.get(&token).is_some_and(|seen| seen.left > 0);
            let left = self.tell_left(&token, why, was_told).await;
            known.0.insert(token, Seen { at: now, left });
        }
    }

    /// How much a full cycle left behind, told loudly; also that it is gone, if it was told
    /// before.
    async fn tell_left(&self, token: &str, why: &str, was_told: bool) -> usize {
        let journal = match self.journal.read(token).await {
            Ok((journal, _)) => journal,
            Err(error) => {
                tracing::warn!(token, %error, "it is not known whether a full cycle left something behind");
                return 0;
            }
        };
        let left = journal.entries.len();
        if left > 0 || was_told {
            (self.told)(token, &journal);
        }
        if left > 0 {
            let names: Vec<&str> = journal.entries.iter().map(|e| e.name.as_str()).collect();
            let at = journal.entries.first().map(|entry| entry.scim_url.as_str());
            tracing::error!(
                token,
                left,
                names = names.join(", "),
                at = at.unwrap_or_default(),
                why,
                "what a full cycle left behind stays at the service provider, and nothing deletes it: permit full cycles with this token until `scim_rotator_full_cycle_leftovers` is 0, or delete the users and groups by hand and then the journal of the token below `<state_path>/cycles/`"
            );
        }
        left
    }
}
