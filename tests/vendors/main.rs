//! Vendor files: what a user of one is told, what its author is told, and the
//! command `vendors` with the real binary.
#![allow(
    clippy::expect_used,
    unreachable_pub,
    reason = "a test program may fail where it stands, and nobody links it"
)]

mod author;
mod command;
mod files;
mod guide;
mod meanings;
mod page;
mod pages;
mod people;
mod usage;
mod values;

use std::path::{Path, PathBuf};

use scim_rotator::config::{self, Finding, Loaded, Report};
use scim_rotator::environment;

/// Path of a file of this repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The text of a sound vendor file; `which` is `issuers/acme` or
/// `connections/acme`.
fn sound(which: &str) -> String {
    let path = repository(&format!("tests/vendors/files/{which}.toml"));
    std::fs::read_to_string(path).expect("a vendor file")
}

/// A folder with configuration files.
struct Folder(tempfile::TempDir);

impl Folder {
    /// A folder with the two sound vendor files, and this beside the rest of a
    /// sound configuration as `main.toml`.
    fn with(main: &str) -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        for which in ["issuers/acme", "connections/acme"] {
            folder.write(&format!("vendors.d/{which}.toml"), &sound(which));
        }
        folder.write("main.toml", &format!("{HEAD}{main}"));
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, content).expect("a file");
    }

    fn load(&self) -> Result<Loaded, Report> {
        config::load(&self.path("main.toml"))
    }

    /// Everything that was found, whether or not the configuration can be used.
    fn report(&self) -> Report {
        self.load()
            .map_or_else(|report| report, |loaded| loaded.warnings)
    }

    /// What is found, with the text at each place.
    fn said(&self) -> Vec<Said> {
        let report = self.report();
        let said = report
            .findings()
            .iter()
            .map(|finding| Said::of(finding, self));
        said.collect()
    }
}

const HEAD: &str = "vendors = ['vendors.d/*/*.toml']

[vault]
address = 'https://vault.example.com:8200'
state_path = 'kv/scim-rotator'
auth.token.token = { file = '/run/vault-token' }

[tokens.crm]
vault_path = 'kv/scim/crm'
scim_url = 'https://crm.example.com/scim'
issuer = 'crm'
connections = ['hr']
";

/// A finding with the name of its file and the rest of the line from its place.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    file: String,
    at: String,
    path: String,
    message: String,
    remedy: String,
    is_error: bool,
}

impl Said {
    fn of(finding: &Finding, folder: &Folder) -> Self {
        let text = std::fs::read_to_string(&finding.file).expect("the file of a finding");
        let line = finding.line.expect("a line");
        let line = text.lines().nth(line - 1).unwrap_or_default();
        let before = finding.column.expect("a column") - 1;
        let file = finding
            .file
            .strip_prefix(folder.0.path())
            .expect("in the folder");
        Self {
            file: file.display().to_string(),
            at: line.chars().skip(before).collect(),
            path: finding.path.clone(),
            message: finding.message.clone(),
            remedy: finding.remedy.clone(),
            is_error: finding.severity == scim_rotator::problem::Severity::Error,
        }
    }
}

/// Compares an output with the file that holds it as it shall be. With
/// `UPDATE_GOLDEN` in the environment the file is written instead.
fn assert_golden(name: &str, actual: &str) {
    let path = repository("tests/vendors/golden").join(name);
    if environment::has("UPDATE_GOLDEN") {
        std::fs::write(&path, actual).expect("written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    let differing = expected.lines().zip(actual.lines()).find(|(a, b)| a != b);
    assert!(
        expected == actual,
        "{name} differs, first at {differing:#?}\nis now:\n{actual}"
    );
}
