//! The files that a configuration names: credentials and what TLS is made of. Each
//! is read when it is used; one that other users may write is found here.

use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::DeValue;

use super::finding::{Finding, Findings};
use super::locate::Document;
use super::{parse, source};
use crate::environment;
use crate::files::{self, FileFault};
use crate::value::expand_file_path;

/// Notes every named file that is there and must not be used.
pub(super) fn check(documents: &[Document<'_>], findings: &mut Findings) {
    for (source, document) in documents.iter().enumerate() {
        for (key, value) in document.get_ref() {
            let key = key.get_ref();
            Look { source, findings }.at(key, key, value);
        }
    }
}

/// Files and environment variables that are named and are not here now: the machine
/// of the daemon may have them.
pub(super) fn absent(documents: &[Document<'_>]) -> Findings {
    let mut findings = Findings::default();
    for (source, document) in documents.iter().enumerate() {
        for (key, value) in document.get_ref() {
            let key = key.get_ref();
            // The daemon makes the file of the audit itself.
            if key != "audit" {
                missing(source, key, key, value, &mut findings);
            }
        }
    }
    findings
}

fn missing(
    source: usize,
    path: &str,
    key: &str,
    value: &Spanned<DeValue<'_>>,
    findings: &mut Findings,
) {
    match value.get_ref() {
        DeValue::Table(table) => {
            for (key, value) in table {
                let key = key.get_ref();
                missing(source, &format!("{path}.{key}"), key, value, findings);
            }
        }
        DeValue::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                missing(source, &format!("{path}[{index}]"), key, item, findings);
            }
        }
        DeValue::String(text) => {
            if let Some((what, remedy)) = absence(key, text) {
                let found = Finding::error(source, value.span(), path, what, remedy);
                findings.push_once(found.into_warning());
            }
        }
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {}
    }
}

fn absence(key: &str, text: &str) -> Option<(String, &'static str)> {
    if key == "env" {
        return (!environment::has(text)).then(|| {
            (
                format!("the environment variable `{text}` is not set here"),
                "set it for the service (with systemd: `Environment=`; in Kubernetes: `env`)",
            )
        });
    }
    if !is_of_a_file(key) {
        return None;
    }
    let file = PathBuf::from(expand_file_path(text).ok()?);
    let is_missing = file.is_absolute() && files::check(&file) == Err(FileFault::Missing);
    is_missing.then(|| {
        (
            "this file is not there now".to_owned(),
            "put it there before the daemon starts, or correct the path",
        )
    })
}

/// A file or an environment variable that a configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedThing {
    /// `file` or `variable`.
    pub kind: &'static str,
    /// Its path or name.
    pub what: String,
    /// The key that names it.
    pub path: String,
    /// How it is here; or what is wrong, and what to do.
    pub found: Result<String, (String, String)>,
}

/// Longest file that is read to see whether it can be read.
const LONGEST: u64 = 16 * 1024 * 1024;

/// Everything that the configuration at this path names on this machine, as it is now.
#[must_use]
pub fn named_things(path: &Path) -> Vec<NamedThing> {
    let mut findings = Findings::default();
    let files = source::read_all(path, &mut findings);
    let documents = parse(&files.all[..files.settings], &mut findings);
    let mut things = Vec::new();
    for document in documents.iter().flatten() {
        for (key, value) in document.get_ref() {
            let key = key.get_ref();
            // The daemon makes the file of the audit itself.
            if key != "audit" {
                things_in(key, key, value, &mut things);
            }
        }
    }
    things
}

fn things_in(path: &str, key: &str, value: &Spanned<DeValue<'_>>, things: &mut Vec<NamedThing>) {
    match value.get_ref() {
        DeValue::Table(table) => {
            for (key, value) in table {
                let key = key.get_ref();
                things_in(&format!("{path}.{key}"), key, value, things);
            }
        }
        DeValue::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                things_in(&format!("{path}[{index}]"), key, item, things);
            }
        }
        DeValue::String(text) => things.extend(thing(path, key, text)),
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {}
    }
}

