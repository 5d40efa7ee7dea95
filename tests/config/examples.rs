//! The example files load without a word, and what their comments say of defaults
//! is true.

use scim_rotator::config::{Settings, known_keys};

use super::example::{Entry, Example};
use super::example_set::{Shown, all, text};
use super::{Folder, Report, repository};

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
    let all = all();
    let logins: Vec<_> = all.iter().filter(|shown| shown.is_alternative()).collect();
    assert!(logins.len() > 2, "only {} other logins", logins.len());
    for other in logins {
        let text = &other.example.text;
        let loaded = other.load_with(text);
        let loaded = loaded.unwrap_or_else(|report| panic!("{report}"));
        assert!(loaded.warnings.findings().is_empty(), "{}", loaded.warnings);
    }
}

#[test]
fn the_connections_to_take_in_load_without_a_word() {
    let folder = std::fs::read_dir(repository("config/connections")).expect("a folder");
    let files = folder.map(|file| file.expect("a file").path());
    // The others are parts of the complete example.
    let is_part = |path: &std::path::Path| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| ["http.toml", "exec.toml", "manual.toml"].contains(&name))
    };
    let files: Vec<_> = files.filter(|path| !is_part(path)).collect();
    assert!(!files.is_empty(), "there are none");
    for path in files {
        let name = path.file_stem().and_then(|n| n.to_str()).expect("a name");
        let main = text("minimal.toml").replace(
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
        // Which files a configuration names differs where a default is written out.
        let settings = Settings {
            own_files: Vec::new(),
            ..settings.clone()
        };
        format!("{settings:?}")
    }
}

/// Either the effect of a configuration, or what is wrong with it.
fn outcome(shown: &Shown, text: &str, path: &str) -> Result<String, Vec<String>> {
    match shown.load_with(text) {
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
    let all = all();
    let mut checked = 0;
    let mut wrong = Vec::new();
    for (shown, entry) in leading(&all) {
        let comment = shown.example.comment(entry.line);
        let Some(value) = stated_default(&comment) else {
            continue;
        };
        let line = shown.example.text.lines().nth(entry.line);
        let line = line.unwrap_or_default();
        let (key, _) = line.split_once('=').expect("an assignment");
        let written = format!("{key}= {value}");
        let with = |line: &str| {
            let text = shown.example.with_line(entry.line, line);
            outcome(shown, &text, &entry.path)
        };
        let (written, left_out) = (with(&written), with(""));
        if written != left_out {
            wrong.push(format!("{}: is `{value}` its default?", entry.path));
        }
        // Names that templates use cannot be left out: then both are refused.
        checked += usize::from(left_out.is_ok());
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(checked > 100, "only {checked} defaults were found");
}

#[test]
fn what_is_required_cannot_be_left_out_and_the_rest_can() {
    let all = all();
    let mut required = 0;
    for (shown, entry) in leading(&all) {
        let comment = shown.example.comment(entry.line);
        let Some(last) = comment.last() else {
            continue;
        };
        let result = shown.load_with(&shown.example.with_line(entry.line, ""));
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
    assert!(required > 40, "only {required} required keys were found");
}

/// The keys that begin their lines.
fn leading(all: &[Shown]) -> impl Iterator<Item = (&Shown, &Entry)> {
    all.iter()
        .flat_map(|shown| shown.leading().map(move |entry| (shown, entry)))
}

/// Lines of the minimal example that a loader cannot miss: an API without
/// authentication is possible.
const CANNOT_BE_MISSED: [&str; 1] = ["auth.bearer"];

#[test]
fn nothing_can_be_taken_out_of_the_minimal_example() {
    let example = Example::new(text("minimal.toml"), known_keys());
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
        let found = super::report(Folder::with(&example.with_line(line, "")).load());
        assert!(!found.findings().is_empty(), "can be left out: {shown}");
    }
}
