//! The files of a configuration: the one that was named and those it includes.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use super::finding::{Finding, Findings};
use super::lines::Lines;

/// One file, as read.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// As shown to people.
    pub(super) path: PathBuf,
    /// Without a byte order mark.
    pub(super) text: String,
    pub(super) lines: Lines,
}

const ENCODING: &str = "save the file as UTF-8";

/// Reads the file and everything that it includes. What cannot be read is noted.
pub(super) fn read_all(path: &Path, findings: &mut Findings) -> Vec<Source> {
    let mut sources = Vec::new();
    match read(path) {
        Ok(source) => sources.push(source),
        Err((message, remedy)) => {
            findings.push(Finding::of_file(path, message, remedy));
            return sources;
        }
    }
    let mut seen: BTreeSet<PathBuf> = canonical(path).into_iter().collect();
    let Some(main) = sources.first().cloned() else {
        return sources;
    };
    for (pattern, span) in includes(&main.text, findings) {
        let mut include = Include {
            main: &main,
            span,
            findings,
        };
        for file in include.expand(&pattern) {
            if canonical(&file).is_some_and(|real| !seen.insert(real)) {
                continue;
            }
            if let Some(source) = include.read(&file) {
                sources.push(source);
            }
        }
    }
    sources
}

/// The patterns of the files that a main file with this text includes.
pub(super) fn patterns(text: &str) -> Vec<String> {
    let mut ignored = Findings::default();
    let patterns = includes(text, &mut ignored).into_iter();
    patterns.map(|(pattern, _)| pattern).collect()
}

/// Every file that belongs to a configuration now, as far as it is there; the
/// main file has these patterns.
pub(super) fn files(path: &Path, patterns: &[String]) -> Vec<PathBuf> {
    let mut files = vec![path.to_owned()];
    for pattern in patterns {
        let found = glob::glob(&beside(path, pattern)).into_iter().flatten();
        files.extend(found.flatten().filter(|file| !file.is_dir()));
    }
    files
}

/// A pattern of `include` counts from the folder of the file that holds it.
fn beside(main: &Path, pattern: &str) -> String {
    let folder = main.parent().unwrap_or(Path::new(""));
    if Path::new(pattern).is_absolute() || folder.as_os_str().is_empty() {
        return pattern.to_owned();
    }
    // Only the pattern is a pattern: the folder's own name may hold `[`.
    let folder = glob::Pattern::escape(&folder.to_string_lossy());
    format!("{folder}/{pattern}")
}

fn canonical(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok()
}

fn read(path: &Path) -> Result<Source, (String, String)> {
    let bytes = std::fs::read(path).map_err(|error| {
        let message = format!("the file cannot be read: {error}");
        (message, reading_remedy(&error))
    })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let message = format!("the file is not UTF-8 text (byte {at})");
        (message, ENCODING.to_owned())
    })?;
    let text = match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    };
    Ok(Source {
        path: path.to_owned(),
        lines: Lines::of(&text),
        text,
    })
}

fn reading_remedy(error: &std::io::Error) -> String {
    let kind = error.kind();
    let remedy = if kind == std::io::ErrorKind::NotFound {
        "name an existing file with `--config PATH`; config/minimal.toml is a start"
    } else if kind == std::io::ErrorKind::PermissionDenied {
        "let the user that runs scim-rotator read it, or run as that user"
    } else {
        "name a readable file with `--config PATH`"
    };
    remedy.to_owned()
}

/// The patterns of `include`, with their places. Syntax errors are noted later.
fn includes(text: &str, findings: &mut Findings) -> Vec<(String, Range<usize>)> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let Some(value) = table.get_ref().get("include") else {
        return Vec::new();
    };
    let mut patterns = Vec::new();
    let mut wrong = Vec::new();
    match value.get_ref().as_array() {
        Some(items) => {
            for item in items.iter() {
                match item.get_ref().as_str() {
                    Some(pattern) => patterns.push((pattern.to_owned(), item.span())),
                    None => wrong.push(item.span()),
                }
            }
        }
        None => wrong.push(value.span()),
    }
    if errors.is_empty() {
        for span in wrong {
            findings.push(Finding::error(
                0,
                span,
                "include",
                "`include` is a list of file patterns",
                "write include = [\"tokens.d/*.toml\"]",
            ));
        }
    }
    patterns
}

/// Works off one pattern of `include`.
struct Include<'a> {
    main: &'a Source,
    span: Range<usize>,
    findings: &'a mut Findings,
}

impl Include<'_> {
    fn expand(&mut self, pattern: &str) -> Vec<PathBuf> {
        let paths = match glob::glob(&beside(&self.main.path, pattern)) {
            Ok(paths) => paths,
            Err(error) => {
                self.error(
                    format!("`{pattern}` is not a file pattern: {}", error.msg),
                    "use `*` for any name, `?` for one character, `[ab]` for a choice",
                );
                return Vec::new();
            }
        };
        let mut found = Vec::new();
        for path in paths {
            match path {
                Ok(path) if path.is_dir() => {}
                Ok(path) => found.push(path),
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
            self.nothing_found(pattern);
        }
        found
    }

    fn nothing_found(&mut self, pattern: &str) {
        if pattern.contains(['*', '?', '[']) {
            self.findings.push(
                Finding::error(
                    0,
                    self.span.clone(),
                    "include",
                    format!("no file matches `{pattern}`"),
                    "patterns are relative to the file that holds `include`",
                )
                .into_warning(),
            );
        } else {
            self.error(
                format!("the file `{pattern}` does not exist"),
                "paths are relative to the file that holds `include`",
            );
        }
    }

    fn read(&mut self, file: &Path) -> Option<Source> {
        match read(file) {
            Ok(source) => Some(source),
            Err((message, _)) => {
                let at = self.main.lines.place(&self.main.text, self.span.start);
                let text = format!(
                    "{message} (included at {}:{})",
                    self.main.path.display(),
                    at.line
                );
                let remedy = "mend the file, or its owner and mode, or take it out of `include`";
                self.findings.push(Finding::of_file(file, text, remedy));
                None
            }
        }
    }

    fn error(&mut self, message: String, remedy: &str) {
        let span = self.span.clone();
        self.findings
            .push(Finding::error(0, span, "include", message, remedy));
    }
}
