//! The files of a configuration: the one that was named and those it includes.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::file::Source;
use super::finding::{Finding, Findings};
use super::lines::Lines;
use super::lists::{List, Pattern, lists};
use crate::files::{self, FileFault};

/// Longest file, in bytes: room for 100 000 tokens.
pub(super) const LONGEST: u64 = 64 * 1024 * 1024;

const ENCODING: &str = "save the file as UTF-8";

/// The files of a configuration.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// The named file first, then what it includes, then vendor files.
    pub(super) all: Vec<Source>,
    /// How many of them hold settings; the rest are vendor files.
    pub(super) settings: usize,
}

/// Reads the file, everything that it includes, and the vendor files that it
/// names. What cannot be read is noted.
pub(super) fn read_all(path: &Path, findings: &mut Findings) -> Files {
    let mut files = Files::default();
    let main = match read(path) {
        Ok(source) => source,
        Err((message, remedy)) => {
            findings.push(Finding::of_file(path, message, remedy));
            return files;
        }
    };
    files.all.push(main.clone());
    files.settings = 1;
    let mut seen: BTreeSet<PathBuf> = canonical(path).into_iter().collect();
    // Vendor files last: the indexes of the others are those of the documents.
    let mut listed = lists(&main.text, findings);
    listed.sort_by_key(|(pattern, _)| pattern.list);
    for (pattern, span) in listed {
        let mut work = Work {
            main: &main,
            list: pattern.list,
            span,
            findings,
        };
        for file in work.expand(&pattern) {
            if canonical(&file).is_some_and(|real| !seen.insert(real)) {
                continue;
            }
            if let Some(source) = work.read(&file) {
                files.all.push(source);
                files.settings += usize::from(pattern.list == List::Include);
            }
        }
    }
    files
}

/// Reads one file that stands alone.
pub(super) fn read_one(path: &Path, findings: &mut Findings) -> Option<Source> {
    let noted = |(message, remedy)| findings.push(Finding::of_file(path, message, remedy));
    read(path).map_err(noted).ok()
}

fn canonical(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok()
}

fn read(path: &Path) -> Result<Source, (String, String)> {
    let bytes = files::read(path, LONGEST).map_err(|fault| {
        let message = format!("the file cannot be read: {fault}");
        (message, reading_remedy(&fault))
    })?;
    // A credential does not belong there, but may have been written there.
    let text = str::from_utf8(&bytes).map_err(|error| {
        let at = error.valid_up_to();
        let message = format!("the file is not UTF-8 text (byte {at})");
        (message, ENCODING.to_owned())
    })?;
    let text = match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text.to_owned(),
    };
    Ok(Source {
        path: path.to_owned(),
        lines: Lines::of(&text),
        text,
    })
}

fn reading_remedy(fault: &FileFault) -> String {
    match fault {
        FileFault::Missing => {
            "name an existing file with `--config PATH`; config/minimal.toml is a start".to_owned()
        }
        FileFault::Denied => {
            "let the user that runs scim-rotator read it, or run as that user".to_owned()
        }
        FileFault::TooLong(_) => "spread it over several files, with `include`".to_owned(),
        FileFault::Io(_)
        | FileFault::NotRegular(_)
        | FileFault::Slow
        | FileFault::Writable { .. }
        | FileFault::WritableFolder { .. }
        | FileFault::Planted { .. } => fault
            .remedy()
            .unwrap_or_else(|| "name a readable file with `--config PATH`".to_owned()),
    }
}

/// Works off one pattern of a list.
struct Work<'a> {
    main: &'a Source,
    list: List,
    span: Range<usize>,
    findings: &'a mut Findings,
}

impl Work<'_> {
    fn expand(&mut self, pattern: &Pattern) -> Vec<PathBuf> {
        let paths = match pattern.paths(&self.main.path) {
            Ok(paths) => paths,
            Err(error) => {
                self.error(
                    format!("`{}` is not a file pattern: {}", pattern.text, error.msg),
                    "use `*` for any name, `?` for one character, `[ab]` for a choice",
                );
                return Vec::new();
            }
        };
        let mut found = Vec::new();
        for path in paths {
            match path {
                Ok(path) if pattern.means(&path) => found.push(path),
                Ok(_) => {}
                Err(error) => self.error(
                    format!(
                        "`{}` cannot be read: {}",
                        error.path().display(),
                        error.error()
                    ),
                    "let the user that runs scim-rotator read this folder",
                ),
            }
        }
        if found.is_empty() {
            self.nothing_found(&pattern.text);
        }
        found
    }

    fn nothing_found(&mut self, pattern: &str) {
        if pattern.contains(['*', '?', '[']) {
            self.findings.push(
                Finding::error(
                    0,
                    self.span.clone(),
                    self.list.key(),
                    format!("no file matches `{pattern}`"),
                    self.relative(),
                )
                .into_warning(),
            );
        } else {
            self.error(
                format!("the file `{pattern}` does not exist"),
                &self.relative().replace("patterns", "paths"),
            );
        }
    }

    fn relative(&self) -> String {
        format!(
            "patterns are relative to the file that holds `{}`",
            self.list.key()
        )
    }

    fn read(&mut self, file: &Path) -> Option<Source> {
        match read(file) {
            Ok(source) => Some(source),
            Err((message, remedy)) => {
                let at = self.main.lines.place(&self.main.text, self.span.start);
                let text = format!(
                    "{message} ({} at {}:{})",
                    match self.list {
                        List::Include => "included",
                        List::Vendors => "named",
                    },
                    self.main.path.display(),
                    at.line
                );
                let remedy = format!("{remedy}; or remove it from `{}`", self.list.key());
                self.findings.push(Finding::of_file(file, text, remedy));
                None
            }
        }
    }

    fn error(&mut self, message: String, remedy: &str) {
        let span = self.span.clone();
        self.findings
            .push(Finding::error(0, span, self.list.key(), message, remedy));
    }
}