fn thing(path: &str, key: &str, text: &str) -> Option<NamedThing> {
    let is_variable = key == "env";
    if !is_variable && !is_of_a_file(key) {
        return None;
    }
    let found = match absence(key, text) {
        Some((what, remedy)) => Err((what, remedy.to_owned())),
        None if is_variable => Ok("set".to_owned()),
        None => readable(text),
    };
    Some(NamedThing {
        kind: if is_variable { "variable" } else { "file" },
        what: text.to_owned(),
        path: path.to_owned(),
        found,
    })
}

/// Whether this process may read the file, and other users may not write it.
fn readable(text: &str) -> Result<String, (String, String)> {
    let file = expand_file_path(text).map_err(|error| (error, "correct the path".to_owned()))?;
    match files::read(Path::new(&file), LONGEST) {
        Ok(_) => Ok("readable, and no other user may write it".to_owned()),
        Err(fault) => {
            let remedy = fault.remedy();
            let remedy = remedy.unwrap_or_else(|| "put a regular file there".to_owned());
            Err((fault.to_string(), remedy))
        }
    }
}

/// The files that hold credentials and keys.
pub(super) fn own(documents: &[Document<'_>]) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for document in documents {
        for (key, value) in document.get_ref() {
            named(key.get_ref(), value, &mut |key, text| {
                if !PUBLIC.contains(&key)
                    && let Ok(file) = expand_file_path(text)
                {
                    all.push(PathBuf::from(file));
                }
            });
        }
    }
    all
}

/// Keys of files that hold no secret.
const PUBLIC: [&str; 2] = ["ca_file", "client_cert_file"];

/// Calls `found` for each text whose key names a file.
fn named(key: &str, value: &Spanned<DeValue<'_>>, found: &mut dyn FnMut(&str, &str)) {
    match value.get_ref() {
        DeValue::Table(table) => {
            for (key, value) in table {
                named(key.get_ref(), value, found);
            }
        }
        DeValue::Array(items) => items.iter().for_each(|item| named(key, item, found)),
        DeValue::String(text) if is_of_a_file(key) => found(key, text),
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => {}
    }
}

fn is_of_a_file(key: &str) -> bool {
    key == "file" || key.ends_with("_file")
}

struct Look<'a> {
    source: usize,
    findings: &'a mut Findings,
}

impl Look<'_> {
    fn at(&mut self, path: &str, key: &str, value: &Spanned<DeValue<'_>>) {
        match value.get_ref() {
            DeValue::Table(table) => {
                for (key, value) in table {
                    let key = key.get_ref();
                    self.at(&format!("{path}.{key}"), key, value);
                }
            }
            DeValue::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.at(&format!("{path}[{index}]"), key, item);
                }
            }
            DeValue::String(text) if is_of_a_file(key) => {
                self.file(path, text, value);
            }
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => {}
        }
    }

    fn file(&mut self, path: &str, text: &str, value: &Spanned<DeValue<'_>>) {
        let Ok(file) = expand_file_path(text) else {
            return;
        };
        let Some((what, remedy)) = fault(Path::new(&file)) else {
            return;
        };
        let found = Finding::error(self.source, value.span(), path, what, remedy);
        self.findings.push_once(found);
    }
}

/// What is wrong with a file, and the remedy. A file that is not there may come
/// before the start, and one that this user may not read may be the service's.
fn fault(file: &Path) -> Option<(String, String)> {
    if !file.is_absolute() {
        return None;
    }
    match files::check(file) {
        Ok(())
        | Err(FileFault::Missing | FileFault::Denied | FileFault::Io(_) | FileFault::Slow) => None,
        Err(
            fault @ (FileFault::NotRegular(_)
            | FileFault::TooLong(_)
            | FileFault::Writable { .. }
            | FileFault::WritableFolder { .. }
            | FileFault::Planted { .. }),
        ) => Some((
            format!("this file cannot be used: {fault}"),
            fault
                .remedy()
                .unwrap_or_else(|| "name a regular file".to_owned()),
        )),
    }
}
