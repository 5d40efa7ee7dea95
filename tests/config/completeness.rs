//! The complete example shows and explains every key of the types, as `coverage`
//! says, and no other.

use std::collections::BTreeSet;

use scim_rotator::config::keys::Key;
use scim_rotator::config::{known_keys, known_words};

use super::coverage::{CREDENTIAL, Coverage, SMALL, kind_of, references};
use super::example_set::{FILES, Shown, all, text};

fn shown(files: &[Shown]) -> impl Iterator<Item = &Key> {
    let entries = files.iter().flat_map(|shown| &shown.entries);
    entries.filter_map(|entry| entry.key.as_ref())
}

/// Paths that neither stand in the files nor are stood for.
fn missing<'k>(coverage: &Coverage, keys: impl IntoIterator<Item = &'k Key>) -> Vec<&'k str> {
    let missing = keys.into_iter().filter(|key| !coverage.has(key));
    missing.map(|key| key.path.as_str()).collect()
}

#[test]
fn every_key_is_shown_at_its_full_path() {
    let files = all();
    let known = known_keys();
    assert!(known.len() > 500, "the types tell {} keys", known.len());
    let missing = missing(&Coverage::new(shown(&files), &files), &known);
    assert!(missing.is_empty(), "not in the examples: {missing:#?}");
}

#[test]
fn no_other_keys_are_shown() {
    for shown in all() {
        let foreign = shown.example.entries.iter();
        let foreign = foreign.filter(|entry| entry.key.is_none());
        let foreign: Vec<_> = foreign.map(|entry| &entry.path).collect();
        assert!(foreign.is_empty(), "the types do not have: {foreign:?}");
    }
}

#[test]
fn every_key_is_explained_with_its_default() {
    let files = all();
    let mut explained = BTreeSet::new();
    let mut leaves = BTreeSet::new();
    for shown in &files {
        for entry in &shown.entries {
            let Some(key) = &entry.key else { continue };
            // Names that a person chooses, and the ways to name a credential,
            // which the head of the main file explains.
            if key.owner.is_empty() || key.owner == CREDENTIAL || key.path.ends_with(".*") {
                continue;
            }
            let comment = shown.example.comment(entry.line);
            let mut lines = comment.iter();
            let says = lines.any(|l| l.starts_with("Default: ") || l.ends_with("Required."));
            if !entry.is_table {
                leaves.insert(key.clone());
            }
            if entry.leads && says && comment.len() > 1 {
                explained.insert(key.clone());
            }
        }
    }
    let silent = missing(&Coverage::new(&explained, &files), &leaves);
    assert!(silent.is_empty(), "no meaning, or no default: {silent:#?}");
}

#[test]
fn every_word_is_named_in_the_file_of_its_kind() {
    let texts = FILES.map(|file| (file, text(file)));
    let words = known_words();
    let named = words.iter().filter(|word| {
        let last = word.path.rsplit('.').next().unwrap_or_default();
        let file = file_of(&word.path);
        let mut text = texts.iter().filter(|(name, _)| *name == file);
        text.any(|(_, text)| text.contains(&format!("\"{last}\"")))
    });
    let files = all();
    let missing = missing(&Coverage::new(named, &files), &words);
    assert!(missing.is_empty(), "not in the examples: {missing:#?}");
}

/// The example file of a kind.
fn file_of(path: &str) -> String {
    match kind_of(path).split('.').collect::<Vec<_>>()[..] {
        [family, _, kind] => format!("{family}/{kind}.toml"),
        _ => "complete.toml".to_owned(),
    }
}

#[test]
fn references_lead_to_keys_and_stand_above_no_whole_kind() {
    let known = known_keys();
    let is_known = |path: &String| known.iter().any(|key| key.path == *path);
    let found = references(&all());
    assert!(found.len() > 20, "only {} references", found.len());
    for (from, to) in &found {
        let lost: Vec<_> = to.iter().filter(|to| !is_known(to)).collect();
        assert!(lost.is_empty(), "{from}: there is no {lost:?}");
        let whole = *from == kind_of(from) && from != "defaults";
        assert!(!whole, "{from}: a reference stands for a whole kind");
    }
}

#[test]
fn a_key_of_one_kind_is_not_shown_by_another() {
    let files = all();
    let without = |path: &str| {
        let others: Vec<_> = shown(&files).filter(|key| key.path != path).collect();
        let coverage = Coverage::new(others, &[]);
        let known = known_keys();
        let key = known.iter().find(|key| key.path == path);
        coverage.has(key.expect("a known key"))
    };
    for path in [
        "issuers.*.http.issue.url",
        "issuers.*.http.issue.body.json",
        "connections.*.http.deliver.url",
        "connections.*.http.capabilities.write",
        "vault.address",
    ] {
        assert!(!without(path), "{path} counts as shown elsewhere");
    }
    assert!(SMALL.contains(&"Place"));
    assert!(without("issuers.*.http.issue.error.code.between"));
}
