//! The example files: they load without a word, the complete one shows every
//! key of the types, and what its comments say of defaults is true.

use std::collections::BTreeSet;

use scim_rotator::config::{Loaded, Settings, known_keys, known_words};

use super::example::{Entry, Example, name};
use super::{Folder, Report, repository};

fn text(file: &str) -> String {
    std::fs::read_to_string(repository(file)).expect("an example")
}

fn complete() -> Example {
    Example::new(text("config/complete.toml"), known_keys())
}

/// The complete example once for each of the other logins, which cannot stand
/// beside the first: what is commented out without a space after the `#`.
fn alternatives() -> Vec<Example> {
    let text = text("config/complete.toml");
    let first = text.find("[vault.auth.approle]").expect("the first login");
    let others = text.find("#[vault.auth.").expect("the other logins");
    let end = text.find("[http]").expect("what follows the logins");
    let comments = text[first..others].lines().filter(|l| l.starts_with("# "));
    let before = format!(
        "{}{}\n",
        &text[..first],
        comments.collect::<Vec<_>>().join("\n")
    );
    let starts = text[others..end].match_indices("#[vault.auth.");
    let starts: Vec<_> = starts.map(|(at, _)| others + at).collect();
    let ends = starts.iter().skip(1).copied().chain([end]);
    let blocks = starts.iter().zip(ends);
    let made = blocks.map(|(&start, end)| {
        let block = enabled(&text[start..end]);
        let rest = [&text[others..start], &block, &text[end..]].concat();
        Example::new(before.clone() + &rest, known_keys())
    });
    made.collect()
}

/// A block with the `#` before its keys taken off.
fn enabled(block: &str) -> String {
    let disabled = |line: &str| line.starts_with('#') && !line.starts_with("# ") && line != "#";
    let lines = block.split_inclusive('\n');
    let lines = lines.map(|line| {
        if disabled(line.trim_end()) {
            &line[1..]
        } else {
            line
        }
    });
    lines.collect()
}

/// The complete example with all its keys, and each alternative with those of
/// its login.
fn places() -> Vec<(Example, Vec<Entry>)> {
    let whole = complete();
    let entries = whole.entries.clone();
    let others = alternatives().into_iter().map(|example| {
        let entries = example.entries.iter();
        let login = entries.filter(|entry| entry.path.starts_with("vault.auth."));
        let login = login.cloned().collect();
        (example, login)
    });
    std::iter::once((whole, entries)).chain(others).collect()
}

/// The keys that begin their lines.
fn leading(places: &[(Example, Vec<Entry>)]) -> impl Iterator<Item = (&Example, &Entry)> {
    places.iter().flat_map(|(example, entries)| {
        let leading = entries.iter().filter(|entry| entry.leads);
        leading.map(move |entry| (example, entry))
    })
}

fn load(text: &str) -> Result<Loaded, Report> {
    Folder::with(text).load()
}

#[test]
fn the_examples_load_without_a_word() {
    for file in ["config/minimal.toml", "config/complete.toml"] {
        let loaded = scim_rotator::config::load(&repository(file));
        let loaded = loaded.unwrap_or_else(|report| panic!("{file}:\n{report}"));
        assert!(
            loaded.warnings.findings().is_empty(),
            "{file}:\n{}",
            loaded.warnings
        );
    }
    let others = alternatives();
    assert!(others.len() > 2, "only {} other logins", others.len());
    for other in others {
        let other = load(&other.text).unwrap_or_else(|report| panic!("{report}"));
        assert!(other.warnings.findings().is_empty(), "{}", other.warnings);
    }
}

#[test]
fn the_connections_to_take_in_load_without_a_word() {
    let folder = std::fs::read_dir(repository("config/connections")).expect("a folder");
    let files: Vec<_> = folder.map(|file| file.expect("a file").path()).collect();
    assert!(!files.is_empty(), "there are none");
    for path in files {
        let name = path.file_stem().and_then(|n| n.to_str()).expect("a name");
        let main = text("config/minimal.toml").replace(
            "connections = [\"idp\"]",
            &format!("connections = [\"idp\", \"{name}\"]"),
        );
        let folder = Folder::with(&format!("include = [\"connections/*.toml\"]\n{main}"));
        let file = std::fs::read(&path).expect("a file");
        folder.write(&format!("connections/{name}.toml"), file);
        let loaded = folder.load();
        let loaded = loaded.unwrap_or_else(|report| panic!("{name}:\n{report}"));
        let warnings = loaded.warnings;
        assert!(warnings.findings().is_empty(), "{name}:\n{warnings}");
        let taken = &loaded.settings.tokens["crm"].connections;
        assert!(taken.contains(&name.to_owned()), "{taken:?}");
    }
}

#[test]
fn the_complete_example_shows_every_key() {
    let examples: Vec<_> = places().into_iter().map(|(example, _)| example).collect();
    let entries = examples.iter().flat_map(|example| &example.entries);
    let shown: BTreeSet<_> = entries.filter_map(Entry::name).collect();
    let known = known_keys();
    assert!(
        known.len() > 500,
        "the types tell their keys: {}",
        known.len()
    );
    let missing = known.iter().filter(|key| !shown.contains(&name(key)));
    let missing: Vec<_> = missing.map(|key| &key.path).collect();
    assert!(
        missing.is_empty(),
        "not in config/complete.toml: {missing:#?}"
    );
}

