//! Finds whose a secret is: its fingerprint is compared with the index and with the
//! facts that the daemon stores of every token.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt as _;
use jiff::Timestamp;
use serde_json::Value;

use super::candidates::candidates;
use crate::cli::facts::index::{self, Noted};
use crate::cli::report::rotations;
use crate::cli::wiring::World;
use crate::cli::{Exit, asking};
use crate::ports::unit::Unit;
use crate::secret::{Fingerprint, FingerprintKey, InstallationKey, KeyedFingerprint};

/// How many facts are read at once.
const AT_ONCE: usize = 16;

/// One known secret of the text.
pub(super) struct Hit {
    /// The token or credential that it belongs to.
    pub(super) noted: Noted,
    /// As the audit names it.
    pub(super) audited_as: Option<KeyedFingerprint>,
    pub(super) state: State,
}

/// Whether the secret can still be used, as far as that is known.
#[derive(Default)]
pub(super) struct State {
    /// `current`, `pending`, `retiring`, `retired` or `credential`.
    pub(super) slot: &'static str,
    /// Whether it is accepted; `None`: that is not known.
    pub(super) lives: Option<bool>,
    pub(super) expires_at: Value,
    pub(super) detail: String,
}

/// What was found, and how sure it is that nothing else is known.
pub(super) struct Search {
    pub(super) hits: Vec<Hit>,
    /// Since when the index has every token; `None`: it may lack some, and what the facts
    /// of all tokens tell was looked at too.
    pub(super) complete_since: Option<Timestamp>,
}

/// Finds the secrets of the text that are known: in the index of fingerprints. Only where
/// the index may lack tokens, the facts of all are read.
pub(super) async fn known_secrets(
    world: &World,
    units: &[Unit],
    text: &str,
) -> Result<Search, Exit> {
    let key = world.store.existing_fingerprint_key().await;
    let key = key.map_err(|error| asking::failed(&error))?;
    // Without the installation's key there is neither an index nor an audit; the facts
    // can still be compared, under a key that is made for this run.
    let has_key = key.is_some();
    let key = key.unwrap_or_else(|| InstallationKey::random().for_fingerprints());
    let mut prints: BTreeMap<KeyedFingerprint, (String, KeyedFingerprint)> = BTreeMap::new();
    for candidate in candidates(text) {
        let plain = Fingerprint::of(candidate).short();
        prints.insert(index::keyed(&key, &plain), (plain, key.of(candidate)));
    }
    let wanted: BTreeSet<_> = prints.keys().copied().collect();
    let mut known = match has_key {
        true => {
            let known = index::find(&world.store, &wanted).await;
            known.map_err(|error| asking::failed(&error))?
        }
        false => BTreeMap::new(),
    };
    let complete = match has_key {
        true => index::complete(&world.store).await,
        false => Ok(None),
    };
    let complete = complete.map_err(|error| asking::failed(&error))?;
    let names = units.iter().map(|unit| unit.name.as_str());
    let complete = complete.filter(|complete| complete.is_of(names));
    if known.is_empty() && complete.is_none() {
        known = in_facts(world, units, &key, &prints).await;
    }
    let mut hits = Vec::new();
    for (keyed, noted) in known {
        let Some((plain, audited_as)) = prints.get(&keyed) else {
            continue;
        };
        let state = match noted.is_credential {
            true => State {
                slot: "credential",
                detail: "scim-rotator itself logs in with it".to_owned(),
                ..State::default()
            },
            false => state_of(world, &noted, plain).await,
        };
        hits.push(Hit {
            noted,
            audited_as: has_key.then_some(*audited_as),
            state,
        });
    }
    Ok(Search {
        hits,
        complete_since: complete.map(|complete| complete.at),
    })
}

/// Reads the facts of every token: a new token is there before it is in the index.
async fn in_facts(
    world: &World,
    units: &[Unit],
    key: &FingerprintKey,
    prints: &BTreeMap<KeyedFingerprint, (String, KeyedFingerprint)>,
) -> BTreeMap<KeyedFingerprint, Noted> {
    let plain: BTreeSet<&str> = prints.values().map(|(plain, _)| plain.as_str()).collect();
    let reads = units.iter().map(async |unit| {
        let stored = world.store.facts(&unit.name).await;
        let facts = stored.ok().and_then(|stored| stored.facts);
        (unit.name.clone(), facts.unwrap_or_default())
    });
    let mut reads = futures_util::stream::iter(reads).buffer_unordered(AT_ONCE);
    let mut found = BTreeMap::new();
    while let Some((owner, facts)) = reads.next().await {
        let slots = slots(&facts["token"]);
        for (_, slot) in slots {
            let print = slot["fingerprint"].as_str().unwrap_or_default();
            if plain.contains(print) {
                let noted = Noted {
                    owner: owner.clone(),
                    is_credential: false,
                    noted_at: None,
                };
                found.insert(index::keyed(key, print), noted);
            }
        }
    }
    found
}

/// The tokens in the facts, with their slots.
fn slots(token: &Value) -> Vec<(&'static str, &Value)> {
    let retiring = token["retiring"].as_array();
    let retiring = retiring.into_iter().flatten().map(|old| ("retiring", old));
    [
        ("current", &token["current"]),
        ("pending", &token["pending"]),
    ]
    .into_iter()
    .filter(|(_, slot)| slot.is_object())
    .chain(retiring)
    .collect()
}

/// Whether a rotation that has ended had this token.
fn is_of_the_past(facts: &Value, plain: &str) -> bool {
    rotations(facts)
        .iter()
        .any(|past| past["old"] == plain || past["new"] == plain)
}

async fn state_of(world: &World, noted: &Noted, plain: &str) -> State {
    let stored = world.store.facts(&noted.owner).await;
    let Some(facts) = stored.ok().and_then(|stored| stored.facts) else {
        return State {
            slot: "unknown",
            detail: "the facts of this token are missing or cannot be read".to_owned(),
            ..State::default()
        };
    };
    let token = &facts["token"];
    let mut slots = slots(token).into_iter();
    let written_at = facts["written_at"].as_str();
    let written_at = written_at.and_then(|at| at.parse::<Timestamp>().ok());
    let Some((slot, found)) = slots.find(|(_, slot)| slot["fingerprint"] == plain) else {
        let is_newer = |at| written_at.is_none_or(|written| at >= written);
        // One of an earlier rotation may have come into the index late.
        if !is_of_the_past(&facts, plain) && noted.noted_at.is_some_and(is_newer) {
            return State {
                slot: "pending",
                detail: "it is newer than what the daemon has told of this token: it was issued or brought a moment ago".to_owned(),
                ..State::default()
            };
        }
        return State {
            slot: "retired",
            lives: Some(false),
            detail: "it was retired: it was revoked, or it has expired".to_owned(),
            ..State::default()
        };
    };
    let expired = found["expires_at"]
        .as_str()
        .and_then(|at| at.parse::<Timestamp>().ok())
        .is_some_and(|at| at <= world.right_clock.now());
    let refused = slot == "current" && token["proof"] == "refused";
    State {
        slot,
        lives: Some(!expired && !refused && found["revoked_at"].is_null()),
        expires_at: found["expires_at"].clone(),
        detail: match slot {
            "current" => "it is the token in use".to_owned(),
            "pending" => "it is the new token of a rotation in flight".to_owned(),
            _ => "it is superseded, and accepted until its overlap has ended".to_owned(),
        },
    }
}
