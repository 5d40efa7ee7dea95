//! A configuration: any text is read, or refused with findings that a person can
//! use, and no finding shows a secret that stands in it.

use std::path::PathBuf;

use scim_rotator::config::{self, Loaded, Report};
use tempfile::TempDir;

use super::hold::{CANARY, gives_it_away, hides, in_time, is_for_people};

thread_local! {
    static FOLDER: TempDir = tempfile::tempdir().expect("a folder");
}

/// A message says one thing; a remedy may list the names of all vendors.
const LONGEST_MESSAGE: usize = 4 * 1024;
const LONGEST_REMEDY: usize = 16 * 1024;

/// Writes a file into the folder of this thread.
pub(super) fn written(name: &str, content: &[u8]) -> PathBuf {
    FOLDER.with(|folder| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).expect("a file");
        path
    })
}

pub(super) fn run(input: &[u8]) {
    // The patterns of `include` reach the files of this machine.
    if names_files(input) || gives_it_away(input) {
        return;
    }
    let path = written("main.toml", input);
    let first = in_time(|| config::load(&path));
    let report = examined(&first);
    assert_eq!(report.to_json(), examined(&config::load(&path)).to_json());
    with_a_secret(input);
}

/// A secret that stands where a reference belongs, after whatever is written
/// before it.
fn with_a_secret(input: &[u8]) {
    let quotes = if input.len().is_multiple_of(2) {
        "\""
    } else {
        ""
    };
    let line = format!("\n[vault.auth.approle]\nsecret_id = {quotes}{CANARY}{quotes}\n");
    let mut whole = input.to_vec();
    whole.extend_from_slice(line.as_bytes());
    let path = written("secret.toml", &whole);
    let result = config::load(&path);
    let report = examined(&result);
    hides(&report.render(false));
    hides(&report.render(true));
    hides(&report.to_json().to_string());
    hides(&format!("{report:?}"));
}

/// What was found, after a look at whether a person can use it.
fn examined(result: &Result<Loaded, Report>) -> &Report {
    let report = match result {
        Ok(loaded) => {
            assert!(!loaded.warnings.has_errors());
            &loaded.warnings
        }
        Err(report) => {
            assert!(report.has_errors());
            report
        }
    };
    is_usable(report);
    report
}

/// Each finding says what is wrong and what to do, at a place in the file.
pub(super) fn is_usable(report: &Report) {
    for finding in report.findings() {
        is_for_people(&finding.message, LONGEST_MESSAGE);
        is_for_people(&finding.remedy, LONGEST_REMEDY);
        assert!(!finding.message.trim().is_empty(), "{finding:?}");
        assert!(!finding.remedy.trim().is_empty(), "{finding:?}");
        assert_ne!(finding.line, Some(0), "{finding:?}");
        assert_ne!(finding.column, Some(0), "{finding:?}");
    }
    let most = (report.findings().len() + 1) * (LONGEST_MESSAGE + LONGEST_REMEDY);
    is_for_people(&report.render(false), most);
}

fn names_files(input: &[u8]) -> bool {
    let text = String::from_utf8_lossy(input);
    ["include", "vendors"].iter().any(|key| {
        text.split(key).skip(1).any(|after| {
            let list = after.split(']').next().unwrap_or_default();
            list.contains('=') && (list.contains('/') || list.contains(".."))
        })
    })
}
