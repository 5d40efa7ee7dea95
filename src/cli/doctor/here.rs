//! What can be seen on this machine: the configuration, and the files and variables that
//! it names.

use std::path::Path;

use super::rows::Row;
use crate::config::{self, Finding, Loaded, NamedThing, Report};
use crate::problem::Severity;

const CONFIGURATION: &str = "configuration";

/// Each mistake and each warning; one row if there is none.
pub(super) fn configuration(loaded: &Result<Loaded, Report>, path: &Path) -> Vec<Row> {
    let (report, sound) = match loaded {
        Ok(loaded) => (&loaded.warnings, Some(loaded)),
        Err(report) => (report, None),
    };
    let mut rows: Vec<Row> = report.findings().iter().map(of_finding).collect();
    if let Some(loaded) = sound {
        let settings = &loaded.settings;
        let detail = format!(
            "valid: tokens {}, issuers {}, connections {}, files {}",
            settings.tokens.len() + settings.federated.len(),
            settings.issuers.len(),
            settings.connections.len(),
            loaded.files.len()
        );
        rows.insert(
            0,
            Row::ok(CONFIGURATION, path.display().to_string(), detail),
        );
    }
    rows
}

fn of_finding(finding: &Finding) -> Row {
    let place = match finding.line {
        Some(line) => format!("{}:{line}", finding.file.display()),
        None => finding.file.display().to_string(),
    };
    let subject = match finding.path.is_empty() {
        true => place,
        false => format!("{place} {}", finding.path),
    };
    let (message, remedy) = (&finding.message, &finding.remedy);
    match finding.severity {
        Severity::Error => Row::failed(CONFIGURATION, subject, message, remedy),
        Severity::Warning => Row::warning(CONFIGURATION, subject, message, remedy),
    }
}

/// Each file and each variable that the configuration names.
pub(super) fn named(path: &Path) -> Vec<Row> {
    let row = |thing: NamedThing| {
        let subject = format!("{} ({})", thing.what, thing.path);
        match thing.found {
            Ok(detail) => Row::ok(thing.kind, subject, detail),
            Err((detail, remedy)) => Row::failed(thing.kind, subject, detail, remedy),
        }
    };
    config::named_things(path).into_iter().map(row).collect()
}
