//! The core is pure: no clock, no random draw, no I/O, no logging. This reads
//! its source, so that an import that breaks the rule breaks a test.

mod circles;
mod reader;

use std::path::{Path, PathBuf};

use circles::{Sources, circular, module};
use reader::{Named, paths};

/// Where an import may come from.
const ALLOWED_ROOTS: &[&[&str]] = &[
    &["std", "collections"],
    &["jiff"],
    &["serde"],
    &["thiserror"],
    &["croner"],
    &["chrono"],
    &["super"],
    &["self"],
    &["crate", "fault"],
    &["crate", "rotation"],
    &["crate", "secret"],
    &["crate", "scim", "evidence"],
    // Facts about what a token may do, and how they compare: both are pure.
    &["crate", "scim", "reach"],
    &["crate", "scim", "scopes"],
];

/// What may not even be named, wherever it comes from.
const BANNED: &[&[&str]] = &[
    &["std", "time"],
    &["std", "env"],
    &["std", "fs"],
    &["std", "io"],
    &["std", "net"],
    &["std", "process"],
    &["std", "thread"],
    &["tokio"],
    &["SystemTime"],
    &["Instant"],
    &["rand"],
    &["uuid"],
    &["tracing"],
    &["reqwest"],
    &["vaultrs"],
    &["Timestamp", "now"],
    &["Zoned", "now"],
    &["Utc", "now"],
    &["random_256"],
    &["println"],
    &["eprintln"],
    &["dbg"],
];

/// Every path in this source that the core may not name, in words.
fn impurities(source: &str) -> Vec<String> {
    let found = paths(source);
    let inner = inner_modules(&found);
    let allowed = |path: &Named| {
        let own = path.segments.first().is_some_and(|s| inner.contains(&s));
        own || ALLOWED_ROOTS.iter().any(|root| path.begins_with(root))
    };
    let foreign = found.iter().filter(|path| path.imported && !allowed(path));
    let banned = found
        .iter()
        .filter(|path| BANNED.iter().any(|names| path.names(names)));
    foreign
        .chain(banned)
        .map(|path| path.segments.join("::"))
        .collect()
}

/// The modules that the source declares: `mod x`.
fn inner_modules(found: &[Named]) -> Vec<&String> {
    let declared = found.windows(2).filter(|pair| pair[0].segments == ["mod"]);
    declared
        .filter_map(|pair| pair[1].segments.first())
        .collect()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder of the core");
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files
}

#[test]
fn the_core_names_nothing_impure() {
    let files = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rotation"));
    assert!(files.len() > 20, "{} files are read", files.len());
    for file in files {
        let source = std::fs::read_to_string(&file).expect("a source file");
        assert!(!paths(&source).is_empty(), "{} is read", file.display());
        let found = impurities(&source);
        assert!(found.is_empty(), "{} names {found:?}", file.display());
    }
}

#[test]
fn the_check_sees_what_is_planted() {
    let planted = [
        ("a clock", "use std::time::Instant;", "std::time::Instant"),
        (
            "in a group",
            "use std::{collections::BTreeMap, time::Duration};",
            "std::time::Duration",
        ),
        (
            "in a nested group",
            "use std::{\n    collections::{BTreeMap, BTreeSet},\n    fs::{self, File},\n};",
            "std::fs::self",
        ),
        ("under another name", "use std::fs as disk;", "std::fs"),
        ("everything", "use std::env::*;", "std::env"),
        (
            "from the root",
            "use ::tokio::sync::Mutex;",
            "tokio::sync::Mutex",
        ),
        (
            "without an import",
            "fn f() -> bool { std::env::var(\"A\").is_ok() }",
            "std::env::var",
        ),
        (
            "a second clock",
            "let now = jiff::Timestamp::now();",
            "jiff::Timestamp::now",
        ),
        (
            "a third one",
            "let t = SystemTime::now();",
            "SystemTime::now",
        ),
        ("a log line", "tracing::info!(\"x\");", "tracing::info"),
        (
            "a random draw",
            "let n: u8 = rand::random();",
            "rand::random",
        ),
        ("a client", "use reqwest::Client;", "reqwest::Client"),
        (
            "Vault",
            "type V = vaultrs::client::VaultClient;",
            "vaultrs::client::VaultClient",
        ),
        ("output", "println!(\"x\");", "println"),
        (
            "an edge of our own",
            "use crate::vault::Session;",
            "crate::vault::Session",
        ),
        (
            "a part of the probes that acts",
            "use crate::scim::probe::Prober;",
            "crate::scim::probe::Prober",
        ),
        ("a crate that nobody allowed", "use url::Url;", "url::Url"),
        (
            "after a quote",
            "fn f<'a>(c: char) -> bool { c == '\"' && std::fs::exists(\"x\").is_ok() }",
            "std::fs::exists",
        ),
    ];
    for (sentence, source, name) in planted {
        let found = impurities(source);
        assert!(found.contains(&name.to_owned()), "{sentence}: {found:?}");
    }
}

#[test]
fn the_check_sees_no_ghosts() {
    let innocent = [
        (
            "a comment",
            "// std::time::Instant is not for us\nuse jiff::Timestamp;",
        ),
        ("documentation", "/// See [`tokio::spawn`].\nfn f() {}"),
        (
            "a block",
            "/* use std::fs; /* and tracing::info! */ */ use serde::Serialize;",
        ),
        (
            "a text",
            "const T: &str = \"use std::env::var and \\\" tokio::spawn\";",
        ),
        (
            "a raw text",
            "const T: &str = r#\"rand::random \" std::fs\"#;",
        ),
        (
            "words that only begin like it",
            "use super::random_share; let instant_of = brand::new();",
        ),
        (
            "calendar types",
            "use jiff::{SignedDuration, Timestamp};\nuse chrono::NaiveDate;",
        ),
        ("proof", "use crate::scim::evidence::{Evidence, Verdict};"),
    ];
    for (sentence, source) in innocent {
        assert_eq!(impurities(source), Vec::<String>::new(), "{sentence}");
    }
}

#[test]
fn no_two_files_of_the_core_of_the_driver_or_of_the_probes_name_each_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for folder in ["rotation", "driver", "scim"] {
        let mut all = Sources::new();
        for file in sources(&root.join(folder)) {
            let name = file.strip_prefix(&root).expect("below src");
            let name = module(&name.display().to_string());
            if name.last().is_none_or(|last| last != "tests") {
                let source = std::fs::read_to_string(&file).expect("a source file");
                all.insert(name, source);
            }
        }
        assert!(all.len() > 15, "{} files are read", all.len());
        assert_eq!(circular(&all), Vec::<String>::new());
    }
}

#[test]
fn a_circle_of_files_is_seen() {
    let files = [
        ("core/mod.rs", "mod a; mod b; mod c; pub use a::A;"),
        ("core/a.rs", "use super::b::B;"),
        ("core/b.rs", "use crate::core::c::{C, D};"),
        ("core/c.rs", "fn f() { super::a::g(); }"),
        ("core/d.rs", "use super::A;\n#[cfg(test)]\nuse super::e::E;"),
        ("core/e.rs", "use super::d::D;"),
    ];
    let all = files.map(|(file, source)| (module(file), source.to_owned()));
    let found = circular(&Sources::from(all));
    assert_eq!(found, ["core::a", "core::b", "core::c"]);
}