#[test]
fn the_complete_example_knows_no_other_keys() {
    for (example, _) in places() {
        let foreign = example.entries.iter().filter(|entry| entry.key.is_none());
        let foreign: Vec<_> = foreign.map(|entry| &entry.path).collect();
        assert!(foreign.is_empty(), "the types do not have: {foreign:?}");
    }
}

#[test]
fn the_complete_example_names_every_word() {
    let text = text("config/complete.toml");
    let missing: Vec<_> = known_words()
        .into_iter()
        .filter(|word| !text.contains(&format!("\"{}\"", name(word).1)))
        .map(|word| word.path)
        .collect();
    assert!(
        missing.is_empty(),
        "not in config/complete.toml: {missing:#?}"
    );
}

#[test]
fn every_key_is_explained_with_its_default() {
    let examples: Vec<_> = places().into_iter().map(|(example, _)| example).collect();
    let mut explained = BTreeSet::new();
    let mut leaves = BTreeSet::new();
    for example in &examples {
        for entry in &example.entries {
            // Names that a person chooses, and the three ways to name a
            // credential, which the head of the file explains.
            let Some(name) = entry
                .name()
                .filter(|(owner, key)| owner != "Credential" && !owner.is_empty() && key != "*")
            else {
                continue;
            };
            let comment = example.comment(entry.line);
            let says_default = comment
                .iter()
                .any(|l| l.starts_with("Default: ") || l.ends_with("Required."));
            if !entry.is_table {
                leaves.insert(name.clone());
            }
            if entry.leads && says_default && comment.len() > 1 {
                explained.insert(name);
            }
        }
    }
    let silent: Vec<_> = leaves.difference(&explained).collect();
    assert!(silent.is_empty(), "no meaning, or no default: {silent:#?}");
}

/// The default that the comment of a key states, as TOML.
fn stated_default<'a>(comment: &[&'a str]) -> Option<&'a str> {
    let line = comment.iter().find_map(|l| l.strip_prefix("Default: "))?;
    let value = line.split(" (").next().unwrap_or(line);
    (value != "none").then_some(value)
}

/// What the rest of the program sees of a configuration.
fn effect(settings: &Settings, path: &str) -> String {
    if path.contains("capabilities") || path.ends_with("operator.overlap") {
        let issuers = settings
            .issuers
            .values()
            .map(|i| format!("{:?}", i.as_kind().capabilities()));
        let connections = settings.connections.values();
        let connections = connections.map(|c| format!("{:?}", c.as_kind().capabilities()));
        issuers.chain(connections).collect::<Vec<_>>().join("\n")
    } else {
        format!("{settings:?}")
    }
}

/// Either the effect of a configuration, or what is wrong with it.
fn outcome(text: &str, path: &str) -> Result<String, Vec<String>> {
    match load(text) {
        Ok(loaded) => Ok(effect(&loaded.settings, path)),
        Err(report) => Err(report
            .findings()
            .iter()
            .map(|f| f.message.clone())
            .collect()),
    }
}

#[test]
fn stated_defaults_are_those_of_the_code() {
    let places = places();
    let mut checked = 0;
    for (example, entry) in leading(&places) {
        let comment = example.comment(entry.line);
        let Some(value) = stated_default(&comment) else {
            continue;
        };
        let line = example.text.lines().nth(entry.line).unwrap_or_default();
        let (key, _) = line.split_once('=').expect("an assignment");
        let written = example.with_line(entry.line, &format!("{key}= {value}"));
        let left_out = example.with_line(entry.line, "");
        let (written, left_out) = (
            outcome(&written, &entry.path),
            outcome(&left_out, &entry.path),
        );
        assert_eq!(
            written, left_out,
            "{}: is `{value}` its default?",
            entry.path
        );
        // Names that templates use cannot be left out: then both are refused.
        checked += usize::from(left_out.is_ok());
    }
    assert!(checked > 80, "only {checked} defaults were found");
}

#[test]
fn what_is_required_cannot_be_left_out_and_the_rest_can() {
    let places = places();
    let mut required = 0;
    for (example, entry) in leading(&places) {
        let comment = example.comment(entry.line);
        let Some(last) = comment.last() else {
            continue;
        };
        let result = load(&example.with_line(entry.line, ""));
        let named = |report: &Report| {
            let missing = format!(
                "`{}` is missing",
                entry.path.rsplit('.').next().unwrap_or("")
            );
            report.findings().iter().any(|f| f.message == missing)
        };
        if last.ends_with("Required.") {
            assert!(result.is_err(), "{} is not required", entry.path);
            required += 1;
        } else if let Err(report) = result {
            assert!(!named(&report), "{} is required", entry.path);
        }
    }
    assert!(required > 30, "only {required} required keys were found");
}

/// Lines of the minimal example that a loader cannot miss: an API without
/// authentication is possible.
const CANNOT_BE_MISSED: [&str; 1] = ["auth.bearer"];

#[test]
fn nothing_can_be_taken_out_of_the_minimal_example() {
    let example = Example::new(text("config/minimal.toml"), known_keys());
    let mut lines: Vec<_> = example
        .entries
        .iter()
        .filter(|e| e.leads)
        .map(|e| e.line)
        .collect();
    lines.sort_unstable();
    lines.dedup();
    assert!(lines.len() > 10);
    for line in lines {
        let shown = example.text.lines().nth(line).unwrap_or_default();
        if CANNOT_BE_MISSED.iter().any(|key| shown.starts_with(key)) {
            continue;
        }
        let found = super::report(load(&example.with_line(line, "")));
        assert!(!found.findings().is_empty(), "can be left out: {shown}");
    }
}
