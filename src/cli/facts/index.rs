//! The index of fingerprints: whose a secret is, without a look at every token. Its
//! documents are beside the facts, `<state_path>/facts/.fingerprints-<shard>`; they hold
//! keyed fingerprints of the tokens in use, of those before them, and of our own
//! credentials, with the names of what they belong to.

mod writer;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Map, Value};

pub(in crate::cli) use self::writer::IndexWriter;
use crate::ports::StoreError;
use crate::secret::{Fingerprint, FingerprintKey, KeyedFingerprint};
use crate::vault::VaultStore;

/// The document that says for which tokens the index is complete.
const COMPLETE: &str = ".fingerprints";
/// Its field, an object of a keyed fingerprint, its owner and when it was noted.
const FINGERPRINTS: &str = "fingerprints";

/// Whose a fingerprint is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Noted {
    /// Name of the token, or what the credential is.
    pub(in crate::cli) owner: String,
    /// Whether it is a credential of our own.
    pub(in crate::cli) is_credential: bool,
    /// When it was noted.
    pub(in crate::cli) noted_at: Option<Timestamp>,
}

/// The mark of our own credentials; no token has such a name.
const CREDENTIAL: &str = "credential: ";

/// The keyed fingerprint under which a secret is noted. It is one of the plain
/// fingerprint, since of the tokens of the past nothing else is stored.
pub(in crate::cli) fn keyed(key: &FingerprintKey, plain: &str) -> KeyedFingerprint {
    key.of(&format!("index {plain}"))
}

/// The name of the document that has it.
fn shard(keyed: &KeyedFingerprint) -> String {
    const DIGITS: &str = "abcdefghijklmnopqrstuvwxyz234567";
    let mut places = keyed.as_str().chars().filter_map(|c| DIGITS.find(c));
    let (first, second) = (places.next(), places.next());
    let number = first.unwrap_or_default() * 8 + second.unwrap_or_default() / 4;
    format!(".fingerprints-{number:02x}")
}

/// Looks fingerprints up.
///
/// # Errors
/// When Vault does not answer.
pub(in crate::cli) async fn find(
    store: &VaultStore,
    wanted: &BTreeSet<KeyedFingerprint>,
) -> Result<BTreeMap<KeyedFingerprint, Noted>, StoreError> {
    let mut found = BTreeMap::new();
    let mut shards: BTreeMap<String, Vec<KeyedFingerprint>> = BTreeMap::new();
    for keyed in wanted {
        shards.entry(shard(keyed)).or_default().push(*keyed);
    }
    let reads = shards.into_iter().map(async |(name, wanted)| {
        let stored = store.facts(&name).await;
        stored.map(|stored| (stored.facts, wanted))
    });
    for (facts, wanted) in futures_util::future::try_join_all(reads).await? {
        let entries = facts.map(|facts| entries(&facts)).unwrap_or_default();
        for keyed in wanted {
            if let Some(noted) = entries.get(keyed.as_str()).and_then(noted) {
                found.insert(keyed, noted);
            }
        }
    }
    Ok(found)
}

/// For which tokens every fingerprint is in the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Complete {
    /// Since when.
    pub(in crate::cli) at: Timestamp,
    names: String,
}

impl Complete {
    /// Whether these are the tokens.
    pub(in crate::cli) fn is_of<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> bool {
        self.names == digest(names)
    }
}

/// What the daemon says of the index; `None`: it is not complete yet.
///
/// # Errors
/// When Vault does not answer.
pub(in crate::cli) async fn complete(store: &VaultStore) -> Result<Option<Complete>, StoreError> {
    let stored = store.facts(COMPLETE).await?;
    Ok(stored.facts.and_then(|facts| {
        Some(Complete {
            at: facts["at"].as_str()?.parse().ok()?,
            names: facts["tokens"].as_str()?.to_owned(),
        })
    }))
}

/// A digest of names of tokens, in whatever order.
fn digest<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let names: BTreeSet<&str> = names.into_iter().collect();
    let names: Vec<&str> = names.into_iter().collect();
    Fingerprint::of(&names.join("\n")).short()
}

fn entries(document: &Value) -> Map<String, Value> {
    document[FINGERPRINTS]
        .as_object()
        .cloned()
        .unwrap_or_default()
}

fn noted(entry: &Value) -> Option<Noted> {
    let owner = entry[0].as_str()?;
    let credential = owner.strip_prefix(CREDENTIAL);
    Some(Noted {
        owner: credential.unwrap_or(owner).to_owned(),
        is_credential: credential.is_some(),
        noted_at: entry[1]
            .as_i64()
            .and_then(|second| Timestamp::from_second(second).ok()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::InstallationKey;

    #[test]
    fn shards_are_few_and_each_fingerprint_has_one() {
        let key = InstallationKey::random().for_fingerprints();
        let names: BTreeSet<_> = (0..5000)
            .map(|n| shard(&keyed(&key, &n.to_string())))
            .collect();
        assert!(names.len() > 200 && names.len() <= 256, "{}", names.len());
    }

    #[test]
    fn the_index_is_complete_for_these_tokens_and_no_others() {
        let complete = Complete {
            at: Timestamp::UNIX_EPOCH,
            names: digest(["crm", "erp"]),
        };
        assert!(complete.is_of(["erp", "crm"]));
        for others in [&["crm"][..], &["crm", "erp", "hr"], &["crm", "hr"], &[]] {
            assert!(!complete.is_of(others.iter().copied()), "{others:?}");
        }
    }
}
