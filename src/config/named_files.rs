//! The files that a configuration names: credentials and what TLS is made of. Each
//! is read when it is used; one that other users may write is found here.

use std::path::Path;

use toml::Spanned;
use toml::de::DeValue;

use super::finding::{Finding, Findings};
use super::locate::Document;
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
            DeValue::String(text) if key == "file" || key.ends_with("_file") => {
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
