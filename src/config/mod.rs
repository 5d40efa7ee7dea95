//! From TOML files to typed, validated settings.
//!
//! [`load`] reads the file and what it includes, then works in layers: syntax,
//! types (section by section; after each error a placeholder value takes the
//! place of the wrong one, so that later rules can run), meaning (the rules of
//! each section and those across sections; what they find only because of a
//! placeholder is not reported). All problems are reported at once in a
//! [`Report`], with file, line, column and remedy.

mod assemble;
mod credential;
mod federated;
mod file;
mod finding;
pub mod keys;
mod lines;
mod lists;
mod literals;
mod locate;
mod mask;
mod named_files;
mod origin;
mod placeholders;
mod policy;
mod raw;
mod report;
mod resolve;
mod rules;
mod schema;
mod sections;
mod settings;
mod source;
mod syntax;
mod told;
mod tree;
mod typed;
mod vendors;
mod watch;
mod wording;
pub mod write_probe;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub use finding::Finding;
pub use named_files::{NamedThing, named_things};
pub use origin::{Rule, rules_in_force};
pub use report::Report;
pub use schema::schema;
pub use settings::{Environment, FederatedSettings, Limits, Settings, TokenSettings, WriteProbe};
pub use vendors::{Catalogue, check_vendor_file};
pub use watch::Watch;

use crate::problem::{Problems, Severity};
use crate::vendors::Library;
use finding::{Finding as Found, Findings};
use locate::{Document, locate};
use vendors::{Uses, Vendors};

/// A configuration that can be used.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// What works but is likely not as meant.
    pub warnings: Report,
    /// Files and environment variables that it names and that are not here now. The
    /// machine of the daemon may have them.
    pub absent: Report,
    /// What is as meant and worth knowing: a vendor file of the user's takes
    /// the place of a shipped one.
    pub notes: Vec<String>,
    /// The files that it was read from, the named one first.
    pub files: Vec<PathBuf>,
}

/// Reads and checks a configuration. Touches files only, no network.
///
/// # Errors
/// Everything that is wrong, and the warnings, when anything forbids use.
pub fn load(path: &Path) -> Result<Loaded, Report> {
    load_with(path, Library::shipped())
}

fn load_with(path: &Path, shipped: &Library<'static>) -> Result<Loaded, Report> {
    let mut findings = Findings::default();
    let files = source::read_all(path, &mut findings);
    let (all, settings) = (&files.all, files.settings);
    let vendors = Vendors::read(shipped, all, settings, &mut findings);
    let documents = parse(&all[..settings], &mut findings);
    let absent = documents
        .as_ref()
        .map(|documents| named_files::absent(documents));
    let settings =
        documents.and_then(|documents| assemble::settings(&documents, &vendors, &mut findings));
    let notes = vendors.notes;
    let failed = findings.has_errors();
    let report = Report::of(findings, all);
    match settings {
        Some(settings) if !failed => Ok(Loaded {
            settings,
            warnings: report,
            absent: Report::of(absent.unwrap_or_default(), all),
            notes,
            files: files.all.iter().map(|s| s.path.clone()).collect(),
        }),
        _ => Err(report),
    }
}

/// All keys that a configuration may hold, read off the types.
#[must_use]
pub fn known_keys() -> BTreeSet<keys::Key> {
    assemble::known().keys
}

/// All words that a key may take as a value, such as `log.format.json`, read
/// off the types.
#[must_use]
pub fn known_words() -> BTreeSet<keys::Key> {
    assemble::known().words
}

/// Parses every file; `None` when one of them cannot be read as TOML, for then
/// half of what follows would be wrong.
fn parse<'a>(sources: &'a [file::Source], findings: &mut Findings) -> Option<Vec<Document<'a>>> {
    let documents = sources.iter().enumerate();
    let documents: Vec<_> = documents
        .map(|(index, source)| syntax::document(index, source, findings))
        .collect();
    // Every file is parsed before any is given up, so that all mistakes show.
    let whole: Option<Vec<_>> = documents.into_iter().collect();
    whole.filter(|documents| !documents.is_empty())
}

/// Gives each problem its place in the files.
fn settle(problems: &Problems, documents: &[Document<'_>], uses: &Uses, findings: &mut Findings) {
    for problem in problems.all() {
        let (source, span, path) = place_of(&problem.path, documents, uses);
        let found = Found::error(
            source,
            span,
            path,
            problem.message.as_str(),
            problem.remedy.as_str(),
        );
        findings.push_once(match problem.severity {
            Severity::Error => found,
            Severity::Warning => found.into_warning(),
        });
    }
}

/// A key that a token takes over from `[defaults]` is shown there, and one that
/// comes from a vendor file at the vendor's name.
fn place_of(
    path: &str,
    documents: &[Document<'_>],
    uses: &Uses,
) -> (usize, std::ops::Range<usize>, String) {
    let found = locate(documents, path);
    let mut parts = path.splitn(3, '.');
    if let (Some("tokens"), Some(token), Some(key)) = (parts.next(), parts.next(), parts.next()) {
        let whole = locate(documents, &format!("tokens.{token}"));
        let inherited = format!("defaults.{key}");
        let default = locate(documents, &inherited);
        let no_default = default == locate(documents, "defaults");
        if found == whole && !no_default {
            return (default.0, default.1, inherited);
        }
    }
    if let Some(table) = uses.table_of(path)
        && found == locate(documents, &format!("{table}.http"))
    {
        let (source, span) = locate(documents, table);
        return (source, span, path.to_owned());
    }
    (found.0, found.1, path.to_owned())
}
